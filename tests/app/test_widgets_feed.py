"""The feed: it follows, it stays, it counts, it keeps its cursor on a message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from store.records import FeedRow, Mark
from widgets.feed import Feed


class Rows:
    """A source of the last `keep` rows."""

    def __init__(self, keep: int = 10**9, rows: Sequence[FeedRow] = ()) -> None:
        self.first = 0
        self.held = list(rows)
        self._keep = keep

    @property
    def end(self) -> int:
        return self.first + len(self.held)

    def rows(self, start: int, stop: int) -> Sequence[FeedRow]:
        return self.held[max(0, start - self.first) : max(0, stop - self.first)]

    def add(self, count: int = 1) -> None:
        for _ in range(count):
            self.held.append(message(self.end + 1))
        extra = max(0, len(self.held) - self._keep)
        del self.held[:extra]
        self.first += extra


def message(id: int) -> FeedRow:
    return FeedRow(id, 1e9 + id, "Gardening", "alice", f"text {id}.", "text", Mark.NONE)


class FeedApp(App[None]):
    def __init__(self, feed: Feed) -> None:
        super().__init__()
        self.feed = feed
        self.unread: list[int] = []
        self.chosen: list[int | None] = []

    def compose(self) -> ComposeResult:
        yield self.feed

    def on_feed_unread(self, event: Feed.Unread) -> None:
        self.unread.append(event.count)

    def on_feed_selected(self, event: Feed.Selected) -> None:
        self.chosen.append(event.row.id if event.row else None)


@asynccontextmanager
async def running(source: Rows, jump: bool = False) -> AsyncIterator[tuple[FeedApp, Feed, Pilot[None]]]:
    feed = Feed(source, hz=50, jump=jump)
    app = FeedApp(feed)
    async with app.run_test(size=(80, 10)) as pilot:
        feed.focus()
        yield app, feed, pilot


def drive(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 30))


async def until(condition: Callable[[], bool]) -> None:
    """A feed that ticks never looks idle: wait for what is to be seen."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("did not come to hold")


def lines(feed: Feed) -> list[str]:
    return [strip.text for strip in feed.render_lines(Region(0, 0, *feed.size))]


def shown(feed: Feed) -> list[int]:
    return [int(line.rsplit("text ")[1].split(".")[0]) for line in lines(feed) if "text " in line]


def test_it_follows_the_newest() -> None:
    async def scenario() -> None:
        source = Rows()
        source.add(3)
        async with running(source) as (app, feed, _):
            assert shown(feed) == [1, 2, 3]
            source.add(20)
            await until(lambda: shown(feed) == list(range(14, 24)))
            assert feed.follow
            assert feed.selected is None
            assert app.unread == []
            assert not any("›" in line for line in lines(feed))

    drive(scenario)


def test_scrolled_up_it_stays_and_counts() -> None:
    async def scenario() -> None:
        source = Rows()
        source.add(50)
        async with running(source) as (app, feed, pilot):
            await pilot.press("up", "up")
            assert feed.selected == message(49)
            await pilot.press("pageup")
            before = lines(feed)
            assert [line[0] for line in before].count("›") == 1
            source.add(30)
            await until(lambda: feed.unread == 30)
            assert lines(feed) == before
            assert app.chosen == [50, 49, 40]
            await pilot.press("end")
            assert feed.follow
            await until(lambda: app.unread == [30, 0])
            assert shown(feed)[-1] == 80
            assert app.chosen[-1] is None

    drive(scenario)


def test_what_is_reached_by_moving_down_is_read() -> None:
    async def scenario() -> None:
        source = Rows()
        source.add(50)
        async with running(source) as (_, feed, pilot):
            await pilot.press("k")
            source.add(20)
            await until(lambda: feed.unread == 20)
            await pilot.press("pagedown")
            assert feed.unread == 11
            await pilot.press("pagedown", "pagedown")
            assert feed.unread == 0
            assert feed.selected == message(70)
            assert not feed.follow
            await pilot.press("j")
            assert feed.follow

    drive(scenario)


def test_rows_forgotten_at_the_top_move_nobody() -> None:
    async def scenario() -> None:
        source = Rows(keep=40)
        source.add(40)
        async with running(source) as (app, feed, pilot):
            await pilot.press("home", "pagedown", "pagedown")
            assert feed.selected == message(19)
            before = lines(feed)
            source.add(5)
            await until(lambda: feed.unread == 5)
            assert lines(feed) == before
            source.add(10)  # now the top of the page is forgotten, the message under the cursor is not
            await until(lambda: feed.top == source.first)
            assert feed.selected == message(19)
            assert shown(feed)[0] == 16
            source.add(20)  # and now it is
            await until(lambda: feed.selected == message(36))
            await until(lambda: app.chosen[-1] == 36)
            assert feed.top == source.first

    drive(scenario)


def test_a_filter_keeps_the_message() -> None:
    async def scenario() -> None:
        source = Rows()
        source.add(60)
        even = Rows(rows=[row for row in source.held if row.id % 2 == 0])
        async with running(source) as (_, feed, pilot):
            await pilot.press("pageup", "up", "up")
            kept = feed.selected
            assert kept == message(50)
            feed.set_source(even, keep=kept.id)
            assert feed.selected == kept
            assert set(shown(feed)) <= set(range(2, 61, 2))
            feed.set_source(even, keep=33)  # not in there: the next one
            assert feed.selected == message(34)
            feed.set_source(source, keep=34)
            assert feed.selected == message(34)
            feed.set_source(even)
            assert feed.follow
            assert shown(feed)[-1] == 60

    drive(scenario)


def test_paused_it_paints_nothing_new_but_obeys() -> None:
    async def scenario() -> None:
        source = Rows()
        source.add(30)
        async with running(source) as (_, feed, pilot):
            feed.paused = True
            source.add(10)
            await asyncio.sleep(0.2)
            assert shown(feed)[-1] == 30
            await pilot.press("up")
            assert feed.selected is not None
            feed.paused = False
            await pilot.press("end")
            await until(lambda: shown(feed)[-1] == 40)

    drive(scenario)


def test_jumping_it_fills_half_a_page_first() -> None:
    async def scenario() -> None:
        source = Rows()
        source.add(10)
        async with running(source, jump=True) as (_, feed, _pilot):
            source.add(1)
            await until(lambda: shown(feed) == [7, 8, 9, 10, 11])
            source.add(5)
            await until(lambda: shown(feed) == list(range(7, 17)))

    drive(scenario)


def test_a_mark_set_later_is_shown() -> None:
    async def scenario() -> None:
        source = Rows()
        source.add(5)
        async with running(source) as (_, feed, pilot):
            await pilot.press("up")
            source.held[4] = replace(source.held[4], mark=Mark.FLAG)
            source.held[1] = replace(source.held[1], mark=Mark.DELETED)
            feed.recheck()
            assert lines(feed)[4][10] == "!"
            assert lines(feed)[1][10] == "×"
            assert feed.selected is not None
            assert feed.selected.mark is Mark.FLAG

    drive(scenario)


def test_every_row_fills_the_width_whatever_is_in_it() -> None:
    async def scenario() -> None:
        texts = ["", "漢字" * 200, "a\x1b[31m", "👨\u200d👩 ❤\ufe0f", "e" + "\u0301" * 20, "[/]", "\u202e"]
        held = [
            FeedRow(at + 1, None if at % 2 else 1e30, text, text, text, kind, mark)
            for at, (text, kind, mark) in enumerate(
                (text, kind, mark) for text in texts for kind in ("text", "image", "odd\x1b") for mark in Mark
            )
        ]
        for width in (4, 20, 39, 55, 80, 160):
            feed = Feed(Rows(rows=held))
            feed.highlight = "A\x1b"
            async with FeedApp(feed).run_test(size=(width, len(held))) as pilot:
                await pilot.pause()
                painted = feed.render_lines(Region(0, 0, *feed.size))
                assert [cell_len(strip.text) for strip in painted] == [width] * len(held)
                assert all(segment.style is not None for strip in painted for segment in strip)

    drive(scenario)


def test_a_row_is_few_segments() -> None:
    async def scenario() -> None:
        source = Rows()
        source.add(5)
        async with running(source) as (_, feed, _pilot):
            assert all(len(list(strip)) <= 3 for strip in feed.render_lines(Region(0, 0, *feed.size))[:5])
            feed.highlight = "TEXT"
            (line, *_rest) = feed.render_lines(Region(0, 0, *feed.size))
            assert [segment.text for segment in line if segment.style and segment.style.underline] == ["text"]

    drive(scenario)


def test_a_source_that_becomes_empty_is_followed() -> None:
    async def scenario() -> None:
        source = Rows()
        source.add(5)
        async with running(source) as (_, feed, pilot):
            await pilot.press("up")
            source.first, source.held = source.end, []
            await until(lambda: feed.follow and feed.selected is None)
            await pilot.press("up", "pageup", "home", "end")
            source.add(2)
            await until(lambda: len(shown(feed)) == 2)

    drive(scenario)
