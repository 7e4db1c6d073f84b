"""Who may be on a draw's list, and who may still win when it is drawn."""

from __future__ import annotations

from store.database import Database
from store.draw_records import Draw, Entrant
from store.members import THERE
from store.perk_records import Eligibility

_BANNED = (
    "SELECT a.member_id FROM actions a WHERE a.kind = 'ban' AND a.state IN ('done', 'unknown')"
    " AND a.member_id IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM actions i WHERE i.inverse_of = a.id)"
)
"""The members with a ban that was carried out and not taken back."""

_PRESENT = f"EXISTS (SELECT 1 FROM memberships j WHERE j.member_id = m.id AND {THERE})"
"""That the member `m` is in some group."""

_DAY = 86_400


def entrants(db: Database, draw: Draw, now: float) -> tuple[list[Entrant], int]:
    """Who is on the list when it is closed now, and how many entered and are not: banned, gone from all groups, not
    eligible though the draw demands it of those who say the word, or winners of another draw."""
    entered = "SELECT e.member_id FROM draw_entries e WHERE e.draw_id = ? AND e.withdrawn_at IS NULL"
    source, values = entered, list[object]([draw.id])
    kept, more = "", list[object]()
    if draw.eligible is not None:
        held, its = _condition(draw.eligible, now)
        if draw.word:
            kept, more = f" AND ({held} OR m.id NOT IN ({entered} AND e.how = 'word'))", [*its, draw.id]
        else:
            source, values = f"{entered} UNION SELECT m.id FROM members m WHERE {held}", [draw.id, *its]
    if draw.without_winners:
        kept += " AND m.id NOT IN (SELECT w.member_id FROM draw_winners w WHERE w.state = 'winner' AND w.draw_id <> ?)"
        more.append(draw.id)
    rows = db.execute(
        f"SELECT m.id, m.platform, m.key, m.name FROM members m WHERE m.id IN ({source})"
        f" AND m.id NOT IN ({_BANNED}) AND {_PRESENT}{kept}",
        (*values, *more),
    ).fetchall()
    return [Entrant(*row) for row in rows], db.value(f"SELECT count(*) FROM ({source})", values) - len(rows)


def banned(db: Database) -> set[int]:
    """The members with a ban in force."""
    return {number for (number,) in db.execute(_BANNED)}


def present(db: Database, platform: str, key: str) -> tuple[int, bool]:
    """A member's id, and whether they are in any group now."""
    row = db.execute(f"SELECT m.id, {_PRESENT} FROM members m WHERE m.platform = ? AND m.key = ?", (platform, key))
    number, there = row.fetchone()
    return number, bool(there)


def _condition(who: Eligibility, now: float) -> tuple[str, list[object]]:
    """The condition on a member `m`, for a WHERE, and its values."""
    parts, values = ["1"], list[object]()
    for column, names in (("tier", who.tiers), ("layer", who.layers)):
        if names:
            parts.append(f"m.{column} IN ({_marks(names)})")
            values += names
    in_group = f"SELECT 1 FROM memberships j WHERE j.member_id = m.id AND {THERE}"
    within: list[object] = []
    if who.groups:
        marks = _marks(who.groups)
        in_group += f" AND j.group_id IN (SELECT g.id FROM groups g WHERE g.key IN ({marks}) OR g.name IN ({marks}))"
        within = [*who.groups, *who.groups]
    if who.days:
        in_group += " AND coalesce(j.joined_at, j.first_at) <= ?"
        within.append(now - who.days * _DAY)
    if within:
        parts.append(f"EXISTS ({in_group})")
        values += within
    if who.clean:
        parts.append("m.id NOT IN (SELECT s.member_id FROM strikes s WHERE s.revoked_at IS NULL AND s.expires_at > ?)")
        values.append(now)
    return " AND ".join(parts), values


def _marks(values: tuple[str, ...]) -> str:
    return ",".join("?" * len(values))
