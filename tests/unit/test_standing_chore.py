"""The worker keeps layers and tiers up to date, and lists what has changed."""

from __future__ import annotations

import pytest

from console.standing import look, missing_words
from console.standing_chore import Standings
from rules.rulebook import Rulebook
from store import lease, ledger, occasions, standings
from store.database import Database
from store.errors import LeaseLost
from tests.unit.earned import Town
from tests.unit.made import NOON

DAY = 86_400.0


@pytest.fixture
def town(db: Database) -> Town:
    return Town(db)


@pytest.fixture
def chore(town: Town) -> Standings:
    return Standings(town.db, lease.take(town.db, "serve", NOON))


def at(town: Town, member: str) -> tuple[str, str]:
    row = town.db.execute("SELECT layer, tier FROM members WHERE key = ?", (member,)).fetchone()
    return row[0], row[1]


def earn(town: Town, member: str, points: int, key: str) -> None:
    with town.db.transaction():
        ledger.add(town.db, town.id(member), points, "hand", key, NOON)


def test_a_member_is_new_then_active_then_core_then_silent_then_gone(town: Town, chore: Standings) -> None:
    town.say("m", kind="join", time=NOON)
    chore.step(town.rulebook, NOON)
    assert at(town, "m") == ("new", "")
    for day in range(1, 9):
        town.say("m", f"what I did on day {'x' * day}", NOON + day * DAY)
    chore.step(town.rulebook, NOON + 8 * DAY)
    assert at(town, "m") == ("core", "Bronze")
    chore.step(town.rulebook, NOON + 11 * DAY)
    assert at(town, "m") == ("silent", "Bronze")
    town.say("m", kind="leave", time=NOON + 12 * DAY)
    chore.step(town.rulebook, NOON + 12 * DAY)
    assert at(town, "m") == ("gone", "Bronze")
    listed = [(c.what, c.before, c.after, c.rose) for c in reversed(standings.changes_of(town.db, town.id("m")))]
    assert listed == [
        ("layer", "", "new", False),
        ("layer", "new", "core", False),
        ("tier", "", "Bronze", True),
        ("layer", "core", "silent", False),
        ("layer", "silent", "gone", False),
    ]
    town.say("m", "back again", NOON + 13 * DAY)
    chore.step(town.rulebook, NOON + 13 * DAY)
    assert at(town, "m")[0] == "core", "who writes is there, though no platform said that they came back"


def test_who_leaves_one_group_of_two_is_not_gone(town: Town, chore: Standings) -> None:
    for group in ("g", "ny"):
        town.say("m", kind="join", group=group)
    town.say("m", kind="leave", time=NOON + 1)
    chore.step(town.rulebook, NOON + 2)
    assert at(town, "m")[0] == "new"
    town.say("m", kind="leave", time=NOON + 3, group="ny")
    chore.step(town.rulebook, NOON + 4)
    assert at(town, "m")[0] == "gone"


def test_points_by_another_process_move_the_tier_up_at_once_and_down_after_the_grace(
    town: Town, chore: Standings
) -> None:
    town.say("m")
    earn(town, "m", 300, "a")
    chore.step(town.rulebook, NOON)
    assert at(town, "m")[1] == "Gold"
    earn(town, "m", -40, "b")
    assert [one[:4] for one in occasions.risen(town.db, 0, 9, 0.0)] == [(2, town.id("m"), "", "Gold")]
    chore.step(town.rulebook, NOON)
    found = look(town.db, town.rulebook, town.id("m"), NOON + DAY)
    assert (found.tier, found.falls_at, found.next_tier) == ("Gold", NOON + 14 * DAY, "")
    chore.step(town.rulebook, NOON + 14 * DAY)
    assert at(town, "m")[1] == "Silver"
    newest = standings.changes(town.db, NOON)[0]
    assert (newest.before, newest.after, newest.rose) == ("Gold", "Silver", False)


def test_spending_costs_no_tier_where_it_goes_by_what_was_earned(town: Town, chore: Standings) -> None:
    town.say("m")
    earn(town, "m", 100, "a")
    with town.db.transaction():
        ledger.spend(town.db, town.id("m"), 100, "s", None, NOON)
    chore.step(town.rulebook, NOON)
    assert at(town, "m")[1] == "Silver"


def test_everybody_is_looked_at_in_turn_however_many_there_are(db: Database) -> None:
    with db.transaction():
        db.executemany(
            "INSERT INTO members (platform, key, joined_at, last_at) VALUES ('replay', ?, ?, ?)",
            [(str(n), NOON - 90 * DAY, NOON - n) for n in range(1_000)],
        )
    town = Town(db)
    chore = Standings(db, lease.take(db, "serve", NOON))
    for _ in range(5):
        chore.step(town.rulebook, NOON)
    assert db.value("SELECT count(*) FROM members WHERE layer = 'active'") == 1_000
    assert standings.changes(db, 0) == [], "nobody knows since when they have been active"
    for _ in range(6):
        chore.step(town.rulebook, NOON + 4 * DAY)
    assert standings.counted(db, NOON) == [("layer", "silent", False, 1_000)]
    assert len(standings.changed_to(db, "layer", "silent", NOON)) == 1_000


def test_who_has_moved_on_is_counted_where_they_are_now(town: Town, chore: Standings) -> None:
    town.say("m", time=NOON - 30 * DAY)
    chore.step(town.rulebook, NOON - 29 * DAY)
    for now in (NOON - 10 * DAY, NOON - 9 * DAY):
        chore.step(town.rulebook, now)
    town.say("m", "hello again", NOON)
    chore.step(town.rulebook, NOON)
    assert standings.counted(town.db, NOON - 20 * DAY) == [("layer", "active", False, 1)]
    assert standings.changed_to(town.db, "layer", "silent", 0) == []


def test_a_worker_that_lost_the_store_changes_nothing(town: Town, chore: Standings) -> None:
    town.say("m")
    lease.release(town.db, 1, NOON)
    lease.take(town.db, "serve", NOON)
    with pytest.raises(LeaseLost):
        chore.step(town.rulebook, NOON)
    assert at(town, "m") == ("", "")


def test_a_rulebook_without_tiers_takes_them_away_and_calls_nothing_a_rise(
    town: Town, chore: Standings, db: Database
) -> None:
    town.say("m")
    earn(town, "m", 50, "a")
    chore.step(town.rulebook, NOON)
    chore.step(Rulebook(town.rulebook.ladder, (), "", ""), NOON)
    assert at(town, "m")[1] == ""
    renamed = Town(db, "version = 1\n[tiers]\nlevels = [{ name = '铜牌', points = 10 }]\n").rulebook
    db.execute("UPDATE members SET tier = 'Bronze', tier_rank = 1")
    chore.step(renamed, NOON)
    assert at(town, "m")[1] == "铜牌"
    assert len(occasions.risen(db, 0, 9, 0.0)) == 1, "another name is no rise"


def test_what_is_missing_is_said_in_numbers(town: Town, chore: Standings) -> None:
    town.say("m", time=NOON - 20 * DAY)
    town.say("m", "hello there again", NOON)
    earn(town, "m", 176, "a")
    words = missing_words(look(town.db, town.rulebook, town.id("m"), NOON))
    assert words == ["120 points to Gold", "1 more day with a word, 3 more messages to core"]
    later = missing_words(look(town.db, town.rulebook, town.id("m"), NOON + 5 * DAY))
    assert later == ["120 points to Gold", "a word to active"]
