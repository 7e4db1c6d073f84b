"""Scores from margins, and the threshold that few enough harmless messages reach."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calibration import cut, platt, scores


def test_scores_are_probabilities_that_never_come_to_an_end() -> None:
    assert scores(np.array([0.0]))[0] == 50
    assert scores(np.array([np.log(9.0)]))[0] == pytest.approx(90)
    made = scores(np.linspace(-200, 200, 4_001))
    assert (np.diff(made) > 0).all()
    assert made[0] > 0
    assert made[-1] < 100


def test_what_margins_mean_is_found_again() -> None:
    chosen = np.random.default_rng(1)
    margins = chosen.normal(0, 3, 20_000)
    spam = chosen.random(20_000) < 1 / (1 + np.exp(-(0.5 * margins - 1)))
    slope, offset = platt(margins, spam, np.ones(20_000))
    assert slope == pytest.approx(0.5, abs=0.03)
    assert offset == pytest.approx(-1, abs=0.1)


@given(st.lists(st.tuples(st.floats(-50, 50), st.booleans()), min_size=1, max_size=30))
def test_more_margin_is_more_likely_spam_whatever_was_seen(rows: list[tuple[float, bool]]) -> None:
    margins, spam = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    slope, offset = platt(margins, spam, np.ones(len(rows)))
    assert slope > 0
    assert np.isfinite(offset)


ODDS = st.lists(st.tuples(st.floats(-30, 30), st.integers(1, 5)), min_size=1, max_size=60)


@given(ODDS, st.sampled_from([0.001, 0.01, 0.2]))
def test_at_most_the_wanted_share_reaches_the_threshold(rows: list[tuple[float, int]], alarms: float) -> None:
    odds, counts = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], np.float64)
    assert counts[odds >= cut(odds, counts, alarms)].sum() <= alarms * counts.sum()


@given(ODDS)
def test_a_threshold_does_not_depend_on_the_order(rows: list[tuple[float, int]]) -> None:
    odds, counts = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], np.float64)
    assert cut(odds, counts, 0.01) == pytest.approx(cut(odds[::-1], counts[::-1], 0.01))


@pytest.mark.parametrize("size", [20, 300, 5_000, 40_000])
def test_as_many_messages_again_keep_to_the_wanted_share(size: int) -> None:
    flagged = []
    for seed in range(20):
        chosen = np.random.default_rng(seed)
        known, later = chosen.logistic(-6, 1, size), chosen.logistic(-6, 1, 100_000)
        flagged.append((later >= cut(known, np.ones(size), 0.001)).mean())
    assert np.mean(flagged) <= 0.001


def test_without_messages_there_is_no_threshold() -> None:
    with pytest.raises(ValueError, match="no harmless messages"):
        cut(np.empty(0), np.empty(0), 0.001)
