"""Occasions on which the rulebook gives perks by itself: joinings, rises of tier, check-ins."""

from __future__ import annotations

from typing import NamedTuple

from store import lease, ledger, messages
from store.database import Database


class Occasion(NamedTuple):
    """What happened to a member: the row's id, what the member was and is now ("" where that is no matter), and the
    day of a check-in, 0 otherwise."""

    id: int
    member_id: int
    before: str = ""
    after: str = ""
    day: int = 0


def joined(db: Database, after: int, limit: int, since: float) -> list[Occasion]:
    """Joinings stored after message `after`, of a time since `since` or unknown, of members who are still there."""
    found = db.execute(
        "SELECT m.id, m.member_id FROM messages m JOIN memberships j"
        " ON j.member_id = m.member_id AND j.group_id = m.group_id"
        " WHERE m.id > ? AND m.kind = 'join' AND (m.time IS NULL OR m.time >= ?) AND j.left_at IS NULL"
        " ORDER BY m.id LIMIT ?",
        (after, since, limit),
    )
    return [Occasion(*row) for row in found]


def risen(db: Database, after: int, limit: int, since: float) -> list[Occasion]:
    """Rises of tier noted after row `after` and since `since`: `before` and `after` are tiers."""
    found = db.execute(
        "SELECT id, member_id, before, after FROM standing_changes WHERE id > ? AND what = 'tier' AND rose"
        " AND at >= ? ORDER BY id LIMIT ?",
        (after, since, limit),
    )
    return [Occasion(*row) for row in found]


def checked_in(db: Database, after: int, limit: int, since: float) -> list[Occasion]:
    """Check-ins after row `after` of the ledger, since `since` by the time of their messages."""
    return [
        Occasion(number, member, day=day) for number, member, _, day in ledger.check_ins_after(db, after, limit, since)
    ]


def newest(db: Database) -> tuple[int, int, int]:
    """The newest rows that joinings, rises and check-ins are looked for among."""
    tables = ("messages", "standing_changes", "ledger")
    message, change, entry = (int(db.value(f"SELECT max(id) FROM {table}") or 0) for table in tables)
    return message, change, entry


def looked_at(db: Database, what: str) -> int | None:
    """The row up to which these occasions were looked at, None before the first look."""
    position = messages.position(db, f"vigil.{what}")
    return None if position is None else int(position)


def note_looked_at(db: Database, generation: int, rows: dict[str, int], now: float) -> None:
    """Go on after these rows from now on. Raises LeaseLost."""
    with db.transaction():
        lease.confirm(db, generation)
        for what, row in rows.items():
            messages.set_position(db, f"vigil.{what}", str(row), now)
