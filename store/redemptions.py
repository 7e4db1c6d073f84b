"""Redemptions: a grant was used, noted by hand, by a word in a chat, or from a file; each once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from store import audit
from store.database import Database
from store.errors import Conflict, NotFound

# A message of which nobody knows whether it arrived surely did when its code is used.
_RECEIVED = "('sent', 'unknown')"

_OLDEST = (
    "SELECT g.id FROM grants g WHERE g.perk_id = ? AND g.member_id = ? AND g.state = 'sent' AND g.redeemed_at IS NULL"
    " ORDER BY g.sent_at, g.id LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A grant that was redeemed, and whether before the perk's validity ended."""

    grant_id: int
    perk: str
    member: str
    at: float
    in_time: bool


@dataclass(frozen=True, slots=True)
class Marked:
    """What a file did: grants redeemed, lines that were known before, and the numbers of lines that fit no grant."""

    marked: int
    known: int
    unknown: tuple[int, ...]


def words(db: Database) -> list[tuple[int, str]]:
    """Id and word of the perks that are redeemed by a word."""
    return db.execute("SELECT id, redeem_word FROM perks WHERE redeem_word <> ''").fetchall()


def by_word(db: Database, perk_id: int, member_id: int, at: float, now: float) -> int | None:
    """Redeem the member's oldest grant of the perk that was sent and is not redeemed; returns its id, None where there
    is none. Call it in a transaction."""
    grant_id = db.value(_OLDEST, (perk_id, member_id))
    if grant_id is not None:
        _mark(db, [(grant_id, at)], "worker")
        audit.record(db, now, "worker", "grant.redeem", str(grant_id), by="word")
    return None if grant_id is None else int(grant_id)


def by_member(db: Database, perk_id: int, member_id: int, at: float, staff: str, now: float) -> int:
    """`by_word`, by a person. Call it in a durable transaction. Raises Conflict where there is no such grant."""
    grant_id = db.value(_OLDEST, (perk_id, member_id))
    if grant_id is None:
        raise Conflict(f"member {member_id} has no grant of this perk that was sent and is not redeemed")
    by_grant(db, grant_id, at, staff, now)
    return int(grant_id)


def by_grant(db: Database, grant_id: int, at: float, staff: str, now: float) -> None:
    """Redeem this grant. Call it in a durable transaction. Raises NotFound, and Conflict for one that was not sent or
    is redeemed."""
    state, by = _looked_up(db, grant_id)
    if state not in ("sent", "unknown"):
        raise Conflict(f"grant {grant_id} is {state}: what was not sent cannot be redeemed")
    if by:
        raise Conflict(f"grant {grant_id} is redeemed already, marked by {by}")
    _mark(db, [(grant_id, at)], staff)
    audit.record(db, now, staff, "grant.redeem", str(grant_id), by="hand")


def take_back(db: Database, grant_id: int, staff: str, now: float) -> None:
    """Correct a grant that was marked by mistake. Call it in a durable transaction. Raises NotFound, Conflict."""
    _, by = _looked_up(db, grant_id)
    if not by:
        raise Conflict(f"grant {grant_id} is not redeemed")
    db.execute("UPDATE grants SET redeemed_at = NULL, redeemed_by = '' WHERE id = ?", (grant_id,))
    audit.record(db, now, staff, "grant.unredeem", str(grant_id), marked_by=by)


def by_codes(db: Database, perk_id: int, codes: Iterable[tuple[int, bytes, float]], staff: str, now: float) -> Marked:
    """Redeem the grants of these codes: pairs of a line and a code's fingerprint, and when it was redeemed. Call it in
    a durable transaction."""
    grants = {
        mark: (grant_id, at)
        for mark, grant_id, at in db.execute(
            "SELECT v.fingerprint, g.id, g.redeemed_at FROM grants g JOIN vouchers v ON v.id = g.voucher_id"
            f" WHERE g.perk_id = ? AND g.state IN {_RECEIVED}",
            (perk_id,),
        )
    }
    marking: dict[int, float] = {}
    known, unknown = 0, []
    for line, mark, at in codes:
        grant_id, before = grants.get(mark, (0, None))
        if not grant_id:
            unknown.append(line)
        elif before is not None or grant_id in marking:
            known += 1
        else:
            marking[grant_id] = at
    return _imported(db, perk_id, marking, known, unknown, staff, now)


def by_members(db: Database, perk_id: int, members: Iterable[tuple[int, int, float]], staff: str, now: float) -> Marked:
    """Redeem a grant for each line: the line, the member's id, and when. A member who is named twice has redeemed two,
    so that the same file again redeems nothing. Call it in a durable transaction."""
    rows = db.execute(
        f"SELECT member_id, id, redeemed_at FROM grants WHERE perk_id = ? AND state IN {_RECEIVED}"
        " ORDER BY state, sent_at, id",
        (perk_id,),
    )
    before: Counter[int] = Counter()
    left: dict[int, list[int]] = defaultdict(list)
    for member_id, grant_id, at in rows:
        before[member_id] += at is not None
        if at is None:
            left[member_id].append(grant_id)
    marking: dict[int, float] = {}
    known, unknown = 0, []
    for line, member_id, at in members:
        if before[member_id]:
            before[member_id] -= 1
            known += 1
        elif left[member_id]:
            marking[left[member_id].pop(0)] = at
        else:
            unknown.append(line)
    return _imported(db, perk_id, marking, known, unknown, staff, now)


def redeemed(db: Database, grant_id: int) -> Redeemed:
    """Raises NotFound for a grant that is not redeemed."""
    row = db.execute(
        "SELECT g.id, p.name, coalesce(nullif(m.name, ''), m.key), g.redeemed_at,"
        " p.valid_until IS NULL OR g.redeemed_at <= p.valid_until"
        " FROM grants g JOIN perks p ON p.id = g.perk_id JOIN members m ON m.id = g.member_id"
        " WHERE g.id = ? AND g.redeemed_at IS NOT NULL",
        (grant_id,),
    ).fetchone()
    if row is None:
        raise NotFound(f"grant {grant_id} is not redeemed")
    return Redeemed(row[0], row[1], row[2], row[3], bool(row[4]))


def _imported(
    db: Database, perk_id: int, marking: dict[int, float], known: int, unknown: Sequence[int], staff: str, now: float
) -> Marked:
    _mark(db, marking.items(), staff)
    if marking:
        audit.record(
            db, now, staff, "grant.redeem", str(perk_id), by="file", grants=sorted(marking), known=known,
            unknown=len(unknown),
        )  # fmt: skip
    return Marked(len(marking), known, tuple(unknown))


def _mark(db: Database, grants: Iterable[tuple[int, float]], by: str) -> None:
    # Nothing is redeemed before it was sent, whatever another clock says.
    db.executemany(
        "UPDATE grants SET redeemed_at = max(coalesce(sent_at, reserved_at, made_at), ?), redeemed_by = ?"
        " WHERE id = ? AND redeemed_at IS NULL",
        [(at, by, grant_id) for grant_id, at in grants],
    )


def _looked_up(db: Database, grant_id: int) -> tuple[str, str]:
    """A grant's state, and who marked it as redeemed, or ""."""
    row = db.execute("SELECT state, redeemed_by FROM grants WHERE id = ?", (grant_id,)).fetchone()
    if row is None:
        raise NotFound(f"no grant {grant_id}; `vigil perk grants` lists them")
    return row[0], row[1]
