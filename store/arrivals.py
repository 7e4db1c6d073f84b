"""Who comes into a group: whether they were there before, and whether a decision had put them out."""

from __future__ import annotations

from store.database import Database


def put_out(db: Database, member_id: int, since: float) -> bool:
    """Whether a decision that holds has removed or banned the member from a group since then (epoch seconds)."""
    # By the strikes, which are found by member: whom a decision puts out, it gives one.
    return bool(
        db.value(
            "SELECT EXISTS (SELECT 1 FROM strikes s JOIN actions a ON a.decision_id = s.decision_id"
            " AND a.member_id = s.member_id WHERE s.member_id = ? AND s.given_at >= ? AND s.revoked_at IS NULL"
            " AND a.kind IN ('remove', 'ban') AND a.state NOT IN ('withdrawn', 'failed'))",
            (member_id, since),
        )
    )


def joined_before(db: Database, member_id: int, group_id: int, message_id: int, since: float) -> bool:
    """Whether the member joined the group before the joining that is message `message_id`, at `since` (epoch seconds,
    the platform's) or later."""
    return bool(
        db.value(
            "SELECT EXISTS (SELECT 1 FROM messages WHERE member_id = ? AND id < ? AND group_id = ? AND kind = 'join'"
            " AND time >= ?)",
            (member_id, message_id, group_id, since),
        )
    )


def name(db: Database, member_id: int | None) -> str:
    """What the member is called, else the id on the platform; "" for nobody."""
    return str(db.value("SELECT coalesce(nullif(name, ''), key) FROM members WHERE id = ?", (member_id,)) or "")
