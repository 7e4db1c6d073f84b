"""The kinds of platform there are: Vigil's own, and those other distributions add.

A kind is an object with the shape of `PlatformKind`. Another distribution names it in its pyproject.toml and is
installed beside Vigil:

    [project.entry-points."vigil.platforms"]
    irc = "vigil_irc.kind:KIND"

Settings are read by every command, so the module that holds the kind imports the platform itself only in `make`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

from console.platforms.base import Platform, PlatformError
from console.platforms.failures import described
from console.platforms.limits import NONE, Limits
from rules.reading import Table

GROUP = "vigil.platforms"

OWN = {
    "replay": "console.platforms.replay_kind",
    "matrix": "console.platforms.matrix_kind",
    "onebot": "console.platforms.onebot_kind",
    "telegram": "console.platforms.telegram_kind",
}
"""Vigil's own kinds and the modules that hold them. They are no entry points because looking for these takes as long
as all else that a command imports."""


_PARTS = ("name", "can", "repeatable", "health", "source", "batches", "perform", "access", "close")


class PlatformKind(Protocol):
    """One kind of platform. `keys` are the keys a table [platforms.NAME] of it may hold besides `kind`."""

    keys: tuple[str, ...]

    def read(self, table: Table, folder: Path) -> Any:
        """What the table says, as this kind keeps it; paths in it are relative to `folder`. Raises Refused."""
        ...

    def make(self, name: str, options: Any, store: Path) -> Platform:
        """The platform of these options, which has done nothing yet. What it has to keep it keeps beside `store`.

        Raises PlatformError.
        """
        ...


@runtime_checkable
class LimitedKind(Protocol):
    """What a kind may tell besides, so that the console says before a key is pressed what that key cannot do here."""

    def limits(self, options: Any) -> Limits:
        """What a platform of these options cannot do. Its own `can` says the same."""
        ...


def known_kinds() -> tuple[str, ...]:
    """The names of all kinds."""
    return (*OWN, *sorted(set(_others()) - set(OWN)))


def find_kind(name: str) -> PlatformKind | None:
    """The kind of that name, None for none. Raises PlatformError when another distribution's cannot be loaded."""
    if name in OWN:
        return cast(PlatformKind, import_module(OWN[name]).KIND)
    found = _others().get(name)
    if found is None:
        return None
    try:
        return cast(PlatformKind, found.load())
    except Exception as error:
        raise PlatformError(f"the kind {name!r} of {found.value} cannot be loaded: {error!r}") from error


def limits_of(kind: PlatformKind, options: Any) -> Limits:
    """What a platform cannot do. Of a kind that does not say, or fails to, nothing is known: what such a platform
    cannot do is refused when it is to be done."""
    if not isinstance(kind, LimitedKind):
        return NONE
    try:
        found = kind.limits(options)
    except Exception:
        return NONE
    return found if isinstance(found, Limits) else NONE


def make_platform(kind: str, name: str, options: Any, store: Path) -> Platform:
    """The platform that a table of the settings describes. Raises PlatformError."""
    found = find_kind(kind)
    if found is None:
        raise PlatformError(f"{name}: there is no kind of platform {kind!r} any more")
    try:
        made = found.make(name, options, store)
        lacking = [part for part in _PARTS if not hasattr(made, part)]
        if not lacking and made.name != name:
            lacking = [f"name {name!r}"]
    except PlatformError as error:
        raise PlatformError(f"{name}: {error}") from None
    except Exception as error:
        raise PlatformError(f"{name}: an error in the platform's own code: {described(error)}") from error
    if lacking:
        raise PlatformError(f"{name}: an error in the platform's own code: it has no {', no '.join(lacking)}")
    return made


def _others() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP)}
