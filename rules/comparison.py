"""How two sets of people differ in a share, where only like is compared with like.

Standardisation: the people in question stand in strata; in each, the others' share is what would be expected of them,
and the strata count by how many of the people in question they hold (direct standardisation; K. Rothman, "Modern
Epidemiology", on standardisation). A stratum without others says nothing, and its people are left out: `matched` tells
how many are left.

The interval of the difference is Newcombe's, from the Wilson intervals of both shares ("Interval estimation for the
difference between independent proportions", Statistics in Medicine 17, 1998, method 10); it holds for small numbers and
for shares near 0 and 1. The others' share is a weighted mean, so their number is the effective one (Kish: the square of
the sum of the weights by the sum of their squares), here 1 / sum(w² / m) for weights w of sum 1 on m others each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

SMALL = 30
"""With fewer people on either side a difference says little."""

_Z = 1.959963984540054
"""The normal distribution's quantile of 97.5 %."""


class Stratum(NamedTuple):
    """People who are alike: those in question with how many of them did it, and others with how many did."""

    people: int
    did: int
    others: int
    others_did: int


class Compared(NamedTuple):
    """`people` in question of whom `did` did it; of them `matched` have others like them, and `matched_did` did it.
    `others` are those compared with. Shares and their difference run from -1 to 1 and are None without a match; `low`
    and `high` are the ends of the difference's 95 % interval."""

    people: int
    did: int
    matched: int
    matched_did: int
    others: int
    share: float | None
    others_share: float | None
    difference: float | None
    low: float | None
    high: float | None
    small: bool


def compare(strata: Sequence[Stratum]) -> Compared:
    """Compare the people in question with the others of their own strata."""
    people, did = sum(one.people for one in strata), sum(one.did for one in strata)
    both = [one for one in strata if one.people and one.others]
    matched, matched_did = sum(one.people for one in both), sum(one.did for one in both)
    others = sum(one.others for one in both)
    if not matched:
        return Compared(people, did, 0, 0, 0, None, None, None, None, None, True)
    weights = [one.people / matched for one in both]
    share = matched_did / matched
    expected = math.fsum(w * one.others_did / one.others for w, one in zip(weights, both, strict=True))
    expected = min(max(expected, 0.0), 1.0)
    effective = 1 / math.fsum(w * w / one.others for w, one in zip(weights, both, strict=True))
    (low, high), (others_low, others_high) = wilson(share, matched), wilson(expected, effective)
    difference = share - expected
    return Compared(
        people, did, matched, matched_did, others, share, expected, difference,
        difference - math.hypot(share - low, others_high - expected),
        difference + math.hypot(high - share, expected - others_low),
        min(matched, effective) < SMALL,
    )  # fmt: skip


def wilson(share: float, number: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of so many."""
    weight = _Z * _Z / number
    middle = (share + weight / 2) / (1 + weight)
    half = _Z * math.sqrt(share * (1 - share) / number + weight / (4 * number)) / (1 + weight)
    return min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))
