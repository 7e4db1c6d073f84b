"""Words and patterns: what a message must not contain, wherever in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import re2
from ahocorasick_rs import AhoCorasick

from rules.fold import Folded, fold
from rules.prepared import Prepared
from rules.records import Evidence, Finding
from rules.rulebook import Rulebook, WordsRule

MOST_EVIDENCE = 20
"""Places of one message that are kept as evidence."""

_NAMED = 3
_PATTERN_MEMORY = 64 << 20
# From Thai on, scripts write words without spaces between them, or join endings to them (Hangul).
_SPACED_SCRIPTS_END = "\u0e00"


class Words:
    """A rule of kind words at work.

    Words are sought in the folded text by Aho-Corasick: linear in the text, whatever the number of words.
    Patterns run on the original text and, where that has none, on the folded one, by RE2: linear in the text,
    whatever the pattern. Raises RulebookError for a pattern RE2 does not accept.
    """

    def __init__(self, rule: WordsRule, rulebook: Rulebook) -> None:
        self._rule = rule
        words = {fold(word).text: word for word in reversed(rule.words)}
        self._written = list(words.values())
        self._words = [fold(word) for word in self._written]
        self._scripts = [_scripts(word) for word in self._written]
        self._automaton = AhoCorasick(list(words)) if words else None
        self._patterns = _compiled(rule, rulebook)
        self._any_pattern = _set_of(rule.patterns) if rule.patterns else None

    def judge(self, batch: Sequence[Prepared]) -> list[Finding | None]:
        """A finding or None for each message."""
        return [self._judge(prepared) for prepared in batch]

    def _judge(self, prepared: Prepared) -> Finding | None:
        evidence: dict[Evidence, None] = {}
        for found in (*self._words_in(prepared), *self._patterns_in(prepared)):
            evidence[found] = None
            if len(evidence) == MOST_EVIDENCE:
                break
        if not evidence:
            return None
        rule = self._rule
        named = list(dict.fromkeys(found.matched for found in evidence))
        matched = ", ".join(named[:_NAMED]) + (", …" if len(named) > _NAMED else "")
        return Finding(rule.name, rule.kind, rule.mode, rule.score, tuple(evidence), matched)

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

    def _patterns_in(self, prepared: Prepared) -> Iterator[Evidence]:
        if self._any_pattern is None:
            return
        text = _encodable(prepared.text)
        found_in_original = sorted(self._any_pattern.Match(text) or ())
        for index in found_in_original:
            for start, end in _hits(self._patterns[index], text):
                yield Evidence(start, end, self._rule.patterns[index])
        folded = prepared.folded
        found_in_folded = set(self._any_pattern.Match(folded.text) or ())
        for index in sorted(found_in_folded.difference(found_in_original)):
            for start, end in _hits(self._patterns[index], folded.text):
                yield Evidence(*folded.span(start, end), self._rule.patterns[index])


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


def _options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY
    return options


def _compiled(rule: WordsRule, rulebook: Rulebook) -> list[Any]:
    patterns = []
    for index, pattern in enumerate(rule.patterns):
        key = ("rules", rule.name, "patterns", index)
        try:
            compiled = re2.compile(pattern, _options())
        except re2.error as error:
            reason = error.args[0] if error.args else ""
            reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
            problem = f"is not a pattern RE2 accepts ({reason}); RE2 has no look-around and no back-references"
            raise rulebook.error(key, problem) from error
        if compiled.search("") is not None:
            raise rulebook.error(key, "matches the empty text, and with it every message")
        patterns.append(compiled)
    return patterns


def _set_of(patterns: Sequence[str]) -> Any:
    together = re2.Set.SearchSet(_options())
    for pattern in patterns:
        together.Add(pattern)
    together.Compile()
    return together


def _hits(pattern: Any, text: str) -> Iterator[tuple[int, int]]:
    for match in pattern.finditer(text):
        start, end = match.span()
        if start < end:
            yield start, end


def _encodable(text: str) -> str:
    """`text` as RE2 can take it: UTF-8 has no lone surrogates. Every character keeps its place."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode() if _has_surrogates(text) else text


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)
