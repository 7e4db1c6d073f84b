"""The rulebook: a community's rules, read from TOML and checked as a whole before use."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from rules.beside import Beside, FileProblem, read_text
from rules.community import Community, Given, Layers, Points, Tiers
from rules.keylines import KeyPath, key_lines, line_of
from rules.kinds import KINDS, BurstRule, LearnedRule, NewcomerRule, Rule, Step
from rules.kinds.base import common, steps
from rules.reading import Refused, Table, quoted
from rules.reading_community import MEMBERS_KEYS, members_sections
from rules.records import JOIN_REQUEST, Mode
from rules.welcome import Welcome, read_welcome

_WORD = re.compile(r"[A-Za-z0-9_-]+")
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")

_KEPT = (Mode.ASK, Mode.AUTO)
"""Modes of rules that members have to keep."""


class RulebookError(ValueError):
    """A rulebook that cannot be used.

    `path` is the file's name as given, `line` its line from 1 or None, `key` the dotted key or "", `problem`
    what is wrong and what is allowed there. `files` are those it names, as far as it was read. `str()` of it is
    one line.
    """

    def __init__(self, path: str, line: int | None, key: str, problem: str, files: tuple[Path, ...] = ()) -> None:
        super().__init__(path, line, key, problem, files)
        self.files = files
        self.path = path
        self.line = line
        self.key = key
        self.problem = problem

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.key}: {self.problem}" if self.key else f"{place}: {self.problem}"


class Ladder(msgspec.Struct, frozen=True):
    """The steps from a first offence on, and after how many seconds a strike expires."""

    steps: tuple[Step, ...]
    strikes_expire: int


class Auto(msgspec.Struct, frozen=True):
    """What a rule has to show to act by itself: `precision`, the share (0 to 1) of at least `decisions` cases decided
    by people that were no false alarm. Either of them 0 demands nothing."""

    precision: float = 0.98
    decisions: int = 50

    @property
    def demands(self) -> bool:
        return self.precision > 0 and self.decisions > 0

    def allows(self, confirmed: int, decided: int) -> bool:
        """Whether a rule with that many cases decided, and of these confirmed, has shown enough."""
        return not self.demands or (decided >= self.decisions and not self.refutes(confirmed, decided))

    def refutes(self, confirmed: int, decided: int) -> bool:
        """Whether the rule was wrong so often that it can no longer reach the precision in that many decisions. Before
        it is the community's own choice to let a rule act that nobody has measured."""
        allowed = (1 - self.precision) * max(decided, self.decisions)
        # A hair more, so that 49 of 50 are 98 %.
        return self.demands and decided - confirmed > allowed + 1e-9


class Rulebook(msgspec.Struct, frozen=True):
    """A checked rulebook.

    A rule with settings of its own in some groups is followed by what it is there, under the same name. `source`
    is the text it was made from, `path` the file's name as given, `files` those it names.
    """

    ladder: Ladder
    rules: tuple[Rule, ...]
    source: str
    path: str
    files: tuple[Path, ...] = ()
    auto: Auto = Auto()
    community: Community = Community()
    layers: Layers = Layers()
    tiers: Tiers = Tiers()
    points: Points = Points()
    perks: tuple[Given, ...] = ()
    welcome: Welcome = Welcome()

    def with_modes(self, modes: Mapping[str, Mode]) -> Rulebook:
        """The same rulebook, of the same source, with these rules in other modes wherever they are in mode auto."""
        rules = tuple(
            msgspec.structs.replace(rule, mode=modes[rule.name])
            if rule.mode is Mode.AUTO and rule.name in modes
            else rule
            for rule in self.rules
        )
        return msgspec.structs.replace(self, rules=rules)

    def rule(self, name: str, *group: str) -> Rule | None:
        """The rule of that name, as it is in the group of that id and name; None when there is none (any more)."""
        named = [rule for rule in self.rules if rule.name == name]
        return next((rule for rule in named if group and rule.holds_in(*group)), named[0] if named else None)

    def steps(self, name: str, *group: str) -> tuple[Step, ...]:
        """The ladder that holds for the rule of that name in the group."""
        rule = self.rule(name, *group)
        return self.ladder.steps if rule is None or rule.ladder is None else rule.ladder

    def shown(self, name: str, language: str, *group: str) -> str:
        """What members of the group are shown of the rule of that name, "" when there is no such rule."""
        rule = self.rule(name, *group)
        return "" if rule is None else rule.shown(language)

    def told_to_newcomers(self, language: str, *group: str) -> tuple[str, ...]:
        """What members of the group are shown of the rules that a newcomer has to keep there, each text once."""
        stricter = {
            name
            for rule in self.rules
            if isinstance(rule, NewcomerRule) and rule.mode in _KEPT and rule.holds_in(*group)
            for name, _ in rule.thresholds
        }
        kept = [
            rule.shown(language)
            for rule in self.rules
            # Of a rush of newcomers no one of them is guilty.
            if rule.holds_in(*group) and not isinstance(rule, BurstRule)
            and (rule.mode in _KEPT or (rule.name in stricter and rule.mode is not Mode.OFF))
        ]  # fmt: skip
        return tuple(dict.fromkeys(text for text in kept if text))

    def error(self, key: KeyPath, problem: str) -> RulebookError:
        """The error to raise for something found wrong at `key` later than at the check."""
        return _error(self.source, self.path, key, problem)


def load(path: Path) -> Rulebook:
    """Reads and checks the rulebook at `path`, with the files it names.

    Raises RulebookError for whatever keeps it from being used.
    """
    try:
        source = read_text(path, "rulebook file")
    except FileProblem as error:
        raise RulebookError(str(path), error.line, "", error.problem) from error
    return parse(source, str(path), Beside(path.parent))


def parse(source: str, path: str = "rulebook.toml", beside: Beside | None = None) -> Rulebook:
    """Checks the rulebook `source`; `path` is only for messages. Raises RulebookError.

    Without `beside` the files it names are not read: their lists count as empty.
    """
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
        top = Table(document, (), ("version", "ladder", "rules", "groups", "auto", "welcome", *MEMBERS_KEYS), beside)
        if top.whole("version", 1, 1_000_000, None) != 1:
            top.refuse("version", f"this version reads rulebooks of version 1, not {document['version']}")
        ladder, rules, auto = _ladder(top), _rules(top), _auto(top)
        files = tuple(beside.files) if beside else ()
        return Rulebook(ladder, rules, source, path, files, auto, *members_sections(top), read_welcome(top))
    except Refused as refused:
        raise _refusal(source, path, refused, tuple(beside.files) if beside else ()) from None


def _refusal(source: str, path: str, refused: Refused, files: tuple[Path, ...]) -> RulebookError:
    if refused.line is not None:
        return RulebookError(refused.file, refused.line, _dotted(refused.key), refused.problem, files)
    problem = f"{refused.file}: {refused.problem}" if refused.file else refused.problem
    return _error(source, path, refused.key, problem, files)


def _error(source: str, path: str, key: KeyPath, problem: str, files: tuple[Path, ...] = ()) -> RulebookError:
    return RulebookError(path, line_of(key_lines(source), key), _dotted(key), problem, files)


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
    written = steps(table, "steps")
    if written is None:
        written = (Step("warn"), Step("mute", 600), Step("remove"))
    return Ladder(written, table.duration("strikes_expire", 30 * 86_400))


def _auto(top: Table) -> Auto:
    table = top.table("auto", ("precision", "decisions"))
    lowest = Auto()
    precision = table.number("precision", 0, 1, lowest.precision)
    return Auto(precision, table.whole("decisions", 1, 1_000_000, lowest.decisions, off=True))


def _rules(top: Table) -> tuple[Rule, ...]:
    """The rules in their order, each followed by what it is in the groups with settings of their own."""
    written = top.table("rules", None)
    groups = top.table("groups", None)
    changes: dict[str, dict[str, Table]] = {}
    for group in groups.names():
        changed = groups.table(group, None)
        for name in changed.names():
            if name not in written:
                known = ", ".join(written.names()) or "none"
                changed.refuse(name, f"is not a rule of this rulebook; there are {known}")
            changes.setdefault(name, {})[group] = changed.table(name, None)
    rules: list[Rule] = []
    for name in written.names():
        rule = _rule(name, written)
        own = changes.get(name, {})
        rules.append(msgspec.structs.replace(rule, elsewhere=tuple(own)) if own else rule)
        rules += [_changed(rule, group, table, written.table(name, None), top) for group, table in own.items()]
    _check_newcomers(rules, written)
    return tuple(rules)


def _rule(name: str, rules: Table) -> Rule:
    if not _WORD.fullmatch(name):
        rules.refuse(name, "a rule's name is made of the letters a to z, digits, _ and -")
    if name == JOIN_REQUEST:
        rules.refuse(name, "is what the requests to join are called; a rule needs another name")
    kind = KINDS[rules.table(name, None).choice("kind", tuple(KINDS), None)]
    return _read(name, kind, rules.table(name, kind.keys))


def _changed(rule: Rule, group: str, changes: Table, written: Table, top: Table) -> Rule:
    """The rule as it is in a group: with what is written of it there in place of what is written of it."""
    allowed = [key for key in type(rule).keys if key not in ("kind", "groups")]
    for key in changes.names():
        if key not in allowed:
            changes.refuse(key, f"is not a key here; allowed are {', '.join(allowed)}")
    if rule.groups and group not in rule.groups:
        groups = ", ".join(rule.groups)
        raise Refused(("groups", group, rule.name), f"the rule {rule.name} holds only in {groups}")
    within = dict.fromkeys(changes.names(), ("groups", group, rule.name))
    values = {**written.values(), **changes.values(), "groups": [group]}
    table = Table(values, ("rules", rule.name), None, top.beside, within)
    return msgspec.structs.replace(_read(rule.name, type(rule), table), special=True)


def _read(name: str, kind: type[Rule], table: Table) -> Rule:
    return msgspec.convert({"name": name, **common(table), **kind.read(table)}, kind)


def _check_newcomers(rules: Sequence[Rule], written: Table) -> None:
    # What was learned keeps to a threshold of its own, which the community's talk sets.
    known = {rule.name for rule in rules if not isinstance(rule, NewcomerRule | LearnedRule)}
    for rule in rules:
        for name, _ in rule.thresholds if isinstance(rule, NewcomerRule) else ():
            if name not in known:
                thresholds = written.table(rule.name, None).table("thresholds", None)
                thresholds.refuse(name, f"is not a rule it can be stricter with; there are {', '.join(sorted(known))}")


DEFAULT_RULEBOOK: str
"""A rulebook a new community can use unchanged, with an explanation beside each key."""


def __getattr__(name: str) -> str:
    # importlib.resources takes as long to import as the rest of this module: only who asks pays for it.
    if name != "DEFAULT_RULEBOOK":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import resources

    return resources.files("rules").joinpath("default_rulebook.toml").read_text("utf-8")
