"""What a perk brought, beside members like those who got it: the fast way counts as the plain definition does."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from console.desk import Desk
from console.settings import Settings
from rules.community import DAY, Community
from store import effect, staff
from store.database import Database, open_database
from store.effect import Cohort
from store.records import Role

MONDAY = 739_000
"""A day, counted as the groups count them."""


def at(day: float) -> float:
    """Epoch seconds of a day in UTC, its parts as fractions."""
    return (day - 719_163) * DAY


def utc(time: float, group: int) -> int:
    return Community().day(time)


@dataclass(frozen=True)
class Given:
    member: int
    group: int
    day: float
    state: str = "sent"
    perk: int = 1
    withdrawn: bool = False
    redeemed: float | None = None


@dataclass(frozen=True)
class History:
    """Groups with the days since and until when each member was in them, days with a word, and grants."""

    memberships: dict[tuple[int, int], tuple[float | None, float | None]]
    words: frozenset[tuple[int, int]]
    grants: tuple[Given, ...]


def fill(db: Database, history: History) -> None:
    everybody = {member for member, _ in history.memberships} | {given.member for given in history.grants}
    groups = {group for _, group in history.memberships} | {given.group for given in history.grants}
    perks = {given.perk for given in history.grants} | {1}
    with db.transaction():
        db.executemany("INSERT INTO groups (id, platform, key) VALUES (?, 'replay', ?)", [(g, f"g{g}") for g in groups])
        db.executemany("INSERT INTO members (id, platform, key) VALUES (?, 'replay', ?)",
                       [(m, f"m{m}") for m in everybody])  # fmt: skip
        db.executemany(
            "INSERT INTO memberships (member_id, group_id, joined_at, left_at) VALUES (?, ?, ?, ?)",
            [
                (member, group, None if since is None else at(since), None if until is None else at(until))
                for (member, group), (since, until) in history.memberships.items()
            ],
        )
        some = min(groups, default=0)
        db.executemany(
            "INSERT INTO activity (member_id, day, group_id, messages) VALUES (?, ?, ?, 1)",
            [(member, day, some) for member, day in history.words if member in everybody],
        )
        db.executemany(
            "INSERT INTO perks (id, name, kind, added_by, added_at) VALUES (?, ?, 'gift', '', 0)",
            [(perk, f"Perk {perk}") for perk in perks],
        )
        for number, one in enumerate(history.grants, 1):
            db.execute(
                "INSERT INTO dispatches (id, key, perk_id, cause, state, staff, asked_at)"
                " VALUES (?, ?, ?, 'hand', 'approved', '', 0)",
                (number, str(number), one.perk),
            )
            db.execute(
                "INSERT INTO grants (id, dispatch_id, perk_id, member_id, group_id, slot, state, made_at, reserved_at,"
                " sent_at, redeemed_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)",
                (number, number, one.perk, one.member, one.group, number, one.state,
                 None if one.state == "proposed" else at(one.day), at(one.day) if one.state == "sent" else None,
                 None if one.redeemed is None else at(one.redeemed)),
            )  # fmt: skip
            if one.withdrawn:
                db.execute(
                    "INSERT INTO actions (key, kind, group_id, state, grant_id, created_at)"
                    " VALUES (?, 'send', ?, 'withdrawn', ?, 0)",
                    (str(number), one.group, number),
                )


@contextmanager
def filled(history: History) -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "vigil.db", create=True)
        try:
            fill(db, history)
            yield db
        finally:
            db.close()


# --- the plain definition ---


def silence(days: set[int], day: int) -> int:
    before = [one for one in days if one < day]
    since = day - max(before) if before else 999
    return next(place for place, most in enumerate((2, 6, 13, 29, 10**9)) if since <= most)


def activity(days: set[int], day: int) -> int:
    active = len([one for one in days if day - 30 <= one < day])
    return next(place for place, most in enumerate((0, 3, 9, 10**9)) if active <= most)


def plainly(history: History, now: float, perk: int = 1) -> dict[int, list[Cohort]]:
    """`effect.cohorts` by its definition, one member after the other."""
    sent = sorted((one for one in history.grants if one.state == "sent" and one.perk == perk),
                  key=lambda one: (one.day, history.grants.index(one)))  # fmt: skip
    first: dict[int, Given] = {}
    for one in sent:
        first.setdefault(one.member, one)
    having = {one.member for one in history.grants if one.perk == perk and one.state in ("reserved", "sent", "unknown")}

    def said(member: int) -> set[int]:
        return {day for who, day in history.words if who == member}

    def kind(member: int, day: int) -> tuple[int, int]:
        return silence(said(member), day), activity(said(member), day)

    def spoke(member: int, day: int, window: int) -> bool:
        return any(day < one <= day + window for one in said(member))

    found: dict[int, list[Cohort]] = {7: [], 30: []}
    for window, cohorts in found.items():
        sendings = {(int(one.day), one.group) for one in first.values() if int(now) > int(one.day) + window}
        for day, group in sorted(sendings):
            receivers = [one for one in first.values() if (int(one.day), one.group) == (day, group)]
            moment = min(one.day for one in receivers)
            others = [
                member
                for (member, where), (since, until) in history.memberships.items()
                if where == group and member not in having
                and (since is None or since <= moment) and (until is None or until > moment)
            ]  # fmt: skip
            for one_kind in sorted({kind(one.member, day) for one in receivers}):
                alike = [one.member for one in receivers if kind(one.member, day) == one_kind]
                like = [member for member in others if kind(member, day) == one_kind]
                cohorts.append(
                    Cohort(
                        len(alike), sum(spoke(member, day, window) for member in alike),
                        len(like), sum(spoke(member, day, window) for member in like),
                    )
                )  # fmt: skip
    return found


days = st.integers(MONDAY - 45, MONDAY + 45)
moments = st.floats(0, 0.999).flatmap(lambda part: st.integers(-3, 3).map(lambda day: MONDAY + day + part))


@st.composite
def histories(draw: st.DrawFn) -> History:
    members, groups = st.integers(1, 7), st.integers(1, 2)
    memberships = draw(
        st.dictionaries(
            st.tuples(members, groups),
            st.tuples(st.none() | moments, st.none() | moments),
            max_size=10,
        )
    )
    words = draw(st.frozensets(st.tuples(members, days), max_size=60))
    states = st.sampled_from(["sent", "sent", "reserved", "unknown", "returned", "proposed"])
    grants = draw(
        st.lists(st.builds(Given, members, groups, moments, states, st.integers(1, 2)), max_size=6).map(tuple)
    )
    return History(memberships, words, grants)


@limits(max_examples=60)
@given(histories(), st.sampled_from([MONDAY + 5, MONDAY + 11, MONDAY + 33, MONDAY + 60]))
def test_cohorts_are_those_of_the_definition(history: History, now: int) -> None:
    with filled(history) as db:
        found = effect.cohorts(db, utc, at(now))
        for perk in (1, 2):
            expected = plainly(history, now, perk)
            for window in effect.WINDOWS:
                assert sorted(found[perk][window]) == sorted(expected[window])
        assert effect.cohorts(db, utc, at(now), 1)[1] == found[1]


# --- the classes at their edges ---


@pytest.mark.parametrize(
    ("said", "others"),
    [
        ({1}, {2}),
        ({3}, {6}),
        ({7}, {13}),
        ({14}, {29}),
        ({31}, set()),
        ({1, 2, 3}, {1, 9, 20}),
        ({1, 2, 3, 4}, set(range(1, 10))),
        (set(range(1, 11)), set(range(1, 31))),
    ],
)
def test_days_before_the_sending_that_are_alike(said: set[int], others: set[int]) -> None:
    assert compared(said, others)


@pytest.mark.parametrize(
    ("said", "others"),
    [({2}, {3}), ({6}, {7}), ({13}, {14}), ({29}, {30}), ({1}, set()), ({1, 2, 3}, {1, 2, 3, 4}),
     (set(range(1, 10)), set(range(1, 11)))],
)  # fmt: skip
def test_days_before_the_sending_that_are_not(said: set[int], others: set[int]) -> None:
    assert not compared(said, others)


def compared(said: set[int], others: set[int]) -> bool:
    """Whether a receiver who spoke so many days before is compared with another who spoke on those."""
    words = {(1, MONDAY - ago) for ago in said} | {(2, MONDAY - ago) for ago in others}
    history = History({(1, 1): (None, None), (2, 1): (None, None)}, frozenset(words), (Given(1, 1, MONDAY + 0.5),))
    with filled(history) as db:
        (cohort,) = effect.cohorts(db, utc, at(MONDAY + 60))[1][7]
        return cohort.others == 1


@pytest.mark.parametrize(
    ("word", "within_7", "within_30"),
    [(0, 0, 0), (1, 1, 1), (7, 1, 1), (8, 0, 1), (30, 0, 1), (31, 0, 0)],
)
def test_a_word_counts_from_the_day_after_to_the_last(word: int, within_7: int, within_30: int) -> None:
    history = History({(1, 1): (None, None)}, frozenset({(1, MONDAY + word)}), (Given(1, 1, MONDAY + 0.9),))
    with filled(history) as db:
        found = effect.cohorts(db, utc, at(MONDAY + 60))[1]
        assert (found[7][0].spoke, found[30][0].spoke) == (within_7, within_30)


@pytest.mark.parametrize(("now", "windows"), [(7.9, []), (8, [7]), (30.9, [7]), (31, [7, 30])])
def test_who_still_has_days_left_is_not_counted(now: float, windows: list[int]) -> None:
    history = History({(1, 1): (None, None)}, frozenset(), (Given(1, 1, MONDAY + 0.5),))
    with filled(history) as db:
        found = effect.cohorts(db, utc, at(MONDAY + now))
        assert [window for window in effect.WINDOWS if found[1][window]] == windows


def test_the_day_is_the_groups_own() -> None:
    shanghai = Community("Asia/Shanghai")

    def own(time: float, group: int) -> int:
        return shanghai.day(time)

    # 20:00 UTC on Monday is Tuesday in Shanghai, so a word on Tuesday is of the day of sending.
    history = History({(1, 1): (None, None)}, frozenset({(1, MONDAY + 1)}), (Given(1, 1, MONDAY + 20 / 24),))
    with filled(history) as db:
        assert effect.cohorts(db, own, at(MONDAY + 60))[1][7] == [Cohort(1, 0, 0, 0)]
        assert effect.cohorts(db, utc, at(MONDAY + 60))[1][7] == [Cohort(1, 1, 0, 0)]


# --- the report ---


def test_the_figures_count_what_became_of_each_grant(db: Database) -> None:
    grants = (
        *(Given(member, 1, MONDAY, "sent") for member in (1, 2, 3, 4)),
        Given(5, 1, MONDAY, "reserved"),
        Given(6, 1, MONDAY, "unknown"),
        Given(7, 1, MONDAY, "returned"),
        Given(8, 1, MONDAY, "returned", withdrawn=True),
        Given(9, 1, MONDAY, "proposed"),
        Given(1, 1, MONDAY, "sent", perk=2),
    )
    redeemed = [replace(grants[0], redeemed=MONDAY + 1), replace(grants[1], redeemed=MONDAY + 9)]
    fill(db, History({}, frozenset(), (*redeemed, *grants[2:])))
    db.execute("UPDATE perks SET valid_until = ? WHERE id = 1", (at(MONDAY + 5),))
    one, two = effect.figures(db)
    assert (one.granted, one.waiting, one.sent, one.failed, one.withdrawn, one.unknown) == (8, 1, 4, 1, 1, 1)
    assert (one.redeemed, one.in_time) == (2, 1)
    assert (two.granted, two.sent, two.redeemed) == (1, 1, 0)
    assert effect.figures(db, 2) == [two]


def test_a_perk_nobody_got_has_a_report_of_noughts(db: Database, settings: Settings) -> None:
    fill(db, History({}, frozenset(), ()))
    staff.add(db, "ow", Role.OWNER, "ow", 0)
    (report,) = Desk(db, settings, "ow", clock=lambda: at(MONDAY)).redemptions.reports()
    assert report.figures.granted == 0
    assert [compared.people for _, compared in report.spoke] == [0, 0]


def test_a_perk_that_wakes_the_silent_shows_so_and_one_given_to_the_lively_does_not(
    db: Database, settings: Settings
) -> None:
    words: set[tuple[int, int]] = set()
    grants = []
    members = range(1, 801)
    for member in members:
        lively = member % 2 == 0
        if lively:
            words |= {(member, MONDAY - ago) for ago in (1, 5, 9)}
        received = member % 8 in (0, 1)
        if received and not lively:
            grants.append(Given(member, 1, MONDAY + 0.5, perk=1))
        if received and lively:
            grants.append(Given(member, 1, MONDAY + 0.5, perk=2))
        # The lively go on speaking; of the silent one in ten comes back, of those with the perk one in two.
        comes_back = (member // 2) % 10 == 0 or (received and (member // 8) % 2 == 0)
        if lively or comes_back:
            words.add((member, MONDAY + 3))
    history = History({(member, 1): (None, None) for member in members}, frozenset(words), tuple(grants))
    fill(db, history)
    staff.add(db, "ow", Role.OWNER, "ow", 0)
    waking, lively_perk = Desk(db, settings, "ow", clock=lambda: at(MONDAY + 40)).redemptions.reports()
    (_, week), (_, month) = waking.spoke
    assert (week.people, week.matched, week.others, week.small) == (100, 100, 300, False)
    assert week.difference == month.difference
    assert week.low is not None
    assert week.low > 0.2
    (_, none), _ = lively_perk.spoke
    assert (none.share, none.others_share, none.difference) == (1, 1, 0)


def test_the_day_of_each_group_comes_from_the_rulebook_in_force(db: Database, settings: Settings) -> None:
    history = History({(1, 1): (None, None)}, frozenset({(1, MONDAY + 1)}), (Given(1, 1, MONDAY + 20 / 24),))
    fill(db, history)
    staff.add(db, "ow", Role.OWNER, "ow", 0)

    def told() -> int:
        desk = Desk(db, settings, "ow", clock=lambda: at(MONDAY + 40))
        return desk.redemptions.reports()[0].spoke[0][1].did

    settings.rulebook.write_text('version = 1\n[community]\ntime_zone = "UTC"\n', "utf-8")
    assert told() == 1
    settings.rulebook.write_text('version = 1\n[community.time_zones]\ng1 = "Asia/Shanghai"\n', "utf-8")
    assert told() == 0
