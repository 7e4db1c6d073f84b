"""Dispatches: one perk to a set of members, given or asked for, each known by a key that makes it count once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store import audit, grants
from store.database import Database
from store.errors import Conflict, NotFound
from store.perk_records import Cause, DispatchState, GrantState, PerkKind

NAMED = 5


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A dispatch as it stands. `answered_by` is "" where nobody had to answer; `members` counts those it gave the perk
    or asks for."""

    id: int
    version: int
    perk_id: int
    perk: str
    kind: PerkKind
    cause: Cause
    state: DispatchState
    staff: str
    reason: str
    asked_at: float
    answered_by: str
    members: int


_DISPATCH = (
    "SELECT d.id, d.version, d.perk_id, p.name, p.kind, d.cause, d.state, d.staff, d.reason, d.asked_at, d.answered_by,"
    " (SELECT count(*) FROM grants g WHERE g.dispatch_id = d.id AND g.state <> 'returned')"
    " FROM dispatches d JOIN perks p ON p.id = d.perk_id"
)


def open_(
    db: Database, key: str, perk_id: int, cause: Cause, staff: str, reason: str, now: float, *, approved: bool
) -> int:
    """Begin a dispatch whose key is new; returns its id. Call it in a durable transaction."""
    state = DispatchState.APPROVED if approved else DispatchState.PROPOSED
    number = db.execute(
        "INSERT INTO dispatches (key, perk_id, cause, state, staff, reason, asked_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, perk_id, cause, state, staff, reason, now),
    ).lastrowid
    return int(number or 0)


def told(db: Database, dispatch_id: int, event: str, staff: str, members: int, now: float, *, reason: str = "") -> None:
    """The audit row of a dispatch: asked for, given, approved, rejected, undone."""
    audit.record(db, now, staff, event, str(dispatch_id), members=members, reason=reason)


def known(db: Database, key: str) -> Dispatch | None:
    """The dispatch that was made with this key."""
    return _one(db, "d.key = ?", key)


def get(db: Database, dispatch_id: int) -> Dispatch:
    """Raises NotFound."""
    found = _one(db, "d.id = ?", dispatch_id)
    if found is None:
        raise NotFound(f"no dispatch {dispatch_id}; `vigil perk grants` lists what was given and what waits")
    return found


def waiting(db: Database) -> list[Dispatch]:
    """Those that wait for an admin, the oldest first."""
    return [_read(row) for row in db.execute(f"{_DISPATCH} WHERE d.state = 'proposed' ORDER BY d.id")]


def names(db: Database, dispatch_id: int) -> tuple[str, ...]:
    """The names of the first few members of a dispatch."""
    rows = db.execute(
        "SELECT coalesce(nullif(m.name, ''), m.key) FROM grants g JOIN members m ON m.id = g.member_id"
        " WHERE g.dispatch_id = ? ORDER BY g.id LIMIT ?",
        (dispatch_id, NAMED),
    )
    return tuple(row[0] for row in rows)


def answer(
    db: Database, dispatch_id: int, state: DispatchState, staff: str, words: str, version: int | None, now: float
) -> Dispatch:
    """An admin's yes or no; of two at once one wins. Call it in a durable transaction. Raises NotFound, Conflict."""
    before = get(db, dispatch_id)
    changed = db.execute(
        "UPDATE dispatches SET state = ?, version = version + 1, answered_by = ?, answered_at = ?, answer = ?"
        " WHERE id = ? AND state = 'proposed' AND version = ? RETURNING id",
        (state, staff, now, words, dispatch_id, before.version if version is None else version),
    ).fetchall()
    if not changed:
        raise Conflict(_told(db, before))
    return before


def undo(db: Database, dispatch_id: int, staff: str, now: float) -> tuple[int, int]:
    """Take back what nobody was told of yet; returns how many grants came back, and how many stay. Call it in a
    durable transaction. Raises NotFound, Conflict when nothing can come back."""
    before = get(db, dispatch_id)
    if before.state is DispatchState.REJECTED:
        raise Conflict(_told(db, before))
    numbers = [
        row[0]
        for row in db.execute(
            "UPDATE actions SET state = 'withdrawn', finished_at = ? WHERE state = 'waiting' AND NOT perhaps_done"
            " AND grant_id IN (SELECT id FROM grants WHERE dispatch_id = ?) RETURNING grant_id",
            (now, dispatch_id),
        ).fetchall()
    ]
    # What was given without a message can come back as well, until it was used.
    numbers += [
        row[0]
        for row in db.execute(
            "SELECT g.id FROM grants g WHERE g.dispatch_id = ? AND (g.state = 'proposed' OR g.state = 'sent'"
            " AND g.redeemed_at IS NULL AND g.fulfilled_at IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM actions a WHERE a.grant_id = g.id))",
            (dispatch_id,),
        )
    ]
    states = (GrantState.RESERVED, GrantState.SENT)
    count = grants.give_back(db, numbers, states, "taken back", staff, now)
    asked = grants.proposed(db, dispatch_id)
    grants.decline(db, dispatch_id, dict.fromkeys(asked, "taken back"), now)
    count += len(asked)
    if not count:
        raise Conflict(f"dispatch {dispatch_id} of {before.perk!r} cannot be taken back: it was sent already")
    db.execute("UPDATE dispatches SET state = 'undone', version = version + 1 WHERE id = ?", (dispatch_id,))
    told(db, dispatch_id, "dispatch.undo", staff, count, now)
    return count, get(db, dispatch_id).members


def latest_of(db: Database, staff: str, since: float) -> tuple[int, float] | None:
    """The latest dispatch that this person made or answered, whether or not it was sent, and when that was. What
    somebody else has answered is theirs."""
    found = db.execute(
        "SELECT d.id, coalesce(d.answered_at, d.asked_at) AS at FROM dispatches d"
        " WHERE coalesce(nullif(d.answered_by, ''), d.staff) = ? AND at >= ? AND d.state IN ('proposed', 'approved')"
        " ORDER BY at DESC, d.id DESC LIMIT 1",
        (staff, since),
    ).fetchone()
    return None if found is None else (int(found[0]), float(found[1]))


def _one(db: Database, where: str, value: object) -> Dispatch | None:
    row = db.execute(f"{_DISPATCH} WHERE {where}", (value,)).fetchone()
    return _read(row) if row else None


def _read(row: tuple[object, ...]) -> Dispatch:
    number, version, perk_id, perk, kind, cause, state, *rest = row
    return Dispatch(number, version, perk_id, perk, PerkKind(kind), Cause(cause), DispatchState(state), *rest)  # type: ignore[arg-type]


def _told(db: Database, dispatch: Dispatch) -> str:
    by, at, state = db.execute(
        "SELECT coalesce(nullif(answered_by, ''), staff), coalesce(answered_at, asked_at), state FROM dispatches"
        " WHERE id = ?",
        (dispatch.id,),
    ).fetchone()
    when = datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")
    if state == DispatchState.PROPOSED:
        return f"dispatch {dispatch.id} of {dispatch.perk!r} has changed; look at it again"
    return f"dispatch {dispatch.id} of {dispatch.perk!r}: {by} {state} it at {when}"
