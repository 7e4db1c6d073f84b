"""A moderator in the loop: messages come one after the other, every ad that was missed is taught."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from rapidfuzz import fuzz, process

from rules.fold import fold_batch
from rules.learned import Example, Model, fit
from tests.bench.corpora import Rate, Row

MOST_MESSAGES = 4_000
ALIKE = 85
_BATCH = 128
_GROWTH = 1.1
"""The model is fitted anew whenever what was taught grew by so much."""


class Result(NamedTuple):
    """Of the second half: ads found, and harmless messages flagged; how many texts were taught; how many fits."""

    found: Rate
    alarms: Rate
    taught: int
    fits: int


def replayed(rows: Sequence[Row]) -> list[Row]:
    """The rows, each as often as its source held it, in an order by hash: copies come apart from each other."""
    copies = [(sha256(f"{row.id} {copy}".encode()).digest(), row) for row in rows for copy in range(row.copies)]
    return [row for _, row in sorted(copies, key=lambda pair: pair[0])][:MOST_MESSAGES]


def run(messages: Sequence[Row], *, templates: bool, model: bool) -> Result:
    """Replays the messages to what is used of the two: matching against the ads taught so far, and the model."""
    folded = fold_batch([row.text for row in messages])
    letters = [each.text for each in folded]
    caught = [False] * len(messages)
    taught: dict[str, bool] = {}
    known: list[str] = []
    background: list[str] = []
    fits, fitted_at = 0, 0
    made: Model | None = None
    scores, scored_to = np.empty(0), 0
    for place, row in enumerate(messages):
        if model and len(taught) >= max(_GROWTH * fitted_at, fitted_at + 1):
            made = fit([Example(text, spam) for text, spam in taught.items()], background)
            fitted_at, scored_to = len(taught), 0
            fits += 1
        if made is not None and place >= scored_to:
            start, scored_to = place, min(place + _BATCH, len(messages))
            scores = np.zeros(len(messages))
            scores[start:scored_to] = made.scores(
                [one.text for one in messages[start:scored_to]], folded[start:scored_to]
            )
        caught[place] = bool(
            (templates and _like(letters[place], known)) or (made is not None and scores[place] >= made.threshold)
        )
        if bool(row.spam) != caught[place]:
            taught[row.text] = bool(row.spam)
            if row.spam:
                known.append(letters[place])
        if not row.spam and not caught[place]:
            background.append(row.text)
    half = len(messages) // 2
    later = list(zip(messages[half:], caught[half:], strict=True))
    ads = [hit for row, hit in later if row.spam]
    others = [hit for row, hit in later if not row.spam]
    return Result(Rate(sum(ads), len(ads)), Rate(sum(others), len(others)), len(taught), fits)


def _like(text: str, known: Sequence[str]) -> bool:
    """Whether a text is like one that was taught, or has one in it."""
    if process.extractOne(text, known, scorer=fuzz.ratio, score_cutoff=ALIKE) is not None:
        return True
    shorter = [one for one in known if 0 < len(one) < len(text)]
    return process.extractOne(text, shorter, scorer=fuzz.partial_ratio, score_cutoff=ALIKE) is not None
