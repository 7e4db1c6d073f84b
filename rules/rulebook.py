"""The rulebook: a community's rules, read from TOML and checked as a whole before use."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import ClassVar

import msgspec

from rules.keylines import KeyPath, key_lines, line_of
from rules.letters import folded_length
from rules.reading import Refused, Table, quoted, spelled_duration
from rules.records import Mode

LARGEST_FILE = 4 << 20
"""Bytes. A rulebook is written by hand; what is larger is some other file."""
SHORTEST_TEMPLATE = 6
"""Folded characters. Shorter templates hit ordinary chat: at 85, one message in 70 contains a given four."""

_WORD = re.compile(r"[A-Za-z0-9_-]+")
_STEP_KINDS = ("warn", "mute DURATION", "remove", "ban", "delete")
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class RulebookError(ValueError):
    """A rulebook that cannot be used.

    `path` is the file's name as given, `line` its line from 1 or None, `key` the dotted key or "", `problem`
    what is wrong and what is allowed there. `str()` of it is one line.
    """

    def __init__(self, path: str, line: int | None, key: str, problem: str) -> None:
        super().__init__(path, line, key, problem)
        self.path = path
        self.line = line
        self.key = key
        self.problem = problem

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.key}: {self.problem}" if self.key else f"{place}: {self.problem}"


class Step(msgspec.Struct, frozen=True):
    """One step of a ladder. `kind` is warn, mute, remove, ban or delete; `seconds` is 0 unless it is mute."""

    kind: str
    seconds: int = 0

    def __str__(self) -> str:
        return f"{self.kind} {spelled_duration(self.seconds)}" if self.seconds else self.kind


class Ladder(msgspec.Struct, frozen=True):
    """The steps from a first offence on, and after how many seconds a strike expires."""

    steps: tuple[Step, ...]
    strikes_expire: int


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What rules of every kind have.

    `texts` are pairs of language ("" for any) and what members are shown. `delete`: whether a decision also
    deletes the messages. `ladder` replaces the rulebook's steps, None keeps them. `groups` are ids or names
    of the groups the rule holds in, empty for all.
    """

    kind: ClassVar[str] = ""
    keys: ClassVar[tuple[str, ...]] = ("kind", "mode", "text", "delete", "ladder", "groups")

    name: str
    mode: Mode
    texts: tuple[tuple[str, str], ...]
    delete: bool
    ladder: tuple[Step, ...] | None
    groups: tuple[str, ...]

    def shown(self, language: str) -> str:
        """What members are shown, in `language` ("zh", "zh_CN", "zh-Hans"), else in the first one written."""
        texts = dict(self.texts)
        wanted = language.replace("_", "-")
        for known in (wanted, wanted.partition("-")[0]):
            if known in texts:
                return texts[known]
        return self.texts[0][1] if self.texts else ""


class SimilarRule(Rule, frozen=True, kw_only=True):
    """Likeness to templates. `threshold` is from 0 to 100."""

    kind: ClassVar[str] = "similar"
    keys: ClassVar[tuple[str, ...]] = (*Rule.keys, "threshold", "templates")

    threshold: float
    templates: tuple[str, ...]


class WordsRule(Rule, frozen=True, kw_only=True):
    """Words, and patterns in RE2's syntax. `score` is what any hit scores."""

    kind: ClassVar[str] = "words"
    keys: ClassVar[tuple[str, ...]] = (*Rule.keys, "words", "patterns", "score")

    words: tuple[str, ...]
    patterns: tuple[str, ...]
    score: float


class DuplicatesRule(Rule, frozen=True, kw_only=True):
    """Near-identical messages: `count` of them in `window` seconds.

    They must come from at least `min_members` memberships (a member counts once in each group); `alone` of
    them are enough from whomever, 0 for never. `min_length` is in folded characters, digits not counted:
    shorter messages never count. A membership's messages no more than `pieces` seconds apart also count joined,
    0 for never.
    """

    kind: ClassVar[str] = "duplicates"
    keys: ClassVar[tuple[str, ...]] = (
        *Rule.keys, "threshold", "count", "window", "min_length", "min_members", "alone", "pieces",
    )  # fmt: skip

    threshold: float
    count: int
    window: int
    min_length: int
    min_members: int
    alone: int
    pieces: int


class FloodRule(Rule, frozen=True, kw_only=True):
    """Too much at once: `messages` in `window` seconds, or too much in one message. 0 switches one off."""

    kind: ClassVar[str] = "flood"
    keys: ClassVar[tuple[str, ...]] = (*Rule.keys, "window", "messages", "repeated", "lines", "mentions")

    window: int
    messages: int
    repeated: int
    lines: int
    mentions: int


KINDS: dict[str, type[Rule]] = {kind.kind: kind for kind in (SimilarRule, WordsRule, DuplicatesRule, FloodRule)}


class Rulebook(msgspec.Struct, frozen=True):
    """A checked rulebook. `source` is the text it was made from, `path` the file's name as given."""

    ladder: Ladder
    rules: tuple[Rule, ...]
    source: str
    path: str

    def rule(self, name: str) -> Rule | None:
        """The rule of that name, None when there is none (any more)."""
        return next((rule for rule in self.rules if rule.name == name), None)

    def steps(self, name: str) -> tuple[Step, ...]:
        """The ladder that holds for the rule of that name."""
        rule = self.rule(name)
        return self.ladder.steps if rule is None or rule.ladder is None else rule.ladder

    def shown(self, name: str, language: str) -> str:
        """What members are shown of the rule of that name, "" when there is no such rule."""
        rule = self.rule(name)
        return "" if rule is None else rule.shown(language)

    def error(self, key: KeyPath, problem: str) -> RulebookError:
        """The error to raise for something found wrong at `key` later than at the check."""
        return _error(self.source, self.path, key, problem)


def load(path: Path) -> Rulebook:
    """Reads and checks the rulebook at `path`. Raises RulebookError for whatever keeps it from being used."""
    name = str(path)
    try:
        if path.is_dir():
            raise RulebookError(name, None, "", "is a directory, not a rulebook file")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, RulebookError):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise RulebookError(name, None, "", f"cannot be read: {reason}") from error
    if len(data) > LARGEST_FILE:
        raise RulebookError(name, None, "", f"is larger than {LARGEST_FILE >> 20} MiB: not a rulebook")
    try:
        source = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RulebookError(name, line, "", f"is not UTF-8 (byte {data[error.start]:#04x})") from error
    return parse(source, name)


def parse(source: str, path: str = "rulebook.toml") -> Rulebook:
    """Checks the rulebook `source`; `path` is only for messages. Raises RulebookError."""
    try:
        document = tomllib.loads(source)
    except RecursionError as error:
        raise RulebookError(path, None, "", "is not TOML: nested too deeply") from error
    except ValueError as error:
        problem = str(error)
        place = _TOML_PLACE.search(problem)
        if place is None:
            raise RulebookError(path, None, "", f"is not TOML: {problem}") from error
        line = int(place[1]) if place[1] else source.rstrip("\n").count("\n") + 1
        problem = problem[: place.start()]
        raise RulebookError(path, line, "", f"is not TOML: {problem[:1].lower()}{problem[1:]}") from error
    try:
        top = Table(document, (), ("version", "ladder", "rules"))
        if top.whole("version", 1, 1_000_000, None) != 1:
            top.refuse("version", f"this version reads rulebooks of version 1, not {document['version']}")
        ladder = _ladder(top)
        rules = top.table("rules", None)
        return Rulebook(ladder, tuple(_rule(name, rules) for name in rules.names()), source, path)
    except Refused as refused:
        raise _error(source, path, refused.key, refused.problem) from None


def _error(source: str, path: str, key: KeyPath, problem: str) -> RulebookError:
    return RulebookError(path, line_of(key_lines(source), key), _dotted(key), problem)


def _dotted(key: KeyPath) -> str:
    dotted = ""
    for part in key:
        if isinstance(part, int):
            dotted += f"[{part}]"
        else:
            dotted += ("." if dotted else "") + (part if _WORD.fullmatch(part) else quoted(part))
    return dotted


def _ladder(top: Table) -> Ladder:
    table = top.table("ladder", ("steps", "strikes_expire"))
    steps = _steps(table, "steps")
    if steps is None:
        steps = (Step("warn"), Step("mute", 600), Step("remove"))
    return Ladder(steps, table.duration("strikes_expire", 30 * 86_400))


def _steps(table: Table, key: str) -> tuple[Step, ...] | None:
    if key not in table:
        return None
    written = table.texts(key)
    if not written:
        table.refuse(key, f"must name at least one step of {', '.join(_STEP_KINDS)}")
    return tuple(_step(table, key, index, step) for index, step in enumerate(written))


def _step(table: Table, key: str, index: int, written: str) -> Step:
    kind, _, duration = written.strip().partition(" ")
    if kind == "mute" and duration:
        return Step(kind, table.seconds(duration, key, index))
    if kind not in ("warn", "remove", "ban", "delete") or duration:
        allowed = f'{", ".join(_STEP_KINDS)} (such as "mute 10m")'
        table.refuse(key, f"must be one of {allowed}, not {quoted(written)}", index)
    return Step(kind)


def _rule(name: str, rules: Table) -> Rule:
    if not _WORD.fullmatch(name):
        rules.refuse(name, "a rule's name is made of the letters a to z, digits, _ and -")
    kind = KINDS[rules.table(name, None).choice("kind", tuple(KINDS), None)]
    table = rules.table(name, kind.keys)
    common = {
        "name": name,
        "mode": Mode(table.choice("mode", tuple(Mode), Mode.SHADOW)),
        "texts": _shown_texts(table),
        "delete": table.truth("delete", default=True),
        "ladder": _steps(table, "ladder"),
        "groups": table.texts("groups"),
    }
    return msgspec.convert({**common, **_SPECIFIC[kind.kind](table)}, kind)


def _shown_texts(table: Table) -> tuple[tuple[str, str], ...]:
    if table.holds_table("text"):
        languages = table.table("text", None)
        return tuple((name.replace("_", "-"), languages.text(name, "")) for name in languages.names())
    text = table.text("text", "")
    return (("", text),) if text else ()


def _similar(table: Table) -> dict[str, object]:
    templates = table.texts("templates")
    if not templates:
        table.refuse("templates", "must hold at least one template")
    for index, template in enumerate(templates):
        length = folded_length(template)
        if length < SHORTEST_TEMPLATE:
            table.refuse(
                "templates",
                f"has {length} letters and digits; templates of fewer than {SHORTEST_TEMPLATE} hit chat: "
                "put it under words",
                index,
            )
    return {"threshold": table.number("threshold", 0, 100, 85), "templates": templates}


def _words(table: Table) -> dict[str, object]:
    words, patterns = table.texts("words"), table.texts("patterns")
    if not words and not patterns:
        table.refuse("words", "must hold at least one word, or patterns at least one pattern")
    for index, word in enumerate(words):
        if not folded_length(word):
            table.refuse("words", "has no letter and no digit: write it under patterns", index)
    for index, pattern in enumerate(patterns):
        if not pattern:
            table.refuse("patterns", "must not be empty", index)
    return {"words": words, "patterns": patterns, "score": table.number("score", 0, 100, 100)}


def _duplicates(table: Table) -> dict[str, object]:
    return {
        "threshold": table.number("threshold", 50, 100, 85),
        "count": table.whole("count", 2, 1_000, 4),
        "window": table.duration("window", 600),
        "min_length": table.whole("min_length", 1, 1_000, 12),
        "min_members": table.whole("min_members", 1, 1_000, 2),
        "alone": table.whole("alone", 2, 1_000, 8, off=True),
        "pieces": table.duration("pieces", 60, off=True),
    }


def _flood(table: Table) -> dict[str, object]:
    return {
        "window": table.duration("window", 10),
        "messages": table.whole("messages", 2, 1_000, 8, off=True),
        "repeated": table.whole("repeated", 2, 100_000, 30, off=True),
        "lines": table.whole("lines", 2, 100_000, 150, off=True),
        "mentions": table.whole("mentions", 2, 100_000, 10, off=True),
    }


_SPECIFIC = {"similar": _similar, "words": _words, "duplicates": _duplicates, "flood": _flood}

DEFAULT_RULEBOOK: str
"""A rulebook a new community can use unchanged, with an explanation beside each key."""


def __getattr__(name: str) -> str:
    # importlib.resources takes as long to import as the rest of this module: only who asks pays for it.
    if name != "DEFAULT_RULEBOOK":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import resources

    return resources.files("rules").joinpath("default_rulebook.toml").read_text("utf-8")
