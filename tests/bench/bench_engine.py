"""The whole engine against a straightforward loop of rapidfuzz calls over the same templates and window."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace

from rapidfuzz import fuzz

from rules.engine import Engine
from rules.fold import fold_batch
from rules.records import Message
from rules.rulebook import parse
from tests.bench.measured import ROUNDS, Measured, compare
from tests.bench.streams_made import stream_of, templates_of

CUTOFF = 85
CASES = ((1_000, 10_000), (10_000, 100_000))
"""Templates, and messages in the window."""
_BATCH = 256
_OURS = 4 * _BATCH
_BASELINE = {1_000: 48, 10_000: 4}
"""Messages the loop does in a round: it is that slow."""


def run() -> list[Measured]:
    measured = []
    for templates, window in CASES:
        rules = _rulebook(templates, window)
        before = stream_of(window, 0, 5)
        engine = Engine(parse(rules))
        for start in range(0, window, _BATCH):
            engine.judge(before[start : start + _BATCH])
        rounds = iter([stream_of(_OURS, window + number * _OURS, 6) for number in range(ROUNDS + 1)])
        loop = _Loop(templates_of(templates), [message.text for message in before])
        fresh = stream_of(_BASELINE[templates], window, 7)
        one = compare(
            f"engine, {templates:,} templates, window {window:,}",
            "a loop of rapidfuzz calls",
            _OURS,
            lambda engine=engine, rounds=rounds: _judge(engine, next(rounds)),  # type: ignore[misc]
            lambda loop=loop, fresh=fresh: [loop.judge(message.text) for message in fresh],  # type: ignore[misc]
        )
        scale = _OURS / _BASELINE[templates]
        measured.append(replace(one, baseline=one.baseline * scale, ratio=one.ratio * scale))
    return measured


def _rulebook(templates: int, window: int) -> str:
    return (
        "version = 1\n[rules.known]\nkind = 'similar'\nmode = 'ask'\n"
        f"templates = {json.dumps(templates_of(templates))}\n"
        f"[rules.campaign]\nkind = 'duplicates'\nmode = 'ask'\nmin_length = 1\nwindow = '{window}s'\n"
        "[rules.flood]\nkind = 'flood'\nmode = 'ask'\n[rules.words]\nkind = 'words'\nmode = 'ask'\nwords = ['加微信']\n"
    )


def _judge(engine: Engine, stream: list[Message]) -> None:
    for start in range(0, _OURS, _BATCH):
        engine.judge(stream[start : start + _BATCH])


class _Loop:
    """Templates and near duplicates only, without evidence or counts: less than the engine does."""

    def __init__(self, templates: list[str], window: list[str]) -> None:
        self._templates = [one.text for one in fold_batch(templates)]
        self._window = [one.text for one in fold_batch(window)]

    def judge(self, text: str) -> int:
        folded = "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())
        hits = 0
        for template in self._templates:
            hits += fuzz.partial_ratio(folded, template, score_cutoff=CUTOFF) > 0
        for other in self._window:
            hits += fuzz.ratio(folded, other, score_cutoff=CUTOFF) > 0
        return hits
