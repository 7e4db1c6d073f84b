"""Patterns: what a message must not be like, written in RE2's syntax."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import re2

from rules.keylines import KeyPath
from rules.kinds import PatternRule
from rules.prepared import Prepared
from rules.records import Evidence, Finding
from rules.rulebook import Rulebook

MOST_EVIDENCE = 20
"""Places of one message that are kept as evidence."""

_NAMED = 3
_PATTERN_MEMORY = 64 << 20


class Patterns:
    """Patterns to seek together, on the original text and, where that has none, on the folded one.

    By RE2: linear in the text, whatever the pattern. `key` is where they stand in the rulebook. Raises
    RulebookError for a pattern RE2 does not accept.
    """

    def __init__(self, patterns: Sequence[str], rulebook: Rulebook, key: KeyPath) -> None:
        self._written = patterns
        self._each = [_compiled(pattern, rulebook, (*key, index)) for index, pattern in enumerate(patterns)]
        self._any = _set_of(patterns) if patterns else None

    def found(self, prepared: Prepared) -> Iterator[Evidence]:
        """Every place in the message that a pattern is like."""
        if self._any is None:
            return
        text = _encodable(prepared.text)
        in_original = sorted(self._any.Match(text) or ())
        for index in in_original:
            for start, end in _hits(self._each[index], text):
                yield Evidence(start, end, self._written[index])
        folded = prepared.folded
        in_folded = set(self._any.Match(folded.text) or ())
        for index in sorted(in_folded.difference(in_original)):
            for start, end in _hits(self._each[index], folded.text):
                yield Evidence(*folded.span(start, end), self._written[index])

    def any_in(self, prepared: Prepared) -> bool:
        """Whether a pattern is like any place in the message."""
        return self._any is not None and bool(
            self._any.Match(_encodable(prepared.text)) or self._any.Match(prepared.folded.text)
        )


class Pattern:
    """A rule of kind pattern at work. Raises RulebookError for a pattern RE2 does not accept."""

    def __init__(self, rule: PatternRule, rulebook: Rulebook) -> None:
        self._rule = rule
        self.cut = rule.cut
        self._patterns = Patterns(rule.patterns, rulebook, ("rules", rule.name, "patterns"))
        self._unless = Patterns(rule.unless, rulebook, ("rules", rule.name, "unless"))

    def judge(self, batch: Sequence[Prepared]) -> list[Finding | None]:
        """A finding or None for each message."""
        return [self._judge(prepared) for prepared in batch]

    def _judge(self, prepared: Prepared) -> Finding | None:
        evidence = first_of(self._patterns.found(prepared))
        if not evidence or self._unless.any_in(prepared):
            return None
        rule = self._rule
        return Finding(rule.name, rule.kind, rule.mode, rule.score, evidence, named(evidence))


def first_of(found: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """What is kept of all that was found: each place once, the first ones."""
    evidence: dict[Evidence, None] = {}
    for one in found:
        evidence[one] = None
        if len(evidence) == MOST_EVIDENCE:
            break
    return tuple(evidence)


def named(evidence: Iterable[Evidence]) -> str:
    """What was matched, in a few words."""
    names = list(dict.fromkeys(found.matched for found in evidence))
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY
    return options


def _compiled(pattern: str, rulebook: Rulebook, key: KeyPath) -> Any:
    try:
        compiled = re2.compile(pattern, _options())
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        problem = f"is not a pattern RE2 accepts ({reason}); RE2 has no look-around and no back-references"
        raise rulebook.error(key, problem) from error
    if compiled.search("") is not None:
        raise rulebook.error(key, "matches the empty text, and with it every message")
    return compiled


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
