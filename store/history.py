"""The stored messages in the order they came in, read by ranges of ids: no read holds the store's log for long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from rules.records import Message
from store.database import Database

_RECENT = 100
"""So many of the newest messages say what time it is."""


@dataclass(frozen=True, slots=True)
class Period:
    """The messages from id `first` to id `last`; of these, those are meant whose time is `since` (epoch seconds) or
    later, or unknown. `since` None means them all."""

    first: int
    last: int
    since: float | None

    def holds(self, message: Message) -> bool:
        return self.since is None or message.time is None or message.time >= self.since


def newest_time(db: Database) -> float | None:
    """About what time the newest messages are of, in epoch seconds by the platforms' clocks; None where no time is
    known. The middle one of several: a single message with a wrong time changes nothing."""
    rows = db.execute("SELECT time FROM messages ORDER BY id DESC LIMIT ?", (_RECENT,)).fetchall()
    times = sorted(time for (time,) in rows if time is not None)
    return times[len(times) // 2] if times else None


def period(db: Database, since: float | None) -> Period:
    """The messages stored until now that are of that time or later, without `since` all of them."""
    lowest, last = db.execute("SELECT min(id), max(id) FROM messages").fetchone()
    if since is None:
        return Period(lowest or 1, last or 0, None)
    first = db.value("SELECT min(id) FROM messages WHERE time >= ?", (since,))
    return Period((last or 0) + 1 if first is None else first, last or 0, since)


def between(db: Database, first: int, last: int) -> list[tuple[int, Message]]:
    """The messages from id `first` to id `last`, each with its id."""
    rows = db.execute(
        "SELECT m.id, g.platform, g.key, m.key, coalesce(p.key, ''), m.text, m.time, m.kind, coalesce(p.name, ''),"
        " g.name, m.reply_to, m.mentions, m.extra"
        " FROM messages m JOIN groups g ON g.id = m.group_id LEFT JOIN members p ON p.id = m.member_id"
        " WHERE m.id BETWEEN ? AND ? ORDER BY m.id",
        (first, last),
    ).fetchall()
    return [
        (
            number,
            Message(platform, group, key, member, text, time, kind, name, group_name, reply_to,
                    msgspec.json.decode(mentions, type=tuple[str, ...]) if mentions else (), extra),
        )
        for number, platform, group, key, member, text, time, kind, name, group_name, reply_to, mentions, extra in rows
    ]  # fmt: skip


def standings_before(
    db: Database, before: int, unwritten: Iterable[str], size: int = 20_000
) -> Iterator[tuple[str, str, str, int, float | None, float | None]]:
    """Every member of a group as they stood when message `before` came: platform, group, member, messages written,
    and epoch seconds of the latest joining with a time and of the first message, None where nobody knows.

    Messages of the kinds `unwritten` are nobody's writing. Holds a few numbers for each member of a group.
    """
    kinds = tuple(unwritten)
    not_written = f"kind IN ({','.join('?' * len(kinds))})"
    counted: dict[tuple[int, int], tuple[int, float | None, float | None]] = {}
    for start in range(0, before, size):
        rows = db.execute(
            f"SELECT group_id, member_id, sum(NOT {not_written}), max(CASE kind WHEN 'join' THEN time END),"
            f" min(CASE WHEN {not_written} THEN NULL ELSE time END) FROM messages"
            " WHERE id >= ? AND id < ? AND member_id IS NOT NULL GROUP BY group_id, member_id",
            (*kinds, *kinds, start, min(start + size, before)),
        ).fetchall()
        for group, member, written, joined, first in rows:
            known = counted.get((group, member), (0, None, None))
            counted[group, member] = (
                known[0] + written,
                known[1] if joined is None else joined,
                first if known[2] is None else known[2],
            )
    names = _names(db, "groups", [group for group, _ in counted])
    members = _names(db, "members", [member for _, member in counted])
    for (group, member), (written, joined, first) in counted.items():
        platform, key = names[group]
        yield platform, key, members[member][1], written, joined, first


def _names(db: Database, table: str, wanted: Sequence[int]) -> dict[int, tuple[str, str]]:
    chosen = set(wanted)
    rows = db.execute(f"SELECT id, platform, key FROM {table}").fetchall()
    return {number: (platform, key) for number, platform, key in rows if number in chosen}
