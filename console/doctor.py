"""`vigil doctor`: what was found of store, worker, rulebook, terminal and locale, and what to do about it."""

from __future__ import annotations

import locale
import os
import shutil
import sqlite3
import stat
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import console
from console.rulebook import load_rulebook, rulebook_in_force
from console.settings import Settings, SettingsError
from console.settings import load as load_settings
from rules.records import Mode
from rules.rulebook import RulebookError
from store import audit, lease, rulebooks
from store.database import Database, explain, open_database, schema_of
from store.errors import NewerStore, NotAStore, StoreError
from store.version import SCHEMA_VERSION

SMALLEST = (80, 24)


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
        results += [_rulebook(settings), *_store(settings.store)]
    return [*results, *_terminal(), _locale()]


def _rulebook(settings: Settings) -> Examined:
    try:
        rulebook = load_rulebook(settings)
    except RulebookError as error:
        return Examined("rulebook", False, str(error), "mend the line it names; the rules in force stay in force")
    return Examined("rulebook", True, f"{rulebook.path}, {len(rulebook.rules)} rules")


def _store(path: Path) -> list[Examined]:
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
        Examined("schema", pending == 0, f"version {schema} of {SCHEMA_VERSION}, {pending} migrations pending",
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
            results += [_worker(db), _audit(db), *_asking(db)]
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


def _audit(db: Database) -> Examined:
    good, problem = audit.verify(db)
    return Examined(
        "audit",
        not problem,
        problem or f"all {good} rows hold",
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
