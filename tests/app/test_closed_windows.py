"""A window that was closed is gone: a console that is open for weeks keeps nothing of those it has shown."""

from __future__ import annotations

import asyncio
import gc
from weakref import ref

from textual.app import App
from textual.screen import Screen
from textual.strip import Strip

from console.screens.closed import ForgetsClosed
from console.screens.typed_ahead import TypedAhead
from widgets.prompt import HelpRow, HelpScreen

OPENED = 5


class Opening(TypedAhead, ForgetsClosed, App[None]):
    """Shows a list of keys at every `x`."""

    def on_mount(self) -> None:
        self.bind("x", "show")

    def action_show(self) -> None:
        self.push_screen(HelpScreen([HelpRow("x", "help")], "Keys"))


def painted() -> int:
    """How many painted lines are in memory."""
    gc.collect()
    return sum(type(one) is Strip for one in gc.get_objects())


def test_windows_that_were_closed_are_kept_by_nobody_nor_is_what_they_have_painted() -> None:
    asyncio.run(asyncio.wait_for(_opened_and_closed(), 30))


async def _opened_and_closed() -> None:
    app = Opening()
    shown: list[ref[Screen[None]]] = []
    lines: list[int] = []
    async with app.run_test() as pilot:
        for _ in range(OPENED):
            await pilot.press("x")
            await pilot.pause()
            assert isinstance(app.screen, HelpScreen)
            shown.append(ref(app.screen))
            while len(app.screen_stack) > 1:
                await pilot.press("escape")
                await pilot.pause()
            await pilot.pause()
            lines.append(painted())
        assert [window() for window in shown] == [None] * OPENED
        assert lines[-1] == lines[1]
