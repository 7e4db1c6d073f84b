"""Perks: adding, finding, listing and closing them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from store import audit
from store.database import Database
from store.errors import Conflict, NotFound, StoreError
from store.perk_records import Eligibility, NewPerk, Perk, PerkKind
from store.vault import Vault, context_of

LONGEST_NAME = 60

FREE = "v.spoiled_at IS NULL AND NOT EXISTS (SELECT 1 FROM grants b WHERE b.voucher_id = v.id)"
"""What a voucher `v` is that can be given."""

_PERK = (
    "SELECT p.id, p.name, p.kind, p.text, p.stock, p.taken,"
    " CASE WHEN p.kind = 'code' AND p.closed_at IS NULL THEN"
    f" (SELECT count(*) FROM vouchers v WHERE v.perk_id = p.id AND {FREE}) END,"
    " p.valid_from, p.valid_until, p.eligibility, p.per_member, p.cost, p.approval_from, p.points, p.redeem_word,"
    " p.draw_id, p.closed_at FROM perks p"
)


def add(db: Database, new: NewPerk, staff: str, now: float, *, secret: str = "", vault: Vault | None = None) -> int:
    """Store a perk that was checked; returns its id. `secret` is what a fixed one gives, sealed in the `vault`.

    Raises StoreError for a name that cannot be, Conflict for one that is taken, NotFound for an unknown draw.
    """
    name = check_name(new.name)
    with db.transaction(durable=True):
        if db.value("SELECT id FROM perks WHERE name = ?", (name,)) is not None:
            raise Conflict(f"a perk {name!r} is there already; a perk keeps its name when it is closed")
        draw_id = _open_draw(db, new.draw) if new.kind is PerkKind.DRAW else None
        number = int(
            db.execute(
                "INSERT INTO perks (name, kind, text, stock, valid_from, valid_until, eligibility, per_member, cost,"
                " approval_from, points, draw_id, redeem_word, added_by, added_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (name, new.kind, new.text, new.stock, new.valid_from, new.valid_until, _written(new.eligibility),
                 new.per_member, new.cost, new.approval_from, new.points, draw_id, new.redeem_word, staff, now),
            ).lastrowid
            or 0
        )  # fmt: skip
        if vault is not None:
            vault.confirm(db)
            sealed = vault.seal(secret.encode(), context_of("perks", number))
            db.execute("UPDATE perks SET fixed = ? WHERE id = ?", (sealed, number))
        audit.record(
            db, now, staff, "perk.add", name, id=number, kind=new.kind, stock=new.stock, cost=new.cost,
            per_member=new.per_member, approval_from=new.approval_from, points=new.points, eligibility=new.eligibility,
        )  # fmt: skip
    return number


def check_name(name: str) -> str:
    """The name, fit for logs and commands. Raises StoreError."""
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name.lstrip("#").isdecimal():
        raise StoreError(f"a perk's name has 1 to {LONGEST_NAME} printable characters, and is no number")
    return name


def close(db: Database, perk_id: int, staff: str, now: float) -> None:
    """Give it to nobody any more; what was given stays. Raises NotFound, Conflict when it is closed."""
    with db.transaction(durable=True):
        perk = get(db, perk_id)
        if perk.closed_at is not None:
            raise Conflict(f"the perk {perk.name!r} is closed already")
        db.execute("UPDATE perks SET closed_at = ? WHERE id = ?", (now, perk_id))
        audit.record(db, now, staff, "perk.close", perk.name, id=perk_id)


def get(db: Database, perk_id: int) -> Perk:
    """Raises NotFound."""
    row = db.execute(f"{_PERK} WHERE p.id = ?", (perk_id,)).fetchone()
    if row is None:
        raise NotFound(f"no perk {perk_id}; `vigil perk list` names them")
    return _perk(row)


def listed(db: Database, *, closed: bool = False) -> list[Perk]:
    """Perks by name, with `closed` also those."""
    where = "" if closed else " WHERE p.closed_at IS NULL"
    return [_perk(row) for row in db.execute(f"{_PERK}{where} ORDER BY p.name")]


def find(db: Database, text: str) -> int:
    """The id of the perk meant by `text`: its name, id, or letters that only one open perk begins with. Raises
    NotFound, naming those it could mean."""
    wanted = unicodedata.normalize("NFC", " ".join(text.split()))
    rows: list[tuple[int, str, float | None]] = db.execute(
        "SELECT id, name, closed_at FROM perks ORDER BY name"
    ).fetchall()
    tests: tuple[Callable[[int, str], bool], ...] = (
        lambda number, name: name == wanted,
        lambda number, name: str(number) == wanted.removeprefix("#"),
        lambda number, name: name.casefold() == wanted.casefold(),
    )
    for fits in tests:
        if found := [number for number, name, _ in rows if fits(number, name)]:
            return found[0]
    begins = [(number, name) for number, name, closed in rows
              if closed is None and wanted and name.casefold().startswith(wanted.casefold())]  # fmt: skip
    if len(begins) == 1:
        return begins[0][0]
    named = ", ".join(name for _, name in begins) or ", ".join(name for _, name, closed in rows if closed is None)
    raise NotFound(f"no single perk is called {text!r}; there are: {named or 'none'}")


def _perk(row: Sequence[Any]) -> Perk:
    number, name, kind, text, stock, taken, free, valid_from, valid_until, eligibility, *rest = row
    left = None if stock is None else stock - taken
    if free is not None:
        left = free if left is None else min(left, free)
    who = msgspec.json.decode(eligibility, type=Eligibility)
    return Perk(number, name, PerkKind(kind), text, stock, taken, left, valid_from, valid_until, who, *rest)


def _written(eligibility: Eligibility) -> str:
    return msgspec.json.encode(eligibility).decode()


def _open_draw(db: Database, name: str) -> int:
    row = db.execute("SELECT id, state FROM draws WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFound(f"no draw {name!r}; `vigil draw list` names them")
    if row[1] != "open":
        raise Conflict(f"the draw {name!r} is {row[1]}: nobody can enter it any more")
    return int(row[0])
