"""The list of all members: ids in any order, rows of those in sight, and what a search looks through."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from store import standings
from store.database import Database
from store.group_names import GROUP_NAME
from store.members import THERE
from store.roster_records import Change, Chosen, MemberRow, Sort

DAY = 86_400

_PARAMETERS = 400

LAYERS = ("new", "active", "core", "silent", "gone")
"""In the order members come to them."""

_STRUCK = (
    "SELECT member_id, count(*) AS n FROM strikes WHERE revoked_at IS NULL AND expires_at > :now GROUP BY member_id"
)
_CHANGED = "at >= :since AND what = :what AND after = :after AND rose = :rose"

_ORDERS = {
    # What is sought begins with the spelling of the name, so that Chinese names stand by their sound.
    Sort.NAME: "m.sought",
    Sort.TIER: "-m.tier_rank",
    Sort.POINTS: "-m.balance",
    Sort.LAYER: "CASE m.layer "
    + " ".join(f"WHEN '{name}' THEN {at}" for at, name in enumerate(LAYERS))
    + " ELSE 9 END",
    Sort.LAST: "-CAST(coalesce(m.last_at, 0) AS INTEGER)",
    Sort.STRIKES: "-coalesce(s.n, 0)",
    Sort.JOINED: "-CAST(coalesce(m.joined_at, 0) AS INTEGER)",
}
"""Each the way it is wanted first: names from A on, the most points, the latest. SQLite sorts whole numbers faster
than others."""

_ROW = (
    "SELECT m.id, m.platform, m.key, m.name, m.remark, m.tier, m.layer, m.balance, m.last_at,"
    " (SELECT count(*) FROM strikes s WHERE s.member_id = m.id AND s.revoked_at IS NULL AND s.expires_at > ?),"
    f" (SELECT count(*) FROM memberships j WHERE j.member_id = m.id AND {THERE}), m.joined_at FROM members m"
)


def ids(db: Database, chosen: Chosen, sort: Sort, now: float, *, reverse: bool = False, limit: int = -1) -> array[int]:
    """Ids of the chosen members in order; of equal ones who was first stored comes first. 8 bytes a member."""
    found, values = _query(chosen, sort, now, reverse)
    return array("q", chain.from_iterable(db.connection.execute(f"SELECT m.id {found} LIMIT {int(limit)}", values)))


def _query(chosen: Chosen, sort: Sort, now: float, reverse: bool) -> tuple[str, dict[str, object]]:
    """All of the statement but what it selects, and the values to bind."""
    values: dict[str, object] = {"now": now}
    tables = "members m"
    where: list[str] = []
    if chosen.changed is not None:
        changed = f"SELECT DISTINCT member_id FROM standing_changes WHERE {_CHANGED}"
        tables = f"({changed}) c JOIN {tables} ON m.id = c.member_id"
        where.append(f"m.{'tier' if chosen.changed.what == 'tier' else 'layer'} = :after")
        values |= {name: getattr(chosen.changed, name) for name in ("what", "after", "rose", "since")}
    if chosen.group_id is not None:
        tables += " JOIN memberships j ON j.member_id = m.id AND j.group_id = :group_id"
        values["group_id"] = chosen.group_id
        where += [] if chosen.departed else [THERE]
    elif not chosen.departed and chosen.layer != "gone":
        where.append("m.layer <> 'gone'")
    if sort is Sort.STRIKES:
        tables += f" LEFT JOIN ({_STRUCK}) s ON s.member_id = m.id"
    for name in ("tier", "layer"):
        if getattr(chosen, name):
            where.append(f"m.{name} = :{name}")
            values[name] = getattr(chosen, name)
    if chosen.clean:
        where.append(f"m.id NOT IN (SELECT member_id FROM ({_STRUCK}))")
    if chosen.silent_days:
        where.append("coalesce(m.last_at, m.joined_at, 0) <= :silent_since")
        values["silent_since"] = now - chosen.silent_days * DAY
    if chosen.sought:
        where.append("instr(m.sought, :sought)")
        values["sought"] = chosen.sought
    order = f"{_ORDERS[sort]} {'DESC' if reverse else ''}, m.id"
    return f"FROM {tables} WHERE {' AND '.join(where) or 1} ORDER BY {order}", values


def rows(db: Database, wanted: Sequence[int], now: float) -> list[MemberRow]:
    """The rows of these members, in their order; ids that are none are left out."""
    found: dict[int, MemberRow] = {}
    for start in range(0, len(wanted), _PARAMETERS):
        part = wanted[start : start + _PARAMETERS]
        for row in db.execute(f"{_ROW} WHERE m.id IN ({','.join('?' * len(part))})", (now, *part)):
            found[row[0]] = MemberRow(*row)
    return [found[number] for number in wanted if number in found]


def sought_in(db: Database, span: int = 2_048) -> Iterator[tuple[Sequence[int], bytes]]:
    """What a search looks through, of all members, `span` ids at a time: ids, and as many lines of UTF-8."""
    last = int(db.value("SELECT max(id) FROM members") or 0)
    for start in range(0, last + 1, span):
        # Put together by SQLite: a string a member would cost more than all the rest.
        first, numbers, lines = db.execute(
            "SELECT min(id), group_concat(id, ' '), group_concat(sought, char(10)) FROM members"
            " WHERE id >= ? AND id < ?",
            (start, start + span),
        ).fetchone()
        if first is not None:
            ids: Sequence[int] = array("q", map(int, numbers.split()))
            whole = range(first, first + len(ids))
            yield (whole if all(map(int.__eq__, ids, whole)) else ids), lines.encode()


def fill_sought(db: Database, sought: Callable[[str, str, str], str], limit: int) -> int:
    """Work out what a search looks through for members that have none yet, at most `limit` of them; returns of how
    many. Call it in a transaction."""
    lacking = db.execute("SELECT id, name, remark, key FROM members WHERE sought = '' LIMIT ?", (limit,)).fetchall()
    db.executemany(
        "UPDATE members SET sought = ? WHERE id = ?",
        [(sought(name, remark, key), number) for number, name, remark, key in lacking],
    )
    return len(lacking)


def tiers(db: Database) -> list[str]:
    """The tiers that members have, the highest first."""
    found = db.execute("SELECT tier FROM members WHERE tier <> '' GROUP BY tier ORDER BY max(tier_rank) DESC, tier")
    return [row[0] for row in found]


def groups(db: Database) -> list[tuple[int, str, int]]:
    """Id, name and number of members of every group, the largest first."""
    found = db.execute(
        f"SELECT g.id, {GROUP_NAME}, count(j.member_id) AS n FROM groups g"
        f" LEFT JOIN memberships j ON j.group_id = g.id AND {THERE} GROUP BY g.id ORDER BY n DESC, g.id"
    )
    return [(number, name, count) for number, name, count in found]


def groups_called(db: Database, text: str) -> list[int]:
    """The ids of the groups with this id on their platform, else of those with this name."""
    for column in ("key", "name"):
        found = [row[0] for row in db.execute(f"SELECT id FROM groups WHERE {column} = ? ORDER BY id", (text.strip(),))]
        if found:
            return found
    return []


def changes(db: Database, since: float) -> list[Change]:
    """To which layers and tiers members came since then; who has moved on since is not counted."""
    return [Change(*found, since) for found in standings.counted(db, since)]
