"""Which members are so and so: of these tiers, in these layers, so long in a group, without strikes, not banned."""

from __future__ import annotations

from store.perk_records import Eligibility

BANNED = (
    "SELECT a.member_id FROM actions a WHERE a.kind = 'ban' AND a.state IN ('done', 'unknown')"
    " AND a.member_id IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM actions i WHERE i.inverse_of = a.id)"
)
"""The members with a ban that was carried out and not taken back."""

PRESENT = "EXISTS (SELECT 1 FROM memberships j WHERE j.member_id = m.id AND j.left_at IS NULL)"
"""That the member `m` is in some group."""

_DAY = 86_400


def condition(who: Eligibility, now: float) -> tuple[str, list[object]]:
    """The condition on a member `m`, for a WHERE, and its values."""
    parts, values = ["1"], list[object]()
    for column, names in (("tier", who.tiers), ("layer", who.layers)):
        if names:
            parts.append(f"m.{column} IN ({_marks(names)})")
            values += names
    in_group = "SELECT 1 FROM memberships j WHERE j.member_id = m.id AND j.left_at IS NULL"
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
