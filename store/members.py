"""Members: who they are in a case, and the strikes they have."""

from __future__ import annotations

from collections.abc import Iterator

from store.database import Database
from store.records import CaseMember

STRIKING = ("warn", "mute", "remove", "ban")
"""The actions on a member that count as a strike; a deletion alone does not."""

THERE = "(j.left_at IS NULL OR j.last_at > j.left_at)"
"""Of a membership `j`: that the member is in the group. Who wrote after leaving is there again, though no platform said
so."""


def of_case(db: Database, case_id: int, now: float) -> list[CaseMember]:
    """The members of a case, those with the most messages in it first."""
    found = db.execute(
        "SELECT p.id, p.key, coalesce(nullif(p.name, ''), p.key), count(DISTINCT m.id),"
        " (SELECT count(*) FROM strikes s WHERE s.member_id = p.id AND s.revoked_at IS NULL AND s.expires_at > ?),"
        " (SELECT count(DISTINCT e.id) FROM messages o JOIN flags x ON x.message_id = o.id"
        " JOIN cases e ON e.id = x.case_id WHERE o.member_id = p.id AND e.id <> ? AND e.state = 'decided'"
        " AND o.kind <> 'knock'),"
        " (SELECT min(coalesce(j.joined_at, j.first_at)) FROM memberships j WHERE j.member_id = p.id)"
        " FROM flags f JOIN messages m ON m.id = f.message_id JOIN members p ON p.id = m.member_id"
        " WHERE f.case_id = ? GROUP BY p.id ORDER BY 4 DESC, p.id",
        (now, case_id, case_id),
    )
    return [CaseMember(*row) for row in found]


def strikes(db: Database, case_id: int, now: float) -> dict[int, int]:
    """Strikes in force of every member of a case."""
    found = db.execute(
        "SELECT o.member_id, (SELECT count(*) FROM strikes s WHERE s.member_id = o.member_id"
        " AND s.revoked_at IS NULL AND s.expires_at > ?) FROM (SELECT DISTINCT m.member_id FROM flags f"
        " JOIN messages m ON m.id = f.message_id WHERE f.case_id = ? AND m.member_id IS NOT NULL) o",
        (now, case_id),
    )
    return dict(found.fetchall())


def give_strikes(db: Database, decision_id: int, now: float, expires_at: float) -> None:
    """One strike to every member the decision acts on. Call it in the decision's transaction."""
    db.execute(
        "INSERT INTO strikes (member_id, decision_id, rule, given_at, expires_at)"
        " SELECT DISTINCT a.member_id, d.id, c.rule, ?, ? FROM decisions d JOIN cases c ON c.id = d.case_id"
        " JOIN actions a ON a.decision_id = d.id"
        f" WHERE d.id = ? AND a.member_id IS NOT NULL AND a.kind IN {STRIKING}",
        (now, expires_at, decision_id),
    )


def revoke_strikes(db: Database, decision_id: int, now: float) -> int:
    """Take the decision's strikes back; returns how many."""
    return db.execute(
        "UPDATE strikes SET revoked_at = ? WHERE decision_id = ? AND revoked_at IS NULL", (now, decision_id)
    ).rowcount


def memberships(db: Database) -> Iterator[tuple[str, str, str, int, float | None, float | None]]:
    """Platform, group, member, messages written, epoch seconds of the joining and of the first message."""
    return iter(
        db.execute(
            "SELECT g.platform, g.key, m.key, j.messages, j.joined_at, j.first_at FROM memberships j"
            " JOIN groups g ON g.id = j.group_id JOIN members m ON m.id = j.member_id"
        )
    )
