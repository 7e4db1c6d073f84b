"""`vigil doctor`: what was found of store, worker, platforms, rulebook and terminal, and what to do about it."""

from __future__ import annotations

import locale
import os
import shutil
import sqlite3
import stat
import sys
import time
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import console
from console.arguments import counted
from console.outbox_desk import IDLE
from console.platform_health import NO_WORKER, NOT_KNOWN, said_by_worker
from console.platforms.base import PlatformError
from console.platforms.tokens import read_secret
from console.rulebook import load_rulebook, rulebook_in_force
from console.settings import PlatformSettings, Settings, SettingsError
from console.settings import load as load_settings
from rules.records import Mode
from rules.rulebook import RulebookError
from store import actions, audit, lease, rulebooks, undelivered
from store.database import Database, explain, open_database, schema_of
from store.errors import NewerStore, NotAStore, StoreError
from store.records import ActionState
from store.version import SCHEMA_VERSION
from widgets.safe import safe

SMALLEST = (80, 24)

_SERVICES = ("matrix", "onebot", "telegram")
"""Kinds that say "connected" while all is well. What others say is theirs; what the worker says of them is not."""
_TROUBLE = (NO_WORKER, NOT_KNOWN, "cannot be read", "has failed")


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing looked at: `advice` is what to do, "" when nothing needs doing."""

    what: str
    ok: bool
    found: str
    advice: str = ""


def examine(config: Path | None, store: Path | None) -> list[Examined]:
    """Look at everything without changing anything."""
    results = [
        Examined(
            "vigil",
            True,
            f"{console.__version__}, Python {sys.version.split()[0]}, textual {version('textual')}",
        )
    ]
    try:
        settings = load_settings(config, store)
    except SettingsError as error:
        results.append(Examined("settings", False, str(error), "mend the line it names"))
    else:
        there = settings.path.exists()
        advice = "" if there else "`vigil init` writes one to change"
        results.append(Examined("settings", True, str(settings.path) if there else "none, the defaults hold", advice))
        results += [_rulebook(settings), *_secrets(settings), *_store(settings)]
    return [*results, *_terminal(), _locale()]


def _rulebook(settings: Settings) -> Examined:
    try:
        rulebook = load_rulebook(settings)
    except RulebookError as error:
        return Examined("rulebook", False, str(error), "mend the line it names; the rules in force stay in force")
    return Examined("rulebook", True, f"{rulebook.path}, {counted(len(rulebook.rules), 'rule')}")


def _store(settings: Settings) -> list[Examined]:
    path = settings.store
    if not path.is_file():
        return [Examined("store", False, f"{path}: none yet", "`vigil`, `vigil serve` or `vigil replay FILE` makes it")]
    try:
        schema = schema_of(path)
    except NotAStore as error:
        return [Examined("store", False, str(error), "name another file in vigil.toml or by --store")]
    except NewerStore as error:
        return [Examined("store", False, str(error), "update Vigil")]
    except StoreError as error:
        return [Examined("store", False, str(error), "see the file's owner, mode and folder")]
    pending = SCHEMA_VERSION - schema
    results = [
        Examined("store", True, f"{path}, {path.stat().st_size / 1e6:.1f} MB"),
        Examined("schema", pending == 0, f"version {schema} of {SCHEMA_VERSION}, {counted(pending, 'migration')} to do",
                 "the next command that opens the store applies them; make a copy first" if pending else ""),
    ]  # fmt: skip
    folder = stat.S_IMODE(path.parent.stat().st_mode)
    if folder & 0o077:
        results.append(
            Examined(
                "folder",
                False,
                f"{path.parent} has mode {folder:04o}",
                f"chmod 700 {path.parent} keeps others out",
            )
        )
    if pending == 0:
        try:
            db = open_database(path)
        except StoreError as error:
            return [*results, Examined("store", False, str(error), "see the file's owner, mode and folder")]
        try:
            results += [_worker(db), *_platforms(db, settings), *_undone(db, settings), _audit(db), *_asking(db)]
        except sqlite3.Error as error:
            results.append(
                Examined("store", False, explain(path, error), "keep a copy of the file before anything else")
            )
        finally:
            db.close()
    return results


def _worker(db: Database) -> Examined:
    holder = lease.holder(db, time.time())
    if holder and holder.alive:
        age = max(0.0, time.time() - holder.heartbeat_at)
        return Examined("worker", True, f"{holder}, heartbeat {age:.0f} s ago")
    found = f"none; the last was {holder}" if holder else "none so far"
    return Examined("worker", False, found, "start `vigil serve`, or open the console, which starts one")


def _secrets(settings: Settings) -> list[Examined]:
    """The tokens and passwords that platforms read from files."""
    results = []
    for platform in settings.platforms:
        for what in ("token", "password"):
            file = getattr(platform.options, f"{what}_file", None)
            if not isinstance(file, Path):
                continue
            name = f"{what} of {platform.name}"
            try:
                read_secret(file, "", what)
            except PlatformError as error:
                found, chmod, _ = str(error).partition("; chmod")
                advice = "put it there as docs/platforms.md says, or name its right place in vigil.toml"
                results.append(Examined(name, False, found, f"chmod 600 {file}" if chmod else advice))
            else:
                results.append(Examined(name, True, f"{file}, readable by its owner alone"))
    return results


def _platforms(db: Database, settings: Settings) -> list[Examined]:
    """How the worker finds each platform of the settings."""
    unknown, said = said_by_worker(lease.holder(db, time.time()))
    return [_platform(one, said.get(one.name, unknown)) for one in settings.platforms]


def _platform(platform: PlatformSettings, health: str) -> Examined:
    phrase = health.partition(" (")[0]
    fine = phrase == "connected" if platform.kind in _SERVICES else phrase not in _TROUBLE
    advice = f"`vigil platform test {platform.name}` says what is wrong"
    if phrase == NO_WORKER:
        advice = f"start the worker; `vigil platform test {platform.name}` logs in without one"
    elif phrase == NOT_KNOWN:
        advice = "start the worker again"
    return Examined(f"platform {platform.name}", fine, safe(health), "" if fine else advice)


def _undone(db: Database, settings: Settings) -> list[Examined]:
    """What waits or failed, for each platform of the settings, and for others of which something is left."""
    waiting = Counter(actions.waiting(db))
    failed: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for row in undelivered.listed(db, 100_000):
        (unknown if row.state is ActionState.UNKNOWN else failed)[row.platform] += 1
    known = [platform.name for platform in settings.platforms]
    results = []
    for name in [*known, *sorted({*waiting, *failed, *unknown} - {*known})]:
        numbers = ((waiting[name], "waiting"), (failed[name], "failed"), (unknown[name], "to be settled"))
        found = ", ".join(f"{count} {state}" for count, state in numbers if count) or "none waiting, none failed"
        advice = "`vigil outbox list` has their reasons and what to do" if failed[name] or unknown[name] else ""
        if name not in known and name != IDLE:
            found += "; the platform is not in vigil.toml any more"
            advice = "`vigil outbox list` says how to give them up; or put the platform's table back"
        results.append(Examined(f"actions on {safe(name, 40)}", not advice, found, advice))
    return results


def _audit(db: Database) -> Examined:
    good, problem = audit.verify(db)
    return Examined(
        "audit",
        not problem,
        problem or ("its only row holds" if good == 1 else f"all {good} rows hold"),
        "keep a copy and ask who had the file" if problem else "",
    )


def _asking(db: Database) -> list[Examined]:
    """The rules that ask although they are to act by themselves; nothing where there are none."""
    try:
        rulebook = rulebook_in_force(db, None)
    except RulebookError:
        return []
    automatic = {rule.name for rule in rulebook.rules if rule.mode is Mode.AUTO} if rulebook else set()
    fallen = sorted(automatic & set(rulebooks.fallen_back(db)))
    if not fallen:
        return []
    found = f"in mode auto, but asking, for people contradict them too often: {', '.join(fallen)}"
    advice = "`vigil rules list` has the figures; `vigil rules test` shows what another threshold would do"
    return [Examined("rules", False, found, advice)]


def _terminal() -> list[Examined]:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return [Examined("terminal", True, "none here", "the console needs one; the commands do not")]
    size = shutil.get_terminal_size()
    fits = size.columns >= SMALLEST[0] and size.lines >= SMALLEST[1]
    advice = "" if fits else f"make it at least {SMALLEST[0]}x{SMALLEST[1]}"
    return [
        Examined("terminal size", fits, f"{size.columns}x{size.lines}", advice),
        Examined("terminal colours", True, *_colours()),
    ]


def _colours() -> tuple[str, str]:
    term, colorterm = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "")
    if os.environ.get("NO_COLOR"):
        return "none, NO_COLOR is set", ""
    if colorterm in ("truecolor", "24bit"):
        return "16 million", ""
    hint = "export COLORTERM=truecolor if yours shows more; over SSH: AcceptEnv COLORTERM"
    return ("256" if "256" in term else "16") + f" (TERM={term or 'unset'})", hint


def _locale() -> Examined:
    encoding = locale.getpreferredencoding(False)
    name = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or "unset"
    fits = encoding.replace("-", "").lower() == "utf8"
    return Examined("locale", fits, f"{name}, {encoding}", "" if fits else "export LANG=C.UTF-8")
