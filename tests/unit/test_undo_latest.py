"""What `u` takes back when a person has both decided and given a perk."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from console.desk import Desk, PerkUndone
from console.platforms.base import Receipt
from console.settings import Settings
from store.database import Database
from store.errors import Conflict
from store.perk_records import NewPerk, PerkKind
from store.records import ActionState, Decision, Role
from tests.unit.made import NOON, finding, message, take
from tests.unit.perks_made import Told, coupon, desk_of, worker


@pytest.fixture
def desk(db: Database, settings: Settings) -> Desk:
    """Of somebody who has just banned m1."""
    take(db, [(message(n, f"hello {n}", member=f"m{n}"), [finding()] if n == 1 else []) for n in range(3)])
    desk = desk_of(db, replace(settings, undo_seconds=0), role=Role.OWNER)
    desk.decide(1, Decision.BAN)
    desk._clock = lambda: NOON + 10
    return desk


def decided(db: Database) -> str:
    return str(db.value("SELECT state FROM decisions"))


def test_a_perk_that_was_just_sent_keeps_the_ban_before_it_from_being_lifted(desk: Desk) -> None:
    perk = coupon(desk, ["TEA-1"])
    desk.perks.dispatch(perk, [1], key="k")
    asyncio.run(worker(desk.db, Told()).step())
    assert desk.db.value("SELECT state FROM grants") == "sent"
    with pytest.raises(Conflict, match="was sent already; the decision before it: vigil undo 1"):
        desk.undo_latest()
    assert decided(desk.db) == "approved"
    assert desk.undo(1)
    assert decided(desk.db) == "undone"


def test_a_perk_that_tells_nobody_is_taken_back_and_not_the_decision_before_it(desk: Desk) -> None:
    perk = desk.perks.add(NewPerk("Mug", PerkKind.GIFT))
    desk.perks.dispatch(perk, [1], key="k")
    assert desk.undo_latest() == PerkUndone(1, 1, 0)
    assert decided(desk.db) == "approved"
    desk.undo_latest()
    assert decided(desk.db) == "undone"


def test_what_was_used_has_arrived(desk: Desk) -> None:
    perk = coupon(desk, ["TEA-1"])
    desk.perks.dispatch(perk, [1], key="k")
    unsure = Told(lambda order: Receipt(ActionState.UNKNOWN))
    asyncio.run(worker(desk.db, unsure).step())
    desk.redemptions.redeem(1)
    with pytest.raises(Conflict, match="what was used has arrived"):
        desk.perks.settle(1, arrived=False)
    desk.perks.settle(1, arrived=True)
    assert desk.db.value("SELECT state FROM grants") == "sent"
