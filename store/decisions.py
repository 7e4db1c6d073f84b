"""Decisions and approvals: each a compare-and-set, so that of two people one wins and the other is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from store import actions, audit, cases, ledger, members
from store.actions import PlannedAction
from store.database import Database
from store.errors import Conflict, NotFound
from store.records import (
    ANSWERS,
    INVERSE,
    ActionKind,
    ActionState,
    CaseState,
    Decision,
    DecisionState,
    PastDecision,
    Proposal,
)

_ORDER_OF_KINDS = [kind.value for kind in ActionKind]


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did: actions withdrawn before they were sent, inverses queued, and done for good; strikes revoked
    and points given back. `staying` are the kinds among those done for good that could be taken back elsewhere, each
    with the name of the platform that cannot; `by_hand` what there is to say of them."""

    decision_id: int
    case_id: int
    withdrawn: int
    inverses: tuple[tuple[ActionKind, int], ...]
    lasting: tuple[tuple[ActionKind, int], ...]
    strikes: int
    points: int = 0
    staying: tuple[tuple[str, ActionKind], ...] = ()
    by_hand: tuple[str, ...] = ()


def record(
    db: Database,
    case_id: int,
    version: int,
    seen: int,
    decision: Decision,
    staff: str,
    planned: Sequence[PlannedAction],
    *,
    approved: bool,
    reason: str,
    learn: bool,
    not_before: float,
    strikes_expire_at: float,
    now: float,
    costs: Mapping[str, int] | None = None,
) -> int:
    """Take a decision on an open case, on what had joined it up to flag `seen`; returns its id. `costs` are the points
    that actions on a member cost. Answers to join requests teach nothing. Call it in a durable transaction.

    Raises Conflict, saying who did what, when the case is not open any more or not of that version.
    """
    state = (
        CaseState.DISMISSED if decision is Decision.DISMISS else CaseState.DECIDED if approved else CaseState.PROPOSED
    )
    learn = learn and decision not in ANSWERS
    changed = db.execute(
        "UPDATE cases SET state = ?, version = version + 1, updated_at = ?"
        " WHERE id = ? AND state = 'open' AND version = ? RETURNING id",
        (state, now, case_id, version),
    ).fetchall()
    if not changed:
        raise Conflict(_told(db, case_id))
    cases.split_unseen(db, case_id, seen, now)
    decision_id = int(
        db.execute(
            "INSERT INTO decisions (case_id, decision, state, staff, reason, learn, decided_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (case_id, decision, "approved" if approved else "proposed", staff, reason, learn, now),
        ).lastrowid
        or 0
    )
    actions.put(db, decision_id, planned, ActionState.WAITING if approved else ActionState.PROPOSED, not_before, now)
    points = 0
    if approved:
        members.give_strikes(db, decision_id, now, strikes_expire_at)
        points = ledger.sanction(db, decision_id, costs or {}, staff, now)
    counts = Counter(action.kind for action in planned)
    audit.record(
        db, now, staff, "case.decide", str(case_id), decision=decision, id=decision_id, approved=approved,
        reason=reason, learn=learn, actions=counts, points=points,
    )  # fmt: skip
    return decision_id


def approve(
    db: Database,
    decision_id: int,
    staff: str,
    not_before: float,
    strikes_expire_in: float,
    now: float,
    costs: Mapping[str, int] | None = None,
) -> int:
    """An admin's yes; returns the case's id. `costs` as with `record`. Call it in a durable transaction. Raises
    NotFound, Conflict."""
    points = ledger.sanction(db, decision_id, costs or {}, staff, now)
    case_id = _answer(db, decision_id, DecisionState.APPROVED, staff, "yes", "", now, points)
    actions.approve(db, decision_id, not_before)
    members.give_strikes(db, decision_id, now, now + strikes_expire_in)
    db.execute(
        "UPDATE cases SET state = 'decided', version = version + 1, updated_at = ? WHERE id = ?",
        (now, case_id),
    )
    return case_id


def reject(db: Database, decision_id: int, staff: str, reason: str, now: float) -> int:
    """An admin's no: nothing is carried out and the case is open again; returns the case's id. Call it in a
    durable transaction. Raises NotFound, Conflict."""
    case_id = _answer(db, decision_id, DecisionState.REJECTED, staff, "no", reason, now)
    actions.withdraw(db, decision_id, now)
    cases.reopen(db, case_id, now)
    return case_id


def _answer(
    db: Database,
    decision_id: int,
    state: DecisionState,
    staff: str,
    answer: str,
    reason: str,
    now: float,
    points: int = 0,
) -> int:
    changed = db.execute(
        "UPDATE decisions SET state = ?, version = version + 1 WHERE id = ? AND state = 'proposed' RETURNING case_id",
        (state, decision_id),
    ).fetchall()
    if not changed:
        raise Conflict(_told_of(db, decision_id))
    db.execute(
        "INSERT INTO approvals (decision_id, staff, answer, reason, answered_at) VALUES (?, ?, ?, ?, ?)",
        (decision_id, staff, answer, reason, now),
    )
    audit.record(
        db, now, staff, f"decision.{state}", str(decision_id), case=changed[0][0], reason=reason, points=points
    )
    return int(changed[0][0])


def undo(
    db: Database,
    decision_id: int,
    staff: str,
    now: float,
    cannot: Mapping[str, Collection[ActionKind]] | None = None,
) -> Undone:
    """Take a decision back: withdraw what was not sent, queue the inverse of what was, revoke its strikes, give its
    points back, open the case again. `cannot` are the actions that platforms, by name, have no way to do. Call it in a
    durable transaction. Raises NotFound, Conflict."""
    row = db.execute("SELECT case_id, state FROM decisions WHERE id = ?", (decision_id,)).fetchone()
    if row is None:
        raise _not_found(db, decision_id)
    states = actions.states(db, decision_id)
    if any(state is ActionState.SENDING for _, state in states):
        raise Conflict(f"decision {decision_id} is being carried out; undo it again once the worker is through with it")
    changed = db.execute(
        "UPDATE decisions SET state = 'undone', version = version + 1, undone_by = ?, undone_at = ?"
        " WHERE id = ? AND state IN ('proposed', 'approved') RETURNING id",
        (staff, now, decision_id),
    ).fetchall()
    if not changed:
        raise Conflict(_told_of(db, decision_id))
    withdrawn = actions.withdraw(db, decision_id, now)
    inverses, staying = actions.queue_inverses(db, decision_id, now, cannot)
    lasting = Counter(
        {kind: count for (kind, state), count in states.items() if state is ActionState.DONE and kind not in INVERSE}
    )
    for (_, kind), count in staying.items():
        lasting[kind] += count
    strikes = members.revoke_strikes(db, decision_id, now)
    points = ledger.reverse_decision(db, decision_id, staff, now)
    cases.reopen(db, row[0], now)
    audit.record(
        db, now, staff, "decision.undo", str(decision_id), case=row[0], withdrawn=withdrawn, inverses=inverses,
        lasting=lasting, strikes=strikes, points=points,
    )  # fmt: skip
    return Undone(
        decision_id,
        row[0],
        withdrawn,
        tuple(sorted(inverses.items())),
        tuple(sorted(lasting.items())),
        strikes,
        points,
        tuple(sorted(staying)),
    )


def latest_of(db: Database, staff: str, since: float) -> tuple[int, float] | None:
    """The newest decision or answer of a person since then that can still be undone, and when it was. What somebody
    else has answered is theirs."""
    found = db.execute(
        "SELECT d.id, coalesce(a.answered_at, d.decided_at) AS at FROM decisions d"
        " LEFT JOIN approvals a ON a.decision_id = d.id"
        " WHERE d.state IN ('proposed', 'approved') AND coalesce(a.staff, d.staff) = ? AND at >= ?"
        " ORDER BY at DESC, d.id DESC LIMIT 1",
        (staff, since),
    ).fetchone()
    return None if found is None else (int(found[0]), float(found[1]))


def staff_of(db: Database, decision_id: int) -> tuple[str, str]:
    """Who took a decision, and who answered it, or "". Raises NotFound."""
    row = db.execute(
        "SELECT d.staff, coalesce(a.staff, '') FROM decisions d LEFT JOIN approvals a ON a.decision_id = d.id"
        " WHERE d.id = ?",
        (decision_id,),
    ).fetchone()
    if row is None:
        raise _not_found(db, decision_id)
    return row[0], row[1]


def _not_found(db: Database, decision_id: int) -> NotFound:
    """Says where the right number stands: often it is a case's that was given."""
    case = db.value("SELECT id FROM cases WHERE id = ?", (decision_id,))
    if case is not None:
        return NotFound(f"no decision {decision_id}; `vigil show {case}` names the decisions of case {case}")
    return NotFound(
        f"no decision {decision_id}; `vigil show CASE` names those of a case, `vigil proposals` those that wait"
    )


def proposals(db: Database, limit: int = 500) -> list[Proposal]:
    """Decisions that wait for an admin, the oldest first."""
    found = db.execute(
        "SELECT d.id, d.case_id, d.version, d.decision, d.staff, d.decided_at, d.reason, c.rule,"
        " coalesce(substr(m.text, 1, 400), '') FROM decisions d JOIN cases c ON c.id = d.case_id"
        " LEFT JOIN messages m ON m.id = c.first_message_id WHERE d.state = 'proposed' ORDER BY d.id LIMIT ?",
        (limit,),
    ).fetchall()
    listed = []
    for row in found:
        steps = _steps(db, row[0])
        groups = db.value("SELECT count(DISTINCT group_id) FROM actions WHERE decision_id = ?", (row[0],))
        number, case_id, version, decision, by, at, reason, rule, sample = row
        listed.append(
            Proposal(number, case_id, version, Decision(decision), by, at, reason, rule, sample, steps, groups)
        )
    return listed


def _steps(db: Database, decision_id: int) -> tuple[tuple[str, int], ...]:
    """What a decision does: messages it deletes, then members by action; inverses queued later left out."""
    counts = db.execute(
        "SELECT kind, CASE kind WHEN 'delete' THEN count(*) ELSE count(DISTINCT member_id) END"
        " FROM actions WHERE decision_id = ? AND inverse_of IS NULL GROUP BY kind",
        (decision_id,),
    ).fetchall()
    return tuple(sorted(counts, key=lambda count: _ORDER_OF_KINDS.index(count[0])))


def of_case(db: Database, case_id: int) -> list[PastDecision]:
    """Every decision taken on a case, the newest first."""
    found = db.execute(
        "SELECT d.id, d.decided_at, d.staff, d.decision, d.state, d.reason, coalesce(a.staff, d.undone_by),"
        " coalesce(a.reason, '') FROM decisions d LEFT JOIN approvals a ON a.decision_id = d.id"
        " WHERE d.case_id = ? ORDER BY d.id DESC",
        (case_id,),
    ).fetchall()
    past = []
    for row in found:
        counts: Counter[ActionState] = Counter()
        for (_, state), number in actions.states(db, row[0]).items():
            counts[state] += number
        failure = db.value(
            "SELECT coalesce(nullif(result, ''), 'the worker ended while it was sent') FROM actions"
            " WHERE decision_id = ? AND state IN ('failed', 'unknown') ORDER BY id LIMIT 1",
            (row[0],),
        )
        notes = db.execute(
            "SELECT result, count(*) FROM actions WHERE decision_id = ? AND state = 'done' AND result <> ''"
            " GROUP BY result ORDER BY min(id)",
            (row[0],),
        ).fetchall()
        number, at, by, decision, state, reason, approver, answer = row
        by_state = tuple((known, counts[known]) for known in ActionState if counts[known])
        past.append(
            PastDecision(
                number,
                at,
                by,
                Decision(decision),
                DecisionState(state),
                reason,
                approver,
                answer,
                _steps(db, row[0]),
                by_state,
                failure or "",
                notes=tuple(notes),
            )
        )
    return past


def _told(db: Database, case_id: int) -> str:
    """Why an open case was expected and none is there: who did what, when."""
    state = cases.get(db, case_id).state
    last = db.execute(
        "SELECT id, staff, decision, decided_at FROM decisions WHERE case_id = ? ORDER BY id DESC LIMIT 1",
        (case_id,),
    ).fetchone()
    if state is CaseState.OPEN:
        return f"case {case_id} has changed since it was shown; look again"
    if state is CaseState.MERGED:
        into = db.value("SELECT merged_into FROM cases WHERE id = ?", (case_id,))
        return f"case {case_id} has become part of case {into}"
    if last is None:
        return f"case {case_id} is {state}"
    verb = "proposed" if state is CaseState.PROPOSED else "decided"
    return f"case {case_id}: {last[1]} {verb} {last[2]} at {_clock(last[3])} (decision {last[0]})"


def _told_of(db: Database, decision_id: int) -> str:
    row = db.execute(
        "SELECT d.state, d.staff, d.undone_by, d.undone_at, a.staff, a.answered_at, d.decided_at"
        " FROM decisions d LEFT JOIN approvals a ON a.decision_id = d.id WHERE d.id = ?",
        (decision_id,),
    ).fetchone()
    if row is None:
        raise _not_found(db, decision_id)
    state, staff, undone_by, undone_at, approver, answered_at, decided_at = row
    if state == DecisionState.UNDONE:
        return f"decision {decision_id}: {undone_by} took it back at {_clock(undone_at)}"
    if approver:
        return f"decision {decision_id}: {approver} {state} it at {_clock(answered_at)}"
    return f"decision {decision_id}: {staff} took it at {_clock(decided_at)}, it needed no approval"


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")
