"""A case that is not in the list any more, in a window: what was decided, and how far it has been carried out."""

from __future__ import annotations

import sqlite3
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from console.desk import Desk
from console.screens.place import Place
from rules.rulebook import RulebookError
from store.errors import StoreError
from store.records import CaseCard
from widgets.card import CaseCardView
from widgets.language import say
from widgets.safe import safe
from widgets.window import window_css

LOOK_SECONDS = 0.5


class CaseScreen(ModalScreen[None]):
    """Shows a case's card as it is, again and again, until it is closed."""

    DEFAULT_CSS = window_css("CaseScreen", "width: 100; max-width: 100%; height: 96%")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "close", "Close", show=False, id="case-window.close"),
    ]

    def __init__(self, place: Place, case_id: int) -> None:
        super().__init__()
        self._place = place
        self._case_id = case_id
        self._card = CaseCardView()
        self._hint = Static(Content(say("arrows, Page Up and Down: scroll   Esc: close")), classes="hint", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self._card
            yield self._hint

    def on_mount(self) -> None:
        self._card.focus()
        self._look()
        self.set_interval(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self.run_worker(self._fetch(), group="card", exclusive=True)

    async def _fetch(self) -> None:
        def look(desk: Desk) -> CaseCard:
            return desk.card(self._case_id)

        try:
            self._card.show(await self._place.ask(look))
        except (StoreError, RulebookError, sqlite3.Error) as error:
            self._hint.update(Content(safe(str(error))))

    def action_close(self) -> None:
        self.dismiss(None)
