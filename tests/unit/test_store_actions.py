"""The outbox: every action is sent once, in order, when it is due."""

from __future__ import annotations

import pytest

from store import actions, audit, cases, decisions, lease, messages, undelivered
from store.actions import PlannedAction
from store.database import Database
from store.errors import LeaseLost
from store.records import ActionKind, ActionState, Decision, Order
from tests.unit.made import NOON, finding, message, take

TEN = [ActionKind.DELETE, ActionKind.MUTE]


@pytest.fixture
def worker(db: Database) -> int:
    """The generation of the worker that holds the store."""
    return lease.take(db, "serve", NOON)


def decided(db: Database, number: int = 1, kinds: list[ActionKind] | None = None, not_before: float = NOON) -> int:
    """A decision on a new case with these actions, waiting."""
    (case_id,) = take(db, [(message(number, member=f"m{number}"), [finding()])])
    (part,) = cases.parts(db, case_id, cases.get(db, case_id).seen)
    planned = [
        PlannedAction(
            kind, part.group_id, part.member_id, part.message_id if kind is ActionKind.DELETE else None, seconds=600
        )
        for kind in kinds or TEN
    ]
    with db.transaction():
        return decisions.record(
            db, case_id, 1, 99, Decision.MUTE, "ada", planned, approved=True, reason="", learn=True,
            not_before=not_before, strikes_expire_at=NOON + 9, now=NOON,
        )  # fmt: skip


def mark(db: Database) -> str:
    """What tells this store's actions from another's."""
    return str(db.value("SELECT id FROM identity"))


def claim(db: Database, worker: int, now: float = NOON, limit: int = 10, platform: str = "replay") -> list[Order]:
    return actions.claim(db, worker, now, limit, platform, "g")


def states(db: Database) -> list[str]:
    return [state for (state,) in db.execute("SELECT state FROM actions ORDER BY id")]


def test_an_order_says_all_a_platform_needs(db: Database, worker: int) -> None:
    decision = decided(db)
    deletion, mute = claim(db, worker)
    assert deletion == Order(1, f"{mark(db)}.{decision}.1", ActionKind.DELETE, "replay", "g", "m1", "1", "", 600)
    assert mute == Order(2, f"{mark(db)}.{decision}.2", ActionKind.MUTE, "replay", "g", "m1", "", "", 600)


def test_orders_come_in_order_once_and_no_more_than_asked_for(db: Database, worker: int) -> None:
    for number in range(5):
        decided(db, number)
    found: list[int] = []
    while orders := claim(db, worker, limit=3):
        assert len(orders) <= 3
        found += [order.id for order in orders]
    assert found == list(range(1, 11))


def test_actions_wait_until_they_are_due_and_their_platform_is_connected(db: Database, worker: int) -> None:
    decided(db, not_before=NOON + 5)
    assert claim(db, worker, NOON + 4.9) == []
    assert claim(db, worker, NOON + 5, platform="other") == []
    assert len(claim(db, worker, NOON + 5)) == 2


def test_what_was_done_is_noted_with_the_message_it_removed(db: Database, worker: int) -> None:
    decided(db)
    for order, state in zip(claim(db, worker), (ActionState.DONE, ActionState.FAILED), strict=True):
        actions.finish(db, order, worker, state, "no rights" if state is ActionState.FAILED else "", NOON + 1)
    assert states(db) == ["done", "failed"]
    assert actions.outbox(db) == {ActionState.FAILED: 1}, "what a person may have to look at"
    assert messages.rows(db, [1])[0].mark == "deleted"
    assert decisions.of_case(db, 1)[0].failure == "no rights"
    assert [row.event for row in audit.rows(db, 2)] == ["action.failed", "action.done"]


def test_a_deletion_that_failed_leaves_the_message_and_may_be_tried_again(db: Database, worker: int) -> None:
    decided(db, kinds=[ActionKind.DELETE])
    actions.finish(db, claim(db, worker)[0], worker, ActionState.FAILED, "", NOON)
    assert messages.rows(db, [1])[0].mark == "flag"
    assert cases.parts(db, 1, cases.get(db, 1).seen)[0].deletable


def test_what_could_not_be_sent_waits_for_another_try(db: Database, worker: int) -> None:
    decided(db, kinds=[ActionKind.MUTE])
    (first,) = claim(db, worker)
    actions.put_back(db, first, worker, NOON + 30, "slow down")
    assert claim(db, worker, NOON + 29) == []
    (again,) = claim(db, worker, NOON + 30)
    assert again == first
    assert db.value("SELECT attempts FROM actions") == 2


def test_finishing_twice_or_late_changes_nothing(db: Database, worker: int) -> None:
    decided(db, kinds=[ActionKind.MUTE])
    (order,) = claim(db, worker)
    actions.finish(db, order, worker, ActionState.DONE, "", NOON)
    actions.finish(db, order, worker, ActionState.FAILED, "", NOON)
    actions.put_back(db, order, worker, NOON, "")
    assert states(db) == ["done"]
    assert actions.outbox(db) == {}


def test_a_worker_that_was_replaced_claims_and_finishes_nothing(db: Database, worker: int) -> None:
    decided(db)
    (order, *_) = claim(db, worker, limit=1)
    lease.take(db, "serve", NOON + 60)
    for write in (
        lambda: claim(db, worker),
        lambda: actions.finish(db, order, worker, ActionState.DONE, "", NOON),
        lambda: actions.put_back(db, order, worker, NOON, ""),
    ):
        with pytest.raises(LeaseLost):
            write()
    assert actions.outbox(db) == {ActionState.SENDING: 1, ActionState.WAITING: 1}


@pytest.mark.parametrize(("repeatable", "state"), [(["replay"], "waiting"), (["other"], "unknown"), ([], "unknown")])
def test_what_a_killed_worker_was_sending_goes_again_only_where_that_is_safe(
    db: Database, worker: int, repeatable: list[str], state: str
) -> None:
    decided(db)
    (order,) = claim(db, worker, limit=1)
    second = lease.take(db, "serve", NOON + 60)
    settled = actions.recover(db, second, repeatable, NOON)
    later = f"{mark(db)}.1.2"
    assert settled == {ActionState(state): 1}
    assert [one.key for one in claim(db, second)] == ([order.key, later] if state == "waiting" else [later])
    assert actions.recover(db, second, repeatable, NOON) == {}, "its own are left alone"


def test_an_unknown_action_is_not_done_twice_and_is_taken_back_with_the_rest(db: Database, worker: int) -> None:
    decision = decided(db)
    for order in claim(db, worker):
        actions.finish(db, order, worker, ActionState.UNKNOWN, "", NOON)
    assert not cases.parts(db, 1, cases.get(db, 1).seen)[0].deletable
    undone = decisions.undo(db, decision, "ada", NOON)
    assert undone.inverses == ((ActionKind.UNMUTE, 1),)
    assert [order.key for order in claim(db, worker)] == [f"{mark(db)}.{decision}.2.inverse"]


def test_what_a_killed_worker_may_have_done_is_taken_back_though_it_waits_again(db: Database, worker: int) -> None:
    decision = decided(db)
    assert len(claim(db, worker)) == 2
    lease.release(db, worker, NOON)
    second = lease.take(db, "serve", NOON)
    assert actions.recover(db, second, ["replay"], NOON) == {ActionState.WAITING: 2}
    undone = decisions.undo(db, decision, "ada", NOON)
    assert (undone.withdrawn, undone.inverses) == (2, ((ActionKind.UNMUTE, 1),))
    assert [order.key for order in claim(db, second)] == [f"{mark(db)}.{decision}.2.inverse"]


def test_what_a_platform_gave_no_answer_to_is_taken_back_though_it_waits_again(db: Database, worker: int) -> None:
    decision = decided(db, kinds=[ActionKind.BAN])
    (order,) = claim(db, worker)
    actions.put_back(db, order, worker, NOON + 20, "no answer in 30 s")
    assert decisions.undo(db, decision, "ada", NOON).inverses == ((ActionKind.UNBAN, 1),)


def test_what_was_given_up_before_is_not_taken_back(db: Database, worker: int) -> None:
    """Somebody has looked: it was not done."""
    decision = decided(db)
    claim(db, worker)
    actions.recover(db, lease.take(db, "serve", NOON + 60), [], NOON)
    for number in (1, 2):
        undelivered.settle(db, number, "ada", arrived=False, now=NOON)
        undelivered.drop(db, number, "ada", NOON)
    assert decisions.undo(db, decision, "ada", NOON + 1).inverses == ()
