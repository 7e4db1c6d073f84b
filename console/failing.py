"""What failed in a group lately is said before the same is tried there again; it is no reason to refuse it."""

from __future__ import annotations

from collections.abc import Sequence

from console.planning import Plan
from store import failures
from store.cases import CasePart
from store.database import Database
from store.failures import Failure
from widgets.language import say
from widgets.words import ago, step_word

LATELY_SECONDS = 7 * 86_400.0
"""What failed longer ago says nothing of today."""


def failed_lately(db: Database, parts: Sequence[CasePart], now: float) -> list[Failure]:
    """What failed the last time in the groups of a case; `now` in epoch seconds."""
    return failures.lasting(db, sorted({part.group_id for part in parts}), now - LATELY_SECONDS)


def failing(planned: Plan, failed: Sequence[Failure], now: float) -> tuple[str, ...]:
    """What a plan tries again of that, a line each."""
    meant = {(action.group_id, action.kind) for action in planned.actions}
    return tuple(
        say(
            "{step} failed in {group} {age} ago: {why}",
            step=step_word(one.kind),
            group=one.group,
            age=ago(min(one.at, now - 60), now),
            why=one.words,
        )
        for one in failed
        if (one.group_id, one.kind) in meant
    )
