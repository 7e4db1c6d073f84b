"""A desk behind a thread of its own: a decision waits for the disk, the screen does not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from console.desk import Desk
from console.settings import Settings
from store.database import open_database

T = TypeVar("T")


class Place:
    """One staff member's desk, used through `ask`. Calls are carried out in the order they were made."""

    def __init__(self, settings: Settings, name: str) -> None:
        self.settings = settings
        self.name = name
        self._local = threading.local()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk")

    async def ask(self, what: Callable[[Desk], T]) -> T:
        """What the desk answers; raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._asked, what)

    def _asked(self, what: Callable[[Desk], T]) -> T:
        desk: Desk | None = getattr(self._local, "desk", None)
        if desk is None:
            desk = self._local.desk = Desk(open_database(self.settings.store), self.settings, self.name)
        return what(desk)

    def close(self) -> None:
        """Wait for what is under way, and close the desk's database."""
        self._executor.submit(self._close)
        self._executor.shutdown(wait=True)

    def _close(self) -> None:
        desk: Desk | None = getattr(self._local, "desk", None)
        if desk is not None:
            desk.db.close()
