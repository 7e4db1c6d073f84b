"""Actions that failed, or of which nobody knows whether they were carried out: what a person makes of them."""

from __future__ import annotations

from dataclasses import dataclass

from store import audit
from store.actions import FORGOTTEN
from store.database import Database
from store.errors import Conflict, NotFound
from store.records import ActionKind, ActionState

_ACTION = (
    "SELECT a.id, a.state, a.kind, g.platform, coalesce(nullif(g.name, ''), g.key),"
    " coalesce(nullif(p.name, ''), p.key, ''), coalesce(m.key, ''), a.decision_id, d.case_id, a.grant_id,"
    " coalesce(a.finished_at, a.created_at), a.attempts, a.result"
    " FROM actions a JOIN groups g ON g.id = a.group_id LEFT JOIN members p ON p.id = a.member_id"
    " LEFT JOIN messages m ON m.id = a.message_id LEFT JOIN decisions d ON d.id = a.decision_id"
)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """An action that was not carried out, or perhaps was. `member` is by name; `message` the platform's id of it;
    `decision_id`, `case_id` and `grant_id` say what it belongs to, None for nothing of the kind; `at` is when it ended
    so, in epoch seconds; `words` are the platform's."""

    id: int
    state: ActionState
    kind: ActionKind
    platform: str
    group: str
    member: str
    message: str
    decision_id: int | None
    case_id: int | None
    grant_id: int | None
    at: float
    attempts: int
    words: str


def listed(db: Database, limit: int) -> list[Undelivered]:
    """Those that failed or are unknown, the oldest first; what failed of a decision that was taken back is left out."""
    rows = db.execute(
        f"{_ACTION} WHERE a.state IN ('failed', 'unknown') AND NOT ({FORGOTTEN}) ORDER BY a.id LIMIT ?", (limit,)
    )
    return [Undelivered(row[0], ActionState(row[1]), ActionKind(row[2]), *row[3:]) for row in rows]


def get(db: Database, action_id: int) -> Undelivered:
    """Raises NotFound for an action that is not there, Conflict for one that neither failed nor is unknown."""
    row = db.execute(f"{_ACTION} WHERE a.id = ?", (action_id,)).fetchone()
    if row is None:
        raise NotFound(f"no action {action_id}; `vigil outbox list` lists those that failed")
    if row[1] not in (ActionState.FAILED, ActionState.UNKNOWN):
        raise Conflict(f"action {action_id} ({row[2]}) is {row[1]}: nothing is to be done about it")
    return Undelivered(row[0], ActionState(row[1]), ActionKind(row[2]), *row[3:])


def retry(db: Database, action_id: int, staff: str, now: float) -> Undelivered:
    """Have an action that failed sent again, under its own key. Call it in a durable transaction. Raises NotFound,
    Conflict."""
    action = get(db, action_id)
    if action.state is ActionState.UNKNOWN:
        raise Conflict(
            f"action {action_id} may have been carried out: look, then say `vigil outbox settle {action_id} lost` first"
        )
    if action.grant_id is not None:
        raise Conflict(f"action {action_id} was to send a perk, which came back: give it again (`vigil perk give`)")
    undone = db.value(
        "SELECT d.state <> 'approved' FROM actions a JOIN decisions d ON d.id = a.decision_id"
        " WHERE a.id = ? AND a.inverse_of IS NULL",
        (action_id,),
    )
    if undone:
        raise Conflict(f"action {action_id} is of decision {action.decision_id}, which does not hold any more")
    other = db.value(
        "SELECT o.id FROM actions a JOIN actions o ON o.message_id = a.message_id AND o.id <> a.id AND o.kind = a.kind"
        " WHERE a.id = ? AND a.message_id IS NOT NULL AND o.state NOT IN ('withdrawn', 'failed')",
        (action_id,),
    )
    if other:
        raise Conflict(f"action {action_id}: action {other} has done, or does, the same")
    db.execute(
        "UPDATE actions SET state = 'waiting', not_before = ?, finished_at = NULL WHERE id = ? AND state = 'failed'",
        (now, action_id),
    )
    audit.record(db, now, staff, "action.retry", str(action_id), kind=action.kind, result=action.words)
    return action


def settle(db: Database, action_id: int, staff: str, *, arrived: bool, now: float) -> Undelivered:
    """A person's word on an action of which nobody knows whether it was carried out: lost, it has failed, and may be
    sent again. Call it in a durable transaction. Raises NotFound, Conflict."""
    action = get(db, action_id)
    if action.state is not ActionState.UNKNOWN:
        raise Conflict(f"action {action_id} has {action.state}: only one that is unknown needs a person's word")
    if action.grant_id is not None:
        raise Conflict(
            f"action {action_id} sends the perk of grant {action.grant_id}: `vigil perk settle {action.grant_id}`"
        )
    state = ActionState.DONE if arrived else ActionState.FAILED
    # The words of its sending say that nobody knows; a person does now.
    words = "" if arrived else action.words
    db.execute("UPDATE actions SET state = ?, finished_at = ?, result = ? WHERE id = ?", (state, now, words, action_id))
    if arrived and action.kind is ActionKind.DELETE:
        db.execute(
            "UPDATE messages SET deleted_at = ? WHERE deleted_at IS NULL"
            " AND id = (SELECT message_id FROM actions WHERE id = ?)",
            (now, action_id),
        )
    audit.record(db, now, staff, "action.settle", str(action_id), kind=action.kind, arrived=arrived)
    return action


def drop(db: Database, action_id: int, staff: str, now: float) -> Undelivered:
    """Give an action up that failed: it is counted no longer. Call it in a durable transaction. Raises NotFound,
    Conflict."""
    action = get(db, action_id)
    if action.state is not ActionState.FAILED:
        raise Conflict(
            f"action {action_id} is {action.state}: say first whether it was carried out (vigil outbox settle)"
        )
    db.execute("UPDATE actions SET state = 'withdrawn', finished_at = ? WHERE id = ?", (now, action_id))
    audit.record(db, now, staff, "action.drop", str(action_id), kind=action.kind, result=action.words)
    return action


def drop_waiting(db: Database, platform: str, staff: str, now: float) -> int:
    """Give up whatever waits for a platform, but for perks, which are taken back where they were given; returns how
    many actions that was. Call it in a durable transaction."""
    count = db.execute(
        "UPDATE actions SET state = 'withdrawn', finished_at = ? WHERE state = 'waiting' AND grant_id IS NULL"
        " AND group_id IN (SELECT id FROM groups WHERE platform = ?)",
        (now, platform),
    ).rowcount
    if count:
        audit.record(db, now, staff, "action.drop_waiting", platform, actions=count)
    return count
