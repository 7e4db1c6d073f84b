"""How the platforms of the settings are: as the worker last said, and as they answer now."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from console.platforms.base import Access, PlatformError
from console.platforms.failures import described
from console.platforms.registry import make_platform
from console.settings import PlatformSettings, Settings
from store import lease
from store.database import open_database


@dataclass(frozen=True, slots=True)
class PlatformRow:
    """A platform of the settings; `health` is what the worker says of it, "no worker runs" without one."""

    name: str
    kind: str
    health: str


def platform_rows(settings: Settings) -> list[PlatformRow]:
    """Raises StoreError."""
    unknown, said = _said_by_worker(settings.store)
    return [PlatformRow(one.name, one.kind, said.get(one.name, unknown)) for one in settings.platforms]


def _said_by_worker(store: Path) -> tuple[str, dict[str, str]]:
    """What the worker says of each platform, and what to say of those it does not speak of."""
    holder = None
    if store.exists():
        db = open_database(store)
        try:
            holder = lease.holder(db, time.time())
        finally:
            db.close()
    if holder is None or not holder.alive:
        return "no worker runs", {}
    if not holder.note:
        return "the worker has just started", {}
    unknown = "not known to the worker: it was set up after its start"
    try:
        return unknown, msgspec.json.decode(holder.note, type=dict[str, str])
    except msgspec.MsgspecError:
        return unknown, {}


async def look(chosen: PlatformSettings, store: Path) -> Access:
    """Log in and see what may be done where. Raises PlatformError."""
    platform = make_platform(chosen.kind, chosen.name, chosen.options, store)
    try:
        return await platform.access()
    except PlatformError:
        raise
    except Exception as error:
        raise PlatformError(f"{chosen.name}: an error in the platform's own code: {described(error)}") from error
    finally:
        await platform.close()
