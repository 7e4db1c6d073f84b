"""Members as their platforms list them: who is in a group, since when, and what the platform shows of them there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from store.database import Database
from store.members import THERE

LATELY = 3_600.0
"""Seconds: a list may be so much older than it seems. Who came or left, or wrote, since then, is believed instead."""


class ListedMember(NamedTuple):
    """A member of a group as the platform lists them: id, name, `level` and `title` in that group, "" for none, and
    when they joined and spoke last, in epoch seconds, None where nobody knows."""

    member: str
    name: str
    level: str
    title: str
    joined: float | None
    spoke: float | None


def due(db: Database, platform: str, groups: Sequence[str], before: float) -> list[str]:
    """Those of the groups that were not listed since `before`, the longest ago first."""
    known = dict(db.execute("SELECT key, listed_at FROM groups WHERE platform = ?", (platform,)).fetchall())
    found = [(known.get(group) or 0.0, group) for group in groups]
    return [group for at, group in sorted(found) if at <= before]


def add(
    db: Database,
    platform: str,
    group: str,
    members: Sequence[ListedMember],
    at: float,
    sought: Callable[[str, str, str], str],
) -> None:
    """Note that these members of a group were listed at `at`, epoch seconds. What the store knows better stays: the
    name somebody wrote under, and whatever is newer. Call it in a transaction, `end` once all are noted."""
    group_id = _group(db, platform, group)
    db.executemany(
        "INSERT INTO members (platform, key, name, sought) VALUES (?, ?, ?, ?) ON CONFLICT (platform, key)"
        " DO UPDATE SET name = excluded.name, sought = excluded.sought"
        " WHERE members.name = '' AND members.remark = '' AND excluded.name <> ''",
        [(platform, one.member, one.name, sought(one.name, "", one.member)) for one in members],
    )
    db.executemany(
        "INSERT INTO memberships (member_id, group_id, joined_at, last_at, level, title, listed_at)"
        " SELECT id, ?2, ?3, ?4, ?5, ?6, ?7 FROM members WHERE platform = ?8 AND key = ?1"
        " ON CONFLICT (member_id, group_id) DO UPDATE SET"
        " joined_at = coalesce(max(joined_at, excluded.joined_at), joined_at, excluded.joined_at),"
        " last_at = coalesce(max(last_at, excluded.last_at), last_at, excluded.last_at),"
        f" left_at = CASE WHEN left_at < ?7 - {LATELY} THEN NULL ELSE left_at END,"
        " level = excluded.level, title = excluded.title, listed_at = excluded.listed_at",
        [(one.member, group_id, one.joined, one.spoke, one.level, one.title, at, platform) for one in members],
    )
    db.executemany(
        "UPDATE members SET joined_at = coalesce(min(joined_at, ?1), joined_at, ?1),"
        " last_at = coalesce(max(last_at, ?2), last_at, ?2) WHERE platform = ?3 AND key = ?4"
        " AND (joined_at IS NULL OR joined_at > ?1 OR coalesce(last_at, 0) < ?2)",
        [(one.joined, one.spoke, platform, one.member) for one in members],
    )


def end(db: Database, platform: str, group: str, at: float) -> int:
    """Whoever is thought to be in the group and was not listed at `at` has left; returns how many. A list that lacks
    more than it holds is not believed so far. Call it in a transaction."""
    group_id = _group(db, platform, group)
    db.execute("UPDATE groups SET listed_at = ? WHERE id = ?", (at, group_id))
    listed, lacking = db.execute(
        f"SELECT count(*) FILTER (WHERE j.listed_at >= ?1), count(*) FILTER (WHERE {_LACKING}) FROM memberships j"
        " WHERE j.group_id = ?2",
        (at, group_id),
    ).fetchone()
    if lacking > listed:
        return 0
    db.execute(f"UPDATE memberships AS j SET left_at = ?1 WHERE j.group_id = ?2 AND {_LACKING}", (at, group_id))
    return int(lacking)


_LACKING = (
    f"coalesce(j.listed_at, 0) < ?1 AND {THERE}"
    f" AND max(coalesce(j.last_at, 0), coalesce(j.joined_at, 0), coalesce(j.first_at, 0)) < ?1 - {LATELY}"
)


def _group(db: Database, platform: str, group: str) -> int:
    db.execute(
        "INSERT INTO groups (platform, key, name) VALUES (?, ?, '') ON CONFLICT (platform, key) DO NOTHING",
        (platform, group),
    )
    return int(db.value("SELECT id FROM groups WHERE platform = ? AND key = ?", (platform, group)))
