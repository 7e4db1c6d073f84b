"""The people with access, and their roles."""

from __future__ import annotations

import unicodedata

from store import audit
from store.database import Database
from store.errors import Conflict, NotFound, StoreError
from store.records import AUTOMATIC, Role, Staff

LONGEST_NAME = 40

RESERVED = (AUTOMATIC, "worker")
"""Names the program uses for itself in decisions and in the audit log."""


def people(db: Database) -> list[Staff]:
    found = db.execute("SELECT id, name, role FROM staff WHERE removed_at IS NULL ORDER BY id")
    return [Staff(number, name, Role(role)) for number, name, role in found]


def find(db: Database, name: str) -> Staff | None:
    row = db.execute("SELECT id, name, role FROM staff WHERE name = ? AND removed_at IS NULL", (name,)).fetchone()
    return Staff(row[0], row[1], Role(row[2])) if row else None


def is_single(db: Database) -> bool:
    """Whether the store has one staff member only, who then needs no second person."""
    return bool(db.value("SELECT count(*) = 1 FROM staff WHERE removed_at IS NULL"))


def check_name(name: str) -> str:
    """The name, fit for logs and commands. Raises StoreError."""
    name = unicodedata.normalize("NFC", name.strip())
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or any(c in name for c in "\"'\\,:/ "):
        raise StoreError(
            f"staff name {name!r}: 1 to {LONGEST_NAME} printable characters without spaces, quotes, commas, colons"
            " or slashes"
        )
    if name.casefold() in RESERVED:
        raise StoreError(f"staff name {name!r}: is what the program calls itself; choose another")
    return name


def add(db: Database, name: str, role: Role, by: str, now: float) -> Staff:
    """Give access, or change the role of who has it. Raises Conflict if that would leave no owner."""
    name = check_name(name)
    with db.transaction(durable=True):
        before = find(db, name)
        if before and before.role is Role.OWNER and role is not Role.OWNER:
            _keep_an_owner(db, name)
        db.execute(
            "INSERT INTO staff (name, role, added_at) VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET role = excluded.role, removed_at = NULL",
            (name, role, now),
        )
        audit.record(db, now, by, "staff.add", name, role=role, before=before.role if before else None)
        person = find(db, name)
    assert person is not None
    return person


def remove(db: Database, name: str, by: str, now: float) -> None:
    """Take access away. Raises NotFound, and Conflict for the last owner."""
    with db.transaction(durable=True):
        person = find(db, name)
        if person is None:
            raise NotFound(f"no staff member {name!r}; `vigil staff list` names them")
        if person.role is Role.OWNER:
            _keep_an_owner(db, name)
        db.execute("UPDATE staff SET removed_at = ? WHERE id = ?", (now, person.id))
        audit.record(db, now, by, "staff.remove", name, role=person.role)


def found(db: Database, name: str, now: float) -> None:
    """Make `name` the owner of a store that has no staff yet; nothing otherwise. Raises StoreError for a name
    that cannot be."""
    name = check_name(name)
    with db.transaction(durable=True):
        if not db.value("SELECT count(*) FROM staff WHERE removed_at IS NULL"):
            db.execute(
                "INSERT INTO staff (name, role, added_at) VALUES (?, 'owner', ?)"
                " ON CONFLICT (name) DO UPDATE SET role = 'owner', removed_at = NULL",
                (name, now),
            )
            audit.record(db, now, name, "staff.add", name, role=Role.OWNER, before=None)


def _keep_an_owner(db: Database, name: str) -> None:
    others = "SELECT count(*) FROM staff WHERE role = 'owner' AND removed_at IS NULL AND name <> ?"
    if not db.value(others, (name,)):
        raise Conflict(f"{name} is the only owner; make somebody else an owner first")
