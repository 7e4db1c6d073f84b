"""The feed against Textual's RichLog and DataTable: rows arriving while the newest are followed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from textual.app import App, ComposeResult
from textual.widgets import DataTable, RichLog

from store.records import FeedRow, Mark
from tests.bench.measured import Measured, compare
from tests.bench.messages import many
from widgets.feed import Feed

COUNT = 3_000
BATCH = 50
SIZE = (120, 40)


class _Rows:
    """A source that grows."""

    def __init__(self) -> None:
        self.first = 0
        self.all: list[FeedRow] = []

    @property
    def end(self) -> int:
        return len(self.all)

    def rows(self, start: int, stop: int) -> Sequence[FeedRow]:
        return self.all[max(0, start) : max(0, stop)]


class _FeedApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.source = _Rows()
        self.feed = Feed(self.source)

    def compose(self) -> ComposeResult:
        yield self.feed

    def add(self, rows: Sequence[FeedRow]) -> None:
        self.source.all.extend(rows)
        self.feed.tick()


class _LogApp(App[None]):
    def compose(self) -> ComposeResult:
        yield RichLog()

    def add(self, rows: Sequence[FeedRow]) -> None:
        log = self.query_one(RichLog)
        for row in rows:
            log.write(f"{row.group} {row.name} {row.text}")


class _TableApp(App[None]):
    def compose(self) -> ComposeResult:
        yield DataTable()

    def on_mount(self) -> None:
        self.query_one(DataTable).add_columns("group", "name", "text")

    def add(self, rows: Sequence[FeedRow]) -> None:
        table: DataTable[Any] = self.query_one(DataTable)
        table.add_rows((row.group, row.name, row.text) for row in rows)
        table.scroll_end(animate=False)


def run() -> list[Measured]:
    what = f"feed, {COUNT} rows, {BATCH} at a time"
    return [
        compare(what, "RichLog", COUNT, lambda: _play(_FeedApp()), lambda: _play(_LogApp())),
        compare(what, "DataTable", COUNT, lambda: _play(_FeedApp()), lambda: _play(_TableApp())),
    ]


def _play(app: _FeedApp | _LogApp | _TableApp) -> None:
    rows = [
        FeedRow(number, message.time, message.group, message.member, message.text, "text", Mark.NONE)
        for number, message in enumerate(many(COUNT), 1)
    ]

    async def play() -> None:
        async with app.run_test(size=SIZE) as pilot:
            for start in range(0, COUNT, BATCH):
                app.add(rows[start : start + BATCH])
                await pilot.pause(0)

    asyncio.run(play())
