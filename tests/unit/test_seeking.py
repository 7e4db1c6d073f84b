"""The worker fills in what a search looks through for members of an older store, and only while it holds the store."""

from __future__ import annotations

import pytest

from console.seeking import PIECE, SoughtChore
from rules.names import sought
from rules.rulebook import DEFAULT_RULEBOOK, parse
from store import lease
from store.database import Database
from store.errors import LeaseLost
from tests.unit.made import NOON


def lacking(db: Database) -> int:
    return int(db.value("SELECT count(*) FROM members WHERE sought = ''"))


def fill(db: Database, count: int) -> None:
    with db.transaction():
        db.executemany(
            "INSERT INTO members (platform, key, name) VALUES ('p', ?, '阳光')", [(str(at),) for at in range(count)]
        )


def test_all_are_filled_in_a_piece_at_a_time(db: Database) -> None:
    generation = lease.take(db, "serve", NOON)
    fill(db, PIECE + 5)
    chore, rulebook = SoughtChore(db, generation), parse(DEFAULT_RULEBOOK)
    assert list(chore.step(rulebook, NOON)) == []
    assert lacking(db) == 5
    chore.step(rulebook, NOON)
    assert lacking(db) == 0
    assert db.value("SELECT sought FROM members WHERE id = 1") == sought("阳光", "", "0")


def test_a_worker_that_lost_the_store_writes_nothing(db: Database) -> None:
    generation = lease.take(db, "serve", NOON)
    fill(db, 3)
    with pytest.raises(LeaseLost):
        SoughtChore(db, generation - 1).step(parse(DEFAULT_RULEBOOK), NOON)
    assert lacking(db) == 3
