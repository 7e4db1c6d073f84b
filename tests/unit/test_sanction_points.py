"""Decisions cost points once they are in force, and undoing them gives the points back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from console.desk import Desk, NotAllowed
from console.settings import Settings
from store import audit, ledger, rulebooks, staff
from store.database import Database
from store.errors import Conflict, NotFound, StoreError
from store.records import Decision, Role
from tests.unit.earned import RULEBOOK, Town
from tests.unit.made import NOON, finding


@pytest.fixture
def town(db: Database) -> Town:
    rulebooks.put_in_force(db, RULEBOOK, NOON)
    for name, role in (("olga", Role.OWNER), ("ada", Role.ADMIN), ("mo", Role.MODERATOR), ("vic", Role.VIEWER)):
        staff.add(db, name, role, "olga", NOON)
    return Town(db)


@pytest.fixture
def sit(town: Town, settings: Settings) -> Callable[[str], Desk]:
    return lambda name: Desk(town.db, settings, name, clock=lambda: NOON)


def case_of(town: Town, *members: str) -> int:
    for member in members:
        town.say(member, f"an ad by {member}", findings=[finding(campaign="c")])
    return int(town.db.value("SELECT max(case_id) FROM flags"))


def test_a_decision_costs_each_member_once_and_undo_gives_it_back(town: Town, sit: Callable[[str], Desk]) -> None:
    town.say("a", "an honest word")
    case_id = case_of(town, "a", "a", "b")
    taken = sit("ada").decide(case_id, Decision.MUTE)
    assert town.rows("a") == [("speaking", 2), ("sanction", -8)]
    assert (town.balance("a"), town.balance("b")) == (-6, -8), "a sanction may leave a debt"
    assert sit("ada").undo(taken.decision_id).points == 16
    assert (town.balance("a"), town.balance("b")) == (2, 0)
    again = sit("ada").decide(case_id, Decision.BAN)
    assert town.balance("b") == -30
    sit("ada").undo(again.decision_id)
    assert ledger.wrong_balances(town.db) == []
    assert audit.verify(town.db)[1] == ""


def test_a_proposal_costs_nothing_until_it_is_approved(town: Town, sit: Callable[[str], Desk]) -> None:
    taken = sit("mo").decide(case_of(town, "a"), Decision.WARN)
    assert town.rows("a") == []
    sit("ada").approve(taken.decision_id)
    with pytest.raises(Conflict):
        sit("olga").approve(taken.decision_id)
    assert town.rows("a") == [("sanction", -4)]
    rejected = sit("mo").decide(case_of(town, "b"), Decision.WARN)
    sit("ada").reject(rejected.decision_id, "no")
    withdrawn = sit("mo").decide(case_of(town, "c"), Decision.WARN)
    sit("mo").undo(withdrawn.decision_id)
    assert town.rows("b") == town.rows("c") == []


@pytest.mark.parametrize("decision", [Decision.DISMISS, Decision.DELETE, Decision.REMOVE])
def test_what_the_rulebook_does_not_name_costs_nothing(
    town: Town, sit: Callable[[str], Desk], decision: Decision
) -> None:
    sit("ada").decide(case_of(town, "a"), decision)
    assert town.rows("a") == []


def test_points_by_hand_take_a_role_and_a_reason_and_never_make_a_debt(town: Town, sit: Callable[[str], Desk]) -> None:
    town.say("a", "an honest word")
    member = town.id("a")
    for name in ("mo", "vic"):
        with pytest.raises(NotAllowed):
            sit(name).points.give(member, 5, "nice")
    for points, reason in ((0, "why"), (5, " "), (10**12, "rich")):
        with pytest.raises(StoreError):
            sit("ada").points.give(member, points, reason)
    with pytest.raises(Conflict, match="has 2 points"):
        sit("ada").points.give(member, -3, "too much")
    with pytest.raises(NotFound):
        sit("ada").points.give(99, 3, "nobody")
    assert sit("ada").points.give(member, 5, "helped a newcomer") == 7
    assert sit("ada").points.give(member, 5, "helped a newcomer") == 12, "by hand twice is twice"
    newest = sit("vic").points.history(member)[0]
    assert (newest.points, newest.kind, newest.reason, newest.staff) == (5, "hand", "helped a newcomer", "ada")
    assert [row.event for row in audit.rows(town.db, 2)] == ["points.give"] * 2


def test_an_event_credits_each_member_once(town: Town, sit: Callable[[str], Desk]) -> None:
    for member in ("a", "b", "c"):
        town.say(member, "hm")
    a, b, c = map(town.id, ("a", "b", "c"))
    points = sit("ada").points
    assert (points.credit("quiz", [(a, 5), (b, 9)]).members, town.balance("b")) == (2, 9)
    again = points.credit(" quiz ", [(a, 5), (b, 50), (c, 1)])
    assert (again.members, again.points, again.known) == (1, 1, 2)
    assert points.credit("another quiz", [(a, 5)]).members == 1
    assert [town.balance(member) for member in ("a", "b", "c")] == [10, 9, 1]
    for rows in ([(a, 0)], [(a, -1)], [(a, 1), (a, 1)], [(a, 1), (99, 1)]):
        with pytest.raises(StoreError):
            points.credit("third", rows)
    assert town.balance("a") == 10
    with pytest.raises(NotAllowed):
        sit("mo").points.credit("third", [(a, 1)])


def test_what_was_taken_back_is_not_taken_back_again_nor_the_taking_itself(town: Town) -> None:
    town.say("a", "hm")
    with town.db.transaction():
        assert ledger.add(town.db, town.id("a"), 9, "hand", "one", NOON)
        assert not ledger.add(town.db, town.id("a"), 9, "hand", "one", NOON)
        assert not ledger.reverse(town.db, "none", "x", "", "", NOON)
        assert ledger.reverse(town.db, "one", "two", "", "", NOON)
        assert not ledger.reverse(town.db, "one", "three", "", "", NOON)
        assert not ledger.reverse(town.db, "two", "four", "", "", NOON)
    assert town.rows("a") == [("hand", 9), ("hand", -9)]
    row = ledger.history(town.db, town.id("a"))[1]
    assert (row.reversed, row.reverses) == (True, None)
