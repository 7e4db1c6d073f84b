"""What commands share: --store, --config and --as wherever they stand, and the desk of whoever runs them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from console.platforms.replay_kind import parse_speed
from console.settings import Settings
from console.settings import load as load_settings

Command = TypeVar("Command", bound=Callable[..., Any])

NUMBER = click.IntRange(1, 2**63 - 1)
"""An id, as far as SQLite can count."""


class UserError(Exception):
    """What the user asked for cannot be done: one line that says what to do instead."""


class Places(dict[str, Any]):
    """What --store, --config and --as said, wherever on the line they stood."""

    def settings(self) -> Settings:
        """The settings they lead to. Raises SettingsError."""
        return load_settings(self.get("config"), self.get("store"))


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


def pace(text: str) -> float | None:
    """A --speed as a factor, None for "max". Raises BadParameter."""
    try:
        return parse_speed(text)
    except ValueError:
        raise click.BadParameter(
            f'{text!r} is no speed; "max" or a factor such as "20x"', param_hint="--speed"
        ) from None
