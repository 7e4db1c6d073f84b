"""Perks that go out by themselves: on their occasion, once, and never for what was before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.desk import Desk
from console.giving import AutomaticPerks
from console.settings import Settings
from rules.community import CheckIn, Given, Points, Tier, Tiers
from rules.records import Message
from rules.rulebook import Rulebook, parse
from store import lease, ledger, messages
from store.database import Database, open_database
from store.perk_records import NewPerk, PerkKind
from tests.unit.made import NOON
from tests.unit.perks_made import community, desk_of

DAY = 86_400


class Place:
    """A store with a worker, an admin, and perks for every occasion."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(folder / "vigil.toml", folder / "vigil.db", folder / "rulebook.toml")
        self.db: Database = open_database(self.settings.store, create=True)
        self.generation = lease.take(self.db, "serve", NOON)
        self.desk: Desk = desk_of(self.db, self.settings)
        self.chore = AutomaticPerks(self.db, self.settings, self.generation)
        self.said: list[str] = []

    def perk(self, name: str) -> None:
        self.desk.perks.add(NewPerk(name, PerkKind.GIFT, ""))

    def join(self, *members: str, group: str = "g0", at: float | None = NOON) -> None:
        with self.db.transaction():
            rows = [Message("replay", group, f"join-{member}-{group}", member, "", at, "join") for member in members]
            messages.MessageWriter(self.db).add(rows, NOON)

    def rise(self, member: int, before: str, after: str) -> None:
        with self.db.transaction():
            self.db.execute(
                "INSERT INTO standing_changes (member_id, what, before, after, rose, at)"
                " VALUES (?, 'tier', ?, ?, 1, ?)",
                (member, before, after, NOON),
            )

    def check_in(self, member: int, *days: int) -> None:
        with self.db.transaction():
            for day in days:
                assert ledger.add(self.db, member, 1, "check-in", f"check-in:{member}:{day}", NOON, day=day)

    def step(self, rulebook: Rulebook) -> None:
        self.said += self.chore.step(rulebook, NOON + 10)

    def given(self) -> list[tuple[str, str]]:
        found = self.db.execute(
            "SELECT p.name, m.key FROM grants g JOIN perks p ON p.id = g.perk_id JOIN members m ON m.id = g.member_id"
            " WHERE g.state = 'sent' ORDER BY g.id"
        )
        return found.fetchall()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.db.close()


def rulebook(*perks: Given) -> Rulebook:
    base = parse("version = 1")
    return Rulebook(
        base.ladder, base.rules, base.source, base.path,
        tiers=Tiers((Tier("Bronze", 0), Tier("Silver", 10), Tier("Gold", 50))),
        points=Points(check_in=CheckIn(("hi",), 1)), perks=perks,
    )  # fmt: skip


WELCOME = rulebook(Given("Welcome", "join"))


def test_newcomers_are_welcomed_once_wherever_they_join(place: Place) -> None:
    place.perk("Welcome")
    place.join("a", "b")
    place.step(WELCOME)
    place.join("a", group="g1")
    place.join("c")
    place.step(WELCOME)
    place.step(WELCOME)
    assert place.given() == [("Welcome", "a"), ("Welcome", "b"), ("Welcome", "c")]


def test_who_came_before_the_rulebook_said_so_gets_nothing(place: Place) -> None:
    place.perk("Welcome")
    place.join("early")
    place.step(rulebook())
    place.step(WELCOME)
    place.join("late")
    place.step(WELCOME)
    assert place.given() == [("Welcome", "late")]


def test_an_old_chat_that_is_taken_in_welcomes_nobody(place: Place) -> None:
    place.perk("Welcome")
    place.join("old", at=NOON - 2 * DAY)
    place.join("new", at=NOON - 3600)
    place.join("undated", at=None)
    place.step(WELCOME)
    assert place.given() == [("Welcome", "new"), ("Welcome", "undated")]


def test_many_newcomers_at_once_are_all_welcomed(place: Place) -> None:
    place.perk("Welcome")
    place.join(*(f"n{number}" for number in range(65)))
    for _ in range(5):
        place.step(WELCOME)
    assert len(place.given()) == len(set(place.given())) == 65


def test_a_worker_killed_before_it_noted_what_it_gave_gives_nothing_twice(place: Place) -> None:
    place.perk("Welcome")
    place.join("a")
    place.step(WELCOME)
    with place.db.transaction():
        messages.set_position(place.db, "vigil.join", "0", NOON)
    place.chore = AutomaticPerks(place.db, place.settings, place.generation)
    place.step(WELCOME)
    assert place.given() == [("Welcome", "a")]


def test_messages_that_are_no_joining_are_no_occasion(place: Place) -> None:
    place.perk("Welcome")
    with place.db.transaction():
        messages.MessageWriter(place.db).add([Message("replay", "g0", "1", "a", "hello", NOON)], NOON)
    place.step(WELCOME)
    assert place.given() == []


def test_who_left_again_meanwhile_is_not_welcomed(place: Place) -> None:
    place.perk("Welcome")
    place.join("a")
    with place.db.transaction():
        messages.MessageWriter(place.db).add([Message("replay", "g0", "2", "a", "", NOON + 1, "leave")], NOON)
    place.step(WELCOME)
    assert place.given() == []


def test_a_perk_that_is_not_there_is_said_once_and_given_once_it_is(place: Place) -> None:
    for member in "abc":
        place.join(member)
        place.step(WELCOME)
    assert len(place.said) == 1
    assert "'Welcome'" in place.said[0]
    place.perk("Welcome")
    place.join("d")
    place.step(WELCOME)
    assert place.given() == [("Welcome", "d")]


def test_a_rise_gives_what_every_tier_on_the_way_gives_and_each_once(place: Place) -> None:
    for name in ("For Silver", "For Gold"):
        place.perk(name)
    rules = rulebook(Given("For Silver", "tier", "Silver"), Given("For Gold", "tier", "Gold"))
    first, second = community(place.db, 2)
    place.rise(first, "Bronze", "Gold")
    place.rise(second, "Bronze", "Silver")
    place.step(rules)
    place.rise(first, "Silver", "Gold")
    place.step(rules)
    assert sorted(place.given()) == [
        ("For Gold", f"m{first}"),
        ("For Silver", f"m{first}"),
        ("For Silver", f"m{second}"),
    ]


def test_a_streak_gives_on_its_day_only_and_only_when_no_day_was_left_out(place: Place) -> None:
    place.perk("Three days")
    rules = rulebook(Given("Three days", "streak", days=3))
    steady, gap = community(place.db, 2)
    place.check_in(steady, 100, 101)
    place.check_in(gap, 100, 102, 103)
    place.step(rules)
    assert place.given() == []
    place.check_in(steady, 102, 103)
    place.step(rules)
    assert place.given() == [("Three days", f"m{steady}")]
