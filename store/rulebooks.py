"""The rulebooks that were in force, whole, so that every flag can be traced to the rules it came from."""

from __future__ import annotations

import hashlib
from typing import Any

from store import audit, lease
from store.database import Database


def put_in_force(db: Database, source: str, now: float) -> int:
    """Store the rulebook's text unless it is in force already; returns its id."""
    digest = hashlib.sha256(source.encode()).hexdigest()
    with db.transaction(durable=True):
        last = db.execute("SELECT id, sha256 FROM rulebooks ORDER BY id DESC LIMIT 1").fetchone()
        if last and last[1] == digest:
            return int(last[0])
        cursor = db.execute("INSERT INTO rulebooks (source, sha256, loaded_at) VALUES (?, ?, ?)", (source, digest, now))
        audit.record(db, now, "worker", "rulebook.load", str(cursor.lastrowid), sha256=digest)
        return int(cursor.lastrowid or 0)


def in_force(db: Database) -> tuple[int, str] | None:
    """Id and text of the rulebook in force, None before the first worker."""
    row = db.execute("SELECT id, source FROM rulebooks ORDER BY id DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else None


FELL_BACK, CAME_BACK = "rule.fallback", "rule.restore"


def fallen_back(db: Database) -> dict[str, float]:
    """The rules that were found to ask instead of acting by themselves, and since when (epoch seconds): the newest
    rows of the audit log about each tell."""
    newest = audit.latest(db, (FELL_BACK, CAME_BACK))
    return {rule: row.at for rule, row in newest.items() if row.event == FELL_BACK}


def note_fallen_back(db: Database, generation: int, rule: str, *, fallen: bool, now: float, **detail: Any) -> None:
    """Record that a rule asks from now on instead of acting by itself, or acts again. Raises LeaseLost."""
    with db.transaction(durable=True):
        lease.confirm(db, generation)
        audit.record(db, now, "worker", FELL_BACK if fallen else CAME_BACK, rule, **detail)
