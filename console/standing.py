"""Where a member stands by the rulebook now, and in words what is missing for more."""

from __future__ import annotations

from dataclasses import dataclass

from rules import tiers
from rules.community import days_within
from rules.layers import MissingLayer, Seen, days_left_new, layer, missing_layer
from rules.rulebook import Rulebook
from store import ledger, standings
from store.database import Database
from store.errors import NotFound
from store.standings import NewStanding, StandingRow
from widgets.language import say, say_n
from widgets.words import layer_word


@dataclass(frozen=True, slots=True)
class MemberStanding:
    """A member's layer and tier now, and their points. `next_tier` takes `next_tier_points` more, "" for none;
    `falls_at` is when the tier is lost if nothing is earned (epoch seconds). `next_layer` takes `next_layer_days` more
    days with a word and `next_layer_messages` more messages, both 0 for a single word. `streak` counts the days in a
    row checked in up to today or yesterday."""

    member_id: int
    layer: str
    tier: str
    balance: int
    earned: int
    next_tier: str
    next_tier_points: int
    falls_at: float | None
    next_layer: str
    next_layer_days: int
    next_layer_messages: int
    new_days: int
    streak: int


def since_day(rulebook: Rulebook, now: float) -> int:
    """The first day whose activity counts for a layer."""
    return rulebook.community.day(now) - days_within(rulebook.layers.core_within) + 1


def judged(row: StandingRow, rulebook: Rulebook, now: float) -> NewStanding:
    """Where a member stands now, whether or not it is where they stood."""
    before = tiers.Standing(row.tier, row.rank, row.below_since)
    after = tiers.step(before, _points(row, rulebook), now, rulebook.tiers)
    rose = after.rank > tiers.rank_before(before, rulebook.tiers)
    return NewStanding(row, layer(_seen(row), now, rulebook.layers), *after, rose)


def has_changed(new: NewStanding) -> bool:
    """Whether there is anything to store."""
    old = new.before
    return (new.layer, new.tier, new.rank, new.below_since) != (old.layer, old.tier, old.rank, old.below_since)


def look(db: Database, rulebook: Rulebook, member_id: int, now: float) -> MemberStanding:
    """Where a member stands. Raises NotFound."""
    rows = standings.of_members(db, [member_id], since_day(rulebook, now))
    if not rows:
        raise NotFound(f"no member {member_id}")
    row, new = rows[0], judged(rows[0], rulebook, now)
    points = tiers.missing_points(tiers.Standing(new.tier, new.rank, None), _points(row, rulebook), rulebook.tiers)
    stage = missing_layer(_seen(row), now, rulebook.layers) or MissingLayer(
        layer(_seen(row), now, rulebook.layers), 0, 0
    )
    return MemberStanding(
        member_id,
        new.layer,
        new.tier,
        row.balance,
        row.earned,
        *(points or ("", 0)),
        None if new.below_since is None else new.below_since + rulebook.tiers.grace,
        "" if stage.next == new.layer else stage.next,
        stage.days,
        stage.messages,
        days_left_new(_seen(row), now, rulebook.layers),
        _streak(db, rulebook, member_id, now),
    )


def missing_words(standing: MemberStanding) -> list[str]:
    """What is missing for the next tier and layer, a line each: "120 points to Gold"."""
    lines = []
    if standing.next_tier:
        points = standing.next_tier_points
        lines.append(say_n("{n} point to {tier}", "{n} points to {tier}", points, tier=standing.next_tier))
    if standing.next_layer:
        lines.append(_layer_words(standing))
    return lines


def _layer_words(standing: MemberStanding) -> str:
    needs = []
    if days := standing.next_layer_days:
        needs.append(say_n("{n} more day with a word", "{n} more days with a word", days))
    if messages := standing.next_layer_messages:
        needs.append(say_n("{n} more message", "{n} more messages", messages))
    if days := standing.new_days:
        needs.append(say_n("{n} day until no longer new", "{n} days until no longer new", days))
    joined = ", ".join(needs) or say("a word")
    return say("{needs} to {layer}", needs=joined, layer=layer_word(standing.next_layer))


def _points(row: StandingRow, rulebook: Rulebook) -> int:
    return row.balance if rulebook.tiers.by == "balance" else row.earned


def _seen(row: StandingRow) -> Seen:
    return Seen(row.joined, row.last, row.days, row.messages, row.gone)


def _streak(db: Database, rulebook: Rulebook, member_id: int, now: float) -> int:
    # The day is the group's, and not yet over: what was reached yesterday still stands.
    last = ledger.last_check_in(db, member_id)
    if last is None or last < rulebook.community.day(now) - 1:
        return 0
    return ledger.streak(db, member_id, last)
