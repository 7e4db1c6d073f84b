"""Grants: a perk reserved for one member, sent, settled, or given back; never twice and never lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from store import audit, ledger, vouchers
from store.database import Database
from store.errors import Conflict, NotFound
from store.perk_records import Candidate, Grant, GrantState, Perk, PerkKind
from store.records import ActionKind, ActionState

IN_FORCE = (GrantState.RESERVED, GrantState.SENT, GrantState.UNKNOWN)
"""What holds stock, a slot, a code and points."""

_GRANT = (
    "SELECT g.id, g.dispatch_id, p.name, p.kind, g.member_id, coalesce(nullif(m.name, ''), m.key), g.state, g.result,"
    " g.voucher_id IS NOT NULL OR p.fixed IS NOT NULL, d.staff, g.made_at, g.sent_at, g.redeemed_at, g.fulfilled_at"
    " FROM grants g JOIN perks p ON p.id = g.perk_id JOIN members m ON m.id = g.member_id"
    " JOIN dispatches d ON d.id = g.dispatch_id"
)


def propose(db: Database, perk: Perk, dispatch_id: int, candidates: Sequence[Candidate], now: float) -> None:
    """Note for whom it is asked; nothing is reserved. Call it in a transaction."""
    db.executemany(
        "INSERT INTO grants (dispatch_id, perk_id, member_id, group_id, slot, state, layer, tier, made_at)"
        " VALUES (?, ?, ?, ?, 0, 'proposed', ?, ?, ?)",
        [(dispatch_id, perk.id, c.member_id, c.group_id, c.layer, c.tier, now) for c in candidates],
    )


def reserve(
    db: Database,
    perk: Perk,
    dispatch_id: int,
    candidates: Sequence[Candidate],
    texts: Sequence[str],
    staff: str,
    not_before: float,
    now: float,
) -> None:
    """Bind the perk to these members, who were checked in the same durable transaction: stock, slot, code and points,
    the entry into a draw, and the message in the outbox, one of `texts` each. Without a text it is given at once.

    Those who were proposed in this dispatch have their grant already; others get one.
    """
    first = int(db.value("SELECT coalesce(max(id), 0) FROM grants")) + 1
    known = _proposed(db, dispatch_id)
    numbers = [known.get(one.member_id, number) for number, one in enumerate(candidates, first)]
    codes: Sequence[int | None] = [None] * len(candidates)
    if perk.kind is PerkKind.CODE:
        codes = vouchers.free(db, perk.id, len(candidates))
    db.execute("UPDATE perks SET taken = taken + ? WHERE id = ?", (len(candidates), perk.id))
    db.executemany(
        "INSERT INTO grants (id, dispatch_id, perk_id, member_id, group_id, slot, voucher_id, state, layer, tier,"
        " made_at, reserved_at, sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET group_id = excluded.group_id, slot = excluded.slot,"
        " voucher_id = excluded.voucher_id, state = excluded.state, layer = excluded.layer, tier = excluded.tier,"
        " reserved_at = excluded.reserved_at, sent_at = excluded.sent_at WHERE grants.state = 'proposed'",
        [
            (number, dispatch_id, perk.id, one.member_id, one.group_id, one.slot, code,
             GrantState.RESERVED if text else GrantState.SENT, one.layer, one.tier, now, now, None if text else now)
            for number, one, code, text in zip(numbers, candidates, codes, texts, strict=True)
        ],
    )  # fmt: skip
    entries = [
        ledger.Entry(f"grant.{number}.{what}", one.member_id, points, kind, now, one.group_id, grant_id=number)
        for what, points, kind in (("spent", -perk.cost, "spent"), ("given", perk.points, "perk"))
        for number, one in zip(numbers, candidates, strict=True)
        if points
    ]
    ledger.add_all(db, entries)
    if perk.kind is PerkKind.DRAW:
        db.executemany(
            "INSERT INTO draw_entries (draw_id, member_id, group_id, how, at) VALUES (?, ?, ?, 'perk', ?)"
            " ON CONFLICT (draw_id, member_id) DO UPDATE SET group_id = excluded.group_id, how = excluded.how,"
            " at = excluded.at, withdrawn_at = NULL",
            [(perk.draw_id, one.member_id, one.group_id, now) for one in candidates],
        )
    store = db.value("SELECT id FROM identity")
    db.executemany(
        "INSERT INTO actions (key, kind, group_id, member_id, text, state, not_before, created_at, grant_id)"
        " VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?, ?)",
        [
            (f"{store}.grant.{number}", ActionKind.SEND, one.group_id, one.member_id, text, not_before, now, number)
            for number, one, text in zip(numbers, candidates, texts, strict=True)
            if text
        ],
    )
    audit.record_all(
        db, now, staff, "perk.grant",
        [(str(number), {"perk": perk.name, "member": one.member_id, "dispatch": dispatch_id})
         for number, one in zip(numbers, candidates, strict=True)],
    )  # fmt: skip


def decline(db: Database, dispatch_id: int, results: Mapping[int, str], now: float) -> None:
    """Note why members who were proposed in a dispatch do not get it, by member. Call it in a transaction."""
    db.executemany(
        "UPDATE grants SET state = 'returned', result = ?, returned_at = ?"
        " WHERE dispatch_id = ? AND member_id = ? AND state = 'proposed'",
        [(result, now, dispatch_id, member) for member, result in results.items()],
    )


def proposed(db: Database, dispatch_id: int) -> list[int]:
    """The members for whom a dispatch asks, in its order."""
    return list(_proposed(db, dispatch_id))


def _proposed(db: Database, dispatch_id: int) -> dict[int, int]:
    rows = db.execute(
        "SELECT member_id, id FROM grants WHERE dispatch_id = ? AND state = 'proposed' ORDER BY id", (dispatch_id,)
    )
    return dict(rows.fetchall())


def follow(db: Database, grant_id: int, action: ActionState, result: str, now: float) -> None:
    """Let a grant follow what became of its message. Call it in the transaction that notes it."""
    if action is ActionState.DONE:
        db.execute(
            "UPDATE grants SET state = 'sent', sent_at = ?, result = ? WHERE id = ? AND state = 'reserved'",
            (now, result, grant_id),
        )
    elif action is ActionState.UNKNOWN:
        db.execute(
            "UPDATE grants SET state = 'unknown', result = ? WHERE id = ? AND state = 'reserved'", (result, grant_id)
        )
    elif action is ActionState.FAILED:
        give_back(db, [grant_id], (GrantState.RESERVED,), result, "", now)


def give_back(
    db: Database, numbers: Sequence[int], states: Sequence[GrantState], result: str, staff: str, now: float
) -> int:
    """Return those of the grants that are in one of these states: stock, slot, code, points, and the entry into a draw
    that is still open. A spoiled code stays with its grant. Returns how many. Call it in a durable transaction."""
    ids = msgspec.json.encode(numbers).decode()
    marks = ",".join("?" * len(states))
    rows = db.execute(
        "UPDATE grants SET state = 'returned', returned_at = ?, result = ?, voucher_id ="
        " (SELECT v.id FROM vouchers v WHERE v.id = grants.voucher_id AND v.spoiled_at IS NOT NULL)"
        f" WHERE id IN (SELECT value FROM json_each(?)) AND state IN ({marks}) RETURNING id, perk_id",
        (now, result, ids, *states),
    ).fetchall()
    returned = msgspec.json.encode([row[0] for row in rows]).decode()
    counts = Counter(row[1] for row in rows)
    db.executemany("UPDATE perks SET taken = taken - ? WHERE id = ?", [(n, perk_id) for perk_id, n in counts.items()])
    # The plus keeps SQLite from looking through all rows that reverse nothing.
    keys = db.execute(
        "SELECT l.key FROM json_each(?) c CROSS JOIN ledger l ON l.grant_id = c.value WHERE +l.reverses IS NULL"
        " ORDER BY l.id",
        (returned,),
    ).fetchall()
    for (key,) in keys:
        ledger.reverse(db, key, f"{key}.back", "returned", staff, now)
    # An entry that was published stays: the list of entrants must be the one that was.
    db.execute(
        "UPDATE draw_entries SET withdrawn_at = ?1 WHERE how = 'perk' AND withdrawn_at IS NULL"
        " AND (draw_id, member_id) IN (SELECT p.draw_id, g.member_id FROM json_each(?2) c"
        " CROSS JOIN grants g ON g.id = c.value JOIN perks p ON p.id = g.perk_id JOIN draws d ON d.id = p.draw_id"
        " WHERE p.kind = 'draw' AND d.state = 'open')",
        (now, returned),
    )
    return len(rows)


def settle(db: Database, grant_id: int, staff: str, *, arrived: bool, now: float) -> None:
    """A person's word on a message of which nobody knows whether it arrived. What did not arrive gives back stock,
    slot and points, but its code is given to nobody any more. Call it in a durable transaction. Raises NotFound,
    Conflict."""
    state = _state(db, grant_id)
    if state is not GrantState.UNKNOWN:
        raise Conflict(f"grant {grant_id} is {state}: only one that is unknown needs a person's word")
    if not arrived and (by := db.value("SELECT redeemed_by FROM grants WHERE id = ?", (grant_id,))):
        raise Conflict(f"grant {grant_id} is redeemed, marked by {by}: what was used has arrived")
    if arrived:
        db.execute("UPDATE grants SET state = 'sent', sent_at = ? WHERE id = ?", (now, grant_id))
    else:
        vouchers.spoil(db, grant_id, now)
        give_back(db, [grant_id], (GrantState.UNKNOWN,), "did not arrive", staff, now)
    action = ActionState.DONE if arrived else ActionState.FAILED
    db.execute("UPDATE actions SET state = ? WHERE grant_id = ? AND state = 'unknown'", (action, grant_id))
    audit.record(db, now, staff, "grant.settle", str(grant_id), arrived=arrived)


def fulfil(db: Database, grant_id: int, staff: str, now: float) -> None:
    """Note that a gift was handed over, or a seat taken. Call it in a durable transaction. Raises NotFound,
    Conflict."""
    state = _state(db, grant_id)
    kind, by = db.execute(
        "SELECT p.kind, g.fulfilled_by FROM grants g JOIN perks p ON p.id = g.perk_id WHERE g.id = ?", (grant_id,)
    ).fetchone()
    if kind not in (PerkKind.GIFT, PerkKind.SEAT):
        raise Conflict(f"grant {grant_id} is of kind {kind}: only a gift or a seat is handed over by a person")
    if state is not GrantState.SENT:
        raise Conflict(f"grant {grant_id} is {state}: it is handed over once it was sent")
    if by:
        raise Conflict(f"grant {grant_id}: {by} has handed it over already")
    db.execute("UPDATE grants SET fulfilled_at = ?, fulfilled_by = ? WHERE id = ?", (now, staff, grant_id))
    audit.record(db, now, staff, "grant.fulfil", str(grant_id))


def get(db: Database, grant_id: int) -> Grant:
    """Raises NotFound."""
    row = db.execute(f"{_GRANT} WHERE g.id = ?", (grant_id,)).fetchone()
    if row is None:
        raise NotFound(f"no grant {grant_id}; `vigil perk grants` lists them")
    return _grant(row)


def listed(
    db: Database,
    *,
    perk_id: int | None = None,
    member_id: int | None = None,
    dispatch_id: int | None = None,
    states: Sequence[GrantState] = (),
    limit: int = 1_000,
) -> list[Grant]:
    """Grants, the newest first; of a perk, a member, a dispatch, or in one of these states, if given."""
    where, values = ["1"], []
    for column, value in (("g.perk_id", perk_id), ("g.member_id", member_id), ("g.dispatch_id", dispatch_id)):
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    if states:
        where.append(f"g.state IN ({','.join('?' * len(states))})")
    rows = db.execute(f"{_GRANT} WHERE {' AND '.join(where)} ORDER BY g.id DESC LIMIT ?", (*values, *states, limit))
    return [_grant(row) for row in rows]


def _grant(row: Sequence[Any]) -> Grant:
    number, dispatch_id, perk, kind, member_id, member, state, result, code, *rest = row
    return Grant(
        number, dispatch_id, perk, PerkKind(kind), member_id, member, GrantState(state), result, bool(code), *rest
    )


def _state(db: Database, grant_id: int) -> GrantState:
    found = db.value("SELECT state FROM grants WHERE id = ?", (grant_id,))
    if found is None:
        raise NotFound(f"no grant {grant_id}; `vigil perk grants` lists them")
    return GrantState(found)
