"""Join requests whose answer nobody waits for any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from rules.records import MessageKey
from store.database import Database
from store.messages import stored_ids

# A request waits no more when it was taken back, or when whoever asked came into the group after it.
_JOINED = (
    "EXISTS (SELECT 1 FROM messages j WHERE j.member_id = m.member_id AND j.id > m.id AND j.group_id = m.group_id"
    " AND j.kind = 'join')"
)


@dataclass(frozen=True, slots=True)
class SettledCase:
    """An open case with nothing left to answer. `joined` is whether somebody came in, or else took the request back."""

    id: int
    version: int
    seen: int
    joined: bool


def settled(db: Database, joined: Sequence[tuple[int, int | None]], gone: Sequence[MessageKey]) -> list[SettledCase]:
    """The open cases, the oldest first, that hold nothing but settled requests, among them one of these: of members
    who joined (ids of group and member), or gone from the platform."""
    touched: set[int] = set()
    if joined:
        pairs = msgspec.json.encode(sorted(set(joined), key=str)).decode()
        touched.update(
            number
            for (number,) in db.execute(
                "SELECT c.id FROM json_each(?) p CROSS JOIN cases c ON c.state = 'open'"
                " AND c.campaign = '' AND c.group_id = json_extract(p.value, '$[0]')"
                " AND coalesce(c.member_id, 0) = json_extract(p.value, '$[1]')",
                (pairs,),
            )
        )
    if gone:
        ids = msgspec.json.encode(sorted(stored_ids(db, gone).values())).decode()
        touched.update(
            number
            for (number,) in db.execute(
                "SELECT c.id FROM json_each(?) p CROSS JOIN flags f ON f.message_id = p.value"
                " JOIN cases c ON c.id = f.case_id WHERE c.state = 'open'",
                (ids,),
            )
        )
    found = []
    for number in sorted(touched):
        row = db.execute(
            f"SELECT c.version, c.last_flag_id, max({_JOINED}), min(m.kind = 'knock' AND (m.deleted_at IS NOT NULL OR"
            f" {_JOINED})) FROM cases c JOIN flags f ON f.case_id = c.id JOIN messages m ON m.id = f.message_id"
            " WHERE c.id = ?",
            (number,),
        ).fetchone()
        if row[3]:
            found.append(SettledCase(number, row[0], row[1], bool(row[2])))
    return found
