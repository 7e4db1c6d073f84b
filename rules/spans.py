"""Counting in spans of time without a clock.

Nothing here moves forward: times are compared with each other only. So a message with an absurd time, a late
one, or a recording in which one group's hours follow another's, cannot push other messages out of a window.
"""

from __future__ import annotations

from collections.abc import Sequence


def densest(times: Sequence[float], window: float) -> tuple[int, int]:
    """The slice (start, end) of the ascending `times` that holds most of them within `window` seconds.

    Of several the last. (0, 0) when there are no times.
    """
    best = (0, 0)
    start = 0
    for end, time in enumerate(times, start=1):
        while time - times[start] > window:
            start += 1
        if end - start >= best[1] - best[0]:
            best = (start, end)
    return best


def heaviest(times: Sequence[float], weights: Sequence[int], window: float, place: int) -> tuple[int, int]:
    """The slice (start, end) of the ascending `times` around `place` with the most weight within `window` seconds.

    Of several the last.
    """
    best, most = (place, place + 1), weights[place]
    start, weight = 0, 0
    for end, time in enumerate(times, start=1):
        weight += weights[end - 1]
        while time - times[start] > window:
            weight -= weights[start]
            start += 1
        if start > place:
            break
        if end > place and weight >= most:
            best, most = (start, end), weight
    return best


def rated(count: int, limit: int) -> float:
    """The score of so many against a limit: 50 at the limit, 100 at twice as many, and below 50 below the limit."""
    score = min(100.0, round(50 * count / limit, 1))
    return score if count >= limit else min(score, 49.9)
