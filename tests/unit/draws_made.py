"""Draws as the tests of them need them: who may be on a list, and what happens to them meanwhile."""

from __future__ import annotations

from dataclasses import replace

from console.desk import Desk
from console.settings import Settings
from rules.records import Message
from store.database import Database
from store.draw_records import Draw, NewDraw
from store.perk_records import Eligibility
from store.records import Role
from tests.unit.made import NOON, message, take
from tests.unit.perks_made import desk_of

LATER = NOON + 60


def owners_desk(db: Database, settings: Settings) -> Desk:
    """The desk of an owner, who is added, a minute later."""
    return desk_of(db, settings, "ow", Role.OWNER, at=LATER)


def populate(db: Database, count: int, group: str = "g") -> list[int]:
    """So many members, who have each said something in the group."""
    found = [message(f"{group}{n}", f"hello {n}", group, member=f"m{n}", time=NOON - 10) for n in range(count)]
    take(db, [(one, ()) for one in found])
    return [member_id(db, f"m{n}") for n in range(count)]


def member_id(db: Database, key: str) -> int:
    return int(db.value("SELECT id FROM members WHERE key = ?", (key,)))


def ban(db: Database, member: int, *, undone: bool = False) -> None:
    group = db.value("SELECT group_id FROM memberships WHERE member_id = ?", (member,))
    columns = "(key, kind, group_id, member_id, state, inverse_of, created_at)"
    values = f"INSERT INTO actions {columns} VALUES (?, ?, ?, ?, 'done', ?, 0)"
    number = db.execute(values, (f"ban {member}", "ban", group, member, None)).lastrowid
    if undone:
        db.execute(values, (f"unban {member}", "unban", group, member, number))


def leave(db: Database, *keys: str) -> None:
    gone = [Message("replay", "g", f"left {key}", key, "", NOON, "leave") for key in keys]
    take(db, [(one, ()) for one in gone])


def everybody(name: str = "Spring", winners: int = 2, **more: object) -> NewDraw:
    return replace(NewDraw(name, winners, eligible=Eligibility()), **more)  # type: ignore[arg-type]


def drawn(desk: Desk, count: int = 8, winners: int = 3) -> Draw:
    populate(desk.db, count)
    opened = desk.draws.open(everybody(winners=winners))
    desk.draws.commit(opened.id)
    return opened
