"""Bursts: many newcomers to one group in a short time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from rules.clusters import hashed
from rules.kinds import BurstRule
from rules.prepared import Prepared
from rules.reading import spelled_duration
from rules.records import Finding, MessageKey
from rules.spans import densest, rated

MOST_ARRIVALS = 2_000
"""Arrivals of a group that are kept. Beyond, the one that came first goes."""
KNOWN_GROUND = 500
"""Messages of a group from which on a member writing for the first time is news: before, everybody does."""


@dataclass(slots=True, eq=False)
class _Arrival:
    time: float
    key: MessageKey
    member: str
    campaign: str = ""


@dataclass(slots=True)
class _Arrivals:
    joins: deque[_Arrival] = field(default_factory=lambda: deque(maxlen=MOST_ARRIVALS))
    first: deque[_Arrival] = field(default_factory=lambda: deque(maxlen=MOST_ARRIVALS))


class Burst:
    """A rule of kind burst at work.

    Each limit is the number of members from which on a burst is one; the score is 50 at a limit, 100 at twice the
    limit. The arrivals of a burst share a campaign, so that they are one case; the one that makes the number full
    names the earlier ones. Where no time is known nothing is counted.
    """

    def __init__(self, rule: BurstRule, floor: float | None = None) -> None:
        self._rule = rule
        self.cut = rule.cut
        self._floor = self.cut if floor is None else min(floor, self.cut)
        self._groups: dict[tuple[str, str], _Arrivals] = {}

    def adopt(self, previous: object) -> None:
        """Goes on with the arrivals kept by `previous`, if that is of such a rule. It must judge no more."""
        if isinstance(previous, Burst):
            self._groups = previous._groups

    def judge(self, batch: Sequence[Prepared]) -> list[Finding | None]:
        """A result or None for each message."""
        return [self._judge(prepared) for prepared in batch]

    def _judge(self, prepared: Prepared) -> Finding | None:
        message, newness = prepared.message, prepared.newness
        if message.time is None or not math.isfinite(message.time) or not message.member:
            return None
        joined = message.kind == "join"
        if not joined and (newness.number != 1 or newness.in_group <= KNOWN_GROUND):
            return None
        limit = self._rule.joins if joined else self._rule.first
        if not limit:
            return None
        group = self._groups.setdefault((message.platform, message.group), _Arrivals())
        arrivals = group.joins if joined else group.first
        return self._burst(prepared, arrivals, limit, "joins" if joined else "first messages")

    def _burst(self, prepared: Prepared, arrivals: deque[_Arrival], limit: int, what: str) -> Finding | None:
        message, rule = prepared.message, self._rule
        key, time = message.key, message.time or 0.0
        if any(one.key == key for one in arrivals):
            return None
        now = _Arrival(time, key, message.member)
        arrivals.append(now)
        near = sorted((one for one in arrivals if abs(one.time - time) <= rule.window), key=lambda one: one.time)
        start, end = densest([one.time for one in near], rule.window)
        burst = near[start:end]
        count = len({one.member for one in burst})
        score = rated(count, limit)
        if now not in burst or score < self._floor:
            return None
        matched = f"{count} {what} in {spelled_duration(rule.window)}"
        if count < limit:
            return Finding(rule.name, rule.kind, rule.mode, score, prepared.whole(matched), matched)
        campaign = next((one.campaign for one in burst if one.campaign), "") or hashed((what, *burst[0].key))
        earlier = tuple(one.key for one in burst if one is not now and not one.campaign)
        for one in burst:
            one.campaign = campaign
        return Finding(rule.name, rule.kind, rule.mode, score, prepared.whole(matched), matched, campaign, earlier)
