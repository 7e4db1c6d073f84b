"""The whole engine against a straightforward loop of rapidfuzz calls over the same templates and window."""

from __future__ import annotations

import json
import random
import unicodedata
from dataclasses import replace

from rapidfuzz import fuzz

from rules.engine import Engine
from rules.fold import fold_batch
from rules.records import Message
from rules.rulebook import parse
from tests.bench.measured import ROUNDS, Measured, compare
from tests.bench.texts import chains, changed

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
        before = _stream(window, 0, 5)
        engine = Engine(parse(rules))
        for start in range(0, window, _BATCH):
            engine.judge(before[start : start + _BATCH])
        rounds = iter([_stream(_OURS, window + number * _OURS, 6) for number in range(ROUNDS + 1)])
        loop = _Loop(_templates(templates), [message.text for message in before])
        fresh = _stream(_BASELINE[templates], window, 7)
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
        f"templates = {json.dumps(_templates(templates))}\n"
        f"[rules.campaign]\nkind = 'duplicates'\nmode = 'ask'\nmin_length = 1\nwindow = '{window}s'\n"
        "[rules.flood]\nkind = 'flood'\nmode = 'ask'\n[rules.words]\nkind = 'words'\nmode = 'ask'\nwords = ['加微信']\n"
    )


def _templates(templates: int) -> list[str]:
    return chains(templates, 8, 40, 1)


def _stream(length: int, first: int, seed: int) -> list[Message]:
    """Messages a second apart; one in fifty is made of a template, one in fifty of another message."""
    chosen = random.Random(seed + first)
    texts = list(chains(length, 3, 45, seed + first))
    for place in range(0, length - 25, 50):
        texts[place] = changed(chosen.choice(_templates(1_000)), 0.1, chosen)
        texts[place + 25] = changed(texts[chosen.randrange(length)], 0.1, chosen)
    return [
        Message("p", f"g{place % 7}", f"m{first + place}", f"u{chosen.randrange(5_000)}", text, 1e9 + first + place)
        for place, text in enumerate(texts)
    ]


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
