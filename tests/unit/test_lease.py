"""The lease: one worker a store, and none that writes after it was replaced."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from store import actions, audit, lease
from store.database import Database
from store.errors import LeaseHeld, LeaseLost
from store.records import ActionState
from tests.unit.made import NOON, until


def test_a_store_without_a_worker_has_no_holder(db: Database) -> None:
    assert lease.holder(db, NOON) is None


def test_the_worker_is_named_while_it_lives(db: Database) -> None:
    generation = lease.take(db, "serve", NOON)
    assert lease.beat(db, generation, NOON + 1, '{"recorded":"playing"}') is False
    holder = lease.holder(db, NOON + 2)
    assert holder is not None
    assert (holder.alive, holder.pid, holder.note) == (True, os.getpid(), '{"recorded":"playing"}')
    assert str(holder) == f"serve (pid {os.getpid()})"
    with pytest.raises(LeaseHeld, match=rf"serve \(pid {os.getpid()}\)"):
        lease.take(db, "replay", NOON + 2)


def test_a_worker_on_another_machine_is_named_with_it(db: Database) -> None:
    lease.take(db, "serve", NOON)
    db.execute("UPDATE lease SET host = 'elsewhere.example', pid = 1")
    with pytest.raises(LeaseHeld, match=r"serve \(pid 1 on elsewhere\.example\)"):
        lease.take(db, "serve", NOON + lease.EXPIRY_SECONDS - 0.1)
    assert lease.take(db, "serve", NOON + lease.EXPIRY_SECONDS) == 2


def test_a_worker_that_ended_is_replaced_at_once(db: Database) -> None:
    first = lease.take(db, "serve", NOON)
    lease.release(db, first, NOON + 1)
    holder = lease.holder(db, NOON + 1)
    assert holder is not None
    assert not holder.alive
    assert lease.take(db, "serve", NOON + 1) == first + 1


def test_a_worker_whose_process_is_gone_is_replaced_at_once(db: Database) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    lease.take(db, "serve", NOON)
    mark = lease.process_mark(process.pid)
    db.execute("UPDATE lease SET pid = ?, process = ?", (process.pid, mark))
    with pytest.raises(LeaseHeld):
        lease.take(db, "serve", NOON)
    process.kill()
    # Not waited for yet: a process that is dead and still in the table counts as gone.
    until(lambda: lease.process_mark(process.pid) == "")
    assert lease.take(db, "serve", NOON) == 2
    process.communicate()


def test_another_process_of_the_same_number_is_not_taken_for_the_worker(db: Database) -> None:
    lease.take(db, "serve", NOON)
    db.execute("UPDATE lease SET process = 'another'")
    assert lease.take(db, "serve", NOON) == 2


def test_a_worker_that_hangs_is_replaced_after_a_while_and_may_write_no_more(db: Database) -> None:
    first = lease.take(db, "serve", NOON)
    with pytest.raises(LeaseHeld):
        lease.take(db, "serve", NOON + lease.EXPIRY_SECONDS - 0.1)
    second = lease.take(db, "serve", NOON + lease.EXPIRY_SECONDS)
    lease.confirm(db, second)
    for write in (
        lambda: lease.confirm(db, first),
        lambda: lease.beat(db, first, NOON, ""),
        lambda: actions.recover(db, first, ["replay"], NOON),
    ):
        with pytest.raises(LeaseLost, match="another worker took the store over"):
            write()
    lease.release(db, first, NOON)
    holder = lease.holder(db, NOON + lease.EXPIRY_SECONDS)
    assert holder is not None
    assert (holder.alive, holder.generation) == (True, second), "the late release of the first changes nothing"


def test_who_released_the_lease_writes_no_more(db: Database) -> None:
    generation = lease.take(db, "serve", NOON)
    lease.release(db, generation, NOON)
    with pytest.raises(LeaseLost):
        lease.confirm(db, generation)
    with pytest.raises(LeaseLost):
        lease.beat(db, generation, NOON, "")


def test_a_worker_hears_that_it_is_asked_to_step_aside(db: Database) -> None:
    generation = lease.take(db, "child", NOON)
    lease.ask_for(db, generation + 1)
    assert lease.beat(db, generation, NOON, "") is False
    lease.ask_for(db, generation)
    assert lease.beat(db, generation, NOON, "") is True
    lease.release(db, generation, NOON)
    lease.take(db, "replay", NOON)
    assert lease.beat(db, generation + 1, NOON, "") is False


def test_starts_and_stops_are_in_the_audit_log(db: Database) -> None:
    lease.release(db, lease.take(db, "serve", NOON), NOON)
    lease.release(db, 99, NOON)
    assert [row.event for row in reversed(audit.rows(db))] == ["worker.start", "worker.stop"]
    assert socket.gethostname()
    assert actions.outbox(db)[ActionState.WAITING] == 0
