"""Who is on a draw's list: the eligible, those entered by hand, and who said its word in a chat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.desk import Desk
from console.entering import Entering
from console.listening import Heard
from console.settings import Settings
from rules.records import Finding, Message, Mode
from store import draws
from store.database import Database
from store.draw_records import Draw, NewDraw, PlaceState
from store.messages import MessageWriter
from store.perk_records import Eligibility
from store.records import Decision
from tests.unit.draws_made import LATER, ban, everybody, leave, member_id, owners_desk, populate
from tests.unit.made import NOON, finding, message, take


@pytest.fixture
def desk(db: Database, settings: Settings) -> Desk:
    return owners_desk(db, settings)


def keys(desk: Desk, draw: Draw) -> list[str]:
    """The members on a draw's list."""
    lines = draws.entries(desk.db, draw.id).split("entries: ")[1].splitlines()[1:]
    return sorted(line.split(" ")[1].partition(":")[2] for line in lines)


# --- who is on the list ---


def test_the_banned_and_the_departed_are_not_on_the_list(desk: Desk) -> None:
    members = populate(desk.db, 6)
    ban(desk.db, members[0])
    ban(desk.db, members[1], undone=True)
    leave(desk.db, "m2", "m3")
    take(desk.db, [(message("again", "back", member="m3"), ())])
    take(desk.db, [(Message("replay", "g", "rejoined", "m3", "", NOON + 5, "join"), ())])
    closed = desk.draws.commit(desk.draws.open(everybody()).id)
    assert keys(desk, closed.draw) == ["m1", "m3", "m4", "m5"]
    assert closed.left_out == 2


def test_earlier_winners_are_left_out_where_the_draw_says_so(desk: Desk) -> None:
    populate(desk.db, 6)
    first = desk.draws.open(everybody("First"))
    desk.draws.commit(first.id)
    desk.draws.draw(first.id)
    replaced, winner = draws.places(desk.db, first.id)
    desk.draws.redraw(first.id, replaced.member_id, "no answer")
    won = {one.member_id for one in draws.places(desk.db, first.id) if one.state is PlaceState.WINNER}
    without = desk.draws.commit(desk.draws.open(everybody("Second", without_winners=True)).id)
    listed = {member_id(desk.db, key) for key in keys(desk, without.draw)}
    assert won == {winner.member_id, draws.places(desk.db, first.id)[2].member_id}
    assert listed == set(map(int, (r[0] for r in desk.db.execute("SELECT id FROM members")))) - won
    assert desk.draws.commit(desk.draws.open(everybody("Third")).id).draw.entries == 6


def test_eligibility_is_looked_at_when_the_list_is_closed(desk: Desk) -> None:
    members = populate(desk.db, 6)
    populate(desk.db, 2, "other")
    tiers = {0: "Gold", 1: "Silver", 2: "Gold", 3: "Gold"}
    for number, tier in tiers.items():
        desk.db.execute("UPDATE members SET tier = ?, layer = 'core' WHERE id = ?", (tier, members[number]))
    desk.db.execute("UPDATE members SET layer = 'silent' WHERE id = ?", (members[3],))
    desk.db.execute("UPDATE memberships SET joined_at = ?", (LATER - 10 * 86_400,))
    desk.db.execute("UPDATE memberships SET joined_at = ? WHERE member_id = ?", (LATER - 86_400, members[2]))

    def listed(name: str, who: Eligibility) -> list[str]:
        return keys(desk, desk.draws.commit(desk.draws.open(NewDraw(name, 1, eligible=who)).id).draw)

    assert listed("a", Eligibility(tiers=("Gold",))) == ["m0", "m2", "m3"]
    assert listed("b", Eligibility(tiers=("Gold", "Silver"), layers=("core",))) == ["m0", "m1", "m2"]
    assert listed("c", Eligibility(days=7)) == ["m0", "m1", "m3", "m4", "m5"]
    assert listed("d", Eligibility(groups=("other",))) == ["m0", "m1"]
    take(desk.db, [(message("bad", "spam", member="m0"), [finding()])])
    owner_bans = Desk(desk.db, replace(desk.settings, undo_seconds=0), "ow", clock=lambda: LATER)
    owner_bans.decide(1, Decision.WARN)
    assert listed("e", Eligibility(tiers=("Gold",), clean=True)) == ["m2", "m3"]


def test_who_enters_by_hand_or_perk_needs_no_eligibility_and_who_says_the_word_does(desk: Desk) -> None:
    members = populate(desk.db, 5)
    desk.db.execute("UPDATE members SET tier = 'Gold' WHERE id IN (?, ?)", members[:2])
    opened = desk.draws.open(NewDraw("Spring", 1, "抽奖", Eligibility(tiers=("Gold",))))
    say(desk.db, [message("1", "抽奖", member="m0"), message("2", "抽奖", member="m2")])
    assert desk.draws.enter(opened.id, [members[3], members[3], members[0]]) == 1
    draws.enter(desk.db, opened.id, [(members[4], None)], "perk", LATER)
    closed = desk.draws.commit(opened.id)
    assert keys(desk, closed.draw) == ["m0", "m3", "m4"]
    assert closed.left_out == 1


def test_an_entry_that_was_taken_back_does_not_count_until_they_enter_again(desk: Desk) -> None:
    one, two = populate(desk.db, 2)
    opened = desk.draws.open(NewDraw("Spring", 1))
    desk.draws.enter(opened.id, [one, two])
    desk.db.execute("UPDATE draw_entries SET withdrawn_at = 1 WHERE member_id = ?", (one,))
    assert draws.get(desk.db, opened.id).entries == 1
    assert desk.draws.enter(opened.id, [one]) == 1
    assert draws.get(desk.db, opened.id).entries == 2


# --- the word in a chat ---


def say(db: Database, said: list[Message], findings: tuple[Finding, ...] = (), now: float = LATER) -> None:
    """Store messages as an intake does, with its listener for the words of draws."""
    with db.transaction():
        stored = MessageWriter(db).add(said, now)
        Entering(db).hear([Heard(row, one, findings) for row, one in zip(stored, said, strict=True)], now)


def entered(db: Database) -> list[str]:
    return [row[0] for row in db.execute("SELECT m.key FROM draw_entries e JOIN members m ON m.id = e.member_id"
                                         " WHERE e.withdrawn_at IS NULL ORDER BY m.key")]  # fmt: skip


def test_who_says_the_word_alone_enters_once(desk: Desk) -> None:
    desk.draws.open(NewDraw("Spring", 1, word="抽奖"))
    texts = ["抽奖", " 抽奖！ ", "抽 奖", "我要抽奖", "抽奖" * 2, "", "抽"]
    say(desk.db, [message(n, text, member=f"m{n}") for n, text in enumerate(texts)])
    say(desk.db, [message("again", "抽奖", member="m0"), message("image", "抽奖", member="m9")])
    say(desk.db, [replace(message("kind", "抽奖", member="m8"), kind="image")])
    assert entered(desk.db) == ["m0", "m1", "m2", "m9"]


def test_a_word_with_signs_alone_is_compared_by_its_signs(desk: Desk) -> None:
    desk.draws.open(NewDraw("Spring", 1, word="🎁"))
    say(desk.db, [message(n, text, member=f"m{n}") for n, text in enumerate(["🎁", " 🎁 ", "🎉", "🎁🎁"])])
    assert entered(desk.db) == ["m0", "m1"]


def test_a_flagged_message_enters_nobody_but_one_of_a_rule_in_shadow_does(desk: Desk) -> None:
    desk.draws.open(NewDraw("Spring", 1, word="抽奖"))
    say(desk.db, [message("1", "抽奖", member="m1")], (finding(),))
    say(desk.db, [message("2", "抽奖", member="m2")], (finding(mode=Mode.SHADOW),))
    assert entered(desk.db) == ["m2"]


def test_only_what_is_said_after_the_opening_and_before_the_closing_counts(desk: Desk) -> None:
    say(desk.db, [message("early", "抽奖", member="m0")])
    opened = desk.draws.open(NewDraw("Spring", 1, word="抽奖"))
    # What a worker takes in late was said when it was said.
    say(desk.db, [message("late", "抽奖", member="m1", time=NOON - 3_600)])
    say(desk.db, [message("timeless", "抽奖", member="m2", time=None), message("now", "抽奖", member="m3")])
    assert entered(desk.db) == ["m2", "m3"]
    desk.draws.commit(opened.id)
    say(desk.db, [message("after", "抽奖", member="m4")])
    assert entered(desk.db) == ["m2", "m3"]


def test_one_word_enters_every_draw_that_waits_for_it(desk: Desk) -> None:
    one, two = (desk.draws.open(NewDraw(name, 1, word=word)) for name, word in (("One", "Join"), ("Two", "join!")))
    say(desk.db, [message("1", "JOIN", member="m1")])
    assert [draws.get(desk.db, draw.id).entries for draw in (one, two)] == [1, 1]
