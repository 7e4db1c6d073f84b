"""Activity: how many messages a member wrote in a group on the group's own day."""

from __future__ import annotations

from collections.abc import Mapping

from store.database import Database


def add(db: Database, counts: Mapping[tuple[int, int, int], int]) -> None:
    """Count messages by member, day and group. Call it in a transaction."""
    db.executemany(
        "INSERT INTO activity (member_id, day, group_id, messages) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET messages = messages + excluded.messages",
        [(*key, count) for key, count in counts.items()],
    )


def by_day(db: Database, member_id: int, since: int) -> dict[int, int]:
    """A member's messages in all groups on each day with any, from day `since` on."""
    found = db.execute(
        "SELECT day, sum(messages) FROM activity WHERE member_id = ? AND day >= ? GROUP BY day ORDER BY day",
        (member_id, since),
    )
    return dict(found.fetchall())
