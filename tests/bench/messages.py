"""Messages to measure with: the sample community, repeated with changed words until there are enough."""

from __future__ import annotations

import random
from functools import lru_cache

from console import sample
from console.platforms.recorded import parse_line
from rules.records import Message


@lru_cache
def many(count: int) -> list[Message]:
    """`count` messages one second apart, the same ones in every run."""
    lines = sample.chat().read_bytes().splitlines()
    originals = [
        parsed.message for line in lines if (parsed := parse_line(line, "replay", 2e9)) and parsed.message.text
    ]
    chosen = random.Random(20_000)
    made = []
    for number in range(count):
        one = originals[number % len(originals)]
        letters = list(one.text)
        for _ in range(1 + len(letters) // 12):
            letters[chosen.randrange(len(letters))] = chosen.choice("的一是在我有和就人都说去会看好aeiost ")
        made.append(
            Message(
                one.platform, one.group, f"b{number}", f"u{chosen.randrange(300)}", "".join(letters),
                1_700_000_000.0 + number,
            )
        )  # fmt: skip
    return made
