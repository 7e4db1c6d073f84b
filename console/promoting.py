"""`vigil rules promote`: another mode for a rule, written into the rulebook's file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from console.arguments import UserError
from console.desk import Desk
from console.measuring import MEASURED_SECONDS, demand_words, measured_words
from console.replacing import replace_file
from rules import rulebook
from rules.beside import Beside
from rules.promotion import with_mode
from rules.records import Mode
from rules.rulebook import Rulebook
from store import audit, statistics
from store.errors import Conflict
from store.statistics import Decided

_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Promoted:
    """A rule's mode `before` and `after`, and the groups where it has a mode of its own that stays."""

    rule: str
    before: Mode
    after: Mode
    elsewhere: tuple[str, ...]


def promote(desk: Desk, name: str, mode: Mode, clock: Callable[[], float] = time.time) -> Promoted:
    """Set the mode of the rule of that name in the rulebook's file; nothing else of the file changes.

    Mode auto takes what the rulebook's table [auto] demands. The changed rulebook is checked as a whole first.
    Raises UserError, NotAllowed, RulebookError, Conflict, StoreUnavailable, and OSError for a file that cannot be
    written; the file is then as it was.
    """
    desk.check_rules()
    path = desk.settings.rulebook
    if not path.exists() and not desk.settings.rulebook_named:
        raise UserError(f"{path}: is not there, the default rules are in force; `vigil init` writes them to change")
    written = rulebook.load(path)
    rule = written.rule(name)
    if rule is None:
        names = ", ".join(dict.fromkeys(one.name for one in written.rules)) or "none"
        raise UserError(f"{path}: has no rule {name!r}; there are {names}")
    if rule.mode is mode:
        return Promoted(name, mode, mode, _elsewhere(written, name, mode))
    found = statistics.by_rule(desk.db, clock() - MEASURED_SECONDS).get(name, Decided())
    if mode is Mode.AUTO:
        _check_precision(written, name, found)
    before = path.read_bytes()
    after = _changed(before, str(path), name, mode)
    changed = _checked(after, desk)
    replaced = False
    try:
        with desk.db.transaction(durable=True):
            desk.check_rules()
            if path.read_bytes() != before:
                raise Conflict(f"{path}: somebody has changed it this moment; look at it, then try again")
            audit.record(
                desk.db, clock(), desk.name, "rule.mode", name, before=rule.mode, after=mode,
                confirmed=found.confirmed, decided=found.decided,
            )  # fmt: skip
            replace_file(path, after)
            replaced = True
    except BaseException:
        # The audit log could not take it, on a full disk for one: then it has not happened.
        if replaced:
            replace_file(path, before)
        raise
    return Promoted(name, rule.mode, mode, _elsewhere(changed, name, mode))


def _elsewhere(written: Rulebook, name: str, mode: Mode) -> tuple[str, ...]:
    return tuple(one.groups[0] for one in written.rules if one.special and one.name == name and one.mode is not mode)


def _check_precision(written: Rulebook, name: str, found: Decided) -> None:
    if not written.auto.allows(found.confirmed, found.decided):
        raise UserError(
            f"{name} may not act by itself yet: {measured_words(found)}; {demand_words(written.auto)}"
            " (table [auto] of the rulebook)"
        )


def _changed(content: bytes, path: str, name: str, mode: Mode) -> bytes:
    mark = _MARK if content.startswith(_MARK) else b""
    return mark + with_mode(content.removeprefix(mark).decode(), path, name, mode).encode()


def _checked(content: bytes, desk: Desk) -> Rulebook:
    # Only who promotes pays for importing the engine, which finds what shows when rules are made ready.
    from rules.engine import Engine

    path = desk.settings.rulebook
    changed = rulebook.parse(content.decode("utf-8-sig"), str(path), Beside(path.parent))
    return Engine(changed).rulebook
