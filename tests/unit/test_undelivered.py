"""What a platform did not carry out is named with its words; a person sends it again, settles it, or gives it up."""

from __future__ import annotations

import pytest

from console.desk import Desk, NotAllowed
from console.settings import Settings
from store import actions, audit, lease, posts, staff, undelivered
from store.database import Database
from store.errors import Conflict, NotFound
from store.records import ActionState, Decision, Role
from tests.unit.made import NOON, Vigil, finding, message, take


@pytest.fixture
def admin(db: Database, settings: Settings) -> Desk:
    for name, role in (("olga", Role.OWNER), ("ada", Role.ADMIN), ("mo", Role.MODERATOR)):
        staff.add(db, name, role, "olga", NOON)
    return Desk(db, settings, "ada", clock=lambda: NOON)


def ended(db: Database, admin: Desk, state: ActionState, words: str = "no right", number: int = 1) -> int:
    """A deletion that was decided, and ended so; returns the action's id."""
    (case_id,) = take(db, [(message(number, member=f"m{number}"), [finding()])])
    admin.decide(case_id, Decision.DELETE)
    send(db, state, words)
    return int(db.value("SELECT max(id) FROM actions"))


def send(db: Database, state: ActionState, words: str = "") -> list[str]:
    """Do what a worker does with what is due; returns the keys of what was sent."""
    generation = lease.take(db, "serve", NOON + 60)
    orders = actions.claim(db, generation, NOON + 60, 10, "replay", "g")
    for order in orders:
        actions.finish(db, order, generation, state, words, NOON + 60)
    lease.release(db, generation, NOON + 60)
    return [order.key for order in orders]


def test_what_failed_is_listed_with_the_platforms_words_and_where_it_belongs(db: Database, admin: Desk) -> None:
    number = ended(db, admin, ActionState.FAILED, "M_FORBIDDEN: too weak; make it a moderator")
    ended(db, admin, ActionState.DONE, number=2)
    (row,) = undelivered.listed(db, 10)
    assert (row.id, row.case_id, row.message) == (number, 1, "1")
    assert row.words == "M_FORBIDDEN: too weak; make it a moderator"
    (past,) = admin.card(1).decisions
    assert past.failure == row.words


def test_sent_again_it_goes_out_once_under_its_own_key(db: Database, admin: Desk) -> None:
    number = ended(db, admin, ActionState.FAILED)
    key = db.value("SELECT key FROM actions")
    admin.outbox.retry(number)
    assert actions.outbox(db) == {ActionState.WAITING: 1}
    with pytest.raises(Conflict, match="is waiting"):
        admin.outbox.retry(number)
    assert send(db, ActionState.DONE) == [key]
    assert undelivered.listed(db, 10) == []
    assert db.value("SELECT deleted_at IS NOT NULL FROM messages")


def test_what_may_have_been_done_is_settled_before_it_is_sent_again(db: Database, admin: Desk) -> None:
    number = ended(db, admin, ActionState.UNKNOWN, "")
    assert admin.card(1).decisions[0].failure == "the worker ended while it was sent"
    with pytest.raises(Conflict, match=f"vigil outbox settle {number} lost"):
        admin.outbox.retry(number)
    admin.outbox.settle(number, arrived=False)
    admin.outbox.retry(number)
    assert actions.outbox(db) == {ActionState.WAITING: 1}


def test_what_was_carried_out_after_all_is_done(db: Database, admin: Desk) -> None:
    number = ended(db, admin, ActionState.UNKNOWN)
    admin.outbox.settle(number, arrived=True)
    assert actions.outbox(db) == {}
    assert db.value("SELECT deleted_at IS NOT NULL FROM messages")
    with pytest.raises(Conflict, match="is done"):
        admin.outbox.settle(number, arrived=True)


def test_what_is_given_up_is_counted_no_longer(db: Database, admin: Desk) -> None:
    number = ended(db, admin, ActionState.FAILED)
    admin.outbox.drop(number)
    assert actions.outbox(db) == {}
    assert admin.card(1).decisions[0].failure == ""
    with pytest.raises(Conflict):
        admin.outbox.retry(number)


def test_what_was_decided_otherwise_since_is_not_sent_again(db: Database, admin: Desk) -> None:
    number = ended(db, admin, ActionState.FAILED)
    admin.undo()
    with pytest.raises(Conflict, match="does not hold any more"):
        admin.outbox.retry(number)
    admin.decide(1, Decision.DELETE)
    with pytest.raises(Conflict):
        admin.outbox.retry(number)


def test_a_text_to_a_group_is_of_no_decision_and_goes_out_again(db: Database, admin: Desk) -> None:
    take(db, [(message(1), ())])
    with db.transaction():
        posts.queue(db, "news", 1, "hello", NOON)
    send(db, ActionState.FAILED, "not in the group")
    admin.outbox.retry(undelivered.listed(db, 10)[0].id)
    assert len(send(db, ActionState.DONE)) == 1


def test_only_who_may_approve_changes_anything_and_all_of_it_is_in_the_log(
    db: Database, admin: Desk, settings: Settings
) -> None:
    number = ended(db, admin, ActionState.UNKNOWN)
    moderator = Desk(db, settings, "mo", clock=lambda: NOON)
    for change in (moderator.outbox.retry, moderator.outbox.drop):
        with pytest.raises(NotAllowed, match="admin"):
            change(number)
    with pytest.raises(NotAllowed, match="admin"):
        moderator.outbox.settle(number, arrived=True)
    with pytest.raises(NotFound, match="vigil outbox list"):
        admin.outbox.retry(999)
    admin.outbox.settle(number, arrived=False)
    admin.outbox.retry(number)
    send(db, ActionState.FAILED)
    admin.outbox.drop(number)
    events = [(row.event, row.staff) for row in audit.rows(db, 100) if row.event in KEPT]
    assert events == [("action.drop", "ada"), ("action.retry", "ada"), ("action.settle", "ada")]


KEPT = ("action.drop", "action.retry", "action.settle")


def test_the_commands_say_what_failed_and_what_to_do(db: Database, admin: Desk, store: object, vigil: Vigil) -> None:
    number = ended(db, admin, ActionState.FAILED, "too old \x1b[31m; delete it by hand")
    listed = vigil("--store", store, "--as", "ada", "outbox", "list")
    assert listed.returncode == 0
    assert f"action {number}  failed  delete m1, message 1 in g on replay, case 1 decision 1" in listed.stdout
    assert "; delete it by hand" in listed.stdout
    assert "\x1b" not in listed.stdout
    assert f"vigil outbox retry {number}" in listed.stdout
    assert "; delete it by hand" in vigil("--store", store, "--as", "ada", "show", "1").stdout
    again = vigil("--store", store, "--as", "ada", "outbox", "retry", number)
    assert again.stdout == f"action {number} (delete) waits to be sent again\n"
    assert vigil("--store", store, "--as", "ada", "outbox", "list").stdout == "nothing failed\n"


def test_what_is_to_be_settled_names_two_commands_each_of_which_does_what_it_says(
    db: Database, admin: Desk, store: object, vigil: Vigil
) -> None:
    number = ended(db, admin, ActionState.UNKNOWN)
    listed = vigil("--store", store, "--as", "ada", "outbox", "list").stdout.splitlines()
    commands = [line.partition("vigil ")[2] for line in listed if "vigil " in line]
    assert commands == [f"outbox settle {number} arrived", f"outbox settle {number} lost"]
    done = vigil("--store", store, "--as", "ada", *commands[1].split())
    assert done.stdout == f"action {number} (delete) was lost; vigil outbox retry {number} sends it again\n"


def test_what_waits_for_a_platform_that_is_gone_is_named_and_can_be_given_up(
    db: Database, admin: Desk, settings: Settings, store: object, vigil: Vigil
) -> None:
    db.execute("INSERT INTO groups (platform, key) VALUES ('old', 'g')")
    take(db, [(message(1), ())])
    for number in (1, 2):
        with db.transaction():
            posts.queue(db, "news", number, "hello", NOON)
    moderator = Desk(db, settings, "mo", clock=lambda: NOON)
    with pytest.raises(NotAllowed, match="admin"):
        moderator.outbox.drop_waiting("old")
    with pytest.raises(Conflict, match=r"is in vigil\.toml"):
        admin.outbox.drop_waiting("replay")
    with pytest.raises(NotFound, match="vigil outbox list"):
        admin.outbox.drop_waiting("nowhere")
    run = ("--store", store, "--as", "ada", "outbox")
    listed = vigil(*run, "list").stdout
    assert listed.startswith("1 action waits for the platform old, which is not in vigil.toml any more\n")
    assert "vigil outbox drop --platform old" in listed
    assert vigil(*run, "drop", "--platform", "old").stdout == "1 action that waited for old is given up\n"
    assert db.execute("SELECT state FROM actions ORDER BY id").fetchall() == [("withdrawn",), ("waiting",)]
    assert vigil(*run, "list").stdout == "nothing failed\n"
    assert vigil(*run, "drop").returncode == 2
    assert "action.drop_waiting" in {row.event for row in audit.rows(db, 100)}
