"""Messages: taking batches in, reading rows for the feed, searching text in any script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from rules.records import UNCOUNTED_KINDS, Message, MessageKey
from store.database import Database
from store.group_names import GROUP_NAME
from store.records import FeedRow, Mark

SEARCHED_CHARACTERS = 4_000
"""How much of a text the search index holds."""

_RECENT = 100
"""So many of the newest messages say what time it is."""

_PARAMETERS = 400
"""Values in one statement; SQLite's own limit was 999 for long."""

_ROW = (
    f"SELECT m.id, m.time, {GROUP_NAME},"
    " CASE WHEN p.id IS NULL THEN '' WHEN p.name = '' THEN p.key ELSE p.name END,"
    " substr(m.text, 1, 2000), m.kind, CASE WHEN m.deleted_at IS NOT NULL THEN 'deleted'"
    " WHEN EXISTS (SELECT 1 FROM flags f WHERE f.message_id = m.id AND f.mode <> 'shadow') THEN 'flag' ELSE '' END"
    " FROM messages m JOIN groups g ON g.id = m.group_id LEFT JOIN members p ON p.id = m.member_id"
)


class Stored(NamedTuple):
    """A message just stored: its id, and those of its group and its member, None without one."""

    id: int
    group_id: int
    member_id: int | None


def _as_written(name: str, remark: str, key: str) -> str:
    return "\t".join(filter(None, (name, remark, key))).casefold()


@dataclass(slots=True)
class _Seen:
    count: int = 0
    first: float | None = None
    last: float | None = None
    joined: float | None = None
    left: float | None = None

    def add(self, message: Message) -> None:
        time = message.time
        if message.kind == "join":
            self.joined, self.left = time, None
        elif message.kind == "leave":
            self.left = time
        elif message.kind not in UNCOUNTED_KINDS:
            self.count += 1
            if time is not None:
                self.first = time if self.first is None else min(self.first, time)
                self.last = time if self.last is None else max(self.last, time)


@dataclass(slots=True)
class MessageWriter:
    """Writes batches; remembers the ids of groups and members. After a failed transaction make a new one.

    `sought` gives what a search for a member looks through, of name, remark and id.
    """

    db: Database
    sought: Callable[[str, str, str], str] = _as_written
    _groups: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    _members: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def unknown(self, messages: Sequence[Message]) -> list[Message]:
        """Those of `messages` that are not stored yet, each once, in order."""
        fresh: dict[MessageKey, Message] = {}
        for message in messages:
            fresh.setdefault(message.key, message)
        for key in stored_ids(self.db, list(fresh)):
            del fresh[key]
        return list(fresh.values())

    def add(self, messages: Sequence[Message], received_at: float) -> list[Stored]:
        """Store messages that are not stored yet, in order. Call it in a transaction."""
        first = newest_id(self.db) + 1
        rows, search, stored = [], [], []
        seen: dict[tuple[int, int], _Seen] = {}
        for number, message in enumerate(messages, first):
            group = self._group(message.platform, message.group, message.group_name)
            member = None
            if message.member:
                member = self._member(message.platform, message.member, message.name)
                # Who only asks to be let in has no membership.
                if message.kind != "knock":
                    seen.setdefault((member, group), _Seen()).add(message)
            mentions = msgspec.json.encode(message.mentions).decode() if message.mentions else ""
            rows.append(
                (number, group, member, message.id, message.kind, message.text, message.time, received_at,
                 message.reply_to, mentions, message.extra)
            )  # fmt: skip
            if message.text:
                search.append((number, spaced(message.text[:SEARCHED_CHARACTERS])))
            stored.append(Stored(number, group, member))
        self.db.executemany(
            "INSERT INTO messages (id, group_id, member_id, key, kind, text, time, received_at, reply_to, mentions,"
            " extra) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        self.db.executemany("INSERT INTO message_search (rowid, text) VALUES (?, ?)", search)
        self.db.executemany(
            "INSERT INTO memberships (member_id, group_id, messages, first_at, last_at, joined_at, left_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (member_id, group_id) DO UPDATE SET"
            " messages = messages + excluded.messages,"
            " first_at = coalesce(min(first_at, excluded.first_at), first_at, excluded.first_at),"
            " last_at = coalesce(max(last_at, excluded.last_at), last_at, excluded.last_at),"
            " joined_at = coalesce(excluded.joined_at, joined_at),"
            " left_at = CASE WHEN excluded.joined_at IS NOT NULL OR excluded.left_at IS NOT NULL"
            " THEN excluded.left_at ELSE left_at END",
            [(*key, s.count, s.first, s.last, s.joined, s.left) for key, s in seen.items()],
        )
        self.db.executemany(
            "UPDATE members SET joined_at = coalesce(min(joined_at, ?1), joined_at, ?1),"
            " last_at = coalesce(max(last_at, ?2), last_at, ?2) WHERE id = ?3",
            [(s.first if s.joined is None else s.joined, s.last, member) for (member, _), s in seen.items()],
        )
        return stored

    def _group(self, platform: str, key: str, name: str) -> int:
        number, stored = self._groups.get((platform, key), (0, ""))
        if number and (not name or name == stored):
            return number
        row = self.db.execute(f"INSERT INTO groups (platform, key, name) VALUES (?, ?, ?) {_KNOWN}",
                              (platform, key, name)).fetchone()  # fmt: skip
        self._groups[platform, key] = (row[0], row[1])
        return int(row[0])

    def _member(self, platform: str, key: str, name: str) -> int:
        number, stored = self._members.get((platform, key), (0, ""))
        if number and (not name or name == stored):
            return number
        row = self.db.execute(f"INSERT INTO members (platform, key, name) VALUES (?, ?, ?) {_KNOWN}, remark, sought",
                              (platform, key, name)).fetchone()  # fmt: skip
        number, name, remark, before = row
        sought = self.sought(name, remark, key)
        if sought != before:
            self.db.execute("UPDATE members SET sought = ? WHERE id = ?", (sought, number))
        self._members[platform, key] = (number, name)
        return int(number)


_KNOWN = (
    "ON CONFLICT (platform, key) DO UPDATE SET"
    " name = CASE excluded.name WHEN '' THEN name ELSE excluded.name END RETURNING id, name"
)


def stored_ids(db: Database, keys: Sequence[MessageKey]) -> dict[MessageKey, int]:
    """The ids of those messages that are stored."""
    found: dict[MessageKey, int] = {}
    by_group: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        by_group.setdefault((key.platform, key.group), []).append(key.id)
    for (platform, group), ids in by_group.items():
        for start in range(0, len(ids), _PARAMETERS):
            part = ids[start : start + _PARAMETERS]
            rows = db.execute(
                "SELECT m.key, m.id FROM groups g JOIN messages m ON m.group_id = g.id"
                f" WHERE g.platform = ? AND g.key = ? AND m.key IN ({_marks(part)})",
                (platform, group, *part),
            )
            found.update({MessageKey(platform, group, key): number for key, number in rows})
    return found


def position(db: Database, source: str) -> str | None:
    """How far `source` was taken in, in its platform's own words."""
    found = db.value("SELECT position FROM positions WHERE source = ?", (source,))
    return None if found is None else str(found)


def set_position(db: Database, source: str, value: str, now: float) -> None:
    db.execute(
        "INSERT INTO positions (source, position, updated_at) VALUES (?, ?, ?)"
        " ON CONFLICT (source) DO UPDATE SET position = excluded.position, updated_at = excluded.updated_at",
        (source, value, now),
    )


def mark_gone(db: Database, keys: Sequence[MessageKey], now: float) -> None:
    """Note that these messages were deleted on their platform, with their edits, whose ids begin with the edited
    message's and a space. An edit may be named by its own id alone, which stands behind that space. Ids that are not
    stored are passed over. Call it in a transaction."""
    there = "deleted_at IS NULL AND group_id = (SELECT id FROM groups WHERE platform = ?2 AND key = ?3)"
    values = [(now, *key) for key in keys]
    # A span first, which is found by the index; of two alternatives each is looked for in the whole store.
    db.executemany(
        f"UPDATE messages SET deleted_at = ?1 WHERE {there} AND key >= ?4 AND key < ?4 || '!'"
        " AND (key = ?4 OR key > ?4 || ' ')",
        values,
    )
    # In the words of the index over edits.
    db.executemany(
        f"UPDATE messages SET deleted_at = ?1 WHERE {there} AND kind = 'edit'"
        " AND substr(key, instr(key, ' ') + 1) = ?4",
        values,
    )


def latest(db: Database, horizon: float, limit: int) -> list[tuple[Message, dict[str, str]]]:
    """The newest messages by intake, oldest first, at most `limit` and no older than `horizon` seconds
    before the newest one's own time, each with the campaigns it was flagged for, by rule."""
    newest = db.execute("SELECT id, time FROM messages ORDER BY id DESC LIMIT ?", (_RECENT,)).fetchall()
    if not newest:
        return []
    # The earliest of several: one message stamped ahead of the others must not cut them off.
    since = min((time for _, time in newest if time is not None), default=-1e18) - horizon
    rows = db.execute(
        "SELECT g.platform, g.key, m.key, coalesce(p.key, ''), m.text, m.time, m.kind, m.mentions,"
        " (SELECT json_group_object(f.rule, f.campaign) FROM flags f WHERE f.message_id = m.id AND f.campaign <> '')"
        " FROM messages m JOIN groups g ON g.id = m.group_id LEFT JOIN members p ON p.id = m.member_id"
        " WHERE m.id > ? AND (m.time IS NULL OR m.time >= ?) ORDER BY m.id",
        (newest[0][0] - limit, since),
    )
    return [
        (
            Message(platform, group, key, member, text, time, kind,
                    mentions=msgspec.json.decode(mentions, type=tuple[str, ...]) if mentions else ()),
            {} if campaigns == "{}" else msgspec.json.decode(campaigns, type=dict[str, str]),
        )
        for platform, group, key, member, text, time, kind, mentions, campaigns in rows
    ]  # fmt: skip


def newest_id(db: Database) -> int:
    return int(db.value("SELECT max(id) FROM messages") or 0)


def ids(
    db: Database, *, after: int = 0, group_id: int | None = None, text: str = "", limit: int = 1_000_000
) -> list[int]:
    """Ids of the newest `limit` messages after id `after`, ascending, in a group and holding `text`, if given.

    Text is found anywhere in the characters that are indexed, in any script, whatever the case; white space
    counts between Latin words only.
    """
    where, values = ["m.id > ?"], [after]
    source = "messages m"
    query = phrase(text)
    parameters: list[int | str] = []
    if query:
        source = "message_search s CROSS JOIN messages m ON m.id = s.rowid"
        where.insert(0, "message_search MATCH ? AND s.rowid > ?")
        parameters += [query, after]
    parameters += values
    # The index knows letters and digits only, and no spaces, which set Latin words apart ("press Shift" is no
    # "ssh"): what of that is sought is looked for in what it found.
    if text.strip() and (text.isascii() or any(not c.isalnum() and not c.isspace() for c in text)):
        db.connection.create_function("holds", 2, _holds, deterministic=True)
        where.append("holds(m.text, ?)")
        parameters.append(" ".join(text.casefold().split()))
    if group_id is not None:
        where.append("m.group_id = ?")
        parameters.append(group_id)
    found = db.execute(
        f"SELECT m.id FROM {source} WHERE {' AND '.join(where)} ORDER BY m.id DESC LIMIT ?",
        (*parameters, limit),
    )
    return [row[0] for row in found][::-1]


def _holds(text: str, sought: str) -> bool:
    if sought.isascii():
        words = " ".join(text.casefold().split())
        return sought in words or sought in "".join(c for c in words if c.isalnum() or c == " ")
    return "".join(sought.split()) in "".join(text.casefold().split())


def rows(db: Database, wanted: Sequence[int]) -> list[FeedRow]:
    """The feed's rows of these ids, in their order; ids that are gone are left out."""
    found: dict[int, FeedRow] = {}
    for start in range(0, len(wanted), _PARAMETERS):
        part = wanted[start : start + _PARAMETERS]
        for row in db.execute(f"{_ROW} WHERE m.id IN ({_marks(part)})", part):
            found[row[0]] = FeedRow(row[0], row[1], row[2], row[3], row[4], row[5], Mark(row[6]))
    return [found[number] for number in wanted if number in found]


def around(db: Database, message_id: int, each_way: int) -> list[FeedRow]:
    """The messages before and after one in its group, itself included, in order of intake."""
    group = db.value("SELECT group_id FROM messages WHERE id = ?", (message_id,))
    before = db.execute(
        "SELECT id FROM messages WHERE group_id = ? AND id <= ? ORDER BY id DESC LIMIT ?",
        (group, message_id, each_way + 1),
    )
    wanted = [row[0] for row in before][::-1]
    after = db.execute(
        "SELECT id FROM messages WHERE group_id = ? AND id > ? ORDER BY id LIMIT ?",
        (group, message_id, each_way),
    )
    return rows(db, wanted + [row[0] for row in after])


def group_name(db: Database, group_id: int) -> str:
    """What a group is called, "" where no message has said."""
    return str(db.value("SELECT name FROM groups WHERE id = ?", (group_id,)) or "")


def groups(db: Database) -> list[tuple[int, str, int]]:
    """Id, name and number of messages of every group, the busiest first."""
    found = db.execute(
        f"SELECT g.id, {GROUP_NAME}, count(m.id) AS n"
        " FROM groups g LEFT JOIN messages m ON m.group_id = g.id GROUP BY g.id ORDER BY n DESC, g.id"
    )
    return [(number, name, count) for number, name, count in found]


def spaced(text: str) -> str:
    """The text as the search index holds it: every character a token."""
    return " ".join(text)


def phrase(text: str) -> str:
    """The search index's query for `text`; "" when nothing in it can be a token."""
    tokens = [c for c in text if c.isalnum()]
    return f'"{" ".join(tokens)}"' if tokens else ""


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
