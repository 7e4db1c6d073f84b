"""A chore of the worker: members of an older store get what a search looks through."""

from __future__ import annotations

from collections.abc import Sequence

from rules.names import sought
from rules.rulebook import Rulebook
from store import lease, roster
from store.database import Database

PIECE = 1_000
"""Members at a time: some 20 ms."""


class SoughtChore:
    """Fills in what is lacking. The intake writes it with every name, so that once nothing lacks nothing ever does."""

    def __init__(self, db: Database, generation: int) -> None:
        self._db = db
        self._generation = generation
        self._done = False

    def step(self, rulebook: Rulebook, now: float) -> Sequence[str]:
        """Do a piece; see `console.tending.Chore`."""
        if not self._done:
            with self._db.transaction():
                lease.confirm(self._db, self._generation)
                self._done = roster.fill_sought(self._db, sought, PIECE) < PIECE
        return ()
