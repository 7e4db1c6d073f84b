"""Made-up texts with the bigrams of real chat: chains of letters out of the sample community's messages."""

from __future__ import annotations

import random
from collections import defaultdict
from functools import lru_cache

from rules.fold import fold_batch
from tests.bench.messages import many


@lru_cache
def chains(count: int, shortest: int, longest: int, seed: int) -> list[str]:
    """`count` folded texts of `shortest` to `longest` letters, the same ones in every run."""
    followers: dict[str, list[str]] = defaultdict(list)
    for folded in fold_batch([message.text for message in many(2_000)]):
        for first, second in zip(folded.text, folded.text[1:], strict=False):
            followers[first].append(second)
    chosen = random.Random(seed)
    letters = sorted(followers)
    made = []
    for _ in range(count):
        text = [chosen.choice(letters)]
        for _ in range(chosen.randint(shortest, longest) - 1):
            text.append(chosen.choice(followers.get(text[-1]) or letters))
        made.append("".join(text))
    return made


def changed(text: str, share: float, chosen: random.Random) -> str:
    """`text` with a share of its letters exchanged, doubled or left out."""
    letters = list(text)
    for _ in range(round(share * len(letters))):
        place = chosen.randrange(len(letters))
        letters[place] = chosen.choice(["", letters[place] * 2, chosen.choice("的一是在我abc012")])
    return "".join(letters)
