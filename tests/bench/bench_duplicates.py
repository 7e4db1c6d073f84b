"""Near duplicates of new messages in a full window against rapidfuzz's cdist with all of it.

`python -m tests.bench.bench_duplicates` counts the matches that only one of the two finds.
"""

from __future__ import annotations

import random
from functools import lru_cache

import numpy as np
from rapidfuzz import fuzz, process

from rules.copies import Copies
from tests.bench.measured import Measured, compare
from tests.bench.texts import chains, changed

CUTOFF = 85
WINDOWS = (1_000, 10_000, 100_000)
_BATCH = 256
_NEW = {1_000: 4_096, 10_000: 4_096, 100_000: 4_096}
_BRUTE = {1_000: 1_024, 10_000: 256, 100_000: 32}
_ALIKE = 20
"""One text in so many is like one before it."""


def run() -> list[Measured]:
    measured = []
    for window in WINDOWS:
        texts = _texts(window, _NEW[window])
        brute = texts[window : window + _BRUTE[window]]
        # Ours goes on from window to window: each round is of further messages. Cost is given for one.
        rounds = iter(range(100))
        held = Copies(CUTOFF, float("inf"))
        held.like(texts[:window], range(window), [0.0] * window)

        def ours(window: int = window, texts: list[str] = texts, held: Copies = held, rounds=rounds) -> None:  # type: ignore[no-untyped-def]
            part = _NEW[window] // 8
            start = window + (next(rounds) % 8) * part
            for place in range(start, start + part, _BATCH):
                _add(held, texts[place : place + _BATCH])

        one = compare(
            f"near duplicates in {window:,}",
            "cdist(ratio)",
            1,
            ours,
            lambda brute=brute, window=window, texts=texts: process.cdist(  # type: ignore[misc]
                brute, texts[:window], scorer=fuzz.ratio, score_cutoff=CUTOFF, workers=1
            ),
        )
        factor = _NEW[window] // 8 / len(brute)
        measured.append(
            Measured(one.what, one.against, _NEW[window] // 8, one.ours, one.baseline * factor, one.ratio * factor)
        )
    return measured


def _add(held: Copies, texts: list[str]) -> tuple[list[int], list[float]]:
    first = len(held)
    return held.like(texts, range(first, first + len(texts)), [0.0] * len(texts))


@lru_cache
def _texts(window: int, new: int) -> list[str]:
    """Different texts: a window of them and those that come after, some of which are like one before."""
    chosen = random.Random(5)
    texts = list(dict.fromkeys(chains(int(1.1 * (window + new)) + 100, 8, 40, 4)))[: window + new]
    for place in range(_ALIKE, len(texts), _ALIKE):
        texts[place] = changed(texts[chosen.randrange(place)], chosen.choice([0.05, 0.1, 0.15, 0.2]), chosen)
    known = set()
    for place, text in enumerate(texts):
        while texts[place] in known:
            texts[place] = text = text + chosen.choice("甲乙丙丁戊己庚辛")
        known.add(text)
    return texts


def recall(window: int, new: int) -> tuple[int, int, int]:
    """Matches both find, those only cdist finds, and those only ours finds or scores differently."""
    texts = _texts(window, new)
    held = Copies(CUTOFF, float("inf"))
    _add(held, texts[:window])
    best, scores = _add(held, texts[window : window + new])
    both, lost, other = 0, 0, 0
    for place in range(new):
        everything = np.array(
            process.cdist(
                [texts[window + place]], texts[: window + place], scorer=fuzz.ratio, score_cutoff=CUTOFF,
                workers=1, dtype=np.float64,
            )
        )[0]  # fmt: skip
        highest = everything.max()
        both += bool(highest and best[place] >= 0)
        lost += bool(highest and best[place] < 0)
        other += abs(highest - scores[place]) > 1e-6
    return both, lost, other


if __name__ == "__main__":
    for window in WINDOWS:
        print("window {:,}: found by both {}, lost {}, otherwise different {}".format(window, *recall(window, 1_000)))
