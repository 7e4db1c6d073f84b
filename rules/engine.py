"""The engine: every rule of a rulebook at work on a stream of messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from rules.burst import Burst
from rules.contact import Contact
from rules.duplicates import Duplicates
from rules.flood import Flood
from rules.fold import fold_batch
from rules.kinds import (
    BurstRule,
    ContactRule,
    DuplicatesRule,
    FloodRule,
    LearnedRule,
    LinkRule,
    NewcomerRule,
    PatternRule,
    Rule,
    SimilarRule,
    WordsRule,
)  # fmt: skip
from rules.knowledge import NOTHING_KNOWN, Knowledge
from rules.learned_rule import Learned, Protected
from rules.link import Link
from rules.newcomer import Newcomer, settled
from rules.patterns import Pattern
from rules.pieces import MOST_PIECES
from rules.prepared import Prepared
from rules.records import Finding, Message, MessageKey, Mode
from rules.rulebook import Rulebook
from rules.similar import Similar
from rules.standing import Membership, Newness, Standing
from rules.words import Words

JUDGED_CHARACTERS = 4_000
"""Code points of a text that are judged, from its start: no platform's ordinary message is longer."""
UNJUDGED_KINDS = frozenset(
    ["join", "leave", "invite", "kick", "ban", "unban", "mute", "unmute", "rename", "topic", "pin", "system"]
)
"""Kinds of message that nobody wrote. Rules take no notice of them."""

UNCOUNTED_KINDS = UNJUDGED_KINDS | {"edit", "knock"}
"""What is no further message of its member in the group, though an edit's or a request's text is judged: rules that
count leave it out, or whoever mends a letter three times would be a campaign."""

PROTECTED_KINDS = frozenset(["similar", "words", "pattern", "contact", "link", "learned"])
"""Kinds of rule that leave alone what is like a message they found wrongly once."""
LOWEST_SCORE = 40.0
"""Where every score is wanted, the lowest that is told apart from 0."""

_NO_CAMPAIGNS: Mapping[MessageKey, str] = MappingProxyType({})
_NO_RULES: Mapping[str, Mapping[MessageKey, str]] = MappingProxyType({})
_BY_STRENGTH = tuple(Mode)


class Judged(NamedTuple):
    """What became of a message: its findings, and each rule's score, those below its threshold too.

    A rule that looked at the message and saw nothing scores 0, one that does not look at such messages is missing.
    """

    findings: tuple[Finding, ...]
    scores: dict[str, float]


class _Detector(Protocol):
    @property
    def cut(self) -> float:
        """The score from which on a result is a finding."""

    def judge(self, batch: Sequence[Prepared]) -> list[Finding | None]:
        """A result or None for each message; those below `cut` only as far as they were asked for."""


@dataclass(frozen=True, slots=True)
class _Work:
    """A rule, from which score on its results matter to newcomers, and what looks for it."""

    rule: Rule
    floor: float | None
    detector: _Detector


class Engine:
    """The rules of `rulebook`, with the windows they need, and what was learned.

    Findings depend on the order of the messages only, not on how they are cut into batches. With `every_score` the
    rules also work out scores below their thresholds, from LOWEST_SCORE on, which takes longer. Raises RulebookError
    for what shows only when the rules are made ready: a pattern RE2 does not accept.
    """

    def __init__(self, rulebook: Rulebook, knowledge: Knowledge = NOTHING_KNOWN, *, every_score: bool = False) -> None:
        self._make(rulebook, knowledge, every_score=every_score, ready={})

    def _make(
        self,
        rulebook: Rulebook,
        knowledge: Knowledge,
        *,
        every_score: bool,
        ready: Mapping[tuple[Rule, float | None], _Detector],
    ) -> None:
        """Makes the detectors, but for those that are `ready`."""
        self.rulebook = rulebook
        self.knowledge = knowledge
        self._every_score = every_score
        self._standing = Standing()
        self._protected = Protected(rulebook, knowledge)
        rules = [rule for rule in rulebook.rules if rule.mode is not Mode.OFF]
        floors = _floors(rules, LOWEST_SCORE if every_score else None)
        self._work: list[_Work] = []
        for rule in rules:
            if isinstance(rule, NewcomerRule):
                continue
            floor = floors.get(rule.name)
            detector = ready.get((rule, floor)) or _detector(rule, rulebook, knowledge, floor)
            self._work.append(_Work(rule, floor, detector))
        self._newcomers = [(rule, Newcomer(rule)) for rule in rules if isinstance(rule, NewcomerRule)]

    def judge(self, batch: Sequence[Message]) -> list[tuple[Finding, ...]]:
        """The findings of each message, in the order of the batch and, within one, of the rulebook."""
        return [judged.findings for judged in self.scored(batch)]

    def scored(self, batch: Sequence[Message]) -> list[Judged]:
        """As `judge`, with the scores."""
        newness = [self._standing.count(one, written=one.kind not in UNCOUNTED_KINDS) for one in batch]
        prepared = _prepared(batch, newness)
        findings: list[list[Finding]] = [[] for _ in batch]
        results: list[dict[str, Finding]] = [{} for _ in batch]
        scores: list[dict[str, float]] = [{} for _ in batch]
        for work in self._work:
            rule, cut = work.rule, work.detector.cut
            places = _places(rule, prepared)
            for place, result in zip(places, work.detector.judge([prepared[place] for place in places]), strict=True):
                if self._every_score:
                    scores[place][rule.name] = 0.0 if result is None else result.score
                if result is not None:
                    results[place][rule.name] = result
                    if result.score >= cut:
                        findings[place].append(result)
        if self._protected:
            self._protect(prepared, findings, results)
        for rule, newcomer in self._newcomers:
            for place in _places(rule, prepared):
                if results[place] and not settled(findings[place]):
                    result = newcomer.judge(prepared[place], results[place])
                    if result is not None:
                        findings[place].append(result)
        return [Judged(tuple(found), each) for found, each in zip(findings, scores, strict=True)]

    def _protect(
        self, prepared: Sequence[Prepared], findings: list[list[Finding]], results: list[dict[str, Finding]]
    ) -> None:
        """Drops what content rules found in messages like those they found wrongly once."""
        concerned = [
            place
            for place, found in enumerate(results)
            if any(result.kind in PROTECTED_KINDS for result in found.values())
        ]
        like = self._protected.like([prepared[place].folded.text for place in concerned])
        for place, protected in zip(concerned, like, strict=True):
            if protected:
                findings[place] = [one for one in findings[place] if one.kind not in PROTECTED_KINDS]
                results[place] = {name: one for name, one in results[place].items() if one.kind not in PROTECTED_KINDS}

    def know(self, memberships: Iterable[Membership]) -> None:
        """Goes on from what members wrote before, as the store has it."""
        self._standing.know(memberships)

    def warm(self, batch: Sequence[Message], campaigns: Mapping[str, Mapping[MessageKey, str]] = _NO_RULES) -> None:
        """Fills the windows from messages judged before, in their order; `know` their members first.

        `campaigns` gives by rule the campaign key stored with its finding on a message: its cluster keeps that key.
        """
        prepared = _prepared(batch, list(map(self._standing.looked_up, batch)))
        for work in self._work:
            concerned = [prepared[place] for place in _places(work.rule, prepared)]
            if isinstance(work.detector, Duplicates):
                work.detector.warm(concerned, campaigns.get(work.rule.name, _NO_CAMPAIGNS))
            elif isinstance(work.detector, Flood | Burst):
                work.detector.judge(concerned)

    def horizon(self) -> float:
        """How many seconds back `warm` needs the messages; 0 when no rule has a window."""
        return float(max((_horizon(work.rule) for work in self._work), default=0))

    def replace(self, rulebook: Rulebook, knowledge: Knowledge | None = None) -> Engine:
        """An engine for a changed rulebook, or for more knowledge. It takes over what was counted, and the windows of
        the rules that keep name, kind and groups.

        This engine must judge no more then. Raises RulebookError, and this one stays as it was.
        """
        known = self.knowledge if knowledge is None else knowledge
        ready = {
            (work.rule, work.floor): work.detector
            for work in self._work
            if known is self.knowledge or not isinstance(work.rule, LearnedRule)
        }
        engine = Engine.__new__(Engine)
        engine._make(rulebook, known, every_score=self._every_score, ready=ready)
        engine._standing = self._standing
        before = {_identity(work.rule): work.detector for work in self._work}
        for work in engine._work:
            old = before.get(_identity(work.rule))
            if isinstance(work.detector, Duplicates | Flood | Burst) and work.detector is not old:
                work.detector.adopt(old)
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


def _identity(rule: Rule) -> tuple[str, str, tuple[str, ...]]:
    """What a rule is known by when the rulebook changes. A rule limited to some groups may change which."""
    return rule.name, rule.kind, rule.groups if rule.special else ()


def _floors(rules: Sequence[Rule], lowest: float | None) -> dict[str, float]:
    """The lowest scores that matter, by rule: those that count for newcomers, and `lowest`."""
    floors = {} if lowest is None else {rule.name: lowest for rule in rules}
    for rule in rules:
        for name, threshold in rule.thresholds if isinstance(rule, NewcomerRule) else ():
            floors[name] = min(threshold, floors.get(name, threshold))
    return floors


def _detector(rule: Rule, rulebook: Rulebook, knowledge: Knowledge, floor: float | None) -> _Detector:
    match rule:
        case SimilarRule():
            return Similar(rule, floor)
        case WordsRule():
            return Words(rule, rulebook)
        case PatternRule():
            return Pattern(rule, rulebook)
        case ContactRule():
            return Contact(rule)
        case LinkRule():
            return Link(rule)
        case LearnedRule():
            return Learned(rule, knowledge, floor)
        case DuplicatesRule():
            return Duplicates(rule)
        case FloodRule():
            return Flood(rule, floor)
        case BurstRule():
            return Burst(rule, floor)
        case _:
            raise TypeError(f"no detector for rules of kind {rule.kind}")


def _horizon(rule: Rule) -> int:
    match rule:
        case DuplicatesRule():
            # What was joined counts from its last piece on.
            return rule.window + (MOST_PIECES - 1) * rule.pieces
        case FloodRule() | BurstRule():
            return rule.window
        case _:
            return 0


def _prepared(batch: Sequence[Message], newness: Sequence[Newness]) -> list[Prepared]:
    texts = [message.text[:JUDGED_CHARACTERS] for message in batch]
    return list(map(Prepared, batch, texts, fold_batch(texts), newness))


def _places(rule: Rule, prepared: Sequence[Prepared]) -> list[int]:
    """Which of the messages the rule is for."""
    unjudged = UNCOUNTED_KINDS if isinstance(rule, DuplicatesRule | FloodRule | BurstRule) else UNJUDGED_KINDS
    if isinstance(rule, BurstRule):
        unjudged = unjudged - {"join"}
    everywhere = not rule.groups and not rule.elsewhere
    return [
        place
        for place, one in enumerate(prepared)
        if one.message.kind not in unjudged and (everywhere or rule.holds_in(one.message.group, one.message.group_name))
    ]
