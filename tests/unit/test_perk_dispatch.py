"""A code is in a message while it is sent and nowhere else, and a grant follows what became of its message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from console.desk import Desk
from console.dispatch import KEYLESS_SECONDS
from console.platforms.base import Receipt
from console.platforms.replay import Replay, effects_path
from console.settings import Settings
from store import audit
from store.database import Database
from store.errors import Conflict
from store.perk_records import GrantState, NewPerk, PerkKind
from store.records import ActionState, Order
from store.vault import key_path
from tests.unit.made import NOON
from tests.unit.perks_made import Told, check_books, codes, community, coupon, desk_of, marks, pool_of, worker

DONE = Receipt(ActionState.DONE)


@pytest.fixture
def desk(db: Database, settings: Settings) -> Desk:
    community(db, 6)
    desk = desk_of(db, settings)
    coupon(desk, codes(3), cost=30)
    return desk


def step(db: Database, platform: Told, at: float = NOON + 60) -> list[str]:
    """Carry out what is due, and say what became of it."""
    dispatch = worker(db, platform, at=at)
    done = []
    # A step is one group's turn.
    while served := asyncio.run(dispatch.step()):
        done += served
    check_books(db)
    return [one.receipt.words for one in done]


def states(db: Database) -> list[str]:
    return [state for (state,) in db.execute("SELECT state FROM grants ORDER BY id")]


def balances(db: Database) -> list[int]:
    return [row[0] for row in db.execute("SELECT balance FROM members ORDER BY id")]


def everything(db: Database) -> str:
    """All that the store holds, as text."""
    return "\n".join(db.connection.iterdump())


def test_a_member_reads_the_code_and_the_store_never_holds_it(db: Database, desk: Desk) -> None:
    desk.perks.dispatch(1, [1, 2], key="a")
    told = Told()
    step(db, told)
    assert [order.text for order in told.orders] == ["Mia 1: GOLD-00000-XK", "Mia 2: GOLD-00001-XK"]
    assert [(order.group, order.member) for order in told.orders] == [("g1", "m1"), ("g0", "m2")]
    assert states(db) == ["sent", "sent"]
    assert "GOLD-" not in everything(db)
    assert "GOLD-" not in repr(told.orders)


def test_the_file_of_effects_tells_the_code_by_its_hash_alone(db: Database, desk: Desk, settings: Settings) -> None:
    desk.perks.dispatch(1, [1], key="a")
    asyncio.run(worker(db, Replay(effects_path(settings.store), idle=True)).step())
    (line,) = effects_path(settings.store).read_text("utf-8").splitlines()
    effect = json.loads(line)
    assert effect["text"] == "Mia 1: ••••••••"
    assert {effect["secret_sha256"]} == marks(codes(1))


def test_a_message_that_failed_gives_back_code_stock_slot_and_points(db: Database, desk: Desk) -> None:
    desk.perks.dispatch(1, [1, 2, 3], key="a")
    assert balances(db)[:3] == [70, 70, 70]
    words = step(db, Told(lambda order: Receipt(ActionState.FAILED, f"cannot send {order.text!r}")))
    assert words[0] == "cannot send 'Mia 1: ••••••••'"
    assert states(db) == ["returned"] * 3
    assert balances(db)[:3] == [100, 100, 100]
    assert desk.perks.perks()[0].left == 3
    assert desk.perks.dispatch(1, [4, 1], key="b").members == 2
    assert "GOLD-" not in everything(db)


def test_a_message_of_which_nobody_knows_waits_for_a_person(db: Database, desk: Desk) -> None:
    desk.perks.dispatch(1, [1, 2], key="a")
    step(db, Told(lambda order: Receipt(ActionState.UNKNOWN, "timed out")))
    assert states(db) == ["unknown", "unknown"]
    with pytest.raises(Conflict, match="has it already"):
        desk.perks.dispatch(1, [1], key="b")
    desk.perks.settle(1, arrived=True)
    desk.perks.settle(2, arrived=False)
    check_books(db)
    assert states(db) == ["sent", "returned"]
    assert balances(db)[:2] == [70, 100]
    # Perhaps the member read it after all: nobody else gets that code.
    assert desk.perks.perks()[0].left == 1
    assert desk.perks.dispatch(1, [2], key="c").members == 1
    told = Told()
    step(db, told)
    assert [order.secret for order in told.orders] == ["GOLD-00002-XK"]
    for grant in (1, 2):
        with pytest.raises(Conflict, match="only one that is unknown"):
            desk.perks.settle(grant, arrived=True)


def test_what_surely_was_not_sent_is_tried_again_with_the_same_code(db: Database, desk: Desk) -> None:
    desk.perks.dispatch(1, [1], key="a")
    first, second = Told(lambda order: Receipt(ActionState.WAITING, "slow down", 30.0)), Told()
    step(db, first)
    assert states(db) == ["reserved"]
    assert step(db, second, NOON + 70) == []
    step(db, second, NOON + 95)
    assert first.orders[0].secret == second.orders[0].secret == "GOLD-00000-XK"
    assert states(db) == ["sent"]


def test_an_error_of_a_platform_neither_ends_the_worker_nor_tells_the_code(db: Database, desk: Desk) -> None:
    desk.perks.dispatch(1, [1, 2], key="a")

    def fails(order: Order) -> Receipt:
        raise RuntimeError(f"POST {order.text}")

    words = step(db, Told(fails))
    assert all(said.startswith("an error in the platform's own code: RuntimeError") for said in words)
    assert len(words) == 2
    assert states(db) == ["unknown", "unknown"]
    assert "GOLD-" not in everything(db)


def test_without_the_key_messages_wait_and_others_go_out(db: Database, desk: Desk) -> None:
    seat = desk.perks.add(NewPerk("Seat", PerkKind.SEAT, "come, {name}"))
    desk.perks.dispatch(1, [1, 2], key="a")
    desk.perks.dispatch(seat, [3], key="b")
    path = key_path(db.path)
    right = path.read_bytes()
    path.unlink()
    told = Told()
    words = step(db, told)
    assert "vigil.db.key is not there" in words[0]
    assert [order.text for order in told.orders] == ["come, Mia 3"]
    assert states(db) == ["reserved", "reserved", "sent"]
    assert step(db, told, NOON + 65) == [], "it is not asked for at every turn"
    path.write_bytes(right)
    step(db, told, NOON + 61 + KEYLESS_SECONDS)
    assert states(db) == ["sent"] * 3


def test_a_code_that_was_changed_in_the_store_is_given_to_nobody(db: Database, desk: Desk) -> None:
    desk.perks.dispatch(1, [1], key="a")
    db.execute("UPDATE vouchers SET code = zeroblob(40) WHERE id = 1")
    told = Told()
    words = step(db, told)
    assert told.orders == []
    assert "was changed or moved" in words[0]
    assert states(db) == ["returned"]
    assert balances(db)[0] == 100
    assert desk.perks.perks()[0].left == 2


@pytest.mark.parametrize("repeatable", [True, False])
def test_what_a_killed_worker_may_have_sent_is_not_taken_back_as_if_it_had_not(
    db: Database, desk: Desk, repeatable: bool
) -> None:
    sent = desk.perks.dispatch(1, [1, 2], key="a")
    db.execute("UPDATE actions SET state = 'sending', generation = 0 WHERE id = 1")
    worker(db, Told(repeatable=repeatable))
    assert states(db) == ["reserved" if repeatable else "unknown", "reserved"]
    assert desk.perks.undo(sent.dispatch_id) == (1, 1)
    assert desk.perks.dispatch(1, [3, 4], key="b").members == 2
    bound = "SELECT count(DISTINCT voucher_id) FROM grants WHERE voucher_id IS NOT NULL"
    assert db.value(bound) == 3
    check_books(db)


def test_a_message_that_fails_after_a_kill_may_have_arrived_before(db: Database, desk: Desk) -> None:
    desk.perks.dispatch(1, [1], key="a")
    db.execute("UPDATE actions SET state = 'sending', generation = 0")
    step(db, Told(lambda order: Receipt(ActionState.FAILED, "not in the group")))
    assert states(db) == ["unknown"]
    assert db.value("SELECT state FROM actions") == "unknown"


def test_each_step_of_a_grant_leaves_its_audit_row_without_the_code(db: Database, desk: Desk) -> None:
    desk.perks.dispatch(1, [1], key="a")
    step(db, Told())
    assert desk.perks.reveal(1).reveal() == "GOLD-00000-XK"
    events = [row.event for row in audit.rows(db)][::-1]
    given = ["perk.add", "perk.import", "perk.grant", "dispatch.give", "worker.start", "action.done", "grant.reveal"]
    assert [event for event in events if event != "staff.add"] == given
    assert not any("GOLD-" in row.detail for row in audit.rows(db))


def test_a_grant_that_came_back_reveals_nothing(db: Database, desk: Desk) -> None:
    sent = desk.perks.dispatch(1, [1], key="a")
    desk.perks.undo(sent.dispatch_id)
    with pytest.raises(Conflict, match="no code belongs to it"):
        desk.perks.reveal(1)


@pytest.mark.parametrize("write", [lambda db: db.execute("VACUUM INTO ?", (str(db.path) + ".backup",))])
def test_no_backup_holds_a_code(db: Database, desk: Desk, write: Callable[[Database], object]) -> None:
    desk.perks.dispatch(1, [1, 2], key="a")
    step(db, Told())
    write(db)
    for path in db.path.parent.iterdir():
        data = path.read_bytes()
        assert not any(code.encode() in data for code in codes(3)), path
    assert pool_of(db) == codes(3)
    assert desk.perks.grants(states=(GrantState.SENT,))
