"""What commands share: arguments that several of them take, and the desk of whoever runs them."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from console.fitted import print_fitted
from console.platforms.replay_kind import parse_speed
from console.settings import Settings
from console.settings import load as load_settings
from store.errors import StoreError

Command = TypeVar("Command", bound=Callable[..., Any])

NUMBER = click.IntRange(1, 2**63 - 1)
"""An id, as far as SQLite can count."""

_LONGEST = 1_000
"""Characters of a sentence in a list of commands; click cuts what is longer."""


class UserError(Exception):
    """What the user asked for cannot be done: one line that says what to do instead."""


class Places(dict[str, Any]):
    """What --store, --config and --as said, wherever on the line they stood."""

    def settings(self) -> Settings:
        """The settings they lead to. Raises SettingsError."""
        return load_settings(self.get("config"), self.get("store"))


class Commands(click.Group):
    """Commands that its help lists by their whole first sentences, in as many lines as they take."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        listed = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(_LONGEST)) for name, command in listed if not command.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def places(command: Command) -> Command:
    """Let --store, --config and --as stand after a command as well as before it."""

    @functools.wraps(command)
    @click.pass_context
    def called(
        context: click.Context,
        /,
        *args: Any,
        store: Path | None,
        config: Path | None,
        name: str | None,
        **values: Any,
    ) -> Any:
        given = {"store": store, "config": config, "name": name}
        found: Places = context.find_root().ensure_object(Places)
        found.update({key: value for key, value in given.items() if value is not None})
        return command(found, *args, **values)

    path = click.Path(path_type=Path)
    for option in (
        click.option("--as", "name", metavar="NAME", help="Act as this staff member (set by sshd for a key)."),
        click.option("--config", type=path, metavar="PATH", help="The settings, vigil.toml."),
        click.option("--store", type=path, metavar="PATH", help="The store, an SQLite file."),
    ):
        called = option(called)
    return called  # type: ignore[return-value]


def counted(number: int, what: str) -> str:
    """So many of something: "1 row", "2 rows"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def example(text: str) -> str:
    """The end of a command's help."""
    return f"\b\nExample:\n  {text}"


as_json = click.option("--json", "json_", is_flag=True, help="One JSON object a line.")


@contextmanager
def at_desk(found: Places, *, create: bool = False) -> Iterator[Any]:
    """The desk of whoever runs the command."""
    from console.access import sit_down
    from store.database import open_database

    settings = found.settings()
    db = open_database(settings.store, create=create)
    try:
        yield sit_down(db, settings, found.get("name"))
    finally:
        db.close()


def for_each(found: Places, ids: Sequence[int], do: Callable[[Any, int], None]) -> None:
    """Do it at the desk for each id once; what fails is told, the others go on, and the command ends with 2."""
    failed = False
    with at_desk(found) as desk:
        for number in dict.fromkeys(ids):
            try:
                do(desk, number)
            except StoreError as error:
                failed = True
                print_fitted(f"vigil: {' '.join(str(error).split())}", err=True)
    if failed:
        raise click.exceptions.Exit(2)


def file_bytes(file: Path) -> bytes:
    """All of a file; - is standard input."""
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()


def file_name(file: Path) -> str:
    """What to call a file where its contents are wrong."""
    return "standard input" if str(file) == "-" else str(file)


def moment(text: str | None, zone: str, *, end: bool = False) -> float | None:
    """A date or time by the zone's clock as epoch seconds; of a date its first second, or its last. Raises
    BadParameter."""
    from datetime import date, datetime, time
    from zoneinfo import ZoneInfo

    if text is None:
        return None
    try:
        if len(text) == 10:
            at = datetime.combine(date.fromisoformat(text), time(23, 59, 59) if end else time(), ZoneInfo(zone))
        else:
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
        return at.timestamp()
    except (ValueError, OverflowError):
        raise click.BadParameter(f'{text!r} is no time; "2027-03-31" or "2027-03-31 18:00"') from None


def pace(text: str) -> float | None:
    """A --speed as a factor, None for "max". Raises BadParameter."""
    try:
        return parse_speed(text)
    except ValueError:
        raise click.BadParameter(
            f'{text!r} is no speed; "max" or a factor such as "20x"', param_hint="--speed"
        ) from None
