"""How the platforms of the settings are: as the worker last said, and as they answer now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from console.platforms.base import Access, PlatformError
from console.platforms.failures import described
from console.platforms.registry import make_platform
from console.settings import PlatformSettings, Settings
from store import lease
from store.database import open_database
from store.records import ActionKind
from widgets.language import mark, say

NO_WORKER = mark("no worker runs")
NOT_KNOWN = mark("not known to the worker: it was set up after its start")

SILENT_SECONDS = 5.0
"""A service that takes longer to answer is said to."""

_ANOTHER = "something else answers at that address: is it the right one in vigil.toml?"
_ABSENT = "does the service run there, is the address in vigil.toml right, and may this machine reach it?"
_ADVICE = (
    ("No such file", "make the file as docs/platforms.md says, or put its right place into vigil.toml"),
    ("no JSON", _ANOTHER),
    ("of another shape", _ANOTHER),
    ("valid HTTP response", _ANOTHER),
    ("no connection", _ABSENT),
    ("no answer", _ABSENT),
    ("no whole answer", _ABSENT),
)
"""Parts of what is said of a service, and what to do about it."""


@dataclass(frozen=True, slots=True)
class PlatformRow:
    """A platform of the settings; `health` is what the worker says of it, "no worker runs" without one. `cannot` are
    the actions it has no way to do, `delete_seconds` how old a message may be that it deletes, None for any age."""

    name: str
    kind: str
    health: str
    cannot: tuple[ActionKind, ...] = ()
    delete_seconds: float | None = None


def platform_rows(settings: Settings) -> list[PlatformRow]:
    """Raises StoreError."""
    holder = None
    if settings.store.exists():
        db = open_database(settings.store)
        try:
            holder = lease.holder(db, time.time())
        finally:
            db.close()
    unknown, said = said_by_worker(holder)
    return [
        PlatformRow(one.name, one.kind, said.get(one.name, unknown), one.limits.cannot, one.limits.delete_seconds)
        for one in settings.platforms
    ]


def health_words(health: str) -> str:
    """A platform's health in the reader's language; a detail in parentheses stays as it is, and another's phrase."""
    phrase, bracket, detail = health.partition(" (")
    return (say(phrase) if phrase else "") + bracket + detail


def said_by_worker(holder: lease.Holder | None) -> tuple[str, dict[str, str]]:
    """What the worker says of each platform, and what to say of those it does not speak of."""
    if holder is None or not holder.alive:
        return NO_WORKER, {}
    if not holder.note:
        return mark("the worker has just started"), {}
    try:
        return NOT_KNOWN, msgspec.json.decode(holder.note, type=dict[str, str])
    except msgspec.MsgspecError:
        return NOT_KNOWN, {}


async def look(
    chosen: PlatformSettings, store: Path, waiting: Callable[[float], None] = lambda seconds: None
) -> Access:
    """Log in and see what may be done where; `waiting` is told, again and again, for how many seconds already. Raises
    PlatformError."""
    patient = asyncio.create_task(_tell(waiting))
    try:
        platform = make_platform(chosen.kind, chosen.name, chosen.options, store)
        try:
            return await platform.access()
        finally:
            await platform.close()
    except PlatformError as error:
        words = str(error).removeprefix(f"{chosen.name}: ")
        raise PlatformError(f"{chosen.name}: {words}{_advice(words)}") from None
    except Exception as error:
        raise PlatformError(f"{chosen.name}: an error in the platform's own code: {described(error)}") from error
    finally:
        patient.cancel()


async def _tell(waiting: Callable[[float], None]) -> None:
    start = time.monotonic()
    while True:
        await asyncio.sleep(SILENT_SECONDS)
        waiting(time.monotonic() - start)


def _advice(words: str) -> str:
    """What to do about a service that is not there, or is not the one that was meant."""
    return next((f"; {advice}" for part, advice in _ADVICE if part in words), "")
