"""The ledger of points: rows are only ever added, each once by its key, and balances are their sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from store.database import Database
from store.errors import Conflict, NotFound
from store.members import STRIKING

_INSERT = (
    "INSERT INTO ledger (key, member_id, points, kind, at, group_id, day, message_id, decision_id, grant_id, reason,"
    " staff) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_REVERSE = (
    "INSERT INTO ledger (key, member_id, points, kind, group_id, day, message_id, decision_id, grant_id, reverses,"
    " reason, staff, at) SELECT {key}, member_id, -points, kind, group_id, day, message_id, decision_id, grant_id, id,"
    " :reason, :staff, :now FROM ledger l WHERE {which} AND reverses IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM ledger r WHERE r.reverses = l.id) ON CONFLICT (key) DO NOTHING"
)
_PARAMETERS = 400


class Entry(NamedTuple):
    """A row to be: `key` makes its cause count once, `at` is the time of that cause, `day` the group's own day."""

    key: str
    member_id: int
    points: int
    kind: str
    at: float
    group_id: int | None = None
    day: int | None = None
    message_id: int | None = None
    decision_id: int | None = None
    grant_id: int | None = None
    reason: str = ""
    staff: str = ""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row as it stands: `group` is the group's name or "", `perk` that of the perk it was spent on or earned by,
    `reverses` the id of the row it takes back, `reversed` whether it was taken back itself."""

    id: int
    at: float
    points: int
    kind: str
    group: str
    perk: str
    reason: str
    staff: str
    decision_id: int | None
    reverses: int | None
    reversed: bool


def add(
    db: Database,
    member_id: int,
    points: int,
    kind: str,
    key: str,
    now: float,
    *,
    group_id: int | None = None,
    day: int | None = None,
    message_id: int | None = None,
    decision_id: int | None = None,
    grant_id: int | None = None,
    reason: str = "",
    staff: str = "",
) -> bool:
    """Give points, or with a negative number take them; False when the key is known. Call it in a transaction."""
    entry = Entry(key, member_id, points, kind, now, group_id, day, message_id, decision_id, grant_id, reason, staff)
    return db.execute(_INSERT, entry).rowcount > 0


def add_all(db: Database, entries: Sequence[Entry]) -> int:
    """As `add`, for many; returns how many were new."""
    return db.executemany(_INSERT, entries).rowcount if entries else 0


def spend(db: Database, member_id: int, points: int, key: str, grant_id: int | None, now: float) -> bool:
    """Take `points` (above 0) for a perk, never more than the member has; False when the key is known. Call it in a
    transaction. Raises NotFound, Conflict when the balance is too small."""
    if points <= 0:
        raise ValueError(points)
    if is_known(db, key):
        return False
    has = balance(db, member_id)
    if has < points:
        raise Conflict(f"member {member_id} has {has} points, {points} are needed")
    return add(db, member_id, -points, "spent", key, now, grant_id=grant_id)


def reverse(db: Database, key: str, new_key: str, reason: str, staff: str, now: float) -> bool:
    """Take the row of that key back by another; False when there is no such row, or it is taken back already. A row
    that takes another back stays. Call it in a transaction."""
    return _reversed(db, ":new_key", "l.key = :old_key", reason, staff, now, old_key=key, new_key=new_key) > 0


def reverse_decision(db: Database, decision_id: int, staff: str, now: float) -> int:
    """Give back what a decision took; returns how many points. Call it in the transaction of its undo."""
    taken = db.value(
        "SELECT -sum(points) FROM ledger l WHERE decision_id = ?"
        " AND reverses IS NULL AND NOT EXISTS (SELECT 1 FROM ledger r WHERE r.reverses = l.id)",
        (decision_id,),
    )
    _reversed(db, "l.key || '.undo'", "l.decision_id = :decision", "undone", staff, now, decision=decision_id)
    return int(taken or 0)


def reverse_speaking(db: Database, messages: Sequence[int], reason: str, now: float) -> set[int]:
    """Take back what these messages earned by being spoken; returns who loses points. Call it in a transaction."""
    losing: set[int] = set()
    for start in range(0, len(messages), _PARAMETERS):
        ids = ",".join(str(int(number)) for number in messages[start : start + _PARAMETERS])
        # By the member's rows of those days: an index by message would cost every message that earns.
        rows = db.execute(
            "SELECT l.id, l.member_id FROM messages m CROSS JOIN ledger l ON l.member_id = m.member_id"
            " AND l.kind = 'speaking' AND l.message_id = m.id AND l.reverses IS NULL AND l.day BETWEEN"
            " CAST(coalesce(m.time, m.received_at) / 86400 AS INTEGER) + 719162"
            " AND CAST(coalesce(m.time, m.received_at) / 86400 AS INTEGER) + 719164"
            f" WHERE m.id IN ({ids})"
        ).fetchall()
        if rows:
            losing.update(member for _, member in rows)
            which = f"l.id IN ({','.join(str(row) for row, _ in rows)})"
            _reversed(db, "l.key || '.flagged'", which, reason, "", now)
    return losing


def _reversed(db: Database, key: str, which: str, reason: str, staff: str, now: float, **values: object) -> int:
    sql = _REVERSE.format(key=key, which=which)
    return db.connection.execute(sql, {"reason": reason, "staff": staff, "now": now, **values}).rowcount


def sanction(db: Database, decision_id: int, costs: Mapping[str, int], staff: str, now: float) -> int:
    """Take from each member a decision acts on what its strongest action there costs; returns how many points. Call
    it in the transaction that puts the decision in force. A balance may fall below 0."""
    strongest: dict[int, str] = {}
    marks = ",".join("?" * len(STRIKING))
    for member, kind in db.execute(
        f"SELECT DISTINCT member_id, kind FROM actions WHERE decision_id = ? AND inverse_of IS NULL"
        f" AND member_id IS NOT NULL AND kind IN ({marks})",
        (decision_id, *STRIKING),
    ):
        strongest[member] = max(strongest.get(member, kind), kind, key=STRIKING.index)
    taken = 0
    for member, kind in sorted(strongest.items()):
        cost, key = costs.get(kind, 0), f"sanction:{decision_id}:{member}"
        if cost and add(db, member, -cost, "sanction", key, now, decision_id=decision_id, reason=kind, staff=staff):
            taken += cost
    return taken


def is_known(db: Database, key: str) -> bool:
    """Whether there is a row of that key."""
    return db.value("SELECT id FROM ledger WHERE key = ?", (key,)) is not None


def balance(db: Database, member_id: int) -> int:
    """What a member can spend; below 0 for one in debt. Raises NotFound."""
    found = db.value("SELECT balance FROM members WHERE id = ?", (member_id,))
    if found is None:
        raise NotFound(f"no member {member_id}")
    return int(found)


def history(db: Database, member_id: int, limit: int = 200) -> list[LedgerRow]:
    """A member's rows, the newest first."""
    found = db.execute(
        "SELECT l.id, l.at, l.points, l.kind, coalesce(nullif(g.name, ''), g.key, ''), coalesce(p.name, ''), l.reason,"
        " l.staff, l.decision_id, l.reverses, EXISTS (SELECT 1 FROM ledger r WHERE r.reverses = l.id)"
        " FROM ledger l LEFT JOIN groups g ON g.id = l.group_id LEFT JOIN grants x ON x.id = l.grant_id"
        " LEFT JOIN perks p ON p.id = x.perk_id WHERE l.member_id = ? ORDER BY l.id DESC LIMIT ?",
        (member_id, limit),
    )
    return [LedgerRow(*row) for row in found]


def spoken(db: Database, member_id: int, day: int) -> list[tuple[str, int]]:
    """The rows of what a member earned by speaking on a day, as key and points; of one taken back both rows."""
    found = db.execute(
        "SELECT key, points FROM ledger WHERE member_id = ? AND kind = 'speaking' AND day = ?", (member_id, day)
    )
    return found.fetchall()


def streak(db: Database, member_id: int, day: int, longest: int = 10_000) -> int:
    """How many days in a row up to `day` the member has checked in, at most `longest`."""
    days = [
        row[0]
        for row in db.execute(
            "SELECT day FROM ledger WHERE member_id = ? AND kind = 'check-in' AND day <= ? AND reverses IS NULL"
            " ORDER BY day DESC LIMIT ?",
            (member_id, day, longest),
        )
    ]
    if not days or days[0] != day:
        return 0
    return next((number for number, (late, early) in enumerate(pairwise(days), 1) if late - early != 1), len(days))


def last_check_in(db: Database, member_id: int) -> int | None:
    """The latest day on which the member has checked in."""
    found = db.value(
        "SELECT max(day) FROM ledger WHERE member_id = ? AND kind = 'check-in' AND reverses IS NULL", (member_id,)
    )
    return None if found is None else int(found)


def check_ins_after(db: Database, after: int, limit: int, since: float) -> list[tuple[int, int, int | None, int]]:
    """Check-ins of `since` or later whose row has an id above `after`, in order: the row's id, the member's, the
    group's, the day."""
    found = db.execute(
        "SELECT id, member_id, group_id, day FROM ledger WHERE id > ? AND kind = 'check-in' AND reverses IS NULL"
        " AND at >= ? ORDER BY id LIMIT ?",
        (after, since, limit),
    )
    return found.fetchall()


def wrong_balances(db: Database) -> list[tuple[int, int, int]]:
    """Members whose balance is not the sum of their rows: id, balance, sum. None, unless somebody wrote past us."""
    found = db.execute(
        "SELECT m.id, m.balance, coalesce(l.total, 0) FROM members m LEFT JOIN"
        " (SELECT member_id, sum(points) AS total FROM ledger GROUP BY member_id) l ON l.member_id = m.id"
        " WHERE m.balance <> coalesce(l.total, 0)"
    )
    return found.fetchall()
