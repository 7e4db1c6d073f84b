"""Finding the member somebody means: by id, by platform and key, or by a name that only one has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from store.database import Database
from store.errors import NotFound

_NAMED = 5
"""So many candidates are named."""


def find(db: Database, text: str) -> int:
    """The id of the member meant by `text`: an id of the store ("17" or "#17"), platform:key, or a name or key that
    only one has. Raises NotFound, naming whom it could mean."""
    wanted = text.strip()
    number = wanted.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 19:
        found = db.value("SELECT id FROM members WHERE id = ?", (int(number),))
        if found is not None:
            return int(found)
    platform, colon, key = wanted.partition(":")
    if colon:
        found = db.value("SELECT id FROM members WHERE platform = ? AND key = ?", (platform, key))
        if found is not None:
            return int(found)
    # A name by its case first: the same letters in another case may be somebody else.
    for where in (
        "platform IN (SELECT DISTINCT platform FROM groups) AND key = ?1 OR name = ?1",
        "name = ?1 COLLATE NOCASE",
        "name LIKE ?1 || '%' ESCAPE '\\'",
    ):
        value = _escaped(wanted) if "LIKE" in where else wanted
        rows = db.execute(
            f"SELECT id, platform || ':' || key, name FROM members WHERE {where} ORDER BY id LIMIT {_NAMED + 1}",
            (value,),
        ).fetchall()
        if wanted and len(rows) == 1 and "LIKE" not in where:
            return int(rows[0][0])
        if wanted and rows:
            named = ", ".join(
                f"{_printable(name) or 'no name'} ({_printable(key)}, id {number})"
                for number, key, name in rows[:_NAMED]
            )
            more = " and more" if len(rows) > _NAMED else ""
            raise NotFound(f"no single member is called {wanted!r}; there are {named}{more}")
    raise NotFound(f"no member {wanted!r}; name one by id, by platform:key or by a name that only one has")


def called(db: Database, member_id: int) -> str:
    """The member as a person tells them from others: name, platform:key and id. Raises NotFound."""
    row = db.execute("SELECT name, platform || ':' || key FROM members WHERE id = ?", (member_id,)).fetchone()
    if row is None:
        raise NotFound(f"no member {member_id}")
    return f"{row[0]} ({row[1]}, id {member_id})" if row[0] else f"{row[1]} (id {member_id})"


def find_or_add(db: Database, platform: str, key: str) -> int:
    """The id of the member with that key on the platform, who may have neither spoken nor joined yet. Call it in a
    transaction."""
    found = db.value("SELECT id FROM members WHERE platform = ? AND key = ?", (platform, key))
    if found is None:
        row = db.execute("INSERT INTO members (platform, key) VALUES (?, ?) RETURNING id", (platform, key)).fetchone()
        found = row[0]
    return int(found)


def _printable(text: str) -> str:
    # It ends on a terminal, and members choose what they are called.
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _escaped(text: str) -> str:
    for special in "\\%_":
        text = text.replace(special, "\\" + special)
    return text


def find_all(db: Database, named: Iterable[str]) -> list[int | str]:
    """For each text the id of the member it means, as `find` takes it, or the words why not."""
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
        return find(db, text)
    except NotFound as error:
        return str(error)
