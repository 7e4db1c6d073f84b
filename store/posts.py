"""Texts to a whole group, by the outbox."""

from __future__ import annotations

from store.database import Database
from store.errors import NotFound


def find_group(db: Database, text: str) -> int:
    """The id of the group meant by `text`: its id on the platform, platform:id, or a name that only one has. Raises
    NotFound, naming whom it could mean."""
    wanted = text.strip()
    platform, _, key = wanted.partition(":")
    for where, values in (
        ("platform = ? AND key = ?", (platform, key)),
        ("key = ?", (wanted,)),
        ("name = ?", (wanted,)),
        ("name = ? COLLATE NOCASE", (wanted,)),
    ):
        rows = db.execute(f"SELECT id, platform || ':' || key FROM groups WHERE {where} LIMIT 6", values).fetchall()
        if len(rows) == 1:
            return int(rows[0][0])
        if rows:
            named = ", ".join(key for _, key in rows)
            raise NotFound(f"several groups are called {wanted!r}: {named}")
    raise NotFound(f"no group {wanted!r}; name one by its id, by platform:id or by its name")


def queue(db: Database, about: str, group_id: int, text: str, now: float, not_before: float = 0.0) -> bool:
    """Have a text sent to a group, at `not_before` (epoch seconds) at the earliest; False when the same was queued
    before. `about` says what it tells, with no two texts alike. Call it in a transaction."""
    return bool(
        db.execute(
            "INSERT INTO actions (key, kind, group_id, text, state, not_before, created_at)"
            " VALUES (?, 'send', ?, ?, 'waiting', ?, ?) ON CONFLICT DO NOTHING",
            (_key(db, about, group_id), group_id, text, not_before, now),
        ).rowcount
    )


def reword(db: Database, about: str, group_id: int, text: str) -> bool:
    """Give a queued text other words; False once it is being sent, or may have been. Call it in a transaction."""
    return bool(
        db.execute(
            "UPDATE actions SET text = ? WHERE key = ? AND state = 'waiting' AND perhaps_done = 0",
            (text, _key(db, about, group_id)),
        ).rowcount
    )


def _key(db: Database, about: str, group_id: int) -> str:
    return f"{db.value('SELECT id FROM identity')}.{about}.{group_id}"
