"""Words: what a message must not contain, wherever in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain

from ahocorasick_rs import AhoCorasick

from rules.fold import Folded, fold
from rules.kinds import WordsRule
from rules.patterns import Patterns, first_of, named
from rules.prepared import Prepared
from rules.records import Evidence, Finding
from rules.rulebook import Rulebook

# From Thai on, scripts write words without spaces between them, or join endings to them (Hangul).
_SPACED_SCRIPTS_END = "\u0e00"


class Words:
    """A rule of kind words at work.

    Words are sought in the folded text by Aho-Corasick: linear in the text, whatever the number of words.
    Raises RulebookError for a pattern RE2 does not accept.
    """

    def __init__(self, rule: WordsRule, rulebook: Rulebook) -> None:
        self._rule = rule
        self.cut = rule.cut
        words = {fold(word).text: word for word in reversed(rule.words)}
        self._written = list(words.values())
        self._words = [fold(word) for word in self._written]
        self._scripts = [_scripts(word) for word in self._written]
        self._automaton = AhoCorasick(list(words)) if words else None
        self._patterns = Patterns(rule.patterns, rulebook, ("rules", rule.name, "patterns"))

    def judge(self, batch: Sequence[Prepared]) -> list[Finding | None]:
        """A finding or None for each message."""
        return [self._judge(prepared) for prepared in batch]

    def _judge(self, prepared: Prepared) -> Finding | None:
        evidence = first_of(chain(self._words_in(prepared), self._patterns.found(prepared)))
        if not evidence:
            return None
        rule = self._rule
        return Finding(rule.name, rule.kind, rule.mode, rule.score, evidence, named(evidence))

    def _words_in(self, prepared: Prepared) -> Iterator[Evidence]:
        folded = prepared.folded
        if self._automaton is None or not folded.text:
            return
        for index, start, end in self._automaton.find_matches_as_indexes(folded.text, overlapping=True):
            if not _stands_alone(folded, start, end, self._words[index]):
                continue
            first, last = folded.span(start, end)
            scripts = _scripts(prepared.text[first:last])
            if self._scripts[index] and scripts and not self._scripts[index] & scripts:
                continue
            yield Evidence(first, last, self._written[index])


def _stands_alone(folded: Folded, start: int, end: int, word: Folded) -> bool:
    """Whether the word found is a word of its own, where its script sets words apart.

    Its ends must not touch another letter of such a script (another digit, where it begins or ends with one).
    Within it letters may stand apart only where the word's own do, or all of them do: "v i p" is vip spelled
    out, "pa rtner" is no "partner".
    """
    text, starts = folded.text, folded.starts
    if start > 0 and start not in starts and _touch(text[start - 1], text[start]):
        return False
    if end < len(text) and end not in starts and _touch(text[end - 1], text[end]):
        return False
    joints = [
        place in starts
        for place in range(start + 1, end)
        if _spaced(text[place - 1]) and _spaced(text[place]) and place - start not in word.starts
    ]
    return all(joints) or not any(joints)


def _touch(left: str, right: str) -> bool:
    return (_spaced(left) and _spaced(right)) or (left.isdigit() and right.isdigit())


def _spaced(char: str) -> bool:
    return char < _SPACED_SCRIPTS_END and char.isalpha()


def _scripts(text: str) -> set[str]:
    """Which of the alphabets that look alike the letters of `text` belong to."""
    return {_script(char) for char in text if _spaced(unicodedata.normalize("NFKC", char)[0])}


def _script(char: str) -> str:
    name = unicodedata.name(char, "")
    return next((script for script in ("CYRILLIC", "GREEK", "ARMENIAN") if script in name), "LATIN")
