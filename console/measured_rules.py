"""Each rule with its mode, as written and in force, and how often it was right of late."""

from __future__ import annotations

from dataclasses import dataclass

from console.measuring import MEASURED_SECONDS
from console.rulebook import rulebook_in_force
from rules.records import Mode
from rules.rulebook import Rulebook
from store import rulebooks, statistics
from store.database import Database
from store.statistics import Decided


@dataclass(frozen=True, slots=True)
class MeasuredRule:
    """A rule, or with a `group` what it is there. `mode` is the file's, `in_force` the worker's, "" while no worker
    knows the rule. `hits` are messages flagged in the last 90 days, the others cases decided in that time. `precision`
    and `lower`, the lower end of its 95 % interval, run from 0 to 1, None where nothing is decided. `fell_back` is
    since when (epoch seconds) a rule in mode auto only asks, None for one that does not."""

    rule: str
    group: str
    kind: str
    mode: str
    in_force: str
    hits: int
    decided: int
    confirmed: int
    dismissed: int
    precision: float | None
    lower: float | None
    fell_back: float | None

    @property
    def record(self) -> Decided:
        return Decided(self.confirmed, self.dismissed)


def measured_rules(db: Database, written: Rulebook, now: float) -> list[MeasuredRule]:
    """The rules of the rulebook in their order, one with another mode in some groups once more for each."""
    since = now - MEASURED_SECONDS
    hits, decided = statistics.hits(db, since), statistics.by_rule(db, since)
    fallen = rulebooks.fallen_back(db)
    force = rulebook_in_force(db, None)
    rows = []
    for rule in written.rules:
        group = rule.groups[0] if rule.special else ""
        base = written.rule(rule.name)
        if group and base is not None and base.mode is rule.mode:
            continue
        known = force.rule(rule.name, *((group,) if group else ())) if force else None
        in_force = "" if known is None else known.mode.value
        fell_back = fallen.get(rule.name) if known is not None and known.mode is Mode.AUTO else None
        if fell_back is not None:
            in_force = Mode.ASK.value
        found = decided.get(rule.name, Decided())
        rows.append(
            MeasuredRule(
                rule.name, group, rule.kind, rule.mode.value, in_force, hits.get(rule.name, 0), found.decided,
                found.confirmed, found.dismissed, found.precision, found.lower, fell_back,
            )
        )  # fmt: skip
    return rows
