"""Where members stand: what their layer and tier follow from, and every change of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from store.database import Database

_PARAMETERS = 400

_READ = (
    "SELECT m.id, m.joined_at, m.last_at, m.balance, m.earned, m.layer, m.tier, m.tier_rank, m.below_since,"
    # Who wrote after leaving is there again, though no platform said so.
    " (SELECT NOT max(j.left_at IS NULL OR coalesce(j.last_at > j.left_at, 0)) FROM memberships j"
    " WHERE j.member_id = m.id), coalesce(a.days, 0), coalesce(a.messages, 0)"
    " FROM (SELECT * FROM members WHERE {which}) m LEFT JOIN (SELECT member_id, count(DISTINCT day) AS days,"
    " sum(messages) AS messages FROM activity WHERE {activity} AND day >= {since} GROUP BY member_id) a"
    " ON a.member_id = m.id ORDER BY m.id"
)


class StandingRow(NamedTuple):
    """A member as last looked at, `layer` "" for never, and what tells where they stand now. `days` and `messages`
    are counted since the day asked for; `gone` is whether they left every group."""

    id: int
    joined: float | None
    last: float | None
    balance: int
    earned: int
    layer: str
    tier: str
    rank: int
    below_since: float | None
    gone: bool
    days: int
    messages: int


class NewStanding(NamedTuple):
    """Where a member stands now. `rose` is whether the tier is a higher one than before."""

    before: StandingRow
    layer: str
    tier: str
    rank: int
    below_since: float | None
    rose: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A member's change of layer or tier (`what`), from `before` to `after`; "" is none."""

    id: int
    at: float
    member_id: int
    member: str
    what: str
    before: str
    after: str
    rose: bool


def following(db: Database, after: int, limit: int, since: int) -> list[StandingRow]:
    """The next `limit` members by id above `after`; activity counts from day `since` on."""
    last = db.value("SELECT max(id) FROM (SELECT id FROM members WHERE id > ? ORDER BY id LIMIT ?)", (after, limit))
    if last is None:
        return []
    span = f"> {int(after)} AND {{}} <= {int(last)}"
    return _read(db, f"id {span.format('id')}", f"member_id {span.format('member_id')}", since)


def of_members(db: Database, members: Sequence[int], since: int) -> list[StandingRow]:
    """Those of these members that there are; activity counts from day `since` on."""
    found: list[StandingRow] = []
    for start in range(0, len(members), _PARAMETERS):
        ids = ",".join(str(int(number)) for number in members[start : start + _PARAMETERS])
        found += _read(db, f"id IN ({ids})", f"member_id IN ({ids})", since)
    return found


def _read(db: Database, which: str, activity: str, since: int) -> list[StandingRow]:
    rows = db.execute(_READ.format(which=which, activity=activity, since=int(since)))
    return [StandingRow._make((*row[:9], bool(row[9]), *row[10:])) for row in rows]


def count(db: Database) -> int:
    """About how many members there are."""
    return int(db.value("SELECT max(id) FROM members") or 0)


def newest(db: Database) -> tuple[int, int]:
    """The newest ids of messages and of the ledger's rows: from here on is new."""
    row = db.execute("SELECT (SELECT max(id) FROM messages), (SELECT max(id) FROM ledger)").fetchone()
    return row[0] or 0, row[1] or 0


def touched(db: Database, message_id: int, ledger_id: int) -> list[int]:
    """Members who wrote, came, went, earned or lost after these ids."""
    found = db.execute(
        "SELECT member_id FROM messages WHERE id > ? AND member_id IS NOT NULL"
        " UNION SELECT member_id FROM ledger WHERE id > ?",
        (message_id, ledger_id),
    )
    return [row[0] for row in found]


def write(db: Database, changed: Sequence[NewStanding], now: float) -> None:
    """Store where members stand now, and what has changed. Call it in a transaction."""
    db.executemany(
        "UPDATE members SET layer = ?, tier = ?, tier_rank = ?, below_since = ? WHERE id = ?",
        [(new.layer, new.tier, new.rank, new.below_since, new.before.id) for new in changed],
    )
    rows: list[tuple[int, str, str, str, bool, float]] = []
    for new in changed:
        old = new.before
        # Of a member never looked at it is not known since when: only who is new has become so now.
        if new.layer != old.layer and (old.layer or new.layer == "new"):
            rows.append((old.id, "layer", old.layer, new.layer, False, now))
        if new.tier != old.tier:
            rows.append((old.id, "tier", old.tier, new.tier, new.rose, now))
    db.executemany(
        "INSERT INTO standing_changes (member_id, what, before, after, rose, at) VALUES (?, ?, ?, ?, ?, ?)", rows
    )


_STILL = "CASE c.what WHEN 'layer' THEN m.layer ELSE m.tier END = c.after"
"""Who has moved on since is no longer to be greeted or won back for it."""


def counted(db: Database, since: float) -> list[tuple[str, str, bool, int]]:
    """How many members came to each layer and tier since then and are there still: "layer" or "tier", its name,
    whether it was a rise of tier, and how many."""
    found = db.execute(
        "SELECT c.what, c.after, c.rose, count(DISTINCT c.member_id) FROM standing_changes c JOIN members m"
        f" ON m.id = c.member_id WHERE c.at >= ? AND {_STILL} GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC, 2, 3",
        (since,),
    )
    return [(what, after, bool(rose), number) for what, after, rose, number in found]


def changes(db: Database, since: float, limit: int = 100_000) -> list[Change]:
    """Every change since then, the newest first."""
    return _changes(db, "c.at >= ?", since, limit)


def changes_of(db: Database, member_id: int, limit: int = 200) -> list[Change]:
    """A member's changes, the newest first."""
    return _changes(db, "c.member_id = ?", member_id, limit)


def _changes(db: Database, which: str, value: float, limit: int) -> list[Change]:
    found = db.execute(
        "SELECT c.id, c.at, c.member_id, coalesce(nullif(m.name, ''), m.key), c.what, c.before, c.after, c.rose"
        f" FROM standing_changes c JOIN members m ON m.id = c.member_id WHERE {which} ORDER BY c.id DESC LIMIT ?",
        (value, limit),
    )
    return [
        Change(number, at, member, name, what, before, after, bool(rose))
        for number, at, member, name, what, before, after, rose in found
    ]


def changed_to(db: Database, what: str, after: str, since: float) -> list[int]:
    """The members who came to this layer or tier since then and are there still, those who came last first."""
    found = db.execute(
        "SELECT c.member_id FROM standing_changes c JOIN members m ON m.id = c.member_id WHERE c.at >= ?"
        f" AND c.what = ? AND c.after = ? AND {_STILL} GROUP BY c.member_id ORDER BY max(c.id) DESC",
        (since, what, after),
    )
    return [row[0] for row in found]
