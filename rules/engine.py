"""The engine: every rule of a rulebook at work on a stream of messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from rules.duplicates import Duplicates
from rules.flood import Flood
from rules.fold import fold_batch
from rules.pieces import MOST_PIECES
from rules.prepared import Prepared
from rules.records import Finding, Message, MessageKey, Mode
from rules.rulebook import DuplicatesRule, FloodRule, Rule, Rulebook, SimilarRule, WordsRule
from rules.similar import Similar
from rules.words import Words

JUDGED_CHARACTERS = 4_000
"""Code points of a text that are judged, from its start: no platform's ordinary message is longer."""
UNJUDGED_KINDS = frozenset(
    ["join", "leave", "invite", "kick", "ban", "unban", "mute", "unmute", "rename", "topic", "pin", "system"]
)
"""Kinds of message that nobody wrote. Rules take no notice of them."""

_NO_CAMPAIGNS: Mapping[MessageKey, str] = MappingProxyType({})
_BY_STRENGTH = tuple(Mode)


class Engine:
    """The rules of `rulebook`, with the windows they need.

    Findings depend on the order of the messages only, not on how they are cut into batches. Raises
    RulebookError for what shows only when the rules are made ready: a pattern RE2 does not accept.
    """

    def __init__(self, rulebook: Rulebook) -> None:
        self._detectors = [(rule, _detector(rule, rulebook)) for rule in rulebook.rules if rule.mode is not Mode.OFF]

    def judge(self, batch: Sequence[Message]) -> list[tuple[Finding, ...]]:
        """The findings of each message, in the order of the batch and, within one, of the rulebook."""
        prepared = _prepared(batch)
        findings: list[list[Finding]] = [[] for _ in batch]
        for rule, detector in self._detectors:
            places = _places(rule, prepared)
            found = detector.judge([prepared[place] for place in places])
            for place, finding in zip(places, found, strict=True):
                if finding is not None:
                    findings[place].append(finding)
        return [tuple(found) for found in findings]

    def warm(self, batch: Sequence[Message], campaigns: Mapping[MessageKey, str] = _NO_CAMPAIGNS) -> None:
        """Fills the windows from messages judged before, in their order.

        `campaigns` gives the campaign key stored with a message's finding: its cluster keeps that key.
        """
        prepared = _prepared(batch)
        for rule, detector in self._detectors:
            concerned = [prepared[place] for place in _places(rule, prepared)]
            if isinstance(detector, Duplicates):
                detector.warm(concerned, campaigns)
            elif isinstance(detector, Flood):
                detector.judge(concerned)

    def horizon(self) -> float:
        """How many seconds back `warm` needs the messages; 0 when no rule has a window."""
        return float(max((_horizon(rule) for rule, _ in self._detectors), default=0))

    def replace(self, rulebook: Rulebook) -> Engine:
        """An engine for a changed rulebook. It takes over the windows of the rules that keep name and kind.

        This engine must judge no more then. Raises RulebookError, and this one stays as it was.
        """
        engine = Engine(rulebook)
        before = {(rule.name, rule.kind): detector for rule, detector in self._detectors}
        for rule, detector in engine._detectors:
            if isinstance(detector, Duplicates | Flood):
                detector.adopt(before.get((rule.name, rule.kind)))
        return engine


def strongest(findings: Iterable[Finding]) -> Mode | None:
    """The strongest mode among the findings, None when there are none."""
    return max((finding.mode for finding in findings), key=_BY_STRENGTH.index, default=None)


def verdict(findings: Iterable[Finding]) -> Literal["pass", "shadow", "flag"]:
    """What a message's findings come to: "flag" when any asks or acts, "shadow" when they only count."""
    mode = strongest(findings)
    if mode is None or mode is Mode.OFF:
        return "pass"
    return "shadow" if mode is Mode.SHADOW else "flag"


def _detector(rule: Rule, rulebook: Rulebook) -> Similar | Words | Duplicates | Flood:
    match rule:
        case SimilarRule():
            return Similar(rule)
        case WordsRule():
            return Words(rule, rulebook)
        case DuplicatesRule():
            return Duplicates(rule)
        case FloodRule():
            return Flood(rule)
        case _:
            raise TypeError(f"no detector for rules of kind {rule.kind}")


def _horizon(rule: Rule) -> int:
    match rule:
        case DuplicatesRule():
            # What was joined counts from its last piece on.
            return rule.window + (MOST_PIECES - 1) * rule.pieces
        case FloodRule():
            return rule.window
        case _:
            return 0


def _prepared(batch: Sequence[Message]) -> list[Prepared]:
    texts = [message.text[:JUDGED_CHARACTERS] for message in batch]
    return list(map(Prepared, batch, texts, fold_batch(texts)))


def _places(rule: Rule, prepared: Sequence[Prepared]) -> list[int]:
    """Which of the messages the rule is for."""
    groups = frozenset(rule.groups)
    return [
        place
        for place, one in enumerate(prepared)
        if one.message.kind not in UNJUDGED_KINDS
        and (not groups or one.message.group in groups or one.message.group_name in groups)
    ]
