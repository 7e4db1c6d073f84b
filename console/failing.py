"""What failed in a group lately is said before the same is tried there again; it is no reason to refuse it."""

from __future__ import annotations

from collections.abc import Sequence

from console.planning import Plan
from store import failures
from store.cases import CasePart
from store.database import Database
from store.failures import Failure
from widgets.language import say
from widgets.words import step_word

LATELY_SECONDS = 7 * 86_400.0
"""What failed longer ago says nothing of today."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


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
            age=_age(now - one.at),
            why=one.words,
        )
        for one in failed
        if (one.group_id, one.kind) in meant
    )


def _age(seconds: float) -> str:
    """An age in its largest unit alone."""
    if seconds >= _DAY:
        return say("{n}d", n=int(seconds // _DAY))
    if seconds >= _HOUR:
        return say("{n}h", n=int(seconds // _HOUR))
    return say("{n}m", n=max(1, int(seconds // _MINUTE)))
