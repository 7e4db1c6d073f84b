"""How the platforms of the settings are: as the worker last said, and as they answer now."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from console.platforms.base import Access
from console.platforms.registry import find_kind
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
    said = _said_by_worker(settings.store)
    unknown = "no worker runs" if said is None else "not known to the worker: it was set up after its start"
    return [PlatformRow(one.name, one.kind, (said or {}).get(one.name, unknown)) for one in settings.platforms]


def _said_by_worker(store: Path) -> dict[str, str] | None:
    if not store.exists():
        return None
    db = open_database(store)
    try:
        holder = lease.holder(db, time.time())
    finally:
        db.close()
    if holder is None or not holder.alive:
        return None
    try:
        return msgspec.json.decode(holder.note or "{}", type=dict[str, str])
    except msgspec.MsgspecError:
        return {}


async def look(chosen: PlatformSettings, store: Path) -> Access:
    """Log in and see what may be done where. Raises PlatformError."""
    kind = find_kind(chosen.kind)
    assert kind is not None, chosen.kind
    platform = kind.make(chosen.name, chosen.options, store)
    try:
        return await platform.access()
    finally:
        await platform.close()
