"""Newcomers: what is held against a member's first messages, though it would pass later on."""

from __future__ import annotations

from collections.abc import Mapping

from rules.kinds import NewcomerRule
from rules.prepared import Prepared
from rules.records import Finding, Mode
from rules.standing import Newness


class Newcomer:
    """A rule of kind newcomer at work, on what the other rules made of a message.

    A member is new in a group for their first `messages` there and for `days` after they came, whichever lasts
    longer. Where no member is known nobody is new.
    """

    def __init__(self, rule: NewcomerRule) -> None:
        self._rule = rule
        self._thresholds = dict(rule.thresholds)

    def judge(self, prepared: Prepared, results: Mapping[str, Finding]) -> Finding | None:
        """The finding for a message of which `results` gives each rule's result, also below that rule's threshold.

        None where a rule asks or acts already, at its own threshold.
        """
        rule = self._rule
        if not self._new(prepared.newness, prepared.message.time):
            return None
        reached = [
            result
            for name, threshold in self._thresholds.items()
            if (result := results.get(name)) is not None and result.score >= threshold
        ]
        if not reached:
            return None
        best = max(reached, key=lambda result: result.score)
        matched = f"{best.rule}: {best.matched}"
        return Finding(rule.name, rule.kind, rule.mode, best.score, best.evidence, matched, best.campaign, best.earlier)

    def _new(self, newness: Newness, time: float | None) -> bool:
        if not newness.number:
            return False
        if newness.number <= self._rule.messages:
            return True
        return time is not None and newness.since is not None and time - newness.since < self._rule.days


def settled(findings: list[Finding]) -> bool:
    """Whether a rule asks or acts already."""
    return any(finding.mode in (Mode.ASK, Mode.AUTO) for finding in findings)
