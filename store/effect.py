"""What a perk brought: how many it reached, how many used it, how many spoke again, beside others like them.

A receiver is a member with a grant that was sent; the first one counts. The day is the group's own day of sending.
Spoke again means a word in any group on a day after that day, within 7 or within 30 days; receivers whose days are not
over yet are left out. They are compared with members who were never given this perk and were, at the moment of the
first sending of that day and group, in the same group; of the same silence (days since the last day with a word before
that day: up to 2, 3-6, 7-13, 14-29, 30 and more or never); and of the same activity (days with a word in the 30 days
before: none, 1-3, 4-9, 10 and more). The day of sending itself counts on neither side: who thanks for a perk was not
lively before it. `rules.comparison` weights these strata.

What it cannot know: a membership's rows hold the last joining and leaving only, so somebody who left and came again
counts from when they came; and whoever chose the receivers may have known more of them than their silence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from store.database import Database

WINDOWS = (7, 30)
"""Days within which a receiver spoke again."""

_BEFORE = 30
_SILENCES = (2, 6, 13, 29)
_ACTIVITIES = (0, 3, 9)


@dataclass(frozen=True, slots=True)
class Figures:
    """How many grants of a perk were made; of them wait to be sent, were sent, failed, were taken back before they were
    sent, may have arrived, were redeemed, and were redeemed before the perk's validity ended."""

    perk_id: int
    perk: str
    kind: str
    granted: int
    waiting: int
    sent: int
    failed: int
    withdrawn: int
    unknown: int
    redeemed: int
    in_time: int


class Cohort(NamedTuple):
    """Receivers who are alike and members who are like them: how many, and how many spoke again."""

    receivers: int
    spoke: int
    others: int
    others_spoke: int


class _Sending(NamedTuple):
    perk_id: int
    day: int
    group_id: int


class _Class(NamedTuple):
    silence: int
    activity: int


def figures(db: Database, perk_id: int | None = None) -> list[Figures]:
    """Of each perk by name, or of one."""
    where, values = ("", ()) if perk_id is None else (" WHERE p.id = ?", (perk_id,))
    rows = db.execute(
        "SELECT p.id, p.name, p.kind, count(g.reserved_at), total(g.state = 'reserved'), total(g.state = 'sent'),"
        " total(g.state = 'returned' AND g.reserved_at IS NOT NULL AND a.state IS NOT 'withdrawn'),"
        " total(g.state = 'returned' AND g.reserved_at IS NOT NULL AND a.state IS 'withdrawn'),"
        " total(g.state = 'unknown'), count(g.redeemed_at),"
        " total(g.redeemed_at <= coalesce(p.valid_until, g.redeemed_at))"
        " FROM perks p LEFT JOIN grants g ON g.perk_id = p.id LEFT JOIN actions a ON a.grant_id = g.id"
        f"{where} GROUP BY p.id ORDER BY p.name",
        values,
    )
    return [Figures(*row[:3], *map(int, row[3:])) for row in rows]


def cohorts(
    db: Database, day: Callable[[float, int], int], now: float, perk_id: int | None = None
) -> dict[int, dict[int, list[Cohort]]]:
    """By perk and by each of WINDOWS, the receivers whose days are over and those like them. `day` is the own day of a
    group (its id) at a time, in epoch seconds."""
    sendings, moments = _sendings(db, day, perk_id)
    over = {
        sending: [window for window in WINDOWS if day(now, sending.group_id) > sending.day + window]
        for sending in sendings
    }
    sendings = {sending: members for sending, members in sendings.items() if over[sending]}
    found: dict[int, dict[int, list[Cohort]]] = defaultdict(lambda: {window: [] for window in WINDOWS})
    if not sendings:
        return found
    spoken = _Spoken(db, sendings)
    groups = _memberships(db, {sending.group_id for sending in sendings})
    given = _given(db, {sending.perk_id for sending in sendings})
    for sending, members in sorted(sendings.items()):
        moment, having = moments[sending], given[sending.perk_id]
        others = [
            member
            for member, since, left in groups[sending.group_id]
            if member not in having and (since is None or since <= moment) and (left is None or left > moment)
        ]
        receivers = spoken.count(members, sending.day)
        compared = spoken.count(others, sending.day)
        for kind, (number, *spoke) in sorted(receivers.items()):
            there, *others_spoke = compared.get(kind, (0,) * (1 + len(WINDOWS)))
            for at, window in enumerate(WINDOWS):
                if window in over[sending]:
                    cohort = Cohort(number, spoke[at], there, others_spoke[at])
                    found[sending.perk_id][window].append(cohort)
    return found


def groups(db: Database) -> dict[int, tuple[str, str]]:
    """The platform's id and the name of each group."""
    return {number: (key, name) for number, key, name in db.execute("SELECT id, key, name FROM groups")}


def _sendings(
    db: Database, day: Callable[[float, int], int], perk_id: int | None
) -> tuple[dict[_Sending, list[int]], dict[_Sending, float]]:
    """The receivers of each perk, day and group, and the moment of the first sending of each."""
    where, values = ("", ()) if perk_id is None else (" AND perk_id = ?", (perk_id,))
    rows = db.execute(
        "SELECT perk_id, member_id, group_id, sent_at FROM grants WHERE state = 'sent' AND sent_at IS NOT NULL"
        f"{where} ORDER BY sent_at, id",
        values,
    )
    sendings: dict[_Sending, list[int]] = defaultdict(list)
    moments: dict[_Sending, float] = {}
    seen: set[tuple[int, int]] = set()
    for perk, member, group, at in rows:
        if (perk, member) in seen:
            continue
        seen.add((perk, member))
        sending = _Sending(perk, day(at, group), group)
        sendings[sending].append(member)
        moments.setdefault(sending, at)
    return sendings, moments


class _Spoken:
    """The days with a word of everybody who is compared, one bit a day in a whole number for each member."""

    def __init__(self, db: Database, sendings: Mapping[_Sending, Sequence[int]]) -> None:
        days = [sending.day for sending in sendings]
        self._first = min(days) - _BEFORE
        last = max(days) + max(WINDOWS)
        self._bits: dict[int, int] = defaultdict(int)
        receivers = {member for members in sendings.values() for member in members}
        rows = db.execute(
            "SELECT a.member_id, a.day FROM activity a WHERE a.member_id IN ("
            " SELECT j.member_id FROM json_each(?) g CROSS JOIN memberships j ON j.group_id = g.value"
            " UNION SELECT value FROM json_each(?)) AND a.day BETWEEN ? AND ?",
            (_listed({sending.group_id for sending in sendings}), _listed(receivers), self._first, last),
        )
        bits = [1 << offset for offset in range(last - self._first + 1)]
        for member, spoken in rows:
            self._bits[member] |= bits[spoken - self._first]
        self._classes: dict[tuple[int, int], _Class] = {}

    def count(self, members: Iterable[int], day: int) -> dict[_Class, list[int]]:
        """By class on that day: how many of the members, and how many of them spoke within each of WINDOWS after."""
        at = day - self._first
        before, upto = at - _BEFORE, (1 << _BEFORE) - 1
        windows = [(1 << window) - 1 for window in WINDOWS]
        counts: dict[_Class, list[int]] = {}
        for member in members:
            bits = self._bits.get(member, 0)
            earlier, later = bits >> before & upto, bits >> at + 1
            key = (earlier.bit_length(), earlier.bit_count())
            kind = self._classes.get(key)
            if kind is None:
                kind = self._classes[key] = _class(*key)
            counted = counts.get(kind)
            if counted is None:
                counted = counts[kind] = [0] * (1 + len(windows))
            counted[0] += 1
            if later:
                for place, window in enumerate(windows, 1):
                    counted[place] += bool(later & window)
        return counts


def _class(length: int, active: int) -> _Class:
    """Of the days before: one more than the place of the last with a word among them, and how many there are."""
    since = _BEFORE + 1 - length
    return _Class(sum(since > most for most in _SILENCES), sum(active > most for most in _ACTIVITIES))


def _memberships(db: Database, groups: set[int]) -> dict[int, list[tuple[int, float | None, float | None]]]:
    """Of each group: its members, since when, and until when, as far as it is known."""
    found: dict[int, list[tuple[int, float | None, float | None]]] = defaultdict(list)
    for group, *membership in db.execute(
        "SELECT j.group_id, j.member_id, coalesce(j.joined_at, j.first_at), j.left_at"
        " FROM json_each(?) g CROSS JOIN memberships j ON j.group_id = g.value",
        (_listed(groups),),
    ):
        found[group].append((membership[0], membership[1], membership[2]))
    return found


def _given(db: Database, perks: set[int]) -> dict[int, set[int]]:
    """Of each perk: who has a grant of it, sent or not."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = db.execute(
        "SELECT g.perk_id, g.member_id FROM json_each(?) p CROSS JOIN grants g ON g.perk_id = p.value"
        " WHERE g.state IN ('reserved', 'sent', 'unknown')",
        (_listed(perks),),
    )
    for perk, member in rows:
        found[perk].add(member)
    return found


def _listed(numbers: Iterable[int]) -> str:
    return msgspec.json.encode(sorted(numbers)).decode()
