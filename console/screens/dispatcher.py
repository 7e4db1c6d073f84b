"""The quick dispatcher: a digit or a few letters choose a perk, a preview says what giving it does, Enter gives it."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from console.desk import Desk
from console.screens.place import Place
from rules.rulebook import RulebookError
from store.errors import StoreError
from store.perk_records import Perk, Preview, Sent
from widgets.cursor_list import CursorList
from widgets.language import say, say_n
from widgets.perks import PerkList, PreviewView, numbered
from widgets.prompt import LineInput
from widgets.safe import safe
from widgets.window import window_css

NAMED = 3
"""So many of the members are named."""


class DispatcherScreen(ModalScreen[Sent | None]):
    """Gives a perk to members. Enter gives what is in sight and nothing else; Escape leaves.

    One screen is one cause: Enter pressed twice gives nothing twice.
    """

    DEFAULT_CSS = window_css(
        "DispatcherScreen",
        "width: 100; max-width: 100%; height: auto; max-height: 96%",
        """
        & .said { height: auto; color: $text-error; text-style: bold; }
        & PreviewView { height: 11; border-top: solid $primary 40%; }
        """,
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False, id="perk.cancel"),
        Binding("up", "move(-1)", "Up", show=False, id="perk.up"),
        Binding("down", "move(1)", "Down", show=False, id="perk.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="perk.page-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="perk.page-down"),
    ]

    def __init__(self, place: Place, members: Sequence[int], names: Sequence[str]) -> None:
        """`members` by id, in the order in which they get it; `names` are those of the first few."""
        super().__init__()
        self._place = place
        self._members = tuple(members)
        self._names = tuple(names[:NAMED])
        self._key = f"hand.{secrets.token_hex(8)}"
        self._all: list[tuple[int, Perk]] = []
        self._digit = 0
        self._seen: Preview | None = None
        self._busy = False
        self._line = LineInput(max_length=60)
        self._list = PerkList(empty=self._empty)
        self._preview = PreviewView(id="preview")
        self._said = Static(Content(""), classes="said", markup=False)

    def compose(self) -> ComposeResult:
        names = say(", ").join(safe(name, 30) for name in self._names)
        more = len(self._members) - len(self._names)
        names += " " + say("and {n} others", n=more) if more > 0 else ""
        count = say_n("Give a perk to {n} member", "Give a perk to {n} members", len(self._members))
        with Vertical():
            yield Static(Content(f"{count}: {names}"), classes="title", markup=False)
            yield self._line
            yield self._list
            yield self._preview
            yield self._said
            hint = say("digit, letters: choose   Enter: give   PgUp PgDn: scroll   Esc: cancel")
            yield Static(Content(hint), classes="hint", markup=False)

    def _empty(self) -> str:
        if not self._all:
            return say("There are no perks yet: vigil perk add")
        return say("Nothing has that in its name.")

    async def on_mount(self) -> None:
        self._line.focus()
        try:
            perks = await self._place.ask(lambda desk: desk.perks.perks())
        except (StoreError, RulebookError, sqlite3.Error) as error:
            self._tell(str(error))
            return
        self._all = numbered(perks)
        room = max(2, self.app.size.height - 19)
        self._list.styles.height = max(2, min(len(self._all) + 1, room))
        self._narrow()

    # --- choosing ---

    def _narrow(self) -> None:
        sought = self._line.value.strip().casefold()
        rows = self._all
        if sought.isdecimal() and any(str(digit) == sought for digit, _ in rows):
            rows = [row for row in rows if str(row[0]) == sought]
        elif sought:
            begins = [row for row in rows if safe(row[1].name).casefold().startswith(sought)]
            rows = begins + [row for row in rows if sought in safe(row[1].name).casefold() and row not in begins]
        self._list.show(rows)
        if rows and sought:
            self._list.select(rows[0][1].id)
        self._look()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._narrow()

    def on_cursor_list_highlighted(self, event: CursorList.Highlighted) -> None:
        event.stop()
        self._look()

    def action_move(self, rows: int) -> None:
        self._list.move(rows)

    def action_page(self, pages: int) -> None:
        self._preview.scroll_pages(pages)

    def _look(self, said: str = "") -> None:
        chosen = self._list.selected_id
        if self._seen is not None and chosen == self._seen.perk.id:
            return
        self._seen = None
        self._preview.show(None, reading=chosen is not None)
        self._tell(said)
        if chosen is not None:
            # The latest choice counts: what was asked before is not waited for.
            self.run_worker(self._check(chosen), group="preview", exclusive=True)

    async def _check(self, perk_id: int) -> None:
        def look(desk: Desk) -> Preview:
            return desk.perks.preview(perk_id, self._members)

        try:
            preview = await self._place.ask(look)
        except (StoreError, RulebookError, sqlite3.Error) as error:
            self._tell(str(error))
            return
        if self._list.selected_id == perk_id:
            self._seen = preview
            self._preview.show(preview)

    # --- giving ---

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        seen = self._seen
        if self._busy:
            return
        if seen is None or seen.perk.id != self._list.selected_id:
            self._tell(say("the preview is being read: look, then press again"))
        elif seen.why_not:
            self._tell(seen.why_not)
        elif not seen.members:
            self._tell(say("none of them may get it"))
        else:
            self._busy = True
            self.run_worker(self._give(seen), group="give")

    async def _give(self, seen: Preview) -> None:
        def give(desk: Desk) -> Sent:
            # Those in sight: whoever has become eligible since gets nothing by a key pressed before.
            return desk.perks.dispatch(seen.perk.id, seen.members, key=self._key)

        try:
            sent = await self._place.ask(give)
        except (StoreError, RulebookError, sqlite3.Error) as error:
            self._busy = False
            self._seen = None
            self._look(str(error))
            return
        self.dismiss(sent)

    def _tell(self, text: str) -> None:
        self._said.update(Content(safe(text)))

    def action_cancel(self) -> None:
        # Once it is being given, what becomes of it is told.
        if not self._busy:
            self.dismiss(None)
