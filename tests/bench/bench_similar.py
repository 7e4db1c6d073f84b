"""Templates by filter and verification against rapidfuzz's cdist over all of them; no decision may differ.

`python -m tests.bench.bench_similar` compares the decisions on many more pairs.
"""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
from rapidfuzz import fuzz, process

from rules import similar
from rules.similar import Templates
from tests.bench.measured import Measured, compare
from tests.bench.texts import chains, changed

CUTOFF = 85
TEMPLATES = (100, 1_000, 10_000)
_TEXTS = {100: 2_560, 1_000: 1_024, 10_000: 256}
_TIMES = 8
"""Ours does the texts so many times over, to be long enough for the clock."""
_ALIKE = 20
"""One text in so many is made from a template."""


def run() -> list[Measured]:
    measured = []
    for count in TEMPLATES:
        templates, texts = _templates(count), _texts(_TEXTS[count], count)
        ours = Templates(templates, CUTOFF)
        one = compare(
            f"similar, {count:,} templates",
            "cdist(partial_ratio)",
            len(texts),
            lambda ours=ours, texts=texts: ours.nearest(texts * _TIMES),  # type: ignore[misc]
            lambda templates=templates, texts=texts: _brute(templates, texts),  # type: ignore[misc]
        )
        measured.append(replace(one, ours=one.ours / _TIMES, ratio=one.ratio * _TIMES))
    return measured


def _templates(count: int) -> list[str]:
    return chains(count, 8, 40, 1)


def _texts(count: int, templates: int) -> list[str]:
    chosen = random.Random(3)
    texts = list(chains(count, 3, 45, 2))
    for place in range(0, count, _ALIKE):
        text = changed(chosen.choice(_templates(templates)), chosen.choice([0, 0.05, 0.1, 0.15, 0.2]), chosen)
        texts[place] = chosen.choice(["", texts[place]]) + text
    return texts


def _brute(templates: list[str], texts: list[str]) -> object:
    return process.cdist(texts, templates, scorer=fuzz.partial_ratio, score_cutoff=CUTOFF, workers=1)


def lost(pairs: int) -> tuple[int, int]:
    """Decisions that differ from comparing everything, and pairs compared: by what is written, not by sound."""
    count = 1_000
    templates, texts = _templates(count), _texts(pairs // count, count)
    inside = np.array(process.cdist(texts, templates, scorer=fuzz.partial_ratio, workers=1, dtype=np.float64))
    whole = np.array(process.cdist(texts, templates, scorer=fuzz.ratio, workers=1, dtype=np.float64))
    longer = np.array([[len(text) >= len(template) for template in templates] for text in texts])
    best = np.where(longer, inside, whole).max(axis=1)
    found = Templates(templates, CUTOFF).nearest(texts)
    differing = sum(
        (hit is None and score >= CUTOFF)
        or (hit is not None and hit.score + 1e-6 < max(score, CUTOFF))
        or (hit is not None and score < CUTOFF and hit.score > 100 - similar.SOUND_COST)
        for hit, score in zip(found, best.tolist(), strict=True)
    )
    return differing, len(texts) * count


if __name__ == "__main__":
    print("decisions that differ: {} of {:,} pairs".format(*lost(2_000_000)))
