"""The members' screen, its watching half: the list as it was asked for, the card, and what the lines say."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Input

from console.commands import Pane, Situation, key_name
from console.desk import Desk
from console.name_search import NameSearch
from console.screens.find_line import FindLine
from console.screens.helping import key_line
from console.screens.panes import WIDE
from console.screens.place import Place
from console.words import TOLD_SECONDS
from console.words_members import chosen_words, sort_word
from rules.names import sought_query
from rules.rulebook import RulebookError
from store import roster
from store.database import Database
from store.errors import StoreError
from store.records import Role
from store.roster_records import Chosen, MemberCard, MemberRow, Sort
from widgets.keys import KeyLine
from widgets.language import say
from widgets.member_card import MemberCardView
from widgets.roster import MemberList
from widgets.status import StatusLine, StatusParts
from widgets.words import role_word

T = TypeVar("T")

FOLLOW_SECONDS = 1.0
ORDER_SECONDS = 10.0
"""So long the order stays as it is while members speak and earn: nobody could read a list that never rests."""

SETTLE_SECONDS = 3.0
"""So long a key waits for the members that were asked for."""

REST_SECONDS = 0.1
"""So long the cursor rests before a card is read: who runs down the list, or types a name, wants none of the others."""


CSS = """
RosterScreen {
    layout: vertical;
    & #panes { layout: horizontal; height: 1fr; }
    & #list-pane { width: 1fr; height: 1fr; }
    & #card-pane { width: 1fr; height: 1fr; display: none; }
    & .title { background: $boost; }
    & #find { display: none; }
    &.finding #find { display: block; }
    &.card-open #card-pane { display: block; }
    &.card-open #list-pane { display: none; }
    &.wide #list-pane { display: block; width: 3fr; }
    &.wide #card-pane { display: block; width: 2fr; border-left: solid $primary 40%; padding-left: 1; }
}
"""


class RosterScreen(Screen[None]):
    """Composes the list and the card, and keeps both as the store has them."""

    DEFAULT_CSS = CSS

    def __init__(self, db: Database, place: Place, keys: Mapping[str, str]) -> None:
        super().__init__()
        self.db = db
        self.place = place
        self.chosen = Chosen()
        self.group_name = ""
        self.sort = Sort.LAST
        self.reverse = False
        self._keys = keys
        self._typed = ""
        self._order: array[int] | None = None
        self._order_of: tuple[Chosen, Sort, bool] | None = None
        self._search: NameSearch | None = None
        self._searching = False
        self._version = -1
        self._ordered_at = 0.0
        self._stale = False
        self._role = Role.VIEWER
        self._refused = ""
        self._told = ("", 0.0, False)
        self.list = MemberList(self._read, id="list", empty=self._empty)
        self.card = MemberCardView(id="card")
        self.find = FindLine(id="find")
        self.title_line = StatusLine(id="title", classes="title")
        self.keys_line = KeyLine(id="keys")
        self.status = StatusLine(id="status")

    def compose(self) -> ComposeResult:
        yield self.title_line
        yield self.find
        with Horizontal(id="panes"):
            with Vertical(id="list-pane"):
                yield self.list
            with Vertical(id="card-pane"):
                yield self.card
        yield self.keys_line
        yield self.status

    def on_mount(self) -> None:
        self.set_focus(self.list)
        self.set_interval(FOLLOW_SECONDS, self._follow)

    def on_screen_resume(self) -> None:
        self._follow()
        self._show_lines()

    def on_resize(self) -> None:
        self.set_class(self.size.width >= WIDE, "wide")
        self._show_card()

    # --- reading ---

    def _read(self, ids: Sequence[int]) -> Sequence[MemberRow]:
        try:
            return roster.rows(self.db, ids, time.time())
        except sqlite3.Error as error:
            self._tell(say("the store cannot be read: {error}", error=error), alarm=True)
            return ()

    def _follow(self) -> None:
        """See what has changed; the order only now and then."""
        if not self.is_current or getattr(self.app, "terminal_is_busy", False):
            return
        try:
            version = self.db.data_version()
        except sqlite3.Error as error:
            self._tell(say("the store cannot be read: {error}", error=error), alarm=True)
            return
        if self._order is None:
            self._version = version
            self._reload()
            return
        if version != self._version:
            self._version, self._stale = version, True
            self.list.recheck()
            self._show_card()
        if self._stale and time.monotonic() - self._ordered_at >= ORDER_SECONDS:
            self._reload()
        self._show_lines()

    def _reload(self, *, stay: bool = True) -> None:
        """Ask for the order anew. Not awaited: it takes a tenth of a second for very many members, keys do not wait."""
        self._stale, self._ordered_at = False, time.monotonic()
        self.run_worker(self._fetch_order(stay), group="order", exclusive=True)

    async def _fetch_order(self, stay: bool) -> None:
        chosen, sort, reverse, searching = self.chosen, self.sort, self.reverse, self._searching

        def look(desk: Desk) -> tuple[array[int], NameSearch | None, Role, str]:
            search = NameSearch(roster.sought_in(desk.db)) if searching else None
            return desk.members.ids(chosen, sort, reverse=reverse), search, desk.person().role, desk.refusal()

        found = await self._ask(look)
        if found is not None:
            self._order, self._search, self._role, self._refused = found
            self._order_of = (chosen, sort, reverse)
            self._show_found(stay=stay)

    async def has_settled(self) -> bool:
        """Wait until the members shown are those that were asked for; False when that takes too long."""
        until = time.monotonic() + SETTLE_SECONDS
        while not self._is_settled():
            if time.monotonic() > until:
                return False
            await asyncio.sleep(0.01)
        return True

    def _is_settled(self) -> bool:
        if self._typed != sought_query(self.find.value) or (self._typed and self._search is None):
            return False
        return self._order_of == (self.chosen, self.sort, self.reverse)

    async def _fetch_search(self) -> None:
        search = await self._ask(lambda desk: NameSearch(roster.sought_in(desk.db)))
        if search is not None and self._searching:
            self._search = search
            if self._typed:
                self._show_found(stay=False)

    async def _ask(self, what: Callable[[Desk], T]) -> T | None:
        """What the desk answers; None when it refuses, which the status line then tells."""
        try:
            return await self.place.ask(what)
        except (StoreError, RulebookError, sqlite3.Error) as error:
            self._tell(str(error), alarm=True)
            return None

    def _show_found(self, *, stay: bool = True) -> None:
        order = self._order if self._order is not None else array("q")
        if self._typed and self._search is not None:
            order = self._search.among(order, self._typed)
        self.list.show(order, self.sort, self.reverse, stay=stay)
        self._show_card()
        self._show_lines()

    # --- finding as you type ---

    def start_finding(self) -> None:
        """Open the line to type in."""
        self.add_class("finding")
        # At once: the next key is the first letter already.
        self.set_focus(self.find)
        if not self._searching:
            self._searching = True
            self.run_worker(self._fetch_search(), group="search", exclusive=True)

    def on_key(self, event: events.Key) -> None:
        # Keys typed in one go, as they come over a slow connection, are all sent to whom the first was meant for:
        # the line opens before the next is looked at, and takes what follows.
        if self.focused is self.find:
            if event.is_printable and event.character:
                event.stop()
                self.find.insert_text_at_cursor(event.character)
        elif event.key in self._keys["members.find"].split(","):
            event.stop()
            self.start_finding()

    def stop_finding(self, *, clear: bool) -> None:
        """Close the line; what was typed still counts, unless it is to be cleared."""
        if clear:
            self.find.value = ""
            self._typed, self._searching, self._search = "", False, None
            self._show_found()
        self.remove_class("finding")
        self.set_focus(self.list)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        typed = sought_query(event.value)
        if typed != self._typed:
            self._typed = typed
            self._show_found(stay=not typed)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.stop_finding(clear=not self._typed)

    def on_find_line_left(self, event: FindLine.Left) -> None:
        self.stop_finding(clear=True)

    def on_find_line_moved(self, event: FindLine.Moved) -> None:
        if event.pages:
            self.list.action_page(event.pages)
        else:
            self.list.move(event.rows)

    # --- the card ---

    @property
    def card_shown(self) -> bool:
        """Whether there is a card to see: always where there is room."""
        return self.has_class("wide") or self.has_class("card-open")

    def open_card(self) -> None:
        """Show the card and put the keys that move there."""
        self.add_class("card-open")
        self.set_focus(self.card)
        self._show_card(at_once=True)

    def close_card(self) -> None:
        """Give the keys back to the list."""
        self.remove_class("card-open")
        self.set_focus(self.list)

    def _show_card(self, *, at_once: bool = False) -> None:
        if self.card_shown:
            self.run_worker(self._fetch_card(0 if at_once else REST_SECONDS), group="member-card", exclusive=True)

    async def _fetch_card(self, rest: float) -> None:
        await asyncio.sleep(rest)
        wanted = self.list.selected_id

        def look(desk: Desk) -> MemberCard | None:
            return None if wanted is None else desk.members.card(wanted)

        card = await self._ask(look)
        if wanted == self.list.selected_id:
            self.card.show(card)

    def on_cursor_list_highlighted(self, event: MemberList.Highlighted) -> None:
        self._show_card()
        self._show_lines()

    def on_cursor_list_marked(self, event: MemberList.Marked) -> None:
        self._show_lines()

    # --- what the lines say ---

    def _situation(self) -> Situation:
        return Situation(
            Pane.MEMBERS,
            member=self.list.selected_id is not None,
            marked=len(self.list.marked),
            refused=self._refused,
            filtered=self.chosen != Chosen() or bool(self._typed),
        )

    def _empty(self) -> str:
        if self._order is None:
            return say("Reading the members …")
        if self._situation().filtered:
            return say("Nobody is like that. {key} shows all.", key=key_name(self._keys["members.back"]))
        return say("No members yet: they come with their first message.")

    def _show_lines(self) -> None:
        count = f"{len(self.list.ids):,}"
        if self._situation().filtered and self._order is not None:
            count = say("{n} found", n=count)
        words = list(chosen_words(self.chosen, self.group_name))
        words += [say("holding “{sought}”", sought=self.find.value)] if self._typed else []
        words.append(say("by {column}", column=sort_word(self.sort)))
        marked = len(self.list.marked)
        title = say("Members {n}", n=count)
        right = say("{n} marked", n=marked) if marked else ""
        title = f"[{key_name(self._keys['view.members'])} {title}]"
        self.title_line.show(StatusParts(title, " · ".join(words), right))
        self.keys_line.show(key_line(Pane.MEMBERS, self._situation(), self._keys))
        told, until, alarm = self._told
        if told and time.monotonic() < until:
            self.status.show(StatusParts(told, "", "", alarm))
            return
        main = " ".join(key_name(self._keys[f"view.{pane}"]) for pane in (Pane.FEED, Pane.CASES, Pane.PROPOSALS))
        back = say("{keys}: feed, cases, proposals", keys=main)
        self.status.show(StatusParts(f"{self.place.name} ({role_word(self._role)})", "", back))

    def _tell(self, text: str, *, alarm: bool = False, seconds: float = TOLD_SECONDS) -> None:
        self._told = (text, time.monotonic() + seconds, alarm)
        self._show_lines()

    def narrow(self, **changes: object) -> None:
        """Show other members than before."""
        self.chosen = replace(self.chosen, **changes)  # type: ignore[arg-type]
        self._reload(stay=False)
