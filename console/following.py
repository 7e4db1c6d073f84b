"""Following the store: a feed's rows by position, and what has changed since the last look."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from store import messages
from store.database import Database
from store.records import FeedRow

_REMEMBERED = 2_000


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages a feed shows: of one group (its id), holding a text; None and "" for all."""

    group_id: int | None = None
    group: str = ""
    text: str = ""

    def __bool__(self) -> bool:
        return self.group_id is not None or bool(self.text)


class StoreSource:
    """The messages of a store that pass a filter, in the order of intake; 8 bytes a message in memory."""

    first = 0

    def __init__(self, db: Database, chosen: Filter) -> None:
        self.chosen = chosen
        self._db = db
        self._ids = array("q", messages.ids(db, group_id=chosen.group_id, text=chosen.text))
        self._looked_to = messages.newest_id(db)
        self._rows: dict[int, FeedRow] = {}

    @property
    def end(self) -> int:
        return len(self._ids)

    def follow(self) -> None:
        """Take in what has come; what was read before may have changed and is read again."""
        self._rows.clear()
        newest = messages.newest_id(self._db)
        if newest > self._looked_to:
            chosen = self.chosen
            self._ids.extend(messages.ids(self._db, after=self._looked_to, group_id=chosen.group_id, text=chosen.text))
            self._looked_to = newest

    def rows(self, start: int, stop: int) -> Sequence[FeedRow]:
        wanted = self._ids[max(0, start) : max(0, stop)]
        missing = [number for number in wanted if number not in self._rows]
        if missing:
            if len(self._rows) > _REMEMBERED:
                self._rows.clear()
                missing = list(wanted)
            # A store that cannot be read this moment shows what is known; the screen says why.
            with suppress(sqlite3.Error):
                self._rows.update((row.id, row) for row in messages.rows(self._db, missing))
        return [self._rows[number] for number in wanted if number in self._rows]
