"""Who brought whom into a group: noted once, so that who leaves and comes again is not brought again."""

from __future__ import annotations

from store.database import Database


def add(db: Database, group_id: int, inviter_id: int, invited_id: int, at: float) -> bool:
    """Note who brought a member who has joined; False when somebody has brought them there before. Call it in a
    transaction."""
    added = db.execute(
        "INSERT INTO invitations (group_id, inviter_id, invited_id, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (group_id, inviter_id, invited_id, at),
    )
    return added.rowcount > 0


def invited_at(db: Database, group_id: int, invited_id: int) -> float | None:
    """When a member was brought into a group, None for who came alone."""
    found = db.value("SELECT at FROM invitations WHERE group_id = ? AND invited_id = ?", (group_id, invited_id))
    return None if found is None else float(found)


def was_there(db: Database, member_id: int, message_id: int, at: float) -> bool:
    """Whether the member who joins by this message was in the community before: seen in any group by an earlier
    message, or by one that is not kept any more."""
    found = db.value(
        "SELECT EXISTS (SELECT 1 FROM messages WHERE member_id = ?1 AND id < ?2)"
        " OR EXISTS (SELECT 1 FROM members WHERE id = ?1 AND joined_at < ?3)",
        (member_id, message_id, at),
    )
    return bool(found)


def brought_by(db: Database, member_id: int) -> list[int]:
    """The members somebody brought, in order."""
    found = db.execute("SELECT invited_id FROM invitations WHERE inviter_id = ? ORDER BY id", (member_id,))
    return [row[0] for row in found]
