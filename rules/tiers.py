"""Which tier points make: up at once, down only after a grace and some margin below, so that nobody goes to and fro."""

from __future__ import annotations

from typing import NamedTuple

from rules.community import Tiers


class Standing(NamedTuple):
    """A member's tier, "" for none, its `rank` from 1 for the lowest, 0 for none, and since when (epoch seconds) the
    points have been too few for it, None when they suffice."""

    tier: str
    rank: int
    below_since: float | None


NONE = Standing("", 0, None)


def step(before: Standing, points: int, now: float, tiers: Tiers) -> Standing:
    """Where a member stands at `now` (epoch seconds) with these points, who stood at `before`.

    A tier that was renamed is told by its rank. The points suffice for a tier once reached while they are not below
    those it begins at less `Tiers.margin` percent; who falls keeps the highest tier for which they suffice.
    """
    held = min(rank_before(before, tiers), len(tiers.levels))
    reached = rank_of(points, tiers)
    if reached >= held:
        return _at(reached, tiers)
    kept = next((rank for rank in range(held, reached, -1) if points >= floor(rank, tiers)), reached)
    if kept == held:
        return _at(held, tiers)
    # A clock that was set back must not lengthen the grace.
    since = now if before.below_since is None else min(before.below_since, now)
    if now - since >= tiers.grace:
        return _at(kept, tiers)
    return _at(held, tiers)._replace(below_since=since)


def rank_before(before: Standing, tiers: Tiers) -> int:
    """The rank that the tier has now, by its name; by its rank where no tier is called so any more."""
    ranks = {level.name: rank for rank, level in enumerate(tiers.levels, 1)}
    return ranks.get(before.tier, before.rank)


def rank_of(points: int, tiers: Tiers) -> int:
    """The rank of the highest tier that begins at these points or fewer, 0 for none."""
    return sum(level.points <= points for level in tiers.levels)


def floor(rank: int, tiers: Tiers) -> float:
    """Below so many points a member loses the tier of that rank."""
    return tiers.levels[rank - 1].points * (1 - tiers.margin / 100)


def missing_points(standing: Standing, points: int, tiers: Tiers) -> tuple[str, int] | None:
    """The next tier and how many points it takes more, None for who has the highest or where there are none."""
    rank = max(standing.rank, rank_of(points, tiers))
    if rank >= len(tiers.levels):
        return None
    level = tiers.levels[rank]
    return level.name, level.points - points


def _at(rank: int, tiers: Tiers) -> Standing:
    return Standing(tiers.levels[rank - 1].name, rank, None) if rank else NONE
