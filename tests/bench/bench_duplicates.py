"""Near duplicates of new messages in a full window against rapidfuzz's cdist with all of it.

`python -m tests.bench.bench_duplicates` prints each case, and how many of the decisions on a thousand further
messages are those that comparing with everything comes to.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from itertools import cycle

import numpy as np
from rapidfuzz import fuzz, process

from rules.copies import Coming, Copies
from rules.fold import codes_of
from tests.bench.measured import Measured, compare
from tests.bench.texts import chains, changed

CUTOFF = 85
LENGTHS = ((8, 40), (30, 160))
"""Fewest and most letters: chat, and talk of whole sentences."""
WINDOWS = (1_000, 10_000, 100_000)
_BATCH = 256
_NEW = 4_096
_PART = 512
_BRUTE = {1_000: 512, 10_000: 128, 100_000: 16}
_CHECKED = {1_000: 1_000, 10_000: 500, 100_000: 100}
_ALIKE = 20
"""One text in so many is like one before it."""


class Held:
    """The texts of a full window: for each that comes the one that came first goes."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._most = len(texts)
        self._copies = Copies(self._most + 1)
        self._came = 0
        self.add(texts)

    def add(self, texts: Sequence[str]) -> list[float]:
        """The score of the text most like each, 0 for none."""
        scores = []
        for start in range(0, len(texts), _BATCH):
            part = texts[start : start + _BATCH]
            numbers = np.arange(self._came, self._came + len(part))
            leaving = np.where(numbers < self._most, -1, (numbers - self._most) % (self._most + 1))
            nothing = np.zeros(len(part), np.int64)
            times, places, none = np.zeros(len(part), np.float64), numbers % (self._most + 1), nothing - 1
            coming = Coming(codes_of(part), times, places, leaving, none, nothing)
            scores.extend(self._copies.nearest(coming, CUTOFF, float("inf"))[1])
            self._came += len(part)
        return scores


def run() -> list[Measured]:
    return [
        measured(f"near duplicates in {window:,}, {longest} letters", made(shortest, longest, window), window)
        for shortest, longest in LENGTHS
        for window in WINDOWS
    ]


def measured(what: str, texts: Sequence[str], window: int) -> Measured:
    """Ours on a part of what follows the first `window` of `texts`, and cdist on some of it, for as many."""
    brute = texts[window : window + _BRUTE[window]]
    held = Held(texts[:window])
    # Ours goes on from round to round: the window is as full in each, and the texts are new in each.
    parts = cycle([texts[start : start + _PART] for start in range(window, len(texts) - _PART + 1, _PART)])
    one = compare(
        what,
        "cdist(ratio)",
        _PART,
        lambda: held.add(next(parts)),
        lambda: process.cdist(brute, texts[:window], scorer=fuzz.ratio, score_cutoff=CUTOFF, workers=1),
    )
    factor = _PART / len(brute)
    return Measured(one.what, one.against, one.units, one.ours, one.baseline * factor, one.ratio * factor)


@lru_cache
def made(shortest: int, longest: int, window: int) -> list[str]:
    """Different texts: a window of them and those that come after, some of which are like one before."""
    chosen = random.Random(5)
    count = window + _NEW
    texts = list(dict.fromkeys(chains(int(1.1 * count) + 100, shortest, longest, 4)))[:count]
    for place in range(_ALIKE, len(texts), _ALIKE):
        texts[place] = changed(texts[chosen.randrange(place)], chosen.choice([0.05, 0.1, 0.15, 0.2]), chosen)
    known = set()
    for place, text in enumerate(texts):
        while texts[place] in known:
            texts[place] = text = text + chosen.choice("甲乙丙丁戊己庚辛")
        known.add(text)
    return texts


def agreed(texts: Sequence[str], window: int) -> tuple[int, int, int]:
    """How many decisions were looked at, how many have a match, and in how many the scores differ."""
    held = Held(texts[:window])
    count = min(_CHECKED[window], len(texts) - window)
    scores = held.add(texts[window : window + count])
    matches, different = 0, 0
    for place in range(count):
        highest = process.cdist(
            [texts[window + place]], texts[place : window + place], scorer=fuzz.ratio, score_cutoff=CUTOFF,
            workers=1, dtype=np.float64,
        ).max()  # fmt: skip
        matches += bool(highest)
        different += abs(highest - scores[place]) > 1e-6
    return count, matches, different


def report(what: str, texts: Sequence[str], window: int) -> None:
    """Prints one case with its baseline and its decisions."""
    one = measured(what, texts, window)
    count, matches, different = agreed(texts, window)
    ours, baseline = 1e6 * one.ours / one.units, 1e6 * one.baseline / one.units
    print(
        f"{what}: {ours:.1f} us a message, {one.against} {baseline:,.1f} us, ratio {one.ratio:.1f}; "
        f"{count} decisions, {matches} matches, {different} different",
        flush=True,
    )


if __name__ == "__main__":
    for shortest, longest in LENGTHS:
        for window in WINDOWS:
            report(f"{shortest}-{longest} letters, window {window:,}", made(shortest, longest, window), window)
