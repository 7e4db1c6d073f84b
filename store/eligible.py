"""Who may get a perk: each member of a set checked against it, in a few statements for them all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from store.database import Database
from store.members import THERE
from store.perk_records import Candidate, Checked, Eligibility, Perk, PerkKind, Refusal

DAY = 86_400

# A ban in force keeps a member out of that group, also where the platform told of no leaving.
_MEMBERSHIPS = (
    "SELECT j.member_id, j.group_id, g.key, g.name, coalesce(j.joined_at, j.first_at), j.last_at"
    " FROM json_each(?) c CROSS JOIN memberships j ON j.member_id = c.value JOIN groups g ON g.id = j.group_id"
    f" WHERE {THERE} AND NOT EXISTS (SELECT 1 FROM actions a WHERE a.kind = 'ban' AND a.state = 'done'"
    " AND a.member_id = j.member_id AND a.group_id = j.group_id AND NOT EXISTS"
    " (SELECT 1 FROM actions i WHERE i.inverse_of = a.id AND i.state = 'done'))"
)
_MEMBERS = (
    "SELECT m.id, coalesce(nullif(m.name, ''), m.key), m.tier, m.layer, m.balance, EXISTS (SELECT 1 FROM strikes s"
    " WHERE s.member_id = m.id AND s.revoked_at IS NULL AND s.expires_at > ?)"
    " FROM json_each(?) c CROSS JOIN members m ON m.id = c.value"
)
_SLOTS = (
    "SELECT g.member_id, g.slot FROM json_each(?) c CROSS JOIN grants g ON g.perk_id = ? AND g.member_id = c.value"
    " WHERE g.state IN ('reserved', 'sent', 'unknown')"
)


class _Place(NamedTuple):
    """A group a member is in: since when as far as it is known, and when they last said a word there."""

    group_id: int
    key: str
    name: str
    since: float | None
    last: float | None


@dataclass(frozen=True, slots=True)
class _Person:
    id: int
    name: str
    tier: str
    layer: str
    balance: int
    struck: bool


def check(db: Database, perk: Perk, members: Sequence[int], now: float) -> Checked:
    """Check each member, in order. Where there is not enough for all, the first get it. Whether the perk can be given
    at all is not asked here."""
    ids = msgspec.json.encode(members).decode()
    people = {row[0]: _Person(*row) for row in db.execute(_MEMBERS, (now, ids))}
    places: dict[int, list[_Place]] = defaultdict(list)
    for row in db.execute(_MEMBERSHIPS, (ids,)):
        places[row[0]].append(_Place(*row[1:]))
    slots: dict[int, set[int]] = defaultdict(set)
    for member, slot in db.execute(_SLOTS, (ids, perk.id)):
        slots[member].add(slot)
    entered = _entered(db, perk)
    candidates: list[Candidate] = []
    refused: list[tuple[int, Refusal]] = []
    seen: set[int] = set()
    for member in members:
        person = people.get(member)
        found: Candidate | Refusal = Refusal.UNKNOWN
        if member in seen:
            found = Refusal.TWICE
        elif member in entered:
            found = Refusal.ENTERED
        elif person is not None:
            found = _check(perk, person, places[member], slots[member], now)
        seen.add(member)
        if isinstance(found, Candidate) and perk.left is not None and len(candidates) >= perk.left:
            found = Refusal.STOCK
        if isinstance(found, Candidate):
            candidates.append(found)
        else:
            refused.append((member, found))
    return Checked(tuple(candidates), tuple(refused))


def _check(perk: Perk, person: _Person, places: Sequence[_Place], slots: set[int], now: float) -> Candidate | Refusal:
    wanted = perk.eligibility
    allowed = [place for place in places if not wanted.groups or {place.key, place.name} & set(wanted.groups)]
    staying = [place for place in allowed if _stays(place, wanted, now)]
    slot = next(number for number in range(1, perk.per_member + 2) if number not in slots)
    checks = (
        (bool(places), Refusal.GONE),
        (bool(allowed), Refusal.GROUPS),
        (bool(staying), Refusal.DAYS),
        (not wanted.tiers or person.tier in wanted.tiers, Refusal.TIERS),
        (not wanted.layers or person.layer in wanted.layers, Refusal.LAYERS),
        (not (wanted.clean and person.struck), Refusal.STRIKES),
        (slot <= perk.per_member, Refusal.HAS_IT),
        (perk.cost == 0 or person.balance >= perk.cost, Refusal.POINTS),
    )
    for holds, why in checks:
        if not holds:
            return why
    # Where they said a word last, they look first.
    place = max(staying, key=lambda one: (one.last or 0, one.since or 0, -one.group_id))
    return Candidate(
        person.id, person.name, person.tier, person.layer, person.balance, place.group_id, place.key,
        place.name or place.key, slot,
    )  # fmt: skip


def _stays(place: _Place, wanted: Eligibility, now: float) -> bool:
    return wanted.days <= 0 or (place.since is not None and now - place.since >= wanted.days * DAY)


def _entered(db: Database, perk: Perk) -> set[int]:
    """Who is in the perk's draw already."""
    if perk.kind is not PerkKind.DRAW:
        return set()
    rows = db.execute("SELECT member_id FROM draw_entries WHERE draw_id = ? AND withdrawn_at IS NULL", (perk.draw_id,))
    return {row[0] for row in rows}


def why_not(db: Database, perk: Perk, now: float) -> str:
    """What keeps a perk from being given to anybody: "closed", "early", "late", "draw", "stock", or ""."""
    if perk.closed_at is not None:
        return "closed"
    if perk.valid_from is not None and now < perk.valid_from:
        return "early"
    if perk.valid_until is not None and now > perk.valid_until:
        return "late"
    if perk.kind is PerkKind.DRAW and db.value("SELECT state FROM draws WHERE id = ?", (perk.draw_id,)) != "open":
        return "draw"
    return "stock" if perk.left == 0 else ""
