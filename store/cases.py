"""Cases: joining flags to them as messages arrive, and reading them for a decision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from rules.records import JOIN_REQUEST, Evidence, Finding, Mode
from store import audit
from store.database import Database
from store.errors import NotFound
from store.group_names import GROUP_NAME
from store.messages import stored_ids
from store.records import CaseMessage, CaseRow, CaseState, Span

_CASE_ROW = (
    "SELECT c.id, c.version, c.state, c.campaign <> '', c.rule, c.score, c.messages, c.members, c.groups,"
    " CASE WHEN c.members = 1 THEN coalesce(nullif(p.name, ''), p.key, '') ELSE '' END,"
    f" CASE WHEN c.groups = 1 THEN coalesce({GROUP_NAME}, '') ELSE '' END,"
    " coalesce(substr(m.text, 1, 400), ''), c.last_time, c.last_flag_id"
    " FROM cases c LEFT JOIN messages m ON m.id = c.first_message_id"
    " LEFT JOIN members p ON p.id = m.member_id LEFT JOIN groups g ON g.id = m.group_id"
)


@dataclass(frozen=True, slots=True)
class CasePart:
    """One message of a case, as a decision needs it: `deletable` unless it is or is being deleted.

    `group` is its group's key and name, `platform` where that is. `time` is when the message to delete was written
    (epoch seconds, None where the platform gave none): of an edit that of the message it edits. `request` is whether it
    is a join request, which is no message to delete, of somebody who is no member to warn; `pending` whether that still
    waits for an answer.
    """

    message_id: int
    group_id: int
    member_id: int | None
    rule: str
    deletable: bool
    group: tuple[str, ...] = ()
    request: bool = False
    pending: bool = False
    platform: str = ""
    time: float | None = None


def join(db: Database, found: Iterable[tuple[int, Finding]], rulebook_id: int | None, now: float) -> set[int]:
    """Store findings as flags, each with the id of its message, and let them join cases or open them.

    A message joins the open case of its campaign, else of its member in that group, else opens one. When a
    campaign becomes known, the messages it already had move to its case. Returns the cases touched. Call it in
    a transaction.
    """
    touched: set[int] = set()
    for message_id, finding in found:
        earlier = stored_ids(db, finding.earlier) if finding.earlier else {}
        for number in (*sorted(earlier.values()), message_id):
            evidence = finding.evidence if number == message_id else _whole(db, number, finding)
            _flag(db, number, finding, evidence, rulebook_id, now)
            if finding.mode is not Mode.SHADOW:
                _assign(db, number, finding.campaign, touched, now)
    recount(db, touched, now)
    return touched


def _whole(db: Database, message_id: int, finding: Finding) -> tuple[Evidence, ...]:
    """Evidence for a message found by a later one: what was found is the message as a whole."""
    length = db.value("SELECT length(text) FROM messages WHERE id = ?", (message_id,))
    return (Evidence(0, length, finding.matched),) if length and finding.campaign else ()


def _flag(
    db: Database,
    message_id: int,
    finding: Finding,
    evidence: tuple[Evidence, ...],
    rulebook_id: int | None,
    now: float,
) -> None:
    spans = msgspec.json.encode([(e.start, e.end, e.matched) for e in evidence]).decode()
    db.execute(
        "INSERT INTO flags (message_id, rule, kind, mode, score, evidence, matched, campaign, rulebook_id, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (message_id, rule) DO UPDATE SET campaign = max(campaign, excluded.campaign)",
        (message_id, finding.rule, finding.kind, finding.mode, finding.score, spans, finding.matched,
         finding.campaign, rulebook_id, now),
    )  # fmt: skip


def _assign(db: Database, message_id: int, campaign: str, touched: set[int], now: float) -> int:
    current = db.execute(
        "SELECT c.id, c.state FROM flags f JOIN cases c ON c.id = f.case_id WHERE f.message_id = ?"
        " ORDER BY c.state = 'open' DESC, c.id DESC LIMIT 1",
        (message_id,),
    ).fetchone()
    group_id, member_id = db.execute("SELECT group_id, member_id FROM messages WHERE id = ?", (message_id,)).fetchone()
    if current and current[1] != CaseState.OPEN:
        case_id = int(current[0])
    elif campaign:
        case_id = db.value("SELECT id FROM cases WHERE state = 'open' AND campaign = ?", (campaign,)) or _open(
            db, campaign, None, None, now
        )
        if current and current[0] != case_id:
            touched.add(current[0])
            db.execute("UPDATE cases SET merged_into = ? WHERE id = ?", (case_id, current[0]))
            db.execute(
                "UPDATE flags SET case_id = ? WHERE message_id = ? AND case_id = ?",
                (case_id, message_id, current[0]),
            )
    else:
        case_id = (
            (current and current[0])
            or db.value(
                "SELECT id FROM cases WHERE state = 'open' AND campaign = '' AND group_id = ? AND member_id IS ?",
                (group_id, member_id),
            )
            or _open(db, "", group_id, member_id, now)
        )
    touched.add(case_id)
    db.execute(
        "UPDATE flags SET case_id = ? WHERE message_id = ? AND case_id IS NULL AND mode <> 'shadow'",
        (case_id, message_id),
    )
    return int(case_id)


def _open(db: Database, campaign: str, group_id: int | None, member_id: int | None, now: float) -> int:
    cursor = db.execute(
        "INSERT INTO cases (state, campaign, group_id, member_id, opened_at, updated_at)"
        " VALUES ('open', ?, ?, ?, ?, ?)",
        (campaign, group_id, member_id, now, now),
    )
    audit.record(db, now, "worker", "case.open", str(cursor.lastrowid), campaign=campaign)
    return int(cursor.lastrowid or 0)


def recount(db: Database, case_ids: Iterable[int], now: float) -> None:
    """Bring the counts of these cases up to date; an open one that lost all its messages ends as merged."""
    for case_id in sorted(case_ids):
        db.execute(
            "UPDATE cases SET (messages, members, groups, score, first_message_id, last_time, last_flag_id) = ("
            " SELECT count(DISTINCT m.id), count(DISTINCT m.member_id), count(DISTINCT m.group_id),"
            " coalesce(max(f.score), 0), min(m.id), max(m.time),"
            " coalesce(max(f.id), 0)"
            " FROM flags f JOIN messages m ON m.id = f.message_id WHERE f.case_id = cases.id),"
            " rule = coalesce((SELECT f.rule FROM flags f WHERE f.case_id = cases.id"
            # What a moderator has to answer stands before what was found in its text.
            f" GROUP BY f.rule ORDER BY f.rule = '{JOIN_REQUEST}' DESC, count(*) DESC, max(f.score) DESC, f.rule"
            " LIMIT 1), rule),"
            " updated_at = ? WHERE id = ?",
            (now, case_id),
        )
        emptied = db.execute(
            "UPDATE cases SET state = 'merged', rule = '', version = version + 1"
            " WHERE id = ? AND state = 'open' AND messages = 0 RETURNING merged_into",
            (case_id,),
        ).fetchall()
        if emptied:
            audit.record(db, now, "worker", "case.merge", str(case_id), into=emptied[0][0])
        else:
            db.execute("UPDATE cases SET merged_into = NULL WHERE id = ? AND state = 'open'", (case_id,))


def reopen(db: Database, case_id: int, now: float) -> None:
    """Open a case again; an open twin that arose since (same campaign, or same member and group) joins it."""
    twins = db.execute(
        "SELECT t.id FROM cases c JOIN cases t ON t.state = 'open' AND t.id <> c.id AND t.campaign = c.campaign"
        " AND (c.campaign <> '' OR (t.group_id = c.group_id AND t.member_id IS c.member_id)) WHERE c.id = ?",
        (case_id,),
    ).fetchall()
    for (twin,) in twins:
        db.execute("UPDATE flags SET case_id = ? WHERE case_id = ?", (case_id, twin))
        db.execute("UPDATE cases SET merged_into = ? WHERE id = ?", (case_id, twin))
    recount(db, [twin for (twin,) in twins], now)
    db.execute("UPDATE cases SET state = 'open', version = version + 1 WHERE id = ?", (case_id,))
    recount(db, [case_id], now)


def split_unseen(db: Database, case_id: int, seen: int, now: float) -> None:
    """Let the messages that joined after flag `seen` have an open case of their own. Call it in the
    transaction of the decision, once the case itself is not open any more."""
    unseen = db.execute(
        "SELECT message_id FROM flags WHERE case_id = ? GROUP BY message_id HAVING min(id) > ?", (case_id, seen)
    ).fetchall()
    if not unseen:
        return
    campaign, group_id, member_id = db.execute(
        "SELECT campaign, group_id, member_id FROM cases WHERE id = ?", (case_id,)
    ).fetchone()
    other = _open(db, campaign, group_id, member_id, now)
    db.executemany(
        "UPDATE flags SET case_id = ? WHERE case_id = ? AND message_id = ?",
        [(other, case_id, number) for (number,) in unseen],
    )
    recount(db, [case_id, other], now)


def listed(db: Database, states: Sequence[CaseState] = (CaseState.OPEN,), limit: int = 5_000) -> list[CaseRow]:
    """Cases in these states, the oldest first, so that new ones never move those above."""
    marks = ",".join("?" * len(states))
    found = db.execute(f"{_CASE_ROW} WHERE c.state IN ({marks}) ORDER BY c.id LIMIT ?", (*states, limit))
    return [_row(row) for row in found]


def get(db: Database, case_id: int) -> CaseRow:
    """Raises NotFound."""
    row = db.execute(f"{_CASE_ROW} WHERE c.id = ?", (case_id,)).fetchone()
    if row is None:
        raise NotFound(f"no case {case_id}; `vigil cases --all` lists them")
    return _row(row)


def of_message(db: Database, message_id: int) -> int | None:
    """The case a message belongs to, an open one first."""
    found = db.value(
        "SELECT c.id FROM flags f JOIN cases c ON c.id = f.case_id WHERE f.message_id = ?"
        " ORDER BY c.state = 'open' DESC, c.id DESC LIMIT 1",
        (message_id,),
    )
    return None if found is None else int(found)


def count(db: Database, state: CaseState) -> int:
    return int(db.value("SELECT count(*) FROM cases WHERE state = ?", (state,)))


def flagged_open(db: Database, mode: Mode) -> list[tuple[int, str]]:
    """Open cases, never decided before, whose every message holds a flag of this mode, with its rule. A case
    that a person opened again stays theirs, and one with a join request in it is for a person to answer."""
    found = db.execute(
        "SELECT c.id, min(f.rule) FROM cases c JOIN flags f ON f.case_id = c.id WHERE c.state = 'open' AND f.mode = ?"
        " AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.case_id = c.id)"
        f" AND NOT EXISTS (SELECT 1 FROM flags k WHERE k.case_id = c.id AND k.rule = '{JOIN_REQUEST}')"
        " GROUP BY c.id HAVING count(DISTINCT f.message_id) = max(c.messages) ORDER BY c.id",
        (mode,),
    )
    return [(case_id, rule) for case_id, rule in found]


def calm_open(db: Database, before: float) -> list[int]:
    """Open cases that nothing has joined since `before` and nobody has decided yet, the oldest first."""
    found = db.execute(
        "SELECT c.id FROM cases c WHERE c.state = 'open' AND c.updated_at < ?"
        " AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.case_id = c.id) ORDER BY c.id",
        (before,),
    )
    return [number for (number,) in found]


def parts(db: Database, case_id: int, seen: int, but: int = 0) -> list[CasePart]:
    """Every message that had joined a case up to flag `seen`, in order of intake, with the rule that scored
    highest on it. What decision `but` is about to do counts as not there."""
    found = db.execute(
        "SELECT m.id, m.group_id, m.member_id, f.rule, max(f.score), m.kind = 'knock', g.key, g.name, g.platform,"
        # An edit's id begins with that of the message it edits, which may have been written long before.
        " coalesce((SELECT o.time FROM messages o WHERE m.kind = 'edit' AND o.group_id = m.group_id"
        " AND o.key = substr(m.key, 1, instr(m.key, ' ') - 1)), m.time),"
        # Deleted or withdrawn on the platform, about to be deleted, or answered: of these an action is one too many.
        " m.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM actions a WHERE a.message_id = m.id"
        " AND a.kind IN ('delete', 'admit', 'refuse') AND a.state NOT IN ('withdrawn', 'failed')"
        " AND a.decision_id <> ?)"
        " FROM flags f JOIN messages m ON m.id = f.message_id JOIN groups g ON g.id = m.group_id WHERE f.case_id = ?"
        " GROUP BY m.id HAVING min(f.id) <= ? ORDER BY m.id",
        (but, case_id, seen),
    )
    return [
        CasePart(
            message_id, group_id, member_id, rule, bool(free and not request), (key, name), bool(request),
            bool(free and request), platform, time,
        )
        for message_id, group_id, member_id, rule, _, request, key, name, platform, time, free in found
    ]  # fmt: skip


def messages(db: Database, case_id: int, limit: int = 200) -> list[CaseMessage]:
    """The first messages of a case with the evidence of every rule that flagged them."""
    chosen = db.execute(
        "SELECT DISTINCT message_id FROM flags WHERE case_id = ? ORDER BY message_id LIMIT ?",
        (case_id, limit),
    )
    found: list[CaseMessage] = []
    for (number,) in chosen.fetchall():
        time, group, name, text, deleted = db.execute(
            f"SELECT m.time, {GROUP_NAME}, coalesce(nullif(p.name, ''), p.key, ''),"
            " substr(m.text, 1, 4000), m.deleted_at IS NOT NULL FROM messages m JOIN groups g ON g.id = m.group_id"
            " LEFT JOIN members p ON p.id = m.member_id WHERE m.id = ?",
            (number,),
        ).fetchone()
        flags = db.execute(
            "SELECT rule, score, matched, evidence FROM flags WHERE message_id = ? AND case_id = ?"
            " ORDER BY score DESC, rule",
            (number, case_id),
        ).fetchall()
        spans = tuple(
            Span(start, end, rule, matched)
            for rule, _, _, evidence in flags
            for start, end, matched in msgspec.json.decode(evidence, type=list[tuple[int, int, str]])
        )
        rule, score, matched, _ = flags[0]
        found.append(CaseMessage(number, time, group, name, text, rule, score, matched, spans, bool(deleted)))
    return found


def _row(row: tuple[int, int, str, int, str, float, int, int, int, str, str, str, float | None, int]) -> CaseRow:
    return CaseRow(row[0], row[1], CaseState(row[2]), bool(row[3]), *row[4:])
