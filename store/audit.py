"""The audit log: one row a state change, each chained by hash to the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from store.database import Database

_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class AuditRow:
    id: int
    at: float
    staff: str
    event: str
    subject: str
    detail: str


def record(db: Database, at: float, staff: str, event: str, subject: str, **detail: Any) -> None:
    """Append one row; call it in the transaction of the change it tells of."""
    record_all(db, at, staff, event, [(subject, detail)])


def record_all(
    db: Database, at: float, staff: str, event: str, changes: Sequence[tuple[str, Mapping[str, Any]]]
) -> None:
    """As `record`, for many changes at once: a row each, of its subject and detail."""
    last = db.execute("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    before, previous = last or (0, "")
    rows = []
    for number, (subject, detail) in enumerate(changes, before + 1):
        told = _encode(detail).decode()
        chained = _hash(number, at, staff, event, subject, told, previous)
        rows.append((number, at, staff, event, subject, told, previous, chained))
        previous = chained
    db.executemany(
        "INSERT INTO audit (id, at, staff, event, subject, detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def verify(db: Database) -> tuple[int, str]:
    """How many rows hold, and what is wrong with the first that does not, or ""."""
    previous, expected = "", 1
    for row in db.execute("SELECT id, at, staff, event, subject, detail, previous, hash FROM audit ORDER BY id"):
        if row[0] != expected:
            return expected - 1, f"row {expected} is missing"
        if row[6] != previous or row[7] != _hash(*row[:7]):
            return expected - 1, f"row {row[0]} was changed"
        previous, expected = row[7], expected + 1
    return expected - 1, ""


def rows(db: Database, limit: int = 200) -> list[AuditRow]:
    """The newest rows, newest first."""
    found = db.execute("SELECT id, at, staff, event, subject, detail FROM audit ORDER BY id DESC LIMIT ?", (limit,))
    return [AuditRow(*row) for row in found]


def latest(db: Database, events: Sequence[str]) -> dict[str, AuditRow]:
    """The newest row of any of these events about each subject, by subject."""
    marks = ",".join("?" * len(events))
    found = db.execute(
        "SELECT id, at, staff, event, subject, detail FROM audit WHERE id IN ("
        f" SELECT max(id) FROM audit WHERE event IN ({marks}) GROUP BY subject) ORDER BY id",
        tuple(events),
    )
    return {row[4]: AuditRow(*row) for row in found}


def _hash(*fields: Any) -> str:
    return hashlib.sha256(_encode(fields)).hexdigest()
