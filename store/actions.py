"""Actions and the outbox: planned, waiting, sent once, done or failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from store import audit, grants, lease
from store.database import Database
from store.records import INVERSE, ActionKind, ActionState, Order

_ORDER = (
    "SELECT a.id, a.key, a.kind, g.platform, g.key, coalesce(p.key, ''), coalesce(m.key, ''), a.text, a.seconds,"
    " a.grant_id"
    " FROM actions a JOIN groups g ON g.id = a.group_id LEFT JOIN members p ON p.id = a.member_id"
    " LEFT JOIN messages m ON m.id = a.message_id"
)
_FIRST_DUE = (
    "SELECT a.id FROM actions a WHERE a.group_id = some.id AND a.state = 'waiting' AND a.not_before <= ?"
    " ORDER BY a.id LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """An action before it is stored: what to do, to whom or which message, in which group."""

    kind: ActionKind
    group_id: int
    member_id: int | None = None
    message_id: int | None = None
    text: str = ""
    seconds: int = 0


def put(
    db: Database,
    decision_id: int,
    planned: Sequence[PlannedAction],
    state: ActionState,
    not_before: float,
    now: float,
) -> None:
    """Store a decision's actions, in the order in which they shall be carried out."""
    store = db.value("SELECT id FROM identity")
    db.executemany(
        "INSERT INTO actions (key, decision_id, kind, group_id, member_id, message_id, text, seconds, state,"
        " not_before, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (f"{store}.{decision_id}.{number}", decision_id, a.kind, a.group_id, a.member_id, a.message_id, a.text,
             a.seconds, state, not_before, now)
            for number, a in enumerate(planned, 1)
        ],
    )  # fmt: skip


def approve(db: Database, decision_id: int, not_before: float) -> None:
    db.execute(
        "UPDATE actions SET state = 'waiting', not_before = ? WHERE decision_id = ? AND state = 'proposed'",
        (not_before, decision_id),
    )


def withdraw(db: Database, decision_id: int, now: float) -> int:
    """Take back what was not yet sent; returns how many actions that were."""
    return db.execute(
        "UPDATE actions SET state = 'withdrawn', finished_at = ?"
        " WHERE decision_id = ? AND state IN ('proposed', 'waiting')",
        (now, decision_id),
    ).rowcount


def queue_inverses(
    db: Database, decision_id: int, now: float, cannot: Mapping[str, Collection[ActionKind]] | None = None
) -> tuple[Counter[ActionKind], Counter[tuple[str, ActionKind]]]:
    """Queue what takes back the actions already done, or perhaps done and withdrawn at `now`, where there is such;
    returns how many of each kind, and how many actions of each platform and kind stay done because it has no such
    inverse: `cannot` names those by platform."""
    done = db.execute(
        "SELECT actions.id, actions.key, kind, group_id, member_id, state, platform FROM actions"
        " JOIN groups ON groups.id = group_id"
        " WHERE decision_id = ? AND (state IN ('done', 'unknown')"
        # It waited to be sent once more: after no answer came, or a worker was killed in the middle.
        " OR (state = 'withdrawn' AND attempts > 0 AND finished_at = ?)) AND NOT EXISTS ("
        # What another decision in force holds as well stays.
        " SELECT 1 FROM actions o JOIN decisions d ON d.id = o.decision_id WHERE o.decision_id <> actions.decision_id"
        " AND d.state = 'approved' AND o.state IN ('done', 'unknown', 'waiting', 'sending') AND o.kind = actions.kind"
        " AND o.group_id = actions.group_id AND o.member_id = actions.member_id) ORDER BY actions.id",
        (decision_id, now),
    ).fetchall()
    queued: Counter[ActionKind] = Counter()
    staying: Counter[tuple[str, ActionKind]] = Counter()
    for number, key, kind, group_id, member_id, state, platform in done:
        inverse = INVERSE.get(ActionKind(kind))
        if inverse and inverse in (cannot or {}).get(platform, ()):
            staying[platform, ActionKind(kind)] += state == ActionState.DONE
        elif inverse:
            db.execute(
                "INSERT INTO actions (key, decision_id, kind, group_id, member_id, state, inverse_of, created_at)"
                " VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?) ON CONFLICT DO NOTHING",
                (f"{key}.inverse", decision_id, inverse, group_id, member_id, number, now),
            )
            queued[inverse] += 1
    return queued, +staying


def states(db: Database, decision_id: int) -> Counter[tuple[ActionKind, ActionState]]:
    found = db.execute(
        "SELECT kind, state, count(*) FROM actions WHERE decision_id = ? GROUP BY kind, state", (decision_id,)
    )
    return Counter({(ActionKind(kind), ActionState(state)): number for kind, state, number in found})


def due_groups(db: Database, now: float, platform: str) -> list[str]:
    """The groups of a platform for which an action is due, as it calls them, the longest waiting first."""
    if not db.value("SELECT EXISTS (SELECT 1 FROM actions WHERE state = 'waiting' AND not_before <= ?)", (now,)):
        return []
    # From group to group by the index, however many actions wait in each.
    found = db.execute(
        "WITH RECURSIVE some(id) AS (SELECT 0 UNION ALL SELECT (SELECT group_id FROM actions WHERE state = 'waiting'"
        " AND group_id > some.id ORDER BY group_id LIMIT 1) FROM some WHERE some.id IS NOT NULL)"
        f" SELECT g.key, ({_FIRST_DUE}) AS first FROM some JOIN groups g ON g.id = some.id"
        " WHERE g.platform = ? AND first IS NOT NULL ORDER BY first",
        (now, platform),
    )
    return [key for key, _ in found]


def claim(
    db: Database, generation: int, now: float, limit: int, platform: str, group: str, deletions: int = 0
) -> list[Order]:
    """Take the next due actions for a group as being sent by this worker, in order. Raises LeaseLost.

    With `deletions` those to come next, if they are deletions, are taken together, up to so many, and none of another
    kind with them.
    """
    due = (
        "SELECT a.id, a.kind = 'delete' FROM actions a JOIN groups g ON g.id = a.group_id WHERE a.state = 'waiting'"
        " AND a.not_before <= ? AND g.platform = ? AND g.key = ? ORDER BY a.id LIMIT ?"
    )
    # Durable, because an action whose claim the disk forgot would be sent a second time.
    with db.transaction(durable=True):
        lease.confirm(db, generation)
        ids = _next(db.execute(due, (now, platform, group, max(limit, deletions))).fetchall(), limit, deletions)
        chosen = ",".join("?" * len(ids))
        db.execute(
            f"UPDATE actions SET state = 'sending', generation = ?, attempts = attempts + 1 WHERE id IN ({chosen})",
            (generation, *ids),
        )
        orders = db.execute(f"{_ORDER} WHERE a.id IN ({chosen}) ORDER BY a.id", ids)
        return [Order(row[0], row[1], ActionKind(row[2]), *row[3:]) for row in orders]


def _next(due: Sequence[tuple[int, int]], limit: int, deletions: int) -> list[int]:
    """The ids to take of those that are due, with whether each is a deletion."""
    if not deletions or not due:
        return [number for number, _ in due[:limit]]
    deletes = due[0][1]
    alike = list(takewhile(lambda one: one[1] == deletes, due))
    return [number for number, _ in alike[: deletions if deletes else limit]]


def finish(db: Database, order: Order, generation: int, state: ActionState, result: str, now: float) -> None:
    """Note what became of an action this worker was sending, and of the grant it carried out. A message with a grant
    that failed, but may have gone out before a worker was killed, is for a person to settle. Raises LeaseLost."""
    with db.transaction(durable=order.grant_id is not None):
        lease.confirm(db, generation)
        if state is ActionState.FAILED and order.grant_id is not None and _perhaps_done(db, order.id):
            state = ActionState.UNKNOWN
        changed = db.execute(
            "UPDATE actions SET state = ?, result = ?, finished_at = ?"
            " WHERE id = ? AND state = 'sending' AND generation = ? RETURNING message_id",
            (state, result, now, order.id, generation),
        ).fetchall()
        if changed and state is ActionState.DONE and order.kind is ActionKind.DELETE:
            db.execute("UPDATE messages SET deleted_at = ? WHERE id = ?", (now, changed[0][0]))
        if changed and order.grant_id is not None:
            grants.follow(db, order.grant_id, state, result, now)
        if changed:
            audit.record(db, now, "worker", f"action.{state}", order.key, kind=order.kind, result=result)


def _perhaps_done(db: Database, action_id: int) -> bool:
    return bool(db.value("SELECT perhaps_done FROM actions WHERE id = ?", (action_id,)))


def put_back(db: Database, order: Order, generation: int, not_before: float, result: str) -> None:
    """Let an action that surely was not carried out wait for another try. Raises LeaseLost."""
    with db.transaction():
        lease.confirm(db, generation)
        db.execute(
            "UPDATE actions SET state = 'waiting', not_before = ?, result = ?"
            " WHERE id = ? AND state = 'sending' AND generation = ?",
            (not_before, result, order.id, generation),
        )


def put_off_codes(db: Database, generation: int, not_before: float, result: str) -> int:
    """Let the waiting actions that send a code wait for the key; returns how many. Raises LeaseLost."""
    with db.transaction():
        lease.confirm(db, generation)
        return db.execute(
            "UPDATE actions SET not_before = ?, result = ? WHERE state = 'waiting' AND not_before < ? AND grant_id IN"
            " (SELECT g.id FROM grants g JOIN perks p ON p.id = g.perk_id WHERE g.state = 'reserved'"
            " AND p.kind IN ('code', 'fixed'))",
            (not_before, result, not_before),
        ).rowcount


def recover(db: Database, generation: int, repeatable: Collection[str], now: float) -> Counter[ActionState]:
    """After a takeover, settle what an earlier worker was sending when it ended: platforms that know an
    action's key again get it once more, elsewhere a person has to look. Call it before the first claim."""
    with db.transaction(durable=True):
        lease.confirm(db, generation)
        left = db.execute(
            "SELECT a.id, a.key, a.kind, g.platform, a.grant_id FROM actions a JOIN groups g ON g.id = a.group_id"
            " WHERE a.state = 'sending' AND a.generation < ? ORDER BY a.id",
            (generation,),
        ).fetchall()
        settled: Counter[ActionState] = Counter()
        for number, key, kind, platform, grant_id in left:
            state = ActionState.WAITING if platform in repeatable else ActionState.UNKNOWN
            db.execute("UPDATE actions SET state = ?, perhaps_done = 1 WHERE id = ?", (state, number))
            if grant_id is not None:
                grants.follow(db, grant_id, state, "the worker ended while it was sent", now)
            audit.record(db, now, "worker", "action.recover", key, kind=kind, state=state)
            settled[state] += 1
        return settled


def held(db: Database, now: float) -> dict[tuple[str, str], float]:
    """Until when platforms let actions wait that they were asked for already, in epoch seconds, by platform and
    group."""
    found = db.execute(
        "SELECT g.platform, g.key, max(a.not_before) FROM actions a JOIN groups g ON g.id = a.group_id"
        " WHERE a.state = 'waiting' AND a.attempts > 0 AND a.not_before > ? GROUP BY g.id",
        (now,),
    )
    return {(platform, group): until for platform, group, until in found}


def waiting(db: Database) -> dict[str, int]:
    """How many actions wait, by platform."""
    found = db.execute(
        "SELECT g.platform, count(*) FROM actions a JOIN groups g ON g.id = a.group_id WHERE a.state = 'waiting'"
        " GROUP BY g.platform"
    )
    return dict(found.fetchall())


FORGOTTEN = (
    "a.state = 'failed' AND a.inverse_of IS NULL"
    " AND EXISTS (SELECT 1 FROM decisions u WHERE u.id = a.decision_id AND u.state = 'undone')"
)
"""What failed of a decision that was taken back: nobody wants it done any more. Of one that is unknown somebody still
has to say what came of it, and what takes a decision back is wanted all the more."""


def outbox(db: Database) -> Counter[ActionState]:
    """How many approved actions are not done: waiting, being sent, failed, or for a person to settle."""
    found = db.execute(
        "SELECT a.state, count(*) FROM actions a WHERE a.state IN ('waiting', 'sending', 'failed', 'unknown')"
        f" AND NOT ({FORGOTTEN}) GROUP BY a.state"
    )
    return Counter({ActionState(state): number for state, number in found})
