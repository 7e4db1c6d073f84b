"""The lease: one worker a store, known by its generation, alive by its heartbeat."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from store import audit
from store.database import Database
from store.errors import LeaseHeld, LeaseLost

EXPIRY_SECONDS = 15.0
"""A worker on another machine, or one that hangs, counts as gone after this long without a heartbeat."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the store, or held it last: `kind` is "serve", "child", "replay" or "demo"; `alive` is whether
    it still does; `note` what it last said of itself."""

    generation: int
    kind: str
    host: str
    pid: int
    alive: bool
    wanted: bool
    heartbeat_at: float
    note: str

    def __str__(self) -> str:
        where = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"{self.kind} (pid {self.pid}{where})"


def holder(db: Database, now: float) -> Holder | None:
    row = db.execute(
        "SELECT generation, kind, host, pid, process, heartbeat_at, wanted, released, note FROM lease"
    ).fetchone()
    if row is None:
        return None
    generation, kind, host, pid, process, heartbeat_at, wanted, released, note = row
    alive = not released and now - heartbeat_at < EXPIRY_SECONDS
    if alive and host == socket.gethostname():
        alive = process_mark(pid) == process
    return Holder(generation, kind, host, pid, alive, bool(wanted), heartbeat_at, note)


def take(db: Database, kind: str, now: float) -> int:
    """Become the worker; returns the generation that fences all its writes.

    Raises LeaseHeld, naming the holder. A holder on this machine whose process is gone counts as gone at
    once, so that a restart after a kill waits for nothing.
    """
    with db.transaction():
        before = holder(db, now)
        if before and before.alive:
            raise LeaseHeld(f"the store's worker is running already: {before}")
        generation = (before.generation if before else 0) + 1
        pid = os.getpid()
        db.execute(
            "INSERT INTO lease (id, generation, kind, host, pid, process, started_at, heartbeat_at)"
            " VALUES (1, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET generation = excluded.generation,"
            " kind = excluded.kind, host = excluded.host, pid = excluded.pid, process = excluded.process,"
            " started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at,"
            " wanted = 0, released = 0, note = ''",
            (generation, kind, socket.gethostname(), pid, process_mark(pid), now, now),
        )
        audit.record(db, now, "worker", "worker.start", kind, generation=generation, pid=pid)
    return generation


def confirm(db: Database, generation: int) -> None:
    """Raises LeaseLost unless `generation` still holds; call it in every transaction of the worker."""
    if db.value("SELECT generation FROM lease WHERE released = 0") != generation:
        raise LeaseLost("another worker took the store over; this one stops")


def beat(db: Database, generation: int, now: float, note: str) -> bool:
    """Say that the worker lives. Returns whether another process wants the store; raises LeaseLost."""
    with db.transaction():
        row = db.execute(
            "UPDATE lease SET heartbeat_at = ?, note = ? WHERE generation = ? AND released = 0 RETURNING wanted",
            (now, note, generation),
        ).fetchall()
    if not row:
        raise LeaseLost("another worker took the store over; this one stops")
    return bool(row[0][0])


def ask_for(db: Database, generation: int) -> None:
    """Ask the holder to step aside; one that a console started does."""
    db.execute("UPDATE lease SET wanted = 1 WHERE generation = ?", (generation,))


def release(db: Database, generation: int, now: float) -> None:
    with db.transaction():
        rows = db.execute("UPDATE lease SET released = 1 WHERE generation = ? RETURNING kind", (generation,)).fetchall()
        if rows:
            audit.record(db, now, "worker", "worker.stop", rows[0][0], generation=generation)


def process_mark(pid: int) -> str:
    """What tells a process from a later one of the same number: its start time where the system shows it,
    "alive" where it does not; "" when there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return ""
        except PermissionError:
            return "alive"
        return "alive"
    return "" if fields[0] in "ZX" else fields[19]
