"""From a model's margins to scores one can read, and the score from which on few enough harmless messages lie."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STRAIGHT = 20.0
"""Log-odds up to which scores are the logistic function. Beyond, log-odds grow by their logarithm: never 0 or 100."""
_ROUNDS = 50
_PRIOR = 1.0
_FLATTEST = 0.1
_QUANTILE = 0.84
"""The standard normal's quantile for a one-sided confidence of 80 %."""
_TAIL_SHARE = 0.02
_SHORTEST_TAIL, _LONGEST_TAIL = 10, 200
_CAUTION = 0.5
_TAIL_CAUTION, _FEW_CAUTION = 0.3, 0.5
"""Which part of the wanted share is aimed at: what people talk of changes. Of the tail, and how much more where
messages are few."""
_SHORTEST_EXCESS = 0.05


def platt(margins: Floats, spam: NDArray[np.bool_], amounts: Floats) -> tuple[float, float]:
    """Slope and offset that make log-odds of margins which the model was not fitted to.

    Platt's method (1999), with his targets, and a weak pull of the slope towards 1: with few examples the margins
    stay what they are. The slope is above 0.
    """
    some, others = float(amounts[spam].sum()), float(amounts[~spam].sum())
    targets = np.where(spam, (some + 1) / (some + 2), 1 / (others + 2))
    slope, offset = 1.0, 0.0
    for _ in range(_ROUNDS):
        likely = _logistic(slope * margins + offset)
        wrong = amounts * (likely - targets)
        bend = amounts * likely * (1 - likely)
        down = float((wrong * margins).sum()) + _PRIOR * (slope - 1)
        aside = float(wrong.sum())
        second = float((bend * margins * margins).sum()) + _PRIOR
        cross = float((bend * margins).sum())
        level = float(bend.sum()) + 1e-9
        whole = second * level - cross * cross
        if whole <= 0:
            break
        step, shift = (level * down - cross * aside) / whole, (second * aside - cross * down) / whole
        longest = max(abs(step), abs(shift) / 4, 1.0)
        slope, offset = max(slope - step / longest, _FLATTEST), offset - shift / longest
        if abs(step) + abs(shift) < 1e-9:
            break
    return slope, offset


def scores(odds: Floats) -> Floats:
    """Log-odds as scores from above 0 to below 100. A higher one has a higher score, however far out it lies."""
    beyond = np.maximum(np.abs(odds) - _STRAIGHT, 0.0)
    bent = np.sign(odds) * (np.minimum(np.abs(odds), _STRAIGHT) + np.log1p(beyond))
    return np.asarray(100.0 * _logistic(bent), np.float64)


def cut(odds: Floats, counts: Floats, alarms: float) -> float:
    """Log-odds from which on at most the share `alarms` of harmless messages is expected.

    `odds` are those of harmless texts which the model was not fitted to, `counts` how often each was written. Two
    bounds, and the higher one counts: the lowest order statistic that keeps to half of `alarms`; and where a part of
    `alarms` would be reached if the tail went on falling exponentially, which is all there is to go by when the
    messages are few. Raises ValueError when there are none.
    """
    if not len(odds):
        raise ValueError("no harmless messages to set a threshold by")
    levels, places = np.unique(-odds, return_inverse=True)
    falling, times = -levels, np.bincount(places, counts)
    above = np.cumsum(times, dtype=np.float64)
    total = above[-1]
    place = int(np.searchsorted(above, min(max(total * _TAIL_SHARE, _SHORTEST_TAIL), _LONGEST_TAIL)))
    place = min(place, len(falling) - 1)
    excess = float(np.average(falling[: place + 1] - falling[place], weights=times[: place + 1]))
    # The tail may be longer than so few messages show.
    excess = max(excess * (1 + _QUANTILE / math.sqrt(place + 1)), _SHORTEST_EXCESS)
    share = above[place] / total
    aim = alarms * (_TAIL_CAUTION + _FEW_CAUTION / (1 + (total * alarms) ** 2))
    bounds = [falling[place] + excess * max(math.log(share / aim), 0.0)]
    # The first level that may not be reached is where too many would be.
    bounds.append(falling[int(np.argmax(above > alarms * _CAUTION * total))])
    return math.nextafter(float(max(bounds)), math.inf)


def _logistic(odds: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -700, 700))), np.float64)
