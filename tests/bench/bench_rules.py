"""The engine against a plain loop of rapidfuzz calls over the same templates and the same window."""

from __future__ import annotations

from collections import deque

from rapidfuzz import fuzz

from console import sample
from rules import rulebook
from rules.engine import Engine
from rules.fold import fold
from rules.kinds import DuplicatesRule, SimilarRule
from rules.records import Message
from tests.bench.measured import Measured, compare
from tests.bench.messages import many

COUNT = 2_000


def run() -> list[Measured]:
    rules = rulebook.load(sample.rulebook())
    messages = many(COUNT)
    return [
        compare(
            f"engine, {COUNT} messages",
            "a loop of rapidfuzz calls",
            COUNT,
            lambda: Engine(rules).judge(messages),
            lambda: _plain_loop(rules, messages),
        )
    ]


def _plain_loop(rules: rulebook.Rulebook, messages: list[Message]) -> int:
    """Template matching and near duplicates only, without evidence: less than the engine does."""
    templates = [fold(text).text for rule in rules.rules if isinstance(rule, SimilarRule) for text in rule.templates]
    spans = [rule.window for rule in rules.rules if isinstance(rule, DuplicatesRule)]
    window: deque[tuple[float, str]] = deque()
    hits = 0
    for message in messages:
        text, time = fold(message.text).text, message.time or 0.0
        while window and window[0][0] < time - max(spans):
            window.popleft()
        hits += sum(fuzz.partial_ratio(text, template) >= 85 for template in templates if len(text) >= len(template))
        hits += sum(fuzz.ratio(text, other) >= 85 for _, other in window)
        window.append((time, text))
    return hits
