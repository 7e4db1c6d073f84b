"""The compiled loops of fitting: logistic regression by dual coordinate descent.

None calls a function of another file, because numba's cache looks only at the file a function stands in.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rules.compiled import compiled

Ints = NDArray[np.int64]
SmallInts = NDArray[np.int32]
Floats = NDArray[np.float64]


@compiled
def count_grams(indices: SmallInts, starts: Ints, ends: Ints, rows: Ints, amounts: Floats, counts: Floats) -> None:
    """Adds `amounts[row]` to the count of each gram of each of the rows."""
    for row in rows:
        for kind in range(ends.shape[1]):
            for gram in range(starts[row, kind], ends[row, kind]):
                counts[indices[gram]] += amounts[row]


@compiled
def descend(
    indices: SmallInts, starts: Ints, ends: Ints, shares: Floats, rows: Ints, signs: Floats, costs: Floats,
    scales: NDArray[np.float32], most: int, tolerance: float, table: NDArray[np.float32], alphas: Floats,
) -> tuple[float, int]:  # fmt: skip
    """Fits weights to the rows, in their order; returns the bias and the number of rounds it took.

    Minimises half the squared length of the weights (the bias among them) plus `costs[row]` times each row's
    logistic loss, by dual coordinate descent: Yu, Huang and Lin, Dual coordinate descent methods for logistic
    regression and maximum entropy models (2011). `shares[row, kind]` is what a gram of that kind counts, before its
    scale. `table[2 * g]` becomes gram g's weight times its scale; `alphas[row]` holds the dual variables, from which
    it starts. It ends when no variable moves by more than `tolerance` of its cost, or after `most` rounds.
    """
    kinds = shares.shape[1]
    lengths = np.empty(len(rows), np.float64)
    bias = 0.0
    for gram in range(len(scales)):
        table[2 * gram] = 0.0
        table[2 * gram + 1] = scales[gram] * scales[gram]
    for place in range(len(rows)):
        row = rows[place]
        length = 1.0
        step = signs[row] * alphas[row]
        bias += step
        for kind in range(kinds):
            share = shares[row, kind]
            for gram in range(starts[row, kind], ends[row, kind]):
                square = table[2 * indices[gram] + 1]
                length += share * share * square
                table[2 * indices[gram]] += step * share * square
        lengths[place] = length
    rounds = 0
    while rounds < most:
        rounds += 1
        worst = 0.0
        for place in range(len(rows)):
            row = rows[place]
            cost = costs[row]
            margin = bias
            for kind in range(kinds):
                total = 0.0
                for gram in range(starts[row, kind], ends[row, kind]):
                    total += table[2 * indices[gram]]
                margin += total * shares[row, kind]
            margin *= signs[row]
            before = alphas[row]
            after = _least(margin, lengths[place], before, cost)
            worst = max(worst, abs(after - before) / cost)
            alphas[row] = after
            step = signs[row] * (after - before)
            bias += step
            for kind in range(kinds):
                moved = step * shares[row, kind]
                for gram in range(starts[row, kind], ends[row, kind]):
                    table[2 * indices[gram]] += moved * table[2 * indices[gram] + 1]
        if worst < tolerance:
            break
    return bias, rounds


@compiled
def _least(margin: float, length: float, before: float, cost: float) -> float:
    """Where, in (0, cost), length/2 (z - before)^2 + margin (z - before) + z log z + (cost - z) log(cost - z) is least.

    By Newton's method, kept inside what is known to hold the place.
    """
    low, high = 0.0, cost
    place = min(max(before, 1e-9 * cost), (1 - 1e-9) * cost)
    for _ in range(40):
        slope = length * (place - before) + margin + math.log(place / (cost - place))
        if slope > 0:
            high = place
        else:
            low = place
        following = place - slope / (length + cost / (place * (cost - place)))
        if not low < following < high:
            # Towards 0 and towards the cost the function bends sharply: halving the way there would take long.
            following = (
                (low + high) / 2 if low > 0 and high < cost else (high * 0.1 if low == 0 else high - (high - low) * 0.1)
            )
        if abs(following - place) <= 1e-7 * cost:
            return following
        place = following
    return place


@compiled
def margins_of_rows(
    indices: SmallInts,
    starts: Ints,
    ends: Ints,
    shares: Floats,
    rows: Ints,
    table: NDArray[np.float32],
    bias: float,
    out: Floats,
) -> None:
    """Writes the margin of each of the rows to its place in `out`."""
    kinds = shares.shape[1]
    for row in rows:
        margin = bias
        for kind in range(kinds):
            total = 0.0
            for gram in range(starts[row, kind], ends[row, kind]):
                total += table[2 * indices[gram]]
            margin += total * shares[row, kind]
        out[row] = margin
