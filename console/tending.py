"""The worker's clock: what is to be done now and then, a small piece at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from console.seeking import SoughtChore
from console.settings import Settings
from rules.rulebook import Rulebook
from store.database import Database

TENDING_SECONDS = 1.0


class Chore(Protocol):
    """Something that is due now and then."""

    def step(self, rulebook: Rulebook, now: float) -> Sequence[str]:
        """Do a piece of what is due, of 50 ms at most; returns lines for the log. Raises LeaseLost."""
        ...


def chores(db: Database, settings: Settings, generation: int) -> tuple[Chore, ...]:
    """All there are."""
    from console.standing_chore import Standings

    return (Standings(db, generation), SoughtChore(db, generation))
