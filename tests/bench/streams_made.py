"""Made-up streams to measure with: everyday chat with a template or a copy in it now and then."""

from __future__ import annotations

import random

from rules.records import Message
from tests.bench.texts import chains, changed


def templates_of(count: int) -> list[str]:
    """So many templates of 8 to 40 letters."""
    return chains(count, 8, 40, 1)


def stream_of(length: int, first: int, seed: int, every: int = 50) -> list[Message]:
    """Messages a second apart, numbered from `first`; of `every` so many one is made of a template, one of another."""
    chosen = random.Random(seed + first)
    texts = list(chains(length, 3, 45, seed + first))
    for place in range(0, length - every // 2, every):
        texts[place] = changed(chosen.choice(templates_of(1_000)), 0.1, chosen)
        texts[place + every // 2] = changed(texts[chosen.randrange(length)], 0.1, chosen)
    return [
        Message("p", f"g{place % 7}", f"m{first + place}", f"u{chosen.randrange(1_500)}", text, 1e9 + first + place)
        for place, text in enumerate(texts)
    ]
