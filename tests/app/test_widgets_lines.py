"""Status line, key line, and what is asked in a window of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.events import Paste
from textual.widgets import Input

from widgets.keys import KeyLine
from widgets.prompt import HelpPage, HelpRow, HelpScreen, PickScreen, Prompt
from widgets.status import StatusLine, StatusParts


class LinesApp(App[None]):
    answers: list[str | None]

    def compose(self) -> ComposeResult:
        self.answers = []
        yield StatusLine()
        yield KeyLine()


def drive(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_the_status_line_gives_way_in_the_middle_first() -> None:
    async def scenario() -> None:
        for width, line in (
            (40, "Vigil · alice  matrix ok        12:00:00"),
            (30, "Vigil · alice  matri… 12:00:00"),
            (16, "Vigil…  12:00:00"),
        ):
            app = LinesApp()
            async with app.run_test(size=(width, 4)) as pilot:
                status = app.query_one(StatusLine)
                status.show(StatusParts("Vigil · alice", "matrix ok", "12:00:00"))
                await pilot.pause()
                assert status.render_line(0).text == line

    drive(scenario)


def test_the_status_line_is_safe_and_an_alarm_has_a_sign() -> None:
    async def scenario() -> None:
        app = LinesApp()
        async with app.run_test(size=(60, 4)) as pilot:
            status = app.query_one(StatusLine)
            status.show(StatusParts("重新连接\x1b[2J", "[/]\u202e" * 50, "漢字" * 50, alarm=True))
            await pilot.pause()
            strip = status.render_line(0)
            assert cell_len(strip.text) == 60
            assert strip.text.startswith("! 重新连接␛[2J")
            assert "[/]" in strip.text

    drive(scenario)


def test_the_key_line_leaves_out_whole_keys() -> None:
    async def scenario() -> None:
        keys = [("w", "warn", True), ("m", "mute", False), ("space", "mark", True), ("?", "help", True)]
        for width, line in (
            (40, "w warn  m mute  space mark  ? help"),
            (30, "w warn  m mute  space mark …"),
            (3, " …"),
        ):
            app = LinesApp()
            async with app.run_test(size=(width, 4)) as pilot:
                app.query_one(KeyLine).show(keys)
                await pilot.pause()
                assert app.query_one(KeyLine).render_line(0).text.rstrip() == line

    drive(scenario)


def test_a_prompt_gives_the_line_or_none() -> None:
    async def scenario() -> None:
        app = LinesApp()
        async with app.run_test(size=(80, 24)) as pilot:
            app.push_screen(Prompt("Reason [b]?", "so"), app.answers.append)
            await pilot.pause()
            await pilot.press("x", "enter")
            app.push_screen(Prompt("Reason?"), app.answers.append)
            await pilot.pause()
            await pilot.press("x", "escape")
            app.push_screen(Prompt("Reason?"), app.answers.append)
            await pilot.pause()
            line = app.screen.query_one(Input)
            assert not line.cursor_blink
            line.post_message(Paste("a\x1b]0;x\x07b\u202e"))
            await pilot.pause()
            await pilot.press("c", "enter")
            await pilot.pause()
            assert app.answers == ["sox", None, "a␛]0;x␇bc"]

    drive(scenario)


def test_a_choice_by_arrows_and_by_typing() -> None:
    async def scenario() -> None:
        groups = [("1", "Gardening"), ("2", "摄影爱好者"), ("3", "Kotlin [/]"), ("4", "Gardeners")]
        app = LinesApp()
        async with app.run_test(size=(80, 24)) as pilot:
            for keys in (["down", "enter"], ["k", "o", "enter"], ["g", "down", "enter"], ["z", "enter", "escape"]):
                app.push_screen(PickScreen(groups, "Group"), app.answers.append)
                await pilot.pause()
                await pilot.press(*keys)
                await pilot.pause()
            app.push_screen(PickScreen(groups, chosen="3"), app.answers.append)
            await pilot.pause()
            await pilot.press("enter")
            await pilot.pause()
            assert app.answers == ["2", "3", "4", None, "3"]

    drive(scenario)


def test_help_says_why_not() -> None:
    async def scenario() -> None:
        app = LinesApp()
        async with app.run_test(size=(80, 24)) as pilot:
            rows = [HelpRow("w", "warn"), HelpRow("b", "ban", "only an admin may")]
            rows += [HelpRow("x", f"more {at}") for at in range(40)]
            app.push_screen(HelpScreen(rows))
            await pilot.pause()
            page = app.screen.query_one(HelpPage)
            assert page.render_line(0).text.startswith("w  warn")
            assert page.render_line(1).text.startswith("b  ban")
            assert "× only an admin may" in page.render_line(2).text
            await pilot.press("end")
            assert "more 39" in page.render_line(page.size.height - 1).text
            await pilot.press("escape")
            assert not isinstance(app.screen, HelpScreen)

    drive(scenario)
