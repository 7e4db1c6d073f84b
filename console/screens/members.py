"""The members' screen: turns keys into searches, filters, notes and perks."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from console.commands import COMMANDS, Command, Pane, here, key_name
from console.desk import Desk
from console.exporting import export_beside, format_of
from console.screens.dispatcher import NAMED, DispatcherScreen
from console.screens.helping import help_screen
from console.screens.place import Place
from console.screens.roster_panes import RosterScreen
from console.words import sent_words, told_seconds, undone_words
from console.words_members import change_words, silent_words, sort_word
from store import roster
from store.database import Database
from store.errors import StoreError
from store.perk_records import Sent
from store.roster_records import Chosen, Sort
from widgets.language import say, say_n
from widgets.prompt import PickScreen, Prompt
from widgets.words import layer_word

WEEK = 7 * roster.DAY
SILENT_DAYS = (3, 7, 14, 30, 60, 90)
MOST_DAYS = 36_500

_ON_THE_LIST = frozenset(
    {"members.mark-all", "members.mark-range", "members.perk", "members.card", "members.note", "members.remark",
     "members.export"}
)  # fmt: skip
"""What is done with the members shown, so that those have to be the ones that were asked for."""


class MembersScreen(RosterScreen):
    """Every member, and a key for all that is done with them. `back` shows a pane of the main screen."""

    def __init__(self, db: Database, place: Place, keys: Mapping[str, str], back: Callable[[Pane], None]) -> None:
        super().__init__(db, place, keys)
        self._back = back
        for command in COMMANDS:
            self._bindings.bind(keys[command.id], f"run_command('{command.id}')", show=False)

    async def action_run_command(self, name: str) -> None:
        # One key may mean one thing in each pane: the one that is meant stands in this pane.
        command = next((c for c in here(Pane.MEMBERS) if self._keys[c.id] == self._keys[name]), None)
        if command is None:
            return
        if why_not := command.why_not(self._situation()):
            self._tell(why_not, alarm=True)
            return
        if command.id in _ON_THE_LIST and not await self.has_settled():
            self._tell(say("the members are being read: look, then press again"), alarm=True)
            return
        try:
            # Awaited, so that what is typed next goes to the window that this opens, and to no command.
            await self._run(command)
        except (sqlite3.Error, StoreError, OSError) as error:
            self._tell(say("the store cannot be read: {error}", error=error), alarm=True)
        self._show_lines()

    async def _run(self, command: Command) -> None:
        match command.id:
            case "view.feed" | "view.cases" | "view.proposals":
                self._leave(Pane(command.id.removeprefix("view.")))
            case "members.find":
                self.start_finding()
            case "members.sort":
                sorts = list(Sort)
                self._sort(sorts[(sorts.index(self.sort) + 1) % len(sorts)], False)
            case "members.reverse":
                self._sort(self.sort, not self.reverse)
            case "members.group":
                await self._ask_group()
            case "members.filter":
                await self._ask_filter()
            case "members.changes":
                await self._ask_change()
            case "members.mark-all":
                self.list.mark_all()
            case "members.mark-range":
                self.list.mark_to_here()
            case "members.card":
                self.close_card() if self.card.has_focus else self.open_card()
            case "members.card-down" | "members.card-up":
                self.card.scroll_pages(1 if command.id == "members.card-down" else -1)
            case "members.note":
                self._ask_note()
            case "members.remark":
                self._ask_remark()
            case "members.perk":
                self.give_perk(self._meant())
            case "members.export":
                self._ask_export()
            case "members.back":
                self._step_back()
            case "undo":
                undone = await self._ask(Desk.undo_latest)
                if undone is not None:
                    self._tell(undone_words(undone))
            case "help":
                self.app.push_screen(help_screen(Pane.MEMBERS, self._situation(), self._keys))
            case "quit":
                self.app.exit()

    def give_perk(self, members: tuple[int, ...]) -> None:
        """Have a perk chosen for these members, and given."""
        names = [row.called for row in roster.rows(self.db, members[:NAMED], time.time())]

        def told(sent: Sent | None) -> None:
            if sent is not None:
                self.list.clear_marks()
                undo_seconds = self.place.settings.undo_seconds
                words = sent_words(sent, key_name(self._keys["undo"]), undo_seconds)
                self._tell(words, seconds=told_seconds(undo_seconds))
                self._show_card()

        self.app.push_screen(DispatcherScreen(self.place, members, names), told)

    def _meant(self) -> tuple[int, ...]:
        """Those who are marked, else the one under the cursor."""
        selected = self.list.selected_id
        return self.list.marked_in_order() or (() if selected is None else (selected,))

    def _leave(self, pane: Pane | None = None) -> None:
        self.app.pop_screen()
        if pane is not None:
            self._back(pane)

    def _step_back(self) -> None:
        """One thing at a time: the card, what was typed, the filters, the marks, and then the screen."""
        if self.card.has_focus or (self.has_class("card-open") and not self.has_class("wide")):
            self.close_card()
        elif self._typed:
            self.stop_finding(clear=True)
        elif self.chosen != Chosen():
            self.chosen, self.group_name = Chosen(), ""
            self._reload()
        elif self.list.marked:
            self.list.clear_marks()
        else:
            self._leave()

    def _sort(self, sort: Sort, reverse: bool) -> None:
        self.sort, self.reverse = sort, reverse
        self._reload(stay=False)
        self._tell(say("sorted by {column}", column=sort_word(sort)))

    # --- which members ---

    async def _ask_group(self) -> None:
        found = await self._ask(lambda desk: roster.groups(desk.db))
        if found is None:
            return
        names = {str(number): name for number, name, _ in found}

        def keep(number: str | None) -> None:
            if number is not None:
                self.group_name = names.get(number, "")
                self.narrow(group_id=int(number) if number else None)

        choices = [("", say("all groups")), *((str(number), f"{name}  ({count:,})") for number, name, count in found)]
        self.app.push_screen(PickScreen(choices, say("Group"), str(self.chosen.group_id or "")), keep)

    async def _ask_filter(self) -> None:
        tiers = await self._ask(lambda desk: roster.tiers(desk.db))
        if tiers is None:
            return
        now = self.chosen

        def keep(choice: str | None) -> None:
            if choice is None:
                return
            what, _, value = choice.partition(":")
            match what:
                case "all":
                    self.chosen, self.group_name = Chosen(), ""
                    self._reload(stay=False)
                case "layer":
                    self.narrow(layer="" if now.layer == value else value)
                case "tier":
                    self.narrow(tier="" if now.tier == value else value)
                case "clean":
                    self.narrow(clean=not now.clean)
                case "departed":
                    self.narrow(departed=not now.departed)
                case "silent" if value:
                    self.narrow(silent_days=0 if now.silent_days == int(value) else int(value))
                case "silent":
                    self._ask_days()

        choices = [("all", say("everybody, no filter"))]
        layers = [(layer, say("layer {layer}", layer=layer_word(layer))) for layer in roster.LAYERS]
        choices += [(f"layer:{layer}", _ticked(words, now.layer == layer)) for layer, words in layers]
        choices += [(f"tier:{tier}", _ticked(say("tier {tier}", tier=tier), now.tier == tier)) for tier in tiers]
        choices.append(("clean:", _ticked(say("clean record"), now.clean)))
        days = sorted({*SILENT_DAYS, *([now.silent_days] if now.silent_days else [])})
        choices += [(f"silent:{n}", _ticked(silent_words(n), now.silent_days == n)) for n in days]
        choices.append(("silent:", say("silent for so many days: …")))
        choices.append(("departed:", _ticked(say("the departed too"), now.departed)))
        self.app.push_screen(PickScreen(choices, say("Show only (several add up; once more takes one off)")), keep)

    def _ask_days(self) -> None:
        def keep(text: str | None) -> None:
            if text is None:
                return
            if text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MOST_DAYS:
                self.narrow(silent_days=int(text))
            else:
                self._tell(say("a number of days, from 1 on"), alarm=True)

        self.app.push_screen(Prompt(say("Silent for how many days at least?"), max_length=5), keep)

    async def _ask_change(self) -> None:
        found = await self._ask(lambda desk: roster.changes(desk.db, desk.now() - WEEK))
        if found is None:
            return
        if not found:
            self._tell(say("this week nobody came to another layer or tier"))
            return

        def keep(number: str | None) -> None:
            if number is not None:
                departed = found[int(number)].after == "gone"
                self.chosen, self.group_name = Chosen(changed=found[int(number)], departed=departed), ""
                self._reload(stay=False)

        choices = [(str(at), change_words(change)) for at, change in enumerate(found)]
        self.app.push_screen(PickScreen(choices, say("This week")), keep)

    # --- what is written down ---

    def _ask_note(self) -> None:
        row = self.list.selected
        if row is None:
            return

        async def keep(text: str | None) -> None:
            if text and await self._ask(lambda desk: desk.members.note(row.id, text)) is not None:
                self._tell(say("noted about {name}", name=row.called))
                self._show_card()

        self.app.push_screen(Prompt(say("Note about {name}, for the staff", name=row.called)), keep)

    def _ask_remark(self) -> None:
        row = self.list.selected
        if row is None:
            return

        async def keep(text: str | None) -> None:
            if text is not None and await self._ask(lambda desk: desk.members.remark(row.id, text)):
                self._tell(say("{name}: remark written", name=row.called))
                self.list.recheck()
                self._show_card()

        self.app.push_screen(
            Prompt(say("Remark beside the name {name}", name=row.called), row.remark, max_length=60), keep
        )

    def _ask_export(self) -> None:
        ids: Sequence[int] = self.list.ids

        def write(desk: Desk, name: str) -> Path:
            with desk.db.snapshot():
                path = export_beside(desk.db, ids, name, desk.now())
            desk.members.exported(len(ids), format_of(name))
            return path

        async def keep(name: str | None) -> None:
            if not name:
                return
            self._tell(say("writing …"))
            path = await self._ask(lambda desk: write(desk, name))
            if path is not None:
                written = say_n("{n} member written to {path}", "{n} members written to {path}", len(ids), path=path)
                self._tell(written)

        title = say_n("Write {n} member to a file: CSV by .csv, else NDJSON",
                      "Write {n} members to a file: CSV by .csv, else NDJSON", len(ids))  # fmt: skip
        name = time.strftime("members-%Y-%m-%d.csv")
        self.app.push_screen(Prompt(title, name, max_length=100), keep)


def _ticked(text: str, on: bool) -> str:
    return f"✓ {text}" if on else text
