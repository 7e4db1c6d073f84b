"""Rules in mode auto whose precision no longer holds: they ask until it does."""

from __future__ import annotations

from collections.abc import Callable

from rules.records import Mode
from rules.rulebook import Auto, Rulebook
from store import rulebooks, statistics
from store.database import Database
from store.statistics import Decided

MEASURED_SECONDS = 90 * 86_400.0
"""How far back decisions count."""
AGAIN_SECONDS = 60.0
"""How long a measurement holds for the worker."""


class Measuring:
    """The worker's eye on the rules in mode auto. `written` is the rulebook as its file has it."""

    def __init__(
        self, db: Database, generation: int, written: Rulebook, log: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        self.written = written
        self._db = db
        self._generation = generation
        self._log = log
        self._clock = clock
        self._fallen = set(rulebooks.fallen_back(db))
        self._measured_at = float("-inf")

    def due(self) -> bool:
        """Whether the last measurement is too old."""
        return self._clock() - self._measured_at >= AGAIN_SECONDS

    def in_force(self) -> Rulebook:
        """The rulebook as it may be used now: what must not act by itself asks. A rule that falls back or comes back
        is said in the log, and once in the audit log. Raises LeaseLost, StoreUnavailable."""
        self._measured_at = now = self._clock()
        acting = dict.fromkeys(rule.name for rule in self.written.rules if rule.mode is Mode.AUTO)
        decided = statistics.by_rule(self._db, now - MEASURED_SECONDS) if acting and self.written.auto.demands else {}
        asking = []
        for name in acting:
            found = decided.get(name, Decided())
            falls = self.written.auto.refutes(found.confirmed, found.decided)
            if falls:
                asking.append(name)
            if falls != (name in self._fallen):
                self._note(name, found, falls=falls, now=now)
        return self.written.with_modes(dict.fromkeys(asking, Mode.ASK))

    def _note(self, name: str, found: Decided, *, falls: bool, now: float) -> None:
        demand = self.written.auto
        rulebooks.note_fallen_back(
            self._db, self._generation, name, fallen=falls, now=now, confirmed=found.confirmed,
            decided=found.decided, precision=demand.precision, decisions=demand.decisions,
        )  # fmt: skip
        (self._fallen.add if falls else self._fallen.discard)(name)
        what = "asks instead of acting by itself" if falls else "acts by itself again"
        self._log(f"rule {name} {what}: {measured_words(found)}; {demand_words(demand)}")


def measured_words(found: Decided) -> str:
    """How often a rule was right, in words."""
    if found.precision is None:
        return "no case of it was decided by a person in the last 90 days"
    right = f"{found.confirmed} of {found.decided} cases decided in the last 90 days were confirmed"
    return f"{right}, {percent(found.precision)}"


def demand_words(demand: Auto) -> str:
    """What mode auto demands, in words."""
    if not demand.demands:
        return "auto demands nothing here"
    return f"auto takes {percent(demand.precision)} of at least {demand.decisions}"


def percent(share: float) -> str:
    """A share from 0 to 1 as a percentage; what is short of the whole is never shown as the whole."""
    tenths = int(share * 1000 + 1e-9)
    return f"{tenths // 10}.{tenths % 10} %" if tenths % 10 else f"{tenths // 10} %"
