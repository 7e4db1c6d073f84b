"""Layers and tiers: where a member stands, what is missing for more, and that nobody goes to and fro."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import tiers
from rules.community import DAY, Layer, Layers, Tier, Tiers
from rules.layers import MissingLayer, Seen, days_left_new, layer, missing_layer
from rules.tiers import NONE, Standing
from tests.unit.made import NOON

LAYERS = Layers(core_days=10, core_messages=30)
TIERS = Tiers((Tier("Bronze", 100), Tier("Silver", 200), Tier("Gold", 1_000)), grace=14 * DAY, margin=10)

points = st.integers(-50, 1_200)
sizes = st.builds(
    lambda steps, grace, margin: Tiers(
        tuple(Tier(f"t{n}", sum(steps[: n + 1])) for n in range(len(steps))), "earned", grace * DAY, margin
    ),
    st.lists(st.integers(1, 300), max_size=4), st.integers(0, 30), st.sampled_from((0, 10, 100)),
)  # fmt: skip


def seen(joined: float | None, last: float | None, days: int = 1, messages: int = 1, *, gone: bool = False) -> Seen:
    """Joined and last heard so many days ago."""
    first, word = (None if ago is None else NOON - ago * DAY for ago in (joined, last))
    return Seen(first, word, days, messages, gone)


@pytest.mark.parametrize(
    ("found", "at"),
    [
        (seen(0, 0), Layer.NEW),
        (seen(6.9, 6.9), Layer.NEW),
        (seen(7, 2.9), Layer.ACTIVE),
        (seen(7, 3), Layer.SILENT),
        (seen(7, None), Layer.SILENT),
        (seen(None, None), Layer.SILENT),
        (seen(90, 0, 10, 30), Layer.CORE),
        (seen(90, 0, 9, 99), Layer.ACTIVE),
        (seen(90, 0, 30, 29), Layer.ACTIVE),
        (seen(90, 3, 30, 99), Layer.SILENT),
        (seen(1, 1, gone=True), Layer.GONE),
        (seen(90, -0.5), Layer.ACTIVE),
    ],
)
def test_the_layer_of_a_member(found: Seen, at: Layer) -> None:
    assert layer(found, NOON, LAYERS) is at


def test_what_is_missing_for_the_next_layer() -> None:
    assert missing_layer(seen(90, 0, 6, 28), NOON, LAYERS) == MissingLayer(Layer.CORE, 4, 2)
    assert missing_layer(seen(90, 0, 10, 28), NOON, LAYERS) == MissingLayer(Layer.CORE, 0, 2)
    assert missing_layer(seen(90, 5, 10, 28), NOON, LAYERS) == MissingLayer(Layer.ACTIVE, 0, 0)
    assert missing_layer(seen(90, 0, 10, 30), NOON, LAYERS) is None
    assert days_left_new(seen(2, 0), NOON, LAYERS) == 5
    assert days_left_new(seen(1.5, 0), NOON, LAYERS) == 6
    assert days_left_new(seen(9, 0), NOON, LAYERS) == 0


def test_a_tier_is_reached_at_once_and_its_next_is_named() -> None:
    assert tiers.step(NONE, 99, NOON, TIERS) == NONE
    assert tiers.step(NONE, 250, NOON, TIERS) == Standing("Silver", 2, None)
    assert tiers.missing_points(Standing("Silver", 2, None), 250, TIERS) == ("Gold", 750)
    assert tiers.missing_points(NONE, -20, TIERS) == ("Bronze", 120)
    assert tiers.missing_points(Standing("Gold", 3, None), 950, TIERS) is None
    assert tiers.missing_points(Standing("Silver", 2, None), 185, TIERS) == ("Gold", 815)


def test_a_tier_is_lost_only_below_the_margin_and_after_the_grace() -> None:
    gold = Standing("Gold", 3, None)
    assert tiers.step(gold, 900, NOON, TIERS) == gold, "within the margin"
    falling = tiers.step(gold, 899, NOON, TIERS)
    assert falling == Standing("Gold", 3, NOON)
    assert tiers.step(falling, 150, NOON + 14 * DAY - 1, TIERS) == falling
    assert tiers.step(falling, 150, NOON + 14 * DAY, TIERS) == Standing("Bronze", 1, None)
    assert tiers.step(falling, 180, NOON + 14 * DAY, TIERS) == Standing("Silver", 2, None), "its margin holds too"
    assert tiers.step(falling, 0, NOON + 14 * DAY, TIERS) == NONE
    assert tiers.step(falling, 900, NOON + 5, TIERS) == gold, "earned in time: the grace begins anew"


def test_a_clock_set_back_does_not_lengthen_the_grace() -> None:
    falling = tiers.step(Standing("Gold", 3, NOON), 0, NOON - 30 * DAY, TIERS)
    assert tiers.step(falling, 0, NOON - 16 * DAY, TIERS) == NONE


def test_a_tier_called_otherwise_now_is_the_same_tier() -> None:
    renamed = Tiers((Tier("铜", 100), Tier("银", 200), Tier("金", 1_000)))
    assert tiers.step(Standing("Silver", 2, None), 200, NOON, renamed) == Standing("银", 2, None)
    fewer = Tiers((Tier("铜", 100),))
    assert tiers.step(Standing("Gold", 3, None), 1_000, NOON, fewer) == Standing("铜", 1, None)
    assert tiers.step(Standing("Gold", 3, None), 1_000, NOON, Tiers()) == NONE


@given(points, sizes)
def test_looking_twice_changes_nothing(points: int, levels: Tiers) -> None:
    once = tiers.step(NONE, points, NOON, levels)
    assert tiers.step(once, points, NOON, levels) == once
    assert once.rank == tiers.rank_of(points, levels)


@given(st.lists(st.tuples(points, st.integers(0, 20)), max_size=12), sizes)
def test_nobody_stands_below_their_points_or_above_what_they_once_had(
    history: list[tuple[int, int]], levels: Tiers
) -> None:
    now, standing, best = NOON, NONE, 0
    for has, days in history:
        now += days * DAY
        before, standing = standing, tiers.step(standing, has, now, levels)
        best = max(best, tiers.rank_of(has, levels))
        assert tiers.rank_of(has, levels) <= standing.rank <= best
        if standing.rank < before.rank:
            assert has < tiers.floor(before.rank, levels)
            assert levels.grace == 0 or (before.below_since is not None and now - before.below_since >= levels.grace)
        if standing.below_since is not None:
            assert has < tiers.floor(standing.rank, levels)
