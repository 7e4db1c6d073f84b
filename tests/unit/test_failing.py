"""What a platform said of an action stands where somebody decides: on the case, on the next one, and on the member."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from console.desk import Desk
from console.printing import print_card
from console.printing_members import print_member_card
from console.settings import Settings
from rules.records import Message
from store import actions, cases, lease, messages, roster, staff, undelivered
from store.database import Database
from store.errors import Conflict
from store.records import ActionState, CaseState, Decision, Reach, Role
from tests.unit.made import NOON, Clock, finding, take

WORDS = "not enough rights to restrict/unrestrict chat member"


@pytest.fixture
def desk(db: Database, settings: Settings, clock: Clock) -> Desk:
    staff.add(db, "ada", Role.ADMIN, "ada", NOON)
    staff.add(db, "mo", Role.MODERATOR, "ada", NOON)
    return Desk(db, settings, "ada", clock=clock)


def said(number: int, group: str = "yard", member: str = "", kind: str = "text", platform: str = "replay") -> Message:
    return Message(
        platform, group, str(number), member or f"m{number}", f"ad {number}", NOON, kind, group_name=group.title()
    )


def case_of(db: Database, *messages: Message, campaign: str = "", rule: str = "ads") -> int:
    (case_id,) = take(db, [(one, [finding(rule, campaign=campaign)]) for one in messages])
    return case_id


def carry_out(db: Database, clock: Clock, end: Callable[[str], tuple[ActionState, str]], group: str = "yard") -> None:
    """Do what a worker does with what is due in a group; `end` says what becomes of a kind of action."""
    clock.now += 60
    generation = lease.take(db, "serve", clock.now)
    while orders := actions.claim(db, generation, clock.now, 10, "replay", group):
        for order in orders:
            actions.finish(db, order, generation, *end(order.kind), clock.now)
    lease.release(db, generation, clock.now)


def powerless(kind: str) -> tuple[ActionState, str]:
    return (ActionState.DONE, "") if kind == "delete" else (ActionState.FAILED, WORDS)


def able(kind: str) -> tuple[ActionState, str]:
    return ActionState.DONE, ""


def reach(desk: Desk, case_id: int, decision: Decision) -> Reach:
    return next(one for one in desk.card(case_id).reaches if one.decision is decision)


def test_a_note_on_what_was_done_is_on_the_case(
    db: Database, desk: Desk, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    case_id = case_of(db, said(1), said(2), said(3), campaign="c")
    desk.decide(case_id, Decision.WARN)
    told = "told in the group, but not alone: it has not started the bot"
    carry_out(db, clock, lambda kind: (ActionState.DONE, told if kind == "warn" else ""))
    (past,) = desk.card(case_id).decisions
    assert past.notes == ((told, 3),)
    print_card(desk.card(case_id))
    assert f"3 x {told}" in capsys.readouterr().out


def test_what_failed_in_a_group_is_said_before_it_is_tried_again(db: Database, desk: Desk, clock: Clock) -> None:
    desk.decide(case_of(db, said(1)), Decision.REMOVE)
    carry_out(db, clock, powerless)
    clock.now += 5 * 60
    here, there = case_of(db, said(2)), case_of(db, said(3, "hall"))
    line = f"remove failed in Yard 5m ago: {WORDS}"
    assert (reach(desk, here, Decision.REMOVE).failing, reach(desk, here, Decision.REMOVE).refused) == ((line,), "")
    assert reach(desk, here, Decision.WARN).failing == (), "nobody knows whether a warning fails"
    assert reach(desk, there, Decision.REMOVE).failing == ()
    # Who approves reads it as well.
    Desk(db, desk.settings, "mo", clock=clock).decide(here, Decision.REMOVE)
    (proposed,) = desk.card(here).decisions
    assert proposed.failing == (line,)
    desk.approve(proposed.id)
    carry_out(db, clock, able)
    assert reach(desk, case_of(db, said(4)), Decision.REMOVE).failing == (), "it has succeeded since"


def test_sent_again_with_success_it_is_a_failure_no_longer(db: Database, desk: Desk, clock: Clock) -> None:
    for number in (1, 2):
        desk.decide(case_of(db, said(number)), Decision.REMOVE)
        carry_out(db, clock, powerless)
    case_id = case_of(db, said(3))
    first, second = (row.id for row in undelivered.listed(db, 10))
    desk.outbox.retry(first)
    carry_out(db, clock, able)
    assert reach(desk, case_id, Decision.REMOVE).failing == ()
    desk.outbox.retry(second)
    carry_out(db, clock, powerless)
    assert len(reach(desk, case_id, Decision.REMOVE).failing) == 1
    clock.now += 8 * 86_400
    assert reach(desk, case_id, Decision.REMOVE).failing == (), "a week later it says nothing of today"


def test_what_failed_of_a_decision_that_was_taken_back_counts_no_more(db: Database, desk: Desk, clock: Clock) -> None:
    case_id = case_of(db, said(1))
    decision = desk.decide(case_id, Decision.REMOVE).decision_id
    carry_out(db, clock, powerless)
    assert (actions.outbox(db), len(undelivered.listed(db, 10))) == ({ActionState.FAILED: 1}, 1)
    desk.undo(decision)
    assert (actions.outbox(db), undelivered.listed(db, 10)) == ({}, [])
    (past,) = desk.card(case_id).decisions
    assert past.failure == WORDS, "the case still tells what became of it"


def test_what_nobody_knows_of_is_still_to_be_settled_after_an_undo(db: Database, desk: Desk, clock: Clock) -> None:
    decision = desk.decide(case_of(db, said(1)), Decision.BAN).decision_id
    carry_out(db, clock, lambda kind: (ActionState.UNKNOWN, "no answer") if kind == "ban" else able(kind))
    desk.undo(decision)
    (row,) = undelivered.listed(db, 10)
    desk.outbox.settle(row.id, arrived=False)
    assert undelivered.listed(db, 10) == []


def test_settled_as_arrived_it_has_no_words_of_doubt(db: Database, desk: Desk, clock: Clock) -> None:
    case_id = case_of(db, said(1))
    desk.decide(case_id, Decision.BAN)
    carry_out(db, clock, lambda kind: (ActionState.UNKNOWN, "no answer") if kind == "ban" else able(kind))
    (row,) = undelivered.listed(db, 10)
    desk.outbox.settle(row.id, arrived=True)
    (past,) = desk.card(case_id).decisions
    assert (past.failure, past.notes) == ("", ())


@pytest.mark.parametrize("answer", [Decision.ADMIT, Decision.REFUSE])
def test_an_answer_that_was_sent_lasts(db: Database, desk: Desk, clock: Clock, answer: Decision) -> None:
    case_id = case_of(db, said(1, kind="knock"), rule="join-request")
    in_time = desk.decide(case_id, answer)
    desk.undo(in_time.decision_id)
    assert reach(desk, case_id, answer).refused == "", "not sent yet, it is taken back"
    sent = desk.decide(case_id, answer)
    carry_out(db, clock, able)
    with pytest.raises(Conflict, match="the answer was sent already, it lasts"):
        desk.undo(sent.decision_id)
    assert desk.card(case_id).case.state is CaseState.DECIDED


def test_an_answer_that_failed_can_be_given_again(db: Database, desk: Desk, clock: Clock) -> None:
    case_id = case_of(db, said(1, kind="knock"), rule="join-request")
    taken = desk.decide(case_id, Decision.ADMIT)
    carry_out(db, clock, powerless)
    desk.undo(taken.decision_id)
    assert reach(desk, case_id, Decision.ADMIT).refused == ""
    again = desk.decide(case_id, Decision.ADMIT)
    carry_out(db, clock, lambda kind: (ActionState.UNKNOWN, ""))
    with pytest.raises(Conflict, match="say first whether it was"):
        desk.undo(again.decision_id)


def test_the_members_card_says_that_a_removal_failed(
    db: Database, desk: Desk, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.decide(case_of(db, said(1)), Decision.REMOVE)
    carry_out(db, clock, powerless)
    card = desk.members.card(1)
    (decision,) = card.decisions
    assert decision.steps == (("delete", 1), ("remove", 1))
    assert (decision.actions, decision.failure) == ((("done", 1), ("failed", 1)), WORDS)
    print_member_card(card, clock.now)
    shown = capsys.readouterr().out
    assert "delete 1 · remove 1: 1 done, 1 failed" in shown
    assert WORDS in shown


def test_a_case_that_is_not_open_says_how_it_stands(
    db: Database, desk: Desk, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    case_id = case_of(db, said(1))
    taken = Desk(db, desk.settings, "mo", clock=clock).decide(case_id, Decision.WARN)
    print_card(desk.card(case_id))
    shown = capsys.readouterr().out
    assert f"waits for approval: warn by mo (proposal {taken.decision_id})" in shown
    desk.approve(taken.decision_id)
    print_card(desk.card(case_id))
    shown += capsys.readouterr().out
    assert f"decided: warn by mo (decision {taken.decision_id})" in shown
    assert "not available" not in shown
    assert "ladder:" not in shown


def test_groups_of_one_name_on_two_platforms_are_told_apart(db: Database, desk: Desk) -> None:
    first = case_of(db, said(1, "terrace"))
    case_of(db, said(2, "terrace", platform="qq"))
    case_of(db, said(3, "hall"))
    assert [row.where for row in cases.listed(db)] == ["Terrace (replay)", "Terrace (qq)", "Hall"]
    assert {name for _, name, _ in messages.groups(db)} == {"Terrace (replay)", "Terrace (qq)", "Hall"}
    assert {name for _, name, _ in roster.groups(db)} == {"Terrace (replay)", "Terrace (qq)", "Hall"}
    card = desk.card(first)
    assert card.messages[0].group == "Terrace (replay)"
    assert {row.group for row in card.around} == {"Terrace (replay)"}
