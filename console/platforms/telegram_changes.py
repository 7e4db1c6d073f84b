"""Who came and who left is told twice to a bot that is an administrator: by a message of the group's, and by itself."""

from __future__ import annotations

from typing import NamedTuple

NEAR_SECONDS = 60
MOST = 1_000


class Told(NamedTuple):
    """A change that was told once: in which group, of whom, "join" or "leave", by what, and when (epoch seconds)."""

    group: str
    member: str
    kind: str
    by: str
    date: int


class Pairs:
    """Finds the second telling of a change. `waiting` are those told once so far, kept with the position."""

    def __init__(self, waiting: list[Told]) -> None:
        self.waiting = waiting

    def is_second(self, told: Told) -> bool:
        """Whether the other side has told it already; if not it is remembered."""
        self.waiting = [one for one in self.waiting if one.date > told.date - NEAR_SECONDS][-MOST:]
        for at, one in enumerate(self.waiting):
            if one[:3] == told[:3] and one.by != told.by and abs(one.date - told.date) < NEAR_SECONDS:
                del self.waiting[at]
                return True
        self.waiting.append(told)
        return False
