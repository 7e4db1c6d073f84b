"""Flooding: too many messages in a short time, or too much of one thing in a message."""

from __future__ import annotations

import math
import re
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rules.prepared import Prepared
from rules.reading import spelled_duration
from rules.records import Evidence, Finding, MessageKey
from rules.rulebook import FloodRule
from rules.spans import densest

MOST_MEMBERS = 20_000
"""Memberships whose last messages are kept. Beyond, the one silent for the longest goes."""

_KEPT_MESSAGES = 64
_MINUTE = 60
_MENTION = re.compile(r"(?<![\w.@])@\w")


@dataclass(slots=True)
class _Seen:
    time: float
    key: MessageKey
    named: bool = False


@dataclass(frozen=True, slots=True)
class _Measure:
    """Something counted against its limit, and the characters that show it."""

    count: int
    limit: int
    evidence: tuple[Evidence, ...]
    matched: str

    @property
    def score(self) -> float:
        return min(100.0, round(50 * self.count / self.limit, 1))


class Flood:
    """A rule of kind flood at work.

    Every limit is the number from which on something is too much. The score is 50 at a limit and 100 at twice
    the limit; of several measures the highest counts.

    Rates are of one member in one group, by the messages' own times; a message without a time or a member
    counts for none. Messages stamped to the minute carry no rate below a minute: where all messages of a
    burst have the same time and that is a full minute, a window shorter than a minute takes no notice of it.
    """

    def __init__(self, rule: FloodRule) -> None:
        self._rule = rule
        self._members: OrderedDict[tuple[str, str, str], deque[_Seen]] = OrderedDict()
        self._run = re.compile(rf"(.)\1{{{rule.repeated - 1},}}", re.DOTALL) if rule.repeated else None

    def adopt(self, previous: object) -> None:
        """Goes on with the times kept by `previous`, if that is of such a rule. It must judge no more."""
        if isinstance(previous, Flood):
            self._members = previous._members

    def judge(self, batch: Sequence[Prepared]) -> list[Finding | None]:
        """A finding or None for each message."""
        return [self._judge(prepared) for prepared in batch]

    def _judge(self, prepared: Prepared) -> Finding | None:
        rate, earlier = self._rate(prepared)
        measures = [*rate, *self._repeated(prepared), *self._lines(prepared), *self._mentions(prepared)]
        if not measures:
            return None
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

    def _rate(self, prepared: Prepared) -> tuple[list[_Measure], tuple[MessageKey, ...]]:
        message, limit, window = prepared.message, self._rule.messages, self._rule.window
        time = message.time
        if not limit or not message.member or time is None or not math.isfinite(time):
            return [], ()
        seen = self._seen((message.platform, message.group, message.member))
        key = message.key
        if any(one.key == key for one in seen):
            return [], ()
        now = _Seen(time, key)
        seen.append(now)
        while len(seen) > max(_KEPT_MESSAGES, 2 * limit):
            seen.popleft()
        near = sorted((one for one in seen if abs(one.time - time) <= window), key=lambda one: one.time)
        start, end = densest([one.time for one in near], window)
        burst = near[start:end]
        if len(burst) < limit or now not in burst or _too_coarse(burst, window):
            return [], ()
        earlier = tuple(one.key for one in burst if one is not now and not one.named)
        for one in burst:
            one.named = True
        matched = f"{len(burst)} messages in {spelled_duration(window)}"
        return [_Measure(len(burst), limit, prepared.whole(matched), matched)], earlier

    def _seen(self, membership: tuple[str, str, str]) -> deque[_Seen]:
        seen = self._members.setdefault(membership, deque())
        self._members.move_to_end(membership)
        if len(self._members) > MOST_MEMBERS:
            self._members.popitem(last=False)
        return seen

    def _repeated(self, prepared: Prepared) -> Iterator[_Measure]:
        if self._run is None:
            return
        runs = [match.span() for match in self._run.finditer(prepared.folded.text)]
        if runs:
            start, end = max(runs, key=lambda run: run[1] - run[0])
            first, last = prepared.folded.span(start, end)
            matched = f"{end - start} times {prepared.folded.text[start]}"
            yield _Measure(end - start, self._rule.repeated, (Evidence(first, last, matched),), matched)

    def _lines(self, prepared: Prepared) -> Iterator[_Measure]:
        count = prepared.message.text.count("\n") + 1
        if self._rule.lines and count >= self._rule.lines:
            matched = f"{count} lines"
            yield _Measure(count, self._rule.lines, prepared.whole(matched), matched)

    def _mentions(self, prepared: Prepared) -> Iterator[_Measure]:
        if not self._rule.mentions:
            return
        message = prepared.message
        written = sum(1 for _ in _MENTION.finditer(message.text)) if "@" in message.text else 0
        count = max(len(message.mentions), written)
        if count >= self._rule.mentions:
            matched = f"{count} mentions"
            yield _Measure(count, self._rule.mentions, prepared.whole(matched), matched)


def _too_coarse(burst: Sequence[_Seen], window: float) -> bool:
    first, last = burst[0].time, burst[-1].time
    return window < _MINUTE and first == last and first % _MINUTE == 0
