"""A benchmark's result: CPU seconds of ours and of a baseline that does the same, taken in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """`ours` and `baseline` are medians in CPU seconds for `units` of work; `ratio` is the median of the
    rounds' baseline by ours, so above 1 ours is faster. Where memory is measured `unit` is "B", and megabytes stand
    for the seconds."""

    what: str
    against: str
    units: int
    ours: float
    baseline: float
    ratio: float
    unit: str = "us"


def compare(
    what: str, against: str, units: int, ours: Callable[[], object], baseline: Callable[[], object]
) -> Measured:
    """Run both in turn, after one round that is not counted, so that a drifting machine slows both."""
    ours()
    baseline()
    pairs = [(_cpu(ours), _cpu(baseline)) for _ in range(ROUNDS)]
    return Measured(
        what,
        against,
        units,
        statistics.median(own for own, _ in pairs),
        statistics.median(other for _, other in pairs),
        statistics.median(other / own for own, other in pairs),
    )


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return max(time.process_time() - started, 1e-9)
