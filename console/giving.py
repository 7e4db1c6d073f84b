"""Perks that the rulebook gives by itself: to newcomers, at a rise of tier, after days of checking in."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from console.desk import Desk
from console.settings import Settings
from rules.community import Given
from rules.rulebook import Rulebook
from store import ledger, occasions
from store.database import Database
from store.errors import StoreError, StoreUnavailable
from store.occasions import Occasion
from store.perk_records import Cause

OCCASION_SECONDS = 86_400.0
"""What happened longer ago gives nothing: an old chat that is taken in must not empty a pool of codes."""

AT_ONCE = 20
"""Occasions looked at in one piece: each grant waits for the disk."""

_LOOKS: tuple[tuple[str, Callable[[Database, int, int, float], list[Occasion]]], ...] = (
    ("join", occasions.joined),
    ("tier", occasions.risen),
    ("streak", occasions.checked_in),
)


class AutomaticPerks:
    """A chore of the worker of `generation`. What happened before the store's first such worker is no occasion; an
    occasion gives a perk once, whatever is killed between giving it and noting that it was given. Making one may raise
    LeaseLost."""

    def __init__(self, db: Database, settings: Settings, generation: int) -> None:
        self.db = db
        self._settings = settings
        self._generation = generation
        self._unknown: set[str] = set()
        first = {what: newest for what, newest in self._newest().items() if occasions.looked_at(db, what) is None}
        if first:
            occasions.note_looked_at(db, generation, first, time.time())

    def step(self, rulebook: Rulebook, now: float) -> Sequence[str]:
        """Look at what happened since the last look. Raises LeaseLost, StoreUnavailable."""
        newest = self._newest()
        desk = Desk.automatic(self.db, self._settings, clock=lambda: now)
        ahead: dict[str, int] = {}
        said: list[str] = []
        for what, look in _LOOKS:
            after = occasions.looked_at(self.db, what)
            if after is None or after == newest[what]:
                continue
            found = look(self.db, after, AT_ONCE, now - OCCASION_SECONDS)
            for occasion in found:
                for given in rulebook.perks:
                    if given.on == what and _meant(given, occasion, rulebook, self.db):
                        said += self._give(desk, given, occasion)
            # Fewer than were asked for: there are no more up to the newest row.
            ahead[what] = found[-1].id if len(found) == AT_ONCE else newest[what]
        if ahead:
            occasions.note_looked_at(self.db, self._generation, ahead, now)
        return said

    def _newest(self) -> dict[str, int]:
        return dict(zip(("join", "tier", "streak"), occasions.newest(self.db), strict=True))

    def _give(self, desk: Desk, given: Given, occasion: Occasion) -> list[str]:
        perk = next((perk for perk in desk.perks.perks() if perk.name == given.perk), None)
        if perk is None:
            if given.perk in self._unknown:
                return []
            self._unknown.add(given.perk)
            return [f"the rulebook gives the perk {given.perk!r}, and there is none of that name: vigil perk add"]
        self._unknown.discard(given.perk)
        # A tier once reached is a reason once; so is a member's first joining, and each streak by its last day.
        reason = {"join": "", "tier": given.tier, "streak": str(occasion.day)}[given.on]
        key = f"{given.on}.{perk.id}.{occasion.member_id}.{reason}"
        try:
            sent = desk.perks.dispatch(perk.id, [occasion.member_id], key=key, cause=Cause(given.on))
        except StoreUnavailable:
            raise
        except StoreError as error:
            return [f"perk {given.perk!r} not given to member {occasion.member_id}: {error}"]
        return [] if sent.known or not sent.members else [f"perk {given.perk!r} given to member {occasion.member_id}"]


def _meant(given: Given, occasion: Occasion, rulebook: Rulebook, db: Database) -> bool:
    """Whether the occasion is the one on which this is given."""
    if given.on == "tier":
        # Who jumps over a tier has reached it as well.
        ranks = {tier.name: rank for rank, tier in enumerate(rulebook.tiers.levels)}
        before = ranks.get(occasion.before, -1)
        return given.tier in ranks and before < ranks[given.tier] <= ranks.get(occasion.after, -1)
    if given.on == "streak":
        return ledger.streak(db, occasion.member_id, occasion.day) == given.days
    return True
