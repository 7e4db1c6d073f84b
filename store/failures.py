"""What failed for good in a group last, of each kind of action, and was not done there since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from store.database import Database
from store.group_names import GROUP_NAME
from store.records import ActionKind

_LATEST = 500
"""Of a group whose actions all fail so many of the newest are looked through."""

_RETRIED = 1_000
"""An action that succeeded later may have been made so many actions earlier: somebody sent it again. Without a bound
every action a group ever had would be looked through."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The newest failure of a kind of action in a group; `group` is by name, `at` in epoch seconds, `words` are the
    platform's."""

    group_id: int
    group: str
    kind: ActionKind
    at: float
    words: str


def lasting(db: Database, group_ids: Iterable[int], since: float) -> list[Failure]:
    """The failures since then (epoch seconds) in these groups that no later success made good, group by group."""
    found = []
    for group_id in group_ids:
        rows = db.execute(
            "SELECT a.id, a.kind, a.finished_at, a.result, "
            f"{GROUP_NAME} FROM actions a JOIN groups g ON g.id = a.group_id"
            " WHERE a.state = 'failed' AND a.group_id = ? AND a.decision_id IS NOT NULL ORDER BY a.id DESC LIMIT ?",
            (group_id, _LATEST),
        ).fetchall()
        newest: dict[str, tuple[float, int, str, str]] = {}
        for number, kind, at, words, group in rows:
            if at is not None and at >= since:
                newest[kind] = max(newest.get(kind, (at, number, words, group)), (at, number, words, group))
        for kind, (at, number, words, group) in newest.items():
            done = db.value(
                "SELECT 1 FROM actions WHERE state = 'done' AND group_id = ? AND id > ? AND kind = ?"
                " AND finished_at > ? LIMIT 1",
                (group_id, number - _RETRIED, kind, at),
            )
            if not done:
                found.append(Failure(group_id, group, ActionKind(kind), at, words))
    return found
