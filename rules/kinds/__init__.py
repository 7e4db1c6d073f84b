"""The kinds of rule there are: what each is called, what may be set of it, and its defaults."""

from __future__ import annotations

from rules.kinds.base import Rule, Step
from rules.kinds.content import ContactRule, LearnedRule, LinkRule, PatternRule, SimilarRule, WordsRule
from rules.kinds.windows import BurstRule, DuplicatesRule, FloodRule, NewcomerRule

__all__ = [
    "KINDS", "BurstRule", "ContactRule", "DuplicatesRule", "FloodRule", "LearnedRule", "LinkRule", "NewcomerRule",
    "PatternRule", "Rule", "SimilarRule", "Step", "WordsRule",
]  # fmt: skip

KINDS: dict[str, type[Rule]] = {
    kind.kind: kind
    for kind in (
        SimilarRule, WordsRule, PatternRule, ContactRule, LinkRule, DuplicatesRule, FloodRule, NewcomerRule,
        LearnedRule, BurstRule,
    )
}  # fmt: skip
