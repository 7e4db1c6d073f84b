"""The backtest: a rulebook's rules over the stored history, against the rules in force and what people decided."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from console.bitsets import Ids
from rules.engine import Engine
from rules.kinds import BurstRule, DuplicatesRule, NewcomerRule
from rules.knowledge import NOTHING_KNOWN, Knowledge
from rules.records import UNCOUNTED_KINDS, Finding, Message
from rules.rulebook import Rulebook
from rules.standing import Membership
from store import history, messages, statistics
from store.database import Database
from store.history import Period
from store.statistics import Decided

CHUNK = 2_000
"""So many messages are read and judged at a time."""
WARMED = 20_000
"""At most so many messages before the period fill the windows."""
EXAMPLES = 5
THRESHOLDS = tuple(range(50, 101, 5))


@dataclass(frozen=True, slots=True)
class Hits:
    """What a rule hit in the period: how many messages the `new` rules and those in `force` hit, `both`, and each
    alone; and of what the new one hit, what people decided. `rule` is "" for any rule. `mode` is the new rulebook's,
    `was` the one in force, "" where there is no such rule. `missed` were confirmed, and the new one hit them not."""

    rule: str
    mode: str
    was: str
    new: int
    force: int
    both: int
    decided: Decided
    missed: int

    @property
    def recall(self) -> float | None:
        """The share, 0 to 1, of the confirmed messages of the period; None where there are none."""
        confirmed = self.decided.confirmed + self.missed
        return self.decided.confirmed / confirmed if confirmed else None


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What a rule would hit with that threshold. `recall` as in Hits; `set` is whether it is the one written."""

    threshold: float
    set: bool
    hits: int
    decided: Decided
    recall: float | None


@dataclass(frozen=True, slots=True)
class Example:
    """A message that only one of the two rulebooks hits, with the rules that do. `time` in epoch seconds or None."""

    id: int
    time: float | None
    group: str
    name: str
    text: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Backtest:
    """All that came of it. `messages` were judged, people decided `decided` of them; `first` and `last` are the
    earliest and the latest message's times. `differs` is whether the rulebook is another than the one in force."""

    differs: bool
    messages: int
    warmed: int
    first: float | None
    last: float | None
    decided: Decided
    rules: tuple[Hits, ...]
    any: Hits
    thresholds: tuple[tuple[str, tuple[AtThreshold, ...]], ...]
    only_new: tuple[Example, ...]
    only_old: tuple[Example, ...]


@dataclass(slots=True)
class _Scores:
    """How often a rule scored from each of its thresholds on: in all, confirmed, dismissed."""

    written: float
    thresholds: list[float]
    counts: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = [[0, 0, 0] for _ in self.thresholds]

    def add(self, score: float, confirmed: bool | None) -> None:
        place = bisect_right(self.thresholds, score) - 1
        if place >= 0:
            self.counts[place][0] += 1
            if confirmed is not None:
                self.counts[place][1 if confirmed else 2] += 1

    def table(self, confirmed: int) -> tuple[AtThreshold, ...]:
        rows: list[AtThreshold] = []
        hits, right, wrong = 0, 0, 0
        for threshold, counts in zip(reversed(self.thresholds), reversed(self.counts), strict=True):
            hits, right, wrong = hits + counts[0], right + counts[1], wrong + counts[2]
            recall = right / confirmed if confirmed else None
            rows.append(AtThreshold(threshold, threshold == self.written, hits, Decided(right, wrong), recall))
        return tuple(reversed(rows))


class _Side:
    """One engine, and the ids of what its rules hit in the period."""

    def __init__(self, rulebook: Rulebook, knowledge: Knowledge, period: Period, *, every_score: bool) -> None:
        self.rulebook = rulebook
        self.engine = Engine(rulebook, knowledge, every_score=every_score)
        self.hit = {rule.name: Ids(period.first, period.last) for rule in rulebook.rules}
        self.any = Ids(period.first, period.last)
        self._nothing = Ids(period.first, period.last)

    def warm(self, db: Database, period: Period, before: Sequence[Message]) -> int:
        """Bring the engine to where it would stand when the period begins; returns with how many messages."""
        if any(isinstance(rule, NewcomerRule | BurstRule) for rule in self.rulebook.rules):
            self.engine.know(
                Membership(*one) for one in history.standings_before(db, period.first, sorted(UNCOUNTED_KINDS))
            )
        since = -1e18 if period.since is None else period.since - self.engine.horizon()
        warming = [one for one in before if one.time is None or one.time >= since]
        self.engine.warm(warming)
        return len(warming)

    def note(self, db: Database, found: Iterable[tuple[int, Sequence[Finding]]]) -> None:
        for number, findings in found:
            for finding in findings:
                earlier = messages.stored_ids(db, finding.earlier).values() if finding.earlier else ()
                for one in (*earlier, number):
                    self.hit[finding.rule].add(one)
                    self.any.add(one)

    def of(self, rule: str) -> Ids:
        """What the rule of that name hit, or any rule for ""."""
        return self.hit.get(rule, self._nothing) if rule else self.any

    def mode(self, rule: str) -> str:
        known = self.rulebook.rule(rule)
        return "" if known is None else known.mode.value


def backtest(
    db: Database,
    new: Rulebook,
    old: Rulebook,
    period: Period,
    progress: Callable[[int], object],
    knowledge: Knowledge = NOTHING_KNOWN,
) -> Backtest:
    """Judge the stored messages of the period by both rulebooks, the second being the one in force, and by what was
    learned: where decisions taught it, those are no proof of it.

    Nothing is written. Messages are read by ranges of ids, so that memory stays the same however many there are, and
    a worker may go on meanwhile. `progress` is told of every so many messages done. Raises RulebookError.
    """
    side = _Side(new, knowledge, period, every_score=True)
    differs = new.rules != old.rules
    other = _Side(old, knowledge, period, every_score=False) if differs else side
    before = [one for _, one in history.between(db, max(1, period.first - WARMED), period.first - 1)]
    warmed = side.warm(db, period, before)
    if differs:
        warmed = max(warmed, other.warm(db, period, before))
    verdicts = statistics.verdicts(db)
    scores = _scores(new)
    inside, confirmed, dismissed = (Ids(period.first, period.last) for _ in range(3))
    first: float | None = None
    last: float | None = None
    for start in range(period.first, period.last + 1, CHUNK):
        end = min(start + CHUNK - 1, period.last)
        rows = history.between(db, start, end)
        batch = [message for _, message in rows]
        judged = side.engine.scored(batch)
        decided = statistics.decided_messages(db, start, end, verdicts)
        side.note(db, ((number, one.findings) for (number, _), one in zip(rows, judged, strict=True)))
        if differs:
            found = other.engine.judge(batch)
            other.note(db, ((number, one) for (number, _), one in zip(rows, found, strict=True)))
        for (number, message), one in zip(rows, judged, strict=True):
            if not period.holds(message):
                continue
            inside.add(number)
            if message.time is not None:
                first = message.time if first is None else min(first, message.time)
                last = message.time if last is None else max(last, message.time)
            verdict = decided.get(number)
            if verdict is not None:
                (confirmed if verdict else dismissed).add(number)
            for name, score in one.scores.items():
                if name in scores:
                    scores[name].add(score, verdict)
        progress(end - start + 1)
    names = dict.fromkeys(rule.name for book in (new, old) for rule in book.rules)
    counted = [_hits(name, side, other, inside, confirmed, dismissed) for name in ("", *names)]
    return Backtest(
        differs=differs,
        messages=len(inside),
        warmed=warmed,
        first=first,
        last=last,
        decided=Decided(len(confirmed), len(dismissed)),
        rules=tuple(counted[1:]),
        any=counted[0],
        thresholds=tuple((name, one.table(len(confirmed))) for name, one in scores.items()),
        only_new=_examples(db, side, (side.any - other.any) & inside),
        only_old=_examples(db, other, (other.any - side.any) & inside),
    )


def _scores(rulebook: Rulebook) -> dict[str, _Scores]:
    """The rules whose threshold says from which score on there is a finding."""
    found: dict[str, _Scores] = {}
    for rule in rulebook.rules:
        threshold = getattr(rule, "threshold", None)
        if isinstance(threshold, float) and not isinstance(rule, DuplicatesRule) and not rule.special:
            found[rule.name] = _Scores(threshold, sorted({*map(float, THRESHOLDS), threshold}))
    return found


def _hits(name: str, new: _Side, old: _Side, inside: Ids, confirmed: Ids, dismissed: Ids) -> Hits:
    mine, theirs = new.of(name) & inside, old.of(name) & inside
    decided = Decided(len(mine & confirmed), len(mine & dismissed))
    both = len(mine & theirs)
    missed = len(confirmed) - decided.confirmed
    return Hits(name, new.mode(name), old.mode(name), len(mine), len(theirs), both, decided, missed)


def _examples(db: Database, side: _Side, alone: Ids) -> tuple[Example, ...]:
    """Some of the messages that the side hit alone, from all over the period."""
    count = len(alone)
    wanted = {count * place // EXAMPLES for place in range(EXAMPLES)}
    chosen = [number for place, number in enumerate(alone) if place in wanted]
    return tuple(
        Example(
            row.id, row.time, row.group, row.name, row.text,
            tuple(name for name, hit in side.hit.items() if row.id in hit),
        )
        for row in messages.rows(db, chosen)
    )  # fmt: skip
