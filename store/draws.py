"""Draws: opened, entered, closed with a list, drawn once, and redrawn; each step a compare-and-set."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from store import audit
from store.database import Database
from store.draw_records import Draw, DrawState, NewDraw, Place, PlaceState
from store.errors import Conflict, NotFound
from store.perk_records import Eligibility
from store.secret import Secret
from store.vault import Vault, context_of

_DRAW = (
    "SELECT d.id, d.name, d.state, d.version, d.winners, d.word, d.eligibility, d.without_winners, d.public_value_of,"
    " d.public_value, d.secret_sha256, d.entries_sha256, d.revealed, CASE d.state WHEN 'open' THEN (SELECT count(*)"
    " FROM draw_entries e WHERE e.draw_id = d.id AND e.withdrawn_at IS NULL) ELSE d.entry_count END,"
    " d.opened_by, d.opened_at, d.committed_at, d.drawn_at FROM draws d"
)

_ENTER = (
    "INSERT INTO draw_entries (draw_id, member_id, group_id, how, at) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (draw_id, member_id) DO UPDATE SET group_id = excluded.group_id, how = excluded.how,"
    " at = excluded.at, withdrawn_at = NULL WHERE withdrawn_at IS NOT NULL"
)


def add(db: Database, new: NewDraw, secret: bytes, secret_sha256: str, vault: Vault, staff: str, now: float) -> int:
    """Open a draw that was checked; returns its id. Call it in a durable transaction. Raises Conflict for a name that
    is taken."""
    if db.value("SELECT 1 FROM draws WHERE name = ?", (new.name,)):
        raise Conflict(f"a draw {new.name!r} is there already; a draw keeps its name for good")
    vault.confirm(db)
    newest = db.value("SELECT max(time) FROM messages")
    number = int(
        db.execute(
            "INSERT INTO draws (name, state, winners, word, eligibility, without_winners, public_value_of,"
            " secret_sha256, heard_after, opened_by, opened_at) VALUES (?, 'open', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (new.name, new.winners, new.word,
             "" if new.eligible is None else msgspec.json.encode(new.eligible).decode(), new.without_winners,
             new.public_value_of, secret_sha256, None if newest is None else min(newest, now), staff, now),
        ).lastrowid
        or 0
    )  # fmt: skip
    sealed = vault.seal(secret, context_of("draws", number))
    db.execute("UPDATE draws SET secret = ? WHERE id = ?", (sealed, number))
    audit.record(
        db, now, staff, "draw.open", new.name, id=number, winners=new.winners, word=new.word, eligible=new.eligible,
        without_winners=new.without_winners, public_value_of=new.public_value_of, secret_sha256=secret_sha256,
    )  # fmt: skip
    return number


def find(db: Database, text: str) -> int:
    """The id of the draw of that name, in any case, or of that id. Raises NotFound, naming what there is."""
    wanted = " ".join(text.split())
    number = wanted.removeprefix("#")
    for where, value in (
        ("name = ?", wanted),
        ("name = ? COLLATE NOCASE", wanted),
        ("id = ?", int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0),
    ):
        found = db.execute(f"SELECT id FROM draws WHERE {where} LIMIT 2", (value,)).fetchall()
        if len(found) == 1:
            return int(found[0][0])
    rows = db.execute("SELECT name FROM draws ORDER BY id DESC LIMIT 6").fetchall()
    named = ", ".join(name for (name,) in rows[:5]) + (" and more" if len(rows) > 5 else "")
    raise NotFound(f"no draw {text!r}; there are: {named or 'none'}")


def get(db: Database, draw_id: int) -> Draw:
    """Raises NotFound."""
    row = db.execute(f"{_DRAW} WHERE d.id = ?", (draw_id,)).fetchone()
    if row is None:
        raise NotFound(f"no draw {draw_id}; `vigil draw list` names them")
    return _draw(row)


def listed(db: Database) -> list[Draw]:
    """All draws, the newest first."""
    return [_draw(row) for row in db.execute(f"{_DRAW} ORDER BY d.id DESC")]


def entries(db: Database, draw_id: int) -> str:
    """The list that was published, "" before."""
    return str(db.value("SELECT entries FROM draws WHERE id = ?", (draw_id,)) or "")


def words(db: Database) -> list[tuple[int, str, float | None]]:
    """Id, word and time of opening, as the messages tell it, of the open draws that have a word."""
    return db.execute("SELECT id, word, heard_after FROM draws WHERE state = 'open' AND word <> ''").fetchall()


def enter(db: Database, draw_id: int, members: Iterable[tuple[int, int | None]], how: str, now: float) -> int:
    """Let members in, each with the group they entered from; returns how many had not entered. Call it in a transaction
    in which the draw was seen to be open."""
    return db.executemany(
        _ENTER, ((draw_id, member_id, group_id, how, now) for member_id, group_id in members)
    ).rowcount


def enter_by_hand(db: Database, draw_id: int, members: Collection[int], staff: str, now: float) -> int:
    """`enter`, by a person. Call it in a durable transaction. Raises NotFound, Conflict when it is not open."""
    draw = get(db, draw_id)
    if draw.state is not DrawState.OPEN:
        raise Conflict(f"{_told(draw)}: nobody can enter it any more")
    entered = enter(db, draw_id, ((member, None) for member in dict.fromkeys(members)), "hand", now)
    if entered:
        audit.record(db, now, staff, "draw.enter", draw.name, id=draw_id, members=sorted(members))
    return entered


def commit(db: Database, draw: Draw, text: str, sha256: str, count: int, staff: str, now: float) -> None:
    """Close the list. Call it in the durable transaction in which `draw` was read. Raises Conflict."""
    _change(db, draw, DrawState.COMMITTED, "entries = ?, entries_sha256 = ?, entry_count = ?, committed_at = ?",
            (text, sha256, count, now))  # fmt: skip
    audit.record(
        db, now, staff, "draw.commit", draw.name, id=draw.id, entries=count, list_sha256=sha256,
        secret_sha256=draw.secret_sha256,
    )  # fmt: skip


def secret(db: Database, draw: Draw, vault: Vault) -> Secret:
    """What was made when the draw was opened. Raises Damaged."""
    sealed = db.value("SELECT secret FROM draws WHERE id = ?", (draw.id,)) or b""
    return vault.open(sealed, context_of("draws", draw.id))


def hold(
    db: Database, draw: Draw, revealed: str, public_value: str, found: Sequence[Place], staff: str, now: float
) -> None:
    """Note the places drawn, and publish the secret. Call it in the durable transaction in which `draw` was read.
    Raises Conflict."""
    _change(db, draw, DrawState.DRAWN, "revealed = ?, public_value = ?, secret = NULL, drawn_at = ?",
            (revealed, public_value, now))  # fmt: skip
    _place(db, draw.id, found, staff, now)
    audit.record(
        db, now, staff, "draw.draw", draw.name, id=draw.id, public_value=public_value,
        winners=[one.member_id for one in found if one.state is PlaceState.WINNER],
        skipped=[one.member_id for one in found if one.state is PlaceState.SKIPPED],
    )  # fmt: skip


def redraw(db: Database, draw: Draw, old: Place, found: Sequence[Place], reason: str, staff: str, now: float) -> None:
    """Give the seat of the winner `old` to the last of the places `found`; those before are skipped. Call it in the
    durable transaction in which `draw` was read. Raises Conflict."""
    _change(db, draw, DrawState.DRAWN, "public_value = public_value", ())
    db.execute(
        "UPDATE draw_winners SET state = 'replaced', reason = ?, staff = ? WHERE draw_id = ? AND place = ?",
        (reason, staff, draw.id, old.place),
    )
    _place(db, draw.id, found, staff, now)
    audit.record(
        db, now, staff, "draw.redraw", draw.name, id=draw.id, instead_of=old.member_id, winner=found[-1].member_id,
        skipped=[one.member_id for one in found[:-1]], reason=reason,
    )  # fmt: skip


def cancel(db: Database, draw: Draw, staff: str, now: float) -> None:
    """Call it in the durable transaction in which `draw` was read. Raises Conflict for one that was drawn."""
    if draw.state not in (DrawState.OPEN, DrawState.COMMITTED):
        raise Conflict(f"{_told(draw)}, so it cannot be cancelled")
    _change(db, draw, DrawState.CANCELLED, "secret = NULL, entry_count = ?", (draw.entries,))
    audit.record(db, now, staff, "draw.cancel", draw.name, id=draw.id, state=draw.state)


def places(db: Database, draw_id: int) -> list[Place]:
    """The places that were needed, in order."""
    rows = db.execute(
        "SELECT place, entry, member_id, state, instead_of, reason FROM draw_winners WHERE draw_id = ? ORDER BY place",
        (draw_id,),
    )
    return [Place(row[0], row[1], row[2], PlaceState(row[3]), row[4], row[5]) for row in rows]


def note_post(db: Database, draw: Draw, group_id: int, staff: str, now: float) -> None:
    """That a group is told of the draw. Call it in the transaction that queues it."""
    audit.record(db, now, staff, "draw.post", draw.name, id=draw.id, state=draw.state, group=group_id)


def _change(db: Database, draw: Draw, state: DrawState, more: str, values: Sequence[object]) -> None:
    changed = db.execute(
        f"UPDATE draws SET state = ?, version = version + 1, {more} WHERE id = ? AND state = ? AND version = ?"
        " RETURNING id",
        (state, *values, draw.id, draw.state, draw.version),
    ).fetchall()
    if not changed:
        raise Conflict(f"{_told(get(db, draw.id))}: it has changed since it was looked at; look again")


def _place(db: Database, draw_id: int, found: Sequence[Place], staff: str, now: float) -> None:
    db.executemany(
        "INSERT INTO draw_winners (draw_id, place, entry, member_id, state, instead_of, reason, staff, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (draw_id, one.place, one.entry, one.member_id, one.state, one.instead_of, one.reason, staff, now)
            for one in found
        ],
    )


def _told(draw: Draw) -> str:
    at = draw.drawn_at if draw.state is DrawState.DRAWN else draw.committed_at
    when = "" if at is None else datetime.fromtimestamp(at).astimezone().strftime(" at %Y-%m-%d %H:%M:%S")
    state = {DrawState.DRAWN: "was drawn", DrawState.COMMITTED: "was closed"}.get(draw.state, f"is {draw.state}")
    return f"the draw {draw.name!r} {state}{when}"


def _draw(row: Sequence[Any]) -> Draw:
    number, name, state, version, winners, word, eligible, without, *rest = row
    who = msgspec.json.decode(eligible, type=Eligibility) if eligible else None
    return Draw(number, name, DrawState(state), version, winners, word, who, bool(without), *rest)
