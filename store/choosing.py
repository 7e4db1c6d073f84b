"""Members chosen by what they are: tier, layer, record, group, how long silent; and many by their ids at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from store import member_lookup
from store.database import Database
from store.errors import NotFound
from store.members import THERE

DAY = 86_400

STRUCK = "EXISTS (SELECT 1 FROM strikes s WHERE s.member_id = m.id AND s.revoked_at IS NULL AND s.expires_at > ?)"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which members are meant; what is empty or 0 asks nothing. `silent_days` without a word at least."""

    tier: str = ""
    layer: str = ""
    group: str = ""
    clean: bool = False
    silent_days: int = 0

    def __bool__(self) -> bool:
        return self != Choice()


def matching(db: Database, choice: Choice, now: float) -> list[int]:
    """Ids of the members in a group who are so, in order of id."""
    inside, where, values = ["j.member_id = m.id", THERE], ["1"], []
    if choice.group:
        inside.append("j.group_id IN (SELECT id FROM groups WHERE key = ? OR name = ?)")
        values += [choice.group, choice.group]
    checks: tuple[tuple[object, str, tuple[object, ...]], ...] = (
        (choice.tier, "m.tier = ?", (choice.tier,)),
        (choice.layer, "m.layer = ?", (choice.layer,)),
        (
            choice.clean,
            f"NOT {STRUCK}",
            (now,),
        ),
        # Who never said a word is silent since they came.
        (choice.silent_days, "coalesce(m.last_at, m.joined_at, 0) <= ?", (now - choice.silent_days * DAY,)),
    )
    for wanted, test, more in checks:
        if wanted:
            where.append(test)
            values += more  # type: ignore[arg-type]
    rows = db.execute(
        f"SELECT m.id FROM members m WHERE EXISTS (SELECT 1 FROM memberships j WHERE {' AND '.join(inside)})"
        f" AND {' AND '.join(where)} ORDER BY m.id",
        values,
    )
    return [row[0] for row in rows]


def meant(db: Database, named: Iterable[str]) -> list[int | str]:
    """For each text the id of the member it means, as `member_lookup.find` takes it, or the words why not."""
    wanted = list(named)
    if len(wanted) < 20:
        return [_found(db, text) for text in wanted]
    # Each look-up by a name reads all members: for many, read them once.
    ids: dict[str, int | None] = {}
    full: dict[str, int] = {}
    for number, platform, key, name in db.execute("SELECT id, platform, key, name FROM members").fetchall():
        full[str(number)] = full[f"{platform}:{key}"] = number
        for text in {key, unicodedata.normalize("NFC", name)} - {""}:
            ids[text] = None if text in ids else number
    return [full.get(text.strip().removeprefix("#")) or ids.get(text.strip()) or _found(db, text) for text in wanted]


def _found(db: Database, text: str) -> int | str:
    try:
        return member_lookup.find(db, text)
    except NotFound as error:
        return str(error)
