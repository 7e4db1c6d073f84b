"""Flooding: too much by one member in a short time, or too much of one thing in a message."""

from __future__ import annotations

import math
import re
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rules.kinds import FloodRule
from rules.prepared import Prepared
from rules.reading import spelled_duration
from rules.records import Evidence, Finding, MessageKey
from rules.spans import heaviest, rated

MOST_MEMBERS = 20_000
"""Memberships whose last messages are kept. Beyond, the one silent for the longest goes."""
PICTURES = frozenset(["image", "picture", "photo", "video", "animation", "gif"])
"""Kinds of message that count as pictures, and not as messages: people post whole albums."""
STICKERS = frozenset(["sticker", "mface", "dice"])
"""Kinds of message that count as stickers, and not as messages."""

_KEPT_MESSAGES = 64
_MINUTE = 60
_MENTION = re.compile(r"(?<![\w.@])@\w")
_COUNTED = ("messages", "characters", "lines", "mentions", "stickers", "pictures")


@dataclass(slots=True, eq=False)
class _Seen:
    """A message of a member: how many of each of _COUNTED it is or holds."""

    time: float
    key: MessageKey
    counts: tuple[int, ...]
    named: bool = False


@dataclass(slots=True)
class _Member:
    """What a member wrote last in a group. `newest` is the latest time among it."""

    seen: deque[_Seen]
    keys: set[MessageKey]
    newest: float = -math.inf


@dataclass(frozen=True, slots=True)
class _Measure:
    """Something counted against its limit, and the characters that show it."""

    count: int
    limit: int
    evidence: tuple[Evidence, ...]
    matched: str

    @property
    def score(self) -> float:
        return rated(self.count, self.limit)


class Flood:
    """A rule of kind flood at work.

    Every limit is the number from which on something is too much. The score is 50 at a limit and 100 at twice
    the limit; of several measures the highest counts. `floor`: results are wanted from this score on.

    What is counted in a window is one member's in one group, by the messages' own times; a message without a time
    or a member stands for itself. Messages stamped to the minute carry no rate below a minute: where all messages
    of a burst have the same time and that is a full minute, a window shorter than a minute takes no notice of it.
    """

    def __init__(self, rule: FloodRule, floor: float | None = None) -> None:
        self._rule = rule
        self.cut = rule.cut
        self._floor = self.cut if floor is None else min(floor, self.cut)
        limits = [getattr(rule, name) for name in _COUNTED]
        self._limits = [(which, limit, limit * self._floor / self.cut) for which, limit in enumerate(limits) if limit]
        self._kept = max(_KEPT_MESSAGES, 2 * rule.messages, 2 * rule.stickers, 2 * rule.pictures)
        self._members: OrderedDict[tuple[str, str, str], _Member] = OrderedDict()
        shortest = max(math.ceil(rule.repeated * self._floor / self.cut), 2)
        self._run = re.compile(rf"(.)\1{{{shortest - 1},}}", re.DOTALL) if rule.repeated else None

    def adopt(self, previous: object) -> None:
        """Goes on with the times kept by `previous`, if that is of such a rule. It must judge no more."""
        if isinstance(previous, Flood):
            self._members = previous._members

    def judge(self, batch: Sequence[Prepared]) -> list[Finding | None]:
        """A result or None for each message."""
        return [self._judge(prepared) for prepared in batch]

    def _judge(self, prepared: Prepared) -> Finding | None:
        counted, earlier = self._counted(prepared)
        measures = [*counted, *self._repeated(prepared)]
        if not measures:
            return None
        # What is too much is not explained by what is not.
        measures = [measure for measure in measures if measure.count >= measure.limit] or measures
        rule = self._rule
        return Finding(
            rule.name,
            rule.kind,
            rule.mode,
            max(measure.score for measure in measures),
            tuple(evidence for measure in measures for evidence in measure.evidence),
            ", ".join(measure.matched for measure in measures),
            earlier=earlier,
        )

    def _counted(self, prepared: Prepared) -> tuple[list[_Measure], tuple[MessageKey, ...]]:
        message, window = prepared.message, self._rule.window
        time = message.time
        timed = bool(message.member) and time is not None and math.isfinite(time)
        now = _Seen(time if timed and time is not None else 0.0, message.key, _counts(prepared))
        near = self._near(prepared, now) if timed else [now]
        if not near:
            return [], ()
        measures: list[_Measure] = []
        named: dict[MessageKey, _Seen] = {}
        alone = len(near) == 1
        totals = now.counts if alone else [sum(each) for each in zip(*[one.counts for one in near], strict=True)]
        for which, limit, least in self._limits:
            if totals[which] < least or not now.counts[which]:
                continue
            start, end = heaviest(
                [one.time for one in near], [one.counts[which] for one in near], window, near.index(now)
            )
            burst = [one for one in near[start:end] if one.counts[which]]
            if len(burst) > 1 and _too_coarse(burst, window):
                burst = [now]
            count = sum(one.counts[which] for one in burst)
            if count < least or (which == 0 and len(burst) < 2):
                continue
            within = f" in {spelled_duration(window)}" if len(burst) > 1 else ""
            matched = f"{count} {_COUNTED[which]}{within}"
            measures.append(_Measure(count, limit, prepared.whole(matched), matched))
            if count >= limit:
                named.update((one.key, one) for one in burst)
        earlier = tuple(one.key for one in named.values() if one is not now and not one.named)
        for one in named.values():
            one.named = True
        return measures, earlier

    def _near(self, prepared: Prepared, now: _Seen) -> list[_Seen]:
        """The member's messages near this one, by time; empty when it is among them already."""
        message, window = prepared.message, self._rule.window
        member = self._member((message.platform, message.group, message.member))
        if now.key in member.keys:
            return []
        member.seen.append(now)
        member.keys.add(now.key)
        while len(member.seen) > self._kept:
            member.keys.discard(member.seen.popleft().key)
        apart = now.time - member.newest > window
        member.newest = max(member.newest, now.time)
        if apart:
            return [now]
        return sorted([one for one in member.seen if abs(one.time - now.time) <= window], key=_time_of)

    def _member(self, membership: tuple[str, str, str]) -> _Member:
        member = self._members.get(membership)
        if member is None:
            member = self._members[membership] = _Member(deque(), set())
            if len(self._members) > MOST_MEMBERS:
                self._members.popitem(last=False)
            return member
        self._members.move_to_end(membership)
        return member

    def _repeated(self, prepared: Prepared) -> Iterator[_Measure]:
        if self._run is None:
            return
        runs = [match.span() for match in self._run.finditer(prepared.folded.text)]
        if runs:
            start, end = max(runs, key=lambda run: run[1] - run[0])
            first, last = prepared.folded.span(start, end)
            matched = f"{end - start} times {prepared.folded.text[start]}"
            yield _Measure(end - start, self._rule.repeated, (Evidence(first, last, matched),), matched)


def _counts(prepared: Prepared) -> tuple[int, ...]:
    message = prepared.message
    text = message.text
    written = sum(1 for _ in _MENTION.finditer(text)) if "@" in text else 0
    mentions = max(len(message.mentions), written)
    picture, sticker = message.kind in PICTURES, message.kind in STICKERS
    return (int(not (picture or sticker)), len(text), text.count("\n") + 1 if text else 0, mentions, sticker, picture)


def _time_of(seen: _Seen) -> float:
    return seen.time


def _too_coarse(burst: Sequence[_Seen], window: float) -> bool:
    first, last = burst[0].time, burst[-1].time
    return window < _MINUTE and first == last and first % _MINUTE == 0
