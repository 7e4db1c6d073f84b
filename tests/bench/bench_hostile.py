"""Texts and patterns made to hurt: what one such message costs, beside one of everyday chat."""

from __future__ import annotations

import random
import sys
from itertools import count

from rules.engine import Engine
from rules.records import Message
from rules.rulebook import DEFAULT_RULEBOOK, parse
from tests.bench.measured import Measured, compare
from tests.bench.messages import many

PATTERNS = """
[rules.hurting]
kind = "pattern"
mode = "ask"
patterns = ["(a+)+$", "(x+x+)+y", "((a|aa)+)*c", "(.*)(.*)(.*)(.*)z$", "[^ ]{1,200}[^ ]{1,200}!"]
"""


def _texts() -> dict[str, str]:
    chosen = random.Random(4)
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    return {
        "1 MB of one character": "a" * 1_000_000,
        "10,000 mentions": "@member " * 10_000,
        "every code point": every,
        "4,000 code points at random": "".join(chosen.choices(every, k=4_000)),
        "4,000 combining marks": "a" + "\u0301" * 3_999,
        "cues and digits": "加V1" * 1_300,
        "links without end": "a.b." * 1_000,
        "at-signs": "@" * 4_000,
    }


def run() -> list[Measured]:
    ordinary = many(200)
    measured = []
    for name, text in _texts().items():
        engine = Engine(parse(DEFAULT_RULEBOOK + PATTERNS))
        number = count()

        def judge(texts: list[str], engine: Engine = engine, number: count[int] = number) -> None:
            for text in texts:
                place = next(number)
                engine.judge([Message("p", "g", f"{place}", f"u{place % 50}", text, 1e9 + 10 * place)])

        measured.append(
            compare(
                name,
                "a message of everyday chat",
                20,
                lambda judge=judge, text=text: judge([text] * 20),  # type: ignore[misc]
                lambda judge=judge: judge([message.text for message in ordinary[:20]]),  # type: ignore[misc]
            )
        )
    return measured
