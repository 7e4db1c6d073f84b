"""An example of a platform that another distribution adds to Vigil: a wall, which is a folder people put notes into.

The distribution's pyproject.toml names the kind, and it is installed into Vigil's environment:

    [project.entry-points."vigil.platforms"]
    wall = "vigil_wall:KIND"

Then vigil.toml can have a table for it:

    [platforms.hall]
    kind = "wall"
    folder = "notes"

A note is a text file whose name begins with a number and its writer: `17-bob.txt`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from console.platforms.base import Access, Batch, GroupAccess, Platform, PlatformError, Receipt
from console.platforms.limits import Limits
from rules.reading import Table
from rules.records import Message
from store.records import ActionKind, ActionState, Order


@dataclass(frozen=True)
class WallOptions:
    folder: Path


LIMITS = Limits(frozenset([ActionKind.DELETE]), words={ActionKind.WARN: "nobody looks at it twice"})


class WallKind:
    """What Vigil asks first: which keys a table of this kind has, what they mean, and what cannot be done there."""

    keys = ("folder",)

    def read(self, table: Table, folder: Path) -> WallOptions:
        written = table.text("folder", "")
        if not written:
            table.refuse("folder", 'is missing; it names the wall\'s folder, e.g. "notes"')
        return WallOptions(folder / written)

    def limits(self, options: WallOptions) -> Limits:
        return LIMITS

    def make(self, name: str, options: WallOptions, store: Path) -> Platform:
        return Wall(name, options.folder)


KIND = WallKind()


class Wall:
    """Takes notes in by their number; a deleted note is a file that was removed."""

    can = LIMITS.can
    repeatable = True  # a note that is gone already stays gone

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.health = "waiting"
        self._folder = folder

    @property
    def source(self) -> str:
        return f"{self.name}:{self._folder}"

    async def batches(self, position: str | None) -> AsyncIterator[Batch]:
        last = int(position or 0)
        while True:
            notes = {int(file.name.partition("-")[0]): file for file in self._folder.glob("*-*.txt")}
            fresh = [notes[number] for number in sorted(notes) if number > last]
            if fresh:
                last = max(notes)
                yield Batch(tuple(self._message(file) for file in fresh), str(last))
            self.health = "looking at the wall"
            await asyncio.sleep(0.05)

    def _message(self, file: Path) -> Message:
        member = file.stem.partition("-")[2]
        return Message(self.name, "wall", file.name, member, file.read_text("utf-8"), file.stat().st_mtime)

    async def perform(self, order: Order) -> Receipt:
        (self._folder / order.message).unlink(missing_ok=True)
        return Receipt(ActionState.DONE)

    async def access(self) -> Access:
        if not self._folder.is_dir():
            raise PlatformError(f"{self._folder}: there is no such folder")
        return Access("nobody", (GroupAccess("wall", "the wall"),))

    async def close(self) -> None:
        """Nothing is held open."""
