"""Keeping layers and tiers up to date: who has just written or earned soon, everybody else in turn."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from console.standing import has_changed, judged, since_day
from rules.rulebook import Rulebook
from store import lease, standings
from store.database import Database

PIECE_SECONDS = 0.03
"""No chunk of members is begun after so much of a step; one takes a few milliseconds."""

CHUNK = 200
ROUND_STEPS = 180
"""In so many steps, one a second, all members are looked at; in fewer where they are few."""


class Standings:
    """The worker's chore of looking at members. A restart loses nothing: the next round finds what has changed."""

    def __init__(self, db: Database, generation: int) -> None:
        self._db = db
        self._generation = generation
        self._message, self._ledger = standings.newest(db)
        self._waiting: deque[int] = deque()
        self._queued: set[int] = set()
        self._at = 0

    def step(self, rulebook: Rulebook, now: float) -> Sequence[str]:
        """Look at some members; raises LeaseLost."""
        until = time.perf_counter() + PIECE_SECONDS
        since = since_day(rulebook, now)
        self._queue()
        # Whoever is in turn first: many who write at once must not keep the others waiting.
        for _ in range(max(1, -(-standings.count(self._db) // (ROUND_STEPS * CHUNK)))):
            rows = standings.following(self._db, self._at, CHUNK, since)
            self._at = rows[-1].id if len(rows) == CHUNK else 0
            self._settle(rows, rulebook, now, since)
            if time.perf_counter() > until:
                break
        while self._waiting and time.perf_counter() < until:
            chosen = [self._waiting.popleft() for _ in range(min(CHUNK, len(self._waiting)))]
            self._queued.difference_update(chosen)
            self._settle(standings.of_members(self._db, chosen, since), rulebook, now, since)
        return ()

    def _queue(self) -> None:
        message, row = standings.newest(self._db)
        if (message, row) == (self._message, self._ledger):
            return
        for member in standings.touched(self._db, self._message, self._ledger):
            if member not in self._queued:
                self._queued.add(member)
                self._waiting.append(member)
        self._message, self._ledger = message, row

    def _settle(self, rows: Sequence[standings.StandingRow], rulebook: Rulebook, now: float, since: int) -> None:
        changed = [row.id for row in rows if has_changed(judged(row, rulebook, now))]
        if not changed:
            return
        with self._db.transaction():
            lease.confirm(self._db, self._generation)
            # Read once more: another process may have given or taken points meanwhile.
            found = standings.of_members(self._db, changed, since)
            standings.write(self._db, list(filter(has_changed, (judged(row, rulebook, now) for row in found))), now)
