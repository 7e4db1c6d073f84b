"""What failed, and what is to be settled, in a window: the platform's words, and keys to do something about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from console.desk import Desk
from console.screens.case_window import CaseScreen
from console.screens.place import Place
from rules.rulebook import RulebookError
from store import undelivered
from store.errors import Conflict, StoreError
from store.records import ActionState
from store.undelivered import Undelivered
from widgets.cursor_list import CursorList
from widgets.failures import FailureList, FailureView
from widgets.language import say, say_n
from widgets.safe import safe
from widgets.window import window_css

LOOK_SECONDS = 0.5
MOST = 2_000
"""So many are listed, the oldest first."""


class FailuresScreen(ModalScreen[None]):
    """Lists them as they are, again and again, until it is closed."""

    DEFAULT_CSS = window_css(
        "FailuresScreen",
        "width: 110; max-width: 100%; height: 96%",
        """
        & FailureView { height: 8; border-top: solid $primary 40%; }
        & .said { height: auto; max-height: 3; text-style: bold; }
        & .alarm { color: $text-error; }
        """,
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", show=False, id="failures.close"),
        Binding("enter", "open_case", "Case", show=False, id="failures.case"),
        Binding("r", "again", "Try again", show=False, id="failures.retry"),
        Binding("a", "settle(True)", "Arrived", show=False, id="failures.arrived"),
        Binding("l", "settle(False)", "Lost", show=False, id="failures.lost"),
        Binding("d", "give_up", "Give up", show=False, id="failures.drop"),
        Binding("J", "scroll_words(1)", "Down", show=False, id="failures.down"),
        Binding("K", "scroll_words(-1)", "Up", show=False, id="failures.up"),
    ]

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place
        self._read = False
        self.list = FailureList(empty=self._empty)
        self.view = FailureView()
        self.said = Static(Content(""), classes="said", markup=False)
        self._title = Static(Content(""), classes="title", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self._title
            yield self.list
            yield self.view
            yield self.said
            hint = say("r: try again  a: arrived  l: lost  d: give up  Enter: case  Esc: close")
            yield Static(Content(hint), classes="hint", markup=False)

    def on_mount(self) -> None:
        self.list.focus()
        self._look()
        self.set_interval(LOOK_SECONDS, self._look)

    def _empty(self) -> str:
        return say("Nothing failed, and nothing is to be settled.") if self._read else say("Reading …")

    def _look(self) -> None:
        self.run_worker(self._fetch(), group="failures", exclusive=True)

    async def _fetch(self) -> None:
        try:
            rows = await self._place.ask(lambda desk: undelivered.listed(desk.db, MOST))
        except (StoreError, RulebookError, sqlite3.Error) as error:
            self._tell(str(error), alarm=True)
            return
        if not self._read:
            self._read = True
            self.list.refresh()
        self.list.show(rows)
        self.view.show(self.list.selected)
        unknown = sum(row.state is ActionState.UNKNOWN for row in rows)
        counts = say("{n} failed", n=len(rows) - unknown) + " · " + say("{n} to settle", n=unknown)
        marked = " · " + say("{n} marked", n=len(self.list.marked)) if self.list.marked else ""
        self._title.update(Content(say("Not carried out: {counts}", counts=counts) + marked))

    def on_cursor_list_highlighted(self, event: CursorList.Highlighted) -> None:
        event.stop()
        self.view.show(self.list.selected)

    # --- keys ---

    def action_scroll_words(self, pages: int) -> None:
        self.view.scroll_pages(pages)

    def action_open_case(self) -> None:
        row = self.list.selected
        if row is not None and row.case_id is not None:
            self.app.push_screen(CaseScreen(self._place, row.case_id))
        elif row is not None:
            self._tell(say("this belongs to no case"), alarm=True)

    async def action_again(self) -> None:
        def again(desk: Desk, row: Undelivered) -> None:
            if row.state is ActionState.UNKNOWN:
                raise Conflict(say("say first whether it arrived: a or l"))
            if row.grant_id is not None:
                raise Conflict(say("the perk came back: give it again, then d gives this up"))
            desk.outbox.retry(row.id)

        await self._do(again, lambda n: say_n("{n} action is sent again", "{n} actions are sent again", n))

    async def action_settle(self, arrived: bool) -> None:
        def settle(desk: Desk, row: Undelivered) -> None:
            if row.state is not ActionState.UNKNOWN:
                raise Conflict(say("it is known that this failed: r tries again, d gives it up"))
            if row.grant_id is not None:
                desk.perks.settle(row.grant_id, arrived=arrived)
            else:
                desk.outbox.settle(row.id, arrived=arrived)

        def words(n: int) -> str:
            if arrived:
                return say_n("{n} action was carried out", "{n} actions were carried out", n)
            return say_n("{n} action was lost: r tries again", "{n} actions were lost: r tries again", n)

        await self._do(settle, words)

    async def action_give_up(self) -> None:
        def give_up(desk: Desk, row: Undelivered) -> None:
            if row.state is ActionState.UNKNOWN:
                raise Conflict(say("say first whether it arrived: a or l"))
            desk.outbox.drop(row.id)

        await self._do(give_up, lambda n: say_n("{n} action is given up", "{n} actions are given up", n))

    async def _do(self, what: Callable[[Desk, Undelivered], None], words: Callable[[int], str]) -> None:
        """Do it with what is marked, else with the action under the cursor, and say what came of it."""
        selected = self.list.selected
        chosen = [row for row in self.list.rows if row.id in self.list.marked]
        if not chosen and selected is not None:
            if not self.list.settled(selected.id):
                self._tell(say("this row has just changed: look, then press again"), alarm=True)
                return
            chosen = [selected]
        done, refused = 0, []
        for row in chosen:
            try:
                await self._place.ask(lambda desk, row=row: what(desk, row))  # type: ignore[misc]
                done += 1
            except (StoreError, RulebookError, sqlite3.Error) as error:
                refused.append(str(error))
        said = [words(done)] if done else []
        if refused:
            several = len(chosen) > 1
            said.append(say("{n} refused: {why}", n=len(refused), why=refused[0]) if several else refused[0])
        if said:
            self._tell(" · ".join(said), alarm=bool(refused))
        self.list.clear_marks()
        await self._fetch()

    def _tell(self, text: str, *, alarm: bool = False) -> None:
        self.said.set_class(alarm, "alarm")
        self.said.update(Content(safe(text)))

    def action_close(self) -> None:
        self.dismiss(None)
