"""Vouchers: the single-use codes of a perk, sealed before they reach the store, each given to one member."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from store import audit
from store.database import Database
from store.errors import NotFound, StoreError
from store.perk_records import Imported
from store.perks import FREE
from store.secret import Secret
from store.vault import Vault, context_of, voucher_context

MOST_AT_ONCE = 200_000
"""Codes in one import: all of them are stored in one transaction, or none, and others wait that long."""

_PART = 500
_NAMED = 8


class DuplicateCodes(StoreError):
    """Codes that are there already, or twice in what was to be imported: the text names lines, never a code."""


def add(
    db: Database,
    vault: Vault,
    perk_id: int,
    codes: Sequence[tuple[int, str]],
    staff: str,
    now: float,
    *,
    skip_duplicates: bool = False,
    progress: Callable[[int], object] = lambda count: None,
) -> Imported:
    """Store codes, each with the number of its line; none of them unless all are new, or those that are new with
    `skip_duplicates`. `progress` is told how many more were encrypted.

    Raises DuplicateCodes, Conflict when the key was changed meanwhile, NotFound.
    """
    lines: dict[bytes, int] = {}
    twice: list[int] = []
    sealed: list[tuple[bytes, bytes]] = []
    for start in range(0, len(codes), _PART):
        part = codes[start : start + _PART]
        for line, code in part:
            mark = vault.fingerprint(code)
            if mark in lines:
                twice.append(line)
                continue
            lines[mark] = line
            sealed.append((vault.seal(code.encode(), voucher_context(perk_id, mark)), mark))
        progress(len(part))
    if twice and not skip_duplicates:
        raise DuplicateCodes(f"{_lines(twice)} there twice; nothing was imported (--skip-duplicates passes over them)")
    # What was encrypted before needs little of the time during which nobody else can write.
    with db.transaction(durable=True):
        vault.confirm(db)
        if db.value("SELECT id FROM perks WHERE id = ? AND closed_at IS NULL", (perk_id,)) is None:
            raise NotFound(f"no open perk {perk_id}; `vigil perk list` names them")
        known = {mark for _, mark in sealed if db.value("SELECT 1 FROM vouchers WHERE fingerprint = ?", (mark,))}
        if known and not skip_duplicates:
            there = _lines([lines[mark] for mark in known])
            raise DuplicateCodes(
                f"{there} in the store already; nothing was imported (--skip-duplicates passes over them)"
            )
        fresh = [(perk_id, code, mark, staff, now) for code, mark in sealed if mark not in known]
        db.executemany(
            "INSERT INTO vouchers (perk_id, code, fingerprint, added_by, added_at) VALUES (?, ?, ?, ?, ?)", fresh
        )
        skipped = len(twice) + len(known)
        audit.record(db, now, staff, "perk.import", str(perk_id), codes=len(fresh), skipped=skipped)
    return Imported(len(fresh), skipped)


def free(db: Database, perk_id: int, limit: int) -> list[int]:
    """Ids of codes that nobody has, in the order they came."""
    found = db.execute(
        f"SELECT v.id FROM vouchers v WHERE v.perk_id = ? AND {FREE} ORDER BY v.id LIMIT ?", (perk_id, limit)
    )
    return [row[0] for row in found]


def secret_of(db: Database, vault: Vault, grant_id: int) -> Secret:
    """The code that a grant gives, its own or the perk's. Raises NotFound for one without, Damaged."""
    row = db.execute(
        "SELECT p.id, p.fixed, v.code, v.fingerprint FROM grants g JOIN perks p ON p.id = g.perk_id"
        " LEFT JOIN vouchers v ON v.id = g.voucher_id WHERE g.id = ?",
        (grant_id,),
    ).fetchone()
    if row is None:
        raise NotFound(f"no grant {grant_id}; `vigil perk grants` lists them")
    perk_id, fixed, code, mark = row
    if code is not None:
        return vault.open(code, voucher_context(perk_id, mark))
    if fixed is not None:
        return vault.open(fixed, context_of("perks", perk_id))
    raise NotFound(f"no code belongs to grant {grant_id}")


def find(db: Database, vault: Vault, code: str) -> int | None:
    """The id of the voucher with this code, None for none."""
    found = db.value("SELECT id FROM vouchers WHERE fingerprint = ?", (vault.fingerprint(code),))
    return None if found is None else int(found)


def spoil(db: Database, grant_id: int, now: float) -> None:
    """Give the code of this grant to nobody any more. Call it in a transaction."""
    db.execute(
        "UPDATE vouchers SET spoiled_at = coalesce(spoiled_at, ?)"
        " WHERE id = (SELECT voucher_id FROM grants WHERE id = ?)",
        (now, grant_id),
    )


def _lines(numbers: Sequence[int]) -> str:
    """The lines, as the beginning of a sentence."""
    named = ", ".join(map(str, sorted(numbers)[:_NAMED]))
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    return f"line {named} is" if len(numbers) == 1 else f"lines {named}{more} are"
