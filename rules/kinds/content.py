"""The kinds of rule that look at what a message says."""

from __future__ import annotations

from typing import ClassVar

from rules.kinds.base import Rule
from rules.letters import folded_length
from rules.reading import Table, quoted

SHORTEST_TEMPLATE = 6
"""Folded characters. Shorter templates hit ordinary chat: at 85, one message in 70 contains a given four."""
CONTACTS = ("wechat", "qq", "telegram", "whatsapp", "line", "phone", "group", "invite", "short-link", "private")
"""What kind contact can look for."""


class SimilarRule(Rule, frozen=True, kw_only=True):
    """Likeness to templates. `threshold` is from 0 to 100."""

    kind: ClassVar[str] = "similar"
    keys: ClassVar[tuple[str, ...]] = (*Rule.keys, "threshold", "templates", "templates_file")

    threshold: float
    templates: tuple[str, ...]

    @property
    def cut(self) -> float:
        return self.threshold

    @classmethod
    def read(cls, table: Table) -> dict[str, object]:
        templates = table.texts_and_lines("templates", "templates_file", _template_problem)
        if not templates and "templates_file" not in table:
            table.refuse("templates", "must hold at least one template, or templates_file name a file of them")
        return {"threshold": table.number("threshold", 0, 100, 85), "templates": templates}


class WordsRule(Rule, frozen=True, kw_only=True):
    """Words, and patterns in RE2's syntax. `score` is what any hit scores."""

    kind: ClassVar[str] = "words"
    keys: ClassVar[tuple[str, ...]] = (*Rule.keys, "words", "words_file", "patterns", "patterns_file", "score")

    words: tuple[str, ...]
    patterns: tuple[str, ...]
    score: float

    @classmethod
    def read(cls, table: Table) -> dict[str, object]:
        words = table.texts_and_lines("words", "words_file", _word_problem)
        patterns = table.texts_and_lines("patterns", "patterns_file", _pattern_problem)
        if not words and not patterns and "words_file" not in table and "patterns_file" not in table:
            table.refuse("words", "must hold at least one word, or patterns at least one pattern")
        return {"words": words, "patterns": patterns, "score": table.number("score", 0, 100, 100)}


class PatternRule(Rule, frozen=True, kw_only=True):
    """Patterns in RE2's syntax, case ignored; a text any of `unless` finds is left alone. `score` is any hit's."""

    kind: ClassVar[str] = "pattern"
    keys: ClassVar[tuple[str, ...]] = (*Rule.keys, "patterns", "patterns_file", "unless", "score")

    patterns: tuple[str, ...]
    unless: tuple[str, ...]
    score: float

    @classmethod
    def read(cls, table: Table) -> dict[str, object]:
        patterns = table.texts_and_lines("patterns", "patterns_file", _pattern_problem)
        if not patterns and "patterns_file" not in table:
            table.refuse("patterns", "must hold at least one pattern, or patterns_file name a file of them")
        unless = table.texts("unless")
        for index, pattern in enumerate(unless):
            if not pattern:
                table.refuse("unless", "must not be empty", index)
        return {"patterns": patterns, "unless": unless, "score": table.number("score", 0, 100, 100)}


class ContactRule(Rule, frozen=True, kw_only=True):
    """Contact details and invitations, however disguised.

    `threshold` is from 0 to 100: a bare number scores at most 45, a short link 50, a name or number behind a word
    that announces it 70 to 95, an invitation 90. `look_for` are some of CONTACTS; "private" are calls to write in
    private that name no contact. `own` are contacts, numbers, invite codes and links that are allowed: the
    community's own.
    """

    kind: ClassVar[str] = "contact"
    keys: ClassVar[tuple[str, ...]] = (*Rule.keys, "threshold", "look_for", "own")

    threshold: float
    look_for: tuple[str, ...]
    own: tuple[str, ...]

    @property
    def cut(self) -> float:
        return self.threshold

    @classmethod
    def read(cls, table: Table) -> dict[str, object]:
        look_for = table.choices("look_for", CONTACTS)
        own = table.texts("own")
        for index, one in enumerate(own):
            if not folded_length(one):
                table.refuse("own", "has no letter and no digit", index)
        return {"threshold": table.number("threshold", 0, 100, 60), "look_for": look_for, "own": own}


class LinkRule(Rule, frozen=True, kw_only=True):
    """Links by the domain somebody can register.

    A link to a domain in `deny` is found and scores 100; with `allow` every link but to those, 80. Look-alikes of the
    domains in `protect` are found in either case: 80 to 100, and 70 where the name only begins or ends a longer one. A
    domain stands for all below it. Links need no scheme; but against `allow` a bare name with an ending that is a
    word or a file's ("main.py") is none.
    """

    kind: ClassVar[str] = "link"
    keys: ClassVar[tuple[str, ...]] = (
        *Rule.keys, "allow", "allow_file", "deny", "deny_file", "protect", "threshold",
    )  # fmt: skip

    allow: tuple[str, ...]
    deny: tuple[str, ...]
    protect: tuple[str, ...]
    threshold: float

    @property
    def cut(self) -> float:
        return self.threshold

    @classmethod
    def read(cls, table: Table) -> dict[str, object]:
        allow = table.texts_and_lines("allow", "allow_file", _domain_problem)
        deny = table.texts_and_lines("deny", "deny_file", _domain_problem)
        protect = table.texts("protect")
        for index, domain in enumerate(protect):
            if problem := _domain_problem(domain):
                table.refuse("protect", problem, index)
        if not (allow or deny or protect or "allow_file" in table or "deny_file" in table):
            table.refuse("deny", "must name at least one domain, or allow or protect must")
        return {"allow": allow, "deny": deny, "protect": protect, "threshold": table.number("threshold", 0, 100, 80)}


class LearnedRule(Rule, frozen=True, kw_only=True):
    """What was learned from decisions and examples.

    `threshold` is the lowest calibrated score, 0 to 100, that is found; the community's own messages may demand a
    higher one: at most one in `alarms_in` of them is flagged. With fewer than `background` of them the rule only
    counts. `like` is how like a confirmed or dismissed message has to be to a new one to decide about it. Of what one
    person decides alone, so many texts count as all others taught and `per_person` more; 0 for no limit.
    """

    kind: ClassVar[str] = "learned"
    keys: ClassVar[tuple[str, ...]] = (*Rule.keys, "threshold", "alarms_in", "background", "like", "per_person")

    threshold: float
    alarms_in: int
    background: int
    like: float
    per_person: int

    @property
    def cut(self) -> float:
        return self.threshold

    @classmethod
    def read(cls, table: Table) -> dict[str, object]:
        return {
            "threshold": table.number("threshold", 0, 100, 50),
            "alarms_in": table.whole("alarms_in", 10, 1_000_000, 1_000),
            "background": table.whole("background", 1, 1_000_000, 200),
            "like": table.number("like", 67, 100, 88),
            "per_person": table.whole("per_person", 1, 1_000_000, 50, off=True),
        }


def _template_problem(template: str) -> str:
    length = folded_length(template)
    if length >= SHORTEST_TEMPLATE:
        return ""
    return f"has {length} letters and digits; templates of fewer than {SHORTEST_TEMPLATE} hit chat: put it under words"


def _word_problem(word: str) -> str:
    return "" if folded_length(word) else "has no letter and no digit: write it under patterns"


def _pattern_problem(pattern: str) -> str:
    return "" if pattern else "must not be empty"


def _domain_problem(domain: str) -> str:
    if "/" in domain or ":" in domain or "." not in domain.strip(".") or any(map(str.isspace, domain)):
        return f'must be a domain such as "example.org", not {quoted(domain)}'
    return ""
