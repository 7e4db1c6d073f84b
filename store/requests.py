"""Join requests whose answer nobody waits for any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from rules.records import MessageKey
from store.database import Database
from store.messages import stored_ids
from store.records import ANSWERS, CaseState

# A request waits no more when it was taken back, or when whoever asked came into the group after it.
_JOINED = (
    "EXISTS (SELECT 1 FROM messages j WHERE j.member_id = m.member_id AND j.id > m.id AND j.group_id = m.group_id"
    " AND j.kind = 'join')"
)


_SETTLED = f"min(m.kind = 'knock' AND (m.deleted_at IS NOT NULL OR {_JOINED}))"
"""Of a case's messages: whether all are requests that wait no more."""


@dataclass(frozen=True, slots=True)
class SettledCase:
    """An open case with nothing left to answer. `joined` is whether somebody came in, or else took the request back or
    was answered elsewhere."""

    id: int
    version: int
    seen: int
    joined: bool


@dataclass(frozen=True, slots=True)
class SettledProposal:
    """An answer that waits for an admin, and for nobody else any more. `joined` as with `SettledCase`."""

    decision_id: int
    joined: bool


def settled(db: Database, joined: Sequence[tuple[int, int | None]], gone: Sequence[MessageKey]) -> list[SettledCase]:
    """The open cases, the oldest first, that hold nothing but settled requests, among them one of these: of members
    who joined (ids of group and member), or gone from the platform."""
    found = []
    for number in _touched(db, CaseState.OPEN, joined, gone):
        row = db.execute(
            f"SELECT c.version, c.last_flag_id, max({_JOINED}), {_SETTLED}"
            " FROM cases c JOIN flags f ON f.case_id = c.id JOIN messages m ON m.id = f.message_id WHERE c.id = ?",
            (number,),
        ).fetchone()
        if row[3]:
            found.append(SettledCase(number, row[0], row[1], bool(row[2])))
    return found


def settled_proposals(
    db: Database, joined: Sequence[tuple[int, int | None]], gone: Sequence[MessageKey]
) -> list[SettledProposal]:
    """The proposed answers, the oldest first, whose cases hold nothing but settled requests, as with `settled`. Whoever
    proposed something else, such as a ban, meant the member and not the request."""
    found = []
    for number in _touched(db, CaseState.PROPOSED, joined, gone):
        row = db.execute(
            f"SELECT d.id, max({_JOINED}), {_SETTLED} FROM decisions d JOIN flags f ON f.case_id = d.case_id"
            " JOIN messages m ON m.id = f.message_id WHERE d.case_id = ? AND d.state = 'proposed'"
            " AND d.decision IN (?, ?) GROUP BY d.id",
            (number, *ANSWERS),
        ).fetchone()
        if row is not None and row[2]:
            found.append(SettledProposal(row[0], bool(row[1])))
    return found


def _touched(
    db: Database, state: CaseState, joined: Sequence[tuple[int, int | None]], gone: Sequence[MessageKey]
) -> list[int]:
    """The cases in this state, the oldest first, of members who joined or with messages that are gone."""
    touched: set[int] = set()
    if joined:
        pairs = msgspec.json.encode(sorted(set(joined), key=str)).decode()
        touched.update(
            number
            for (number,) in db.execute(
                # In the words of the partial index over open cases, which another state cannot use.
                f"SELECT c.id FROM json_each(?) p CROSS JOIN cases c ON c.state = '{state}'"
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
                " JOIN cases c ON c.id = f.case_id WHERE c.state = ?",
                (ids, state),
            )
        )
    return sorted(touched)
