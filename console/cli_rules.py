"""`vigil rules`: the rules with what they did, a check, a test on what is stored, and other modes."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.arguments import Commands, Places, UserError, as_json, at_desk, example, places

if TYPE_CHECKING:
    from store.database import Database
    from store.history import Period

_AGO = re.compile(r"([1-9][0-9]{0,4})\s*([mhd])")
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}


@click.group(
    "rules", cls=Commands, no_args_is_help=False, epilog=example("vigil rules test --since 30d --rulebook new.toml")
)
def rules_group() -> None:
    """The rules: how often they are right, and what others would do."""


@contextmanager
def _looking(found: Places) -> Iterator[Database]:
    """The store of whoever is on its staff, which cannot be written to meanwhile."""
    from console.access import sit_down
    from store import staff
    from store.database import open_database

    settings = found.settings()
    db = open_database(settings.store)
    try:
        # A store without staff gets its first with the first command that changes something.
        if staff.people(db):
            sit_down(db, settings, found.get("name"))
        db.execute("PRAGMA query_only = ON")
        yield db
    finally:
        db.close()


@rules_group.command("list", epilog=example("vigil rules list --json"))
@as_json
@places
def rules_list(found: Places, json_: bool) -> None:
    """Name each rule with its mode and how often it was right in the last 90 days."""
    from console.measured_rules import measured_rules
    from console.printing import echo_json
    from console.printing_rules import print_rules
    from console.rulebook import load_rulebook

    written = load_rulebook(found.settings())
    with _looking(found) as db:
        rows = measured_rules(db, written, time.time())
        if json_:
            for row in rows:
                echo_json(row)
        else:
            print_rules(rows, written.auto)


@rules_group.command("check", epilog=example("vigil rules check new.toml"))
@click.argument("file", type=click.Path(path_type=Path), required=False)
@places
def rules_check(found: Places, file: Path | None) -> None:
    """Check a rulebook, with the lists beside it; without FILE that of the settings."""
    from console.rulebook import load_rulebook
    from rules.engine import Engine
    from rules.rulebook import load

    rulebook = load(file) if file else load_rulebook(found.settings())
    Engine(rulebook)
    count = len({rule.name for rule in rulebook.rules})
    click.echo(f"{rulebook.path}: {count} rule{'' if count == 1 else 's'}, no errors")


@rules_group.command("test", epilog=example("vigil rules test --since 30d --rulebook new.toml"))
@click.option(
    "--since", default="30d", show_default=True, metavar="WHEN",
    help='So long before the newest message ("90m", "12h", "30d"), a date, or "all".',
)  # fmt: skip
@click.option("--rulebook", type=click.Path(path_type=Path), help="The rules to test; else those of the settings.")
@as_json
@places
def rules_test(found: Places, since: str, rulebook: Path | None, json_: bool) -> None:
    """Judge the stored messages by a rulebook, and compare it with the rules in force and with what people
    decided.

    Nothing is stored or changed, and a worker may run meanwhile. For rules with a threshold it shows what others would
    hit. Precision is the share of the decided messages hit that people confirmed, recall the share of all they
    confirmed in that time. Of a rule of kind learned both flatter: the decisions taught it.
    """
    from console.printing import echo_json
    from console.rulebook import load_rulebook, rulebook_in_force
    from rules.rulebook import load

    settings = found.settings()
    new = load(rulebook) if rulebook else load_rulebook(settings)
    with _looking(found) as db:
        period = _period(db, since)
        # What judges takes a while to import: a mistake is told before that.
        from console.backtest import backtest
        from console.learning import known_to
        from console.printing_backtest import backtest_shape, print_backtest

        old = rulebook_in_force(db, settings) or new
        total = period.last - period.first + 1
        bar = (
            click.progressbar(length=total, label="judging", file=sys.stderr) if sys.stderr.isatty() else nullcontext()
        )
        with bar as shown:
            progress = shown.update if shown is not None else lambda _: None
            done = backtest(db, new, old, period, progress, known_to(db, new))
    if json_:
        echo_json(backtest_shape(done))
    else:
        print_backtest(done)


def _period(db: Database, since: str) -> Period:
    from console.printing import clock
    from store import history

    newest = history.newest_time(db)
    start: float | None = None
    if match := _AGO.fullmatch(since.strip()):
        start = None if newest is None else newest - int(match[1]) * _UNITS[match[2]]
    elif since != "all":
        try:
            start = datetime.fromisoformat(since).astimezone().timestamp()
        except (ValueError, OverflowError, OSError):
            raise click.BadParameter(
                f'{since!r} is no time; "30d" (m, h or d before the newest message), a date such as "2026-05-01",'
                ' or "all"', param_hint="--since"
            ) from None  # fmt: skip
    period = history.period(db, start)
    if period.last < period.first:
        known = "" if newest is None else f", the newest is of {clock(newest, date=True)}"
        raise UserError(f"no message is stored since then{known}; another --since, or `vigil replay` first")
    return period


@rules_group.command("promote", epilog=example("vigil rules promote ads auto"))
@click.argument("rule")
@click.argument("mode", type=click.Choice(["shadow", "ask", "auto"]))
@places
def rules_promote(found: Places, rule: str, mode: str) -> None:
    """Write another mode of a rule into the rulebook's file; a running worker reads it by itself.

    Mode auto takes the precision that the rulebook's table [auto] demands.
    """
    from console.promoting import promote
    from rules.records import Mode

    with at_desk(found) as desk:
        done = promote(desk, rule, Mode(mode))
        if done.before is done.after:
            click.echo(f"{rule} is in mode {mode} already")
        else:
            click.echo(f"{rule}: {done.before} before, {done.after} now, in {desk.settings.rulebook}")
        for group in done.elsewhere:
            click.echo(f"  in the group {group} it has a mode of its own, which stays", err=True)
