"""The main screen: turns keys into decisions at the desk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from console.child import Child
from console.commands import COMMANDS, MAIN_PANES, Command, Pane, here, key_name
from console.desk import Desk, Taken
from console.following import Filter, StoreSource
from console.screens.case_window import CaseScreen
from console.screens.failures import FailuresScreen
from console.screens.helping import help_screen
from console.screens.place import Place
from console.screens.watching import Prepared, WatchingScreen
from console.words import TOLD_SECONDS, sent_words, taken_words, told_seconds, undone_words
from rules.rulebook import RulebookError
from store import cases, messages
from store.database import Database
from store.errors import StoreError
from store.perk_records import Sent, Waiting
from store.records import Decision, Proposal
from widgets.language import say
from widgets.prompt import PickScreen, Prompt
from widgets.words import state_word

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a key came to: `done`, or refused; `in_time` if its words hold only until it is carried out."""

    words: str
    done: bool
    in_time: bool = False


class MainScreen(WatchingScreen):
    """What everybody works in: the store as it is, and a key for every command."""

    def __init__(
        self, db: Database, place: Place, child: Child | None, keys: Mapping[str, str], notice: str = ""
    ) -> None:
        super().__init__(db, place, child, keys, notice)
        self._commands = {command.id: command for command in COMMANDS}
        for command in COMMANDS:
            self._bindings.bind(keys[command.id], f"run_command('{command.id}')", show=False)

    async def action_run_command(self, name: str) -> None:
        try:
            await self._run_command(name)
        except (sqlite3.Error, StoreError, OSError) as error:
            self._tell(say("the store cannot be read: {error}", error=error), alarm=True)

    async def _run_command(self, name: str) -> None:
        # One key may mean one thing in each pane: the one that is meant stands in this pane.
        key = self._keys[name]
        command = next((c for c in here(self.pane) if self._keys[c.id] == key), None)
        if command is None:
            elsewhere = say(", ").join(say(pane.value) for pane in self._commands[name].panes)
            self._tell(say("{key} works in: {panes}", key=key_name(key), panes=elsewhere))
        elif why_not := command.why_not(self._situation()):
            self._tell(why_not, alarm=True)
        elif command.decision is not None:
            await self._decide(command.decision)
        else:
            await self._run(command)
        self._show_status()
        self._show_keys()

    async def _run(self, command: Command) -> None:
        match command.id:
            case "view.feed" | "view.cases" | "view.proposals":
                self.go_to(Pane(command.id.removeprefix("view.")))
            case "view.next":
                self.go_to(MAIN_PANES[(MAIN_PANES.index(self.pane) + 1) % len(MAIN_PANES)])
            case "view.members":
                self.app.push_screen("members")
            case "view.failures":
                self.app.push_screen(FailuresScreen(self.place))
            case "feed.filter":
                self._ask_filter()
            case "feed.group":
                self._ask_group()
            case "feed.all":
                self._filter(Filter())
            case "feed.case":
                self._go_to_case()
            case "case.reason":
                self._ask_reason()
            case "case.no-learn":
                prepared = self._prepare()
                self._prepared = replace(prepared, learn=not prepared.learn)
            case "proposal.approve":
                await self._approve()
            case "proposal.reject":
                self._ask_rejection()
            case "undo":
                await self._undo()
            case "card.down" | "card.up":
                card = self.waiting if self.has_class("perk-proposal") else self.card
                card.scroll_pages(1 if command.id == "card.down" else -1)
            case "help":
                self._help()
            case "quit":
                self.app.exit()

    async def _at_desk(
        self,
        what: Callable[[Desk], T],
        words: Callable[[T], str],
        in_time: Callable[[T], bool] = lambda done: False,
    ) -> Answer:
        """What the desk did, in `words`, or why it refused."""
        try:
            done = await self.place.ask(what)
            return Answer(words(done), True, in_time(done))
        except (StoreError, RulebookError, sqlite3.Error) as error:
            return Answer(str(error), False)

    def _tell_all(self, said: list[Answer]) -> None:
        """One answer as it is; of several how many there were, and the first refusal whole."""
        refused = [answer for answer in said if not answer.done]
        if len(said) == 1:
            seconds = told_seconds(self.place.settings.undo_seconds) if said[0].in_time else TOLD_SECONDS
            self._tell(said[0].words, alarm=bool(refused), seconds=seconds)
        elif said:
            words = say("{n} done", n=len(said) - len(refused))
            if refused:
                words += " · " + say("{n} refused: {why}", n=len(refused), why=refused[0].words)
            self._tell(words, alarm=bool(refused))

    async def _decide(self, decision: Decision) -> None:
        chosen = [row for row in self.cases.rows if row.id in self.cases.marked]
        if not chosen and self._case_card is not None:
            # What the card showed, and nothing that has joined since.
            chosen = [self._case_card.case]
        prepared, self._prepared = self._prepared, Prepared()
        said = []
        for row in chosen:
            reason, learn = (prepared.reason, prepared.learn) if row.id == prepared.case_id else ("", True)
            take = partial(
                Desk.decide,
                case_id=row.id,
                decision=decision,
                version=row.version,
                seen=row.seen,
                reason=reason,
                learn=learn,
            )
            said.append(await self._at_desk(take, self._taken, lambda taken: taken.approved))
        self._tell_all(said)
        self.cases.clear_marks()
        self._relist()

    def _taken(self, taken: Taken) -> str:
        return taken_words(taken, key_name(self._keys["undo"]), self.place.settings.undo_seconds)

    def _approved(self, number: int, case_id: int) -> str:
        return say(
            "proposal {id} approved, case {case}: carried out in {seconds:.0f} s, {key} takes it back",
            id=number,
            case=case_id,
            seconds=self.place.settings.undo_seconds,
            key=key_name(self._keys["undo"]),
        )

    async def _approve(self) -> None:
        said = []
        for row in self._chosen_proposals():
            if isinstance(row, Waiting):
                said.append(await self._at_desk(partial(_approve_perk, row), self._given, lambda sent: True))
            else:
                yes = partial(Desk.approve, decision_id=row.id)
                said.append(await self._at_desk(yes, partial(self._approved, row.id), lambda case: True))
        self._tell_all(said)
        self.proposals.clear_marks()
        self._relist()

    def _given(self, sent: Sent) -> str:
        return sent_words(sent, key_name(self._keys["undo"]), self.place.settings.undo_seconds)

    def _chosen_proposals(self) -> list[Proposal | Waiting]:
        """Those that are marked, else the one under the cursor."""
        marked = [row for row in self.proposals.rows if self.proposals.key_of(row) in self.proposals.marked]
        selected = self.proposals.selected
        return marked or ([] if selected is None else [selected])

    async def _undo(self) -> None:
        self._tell_all([await self._at_desk(Desk.undo_latest, undone_words)])
        self._relist()

    def _ask_rejection(self) -> None:
        chosen = self._chosen_proposals()

        async def reject(reason: str | None) -> None:
            if reason is None:
                return
            said = []
            for row in chosen:
                if isinstance(row, Waiting):
                    no = partial(_reject_perk, row, reason)
                    said.append(await self._at_desk(no, partial(_perk_rejected, row)))
                else:
                    refuse = partial(Desk.reject, decision_id=row.id, reason=reason)
                    said.append(await self._at_desk(refuse, partial(self._rejected, row.id)))
            self._tell_all(said)
            self.proposals.clear_marks()
            self._relist()

        shown = say(", ").join(f"P{row.id}" if isinstance(row, Waiting) else str(row.id) for row in chosen)
        self.app.push_screen(Prompt(say("Why is proposal {id} rejected?", id=shown)), reject)

    def _rejected(self, number: int, case_id: int) -> str:
        return say("proposal {id} rejected, case {case} is open again", id=number, case=case_id)

    def _prepare(self) -> Prepared:
        """What was prepared for the case under the cursor."""
        selected = self.cases.selected_id
        return self._prepared if self._prepared.case_id == selected else Prepared(selected)

    def _ask_reason(self) -> None:
        prepared = self._prepare()

        def keep(reason: str | None) -> None:
            if reason is None:
                return
            if self.cases.selected_id != prepared.case_id:
                self._tell(
                    say("case {id} has gone meanwhile; the reason was not kept", id=prepared.case_id), alarm=True
                )
                return
            self._prepared = replace(prepared, reason=reason)

        title = say("Reason for the next decision on case {id}", id=prepared.case_id)
        self.app.push_screen(Prompt(title, prepared.reason), keep)

    def _ask_filter(self) -> None:
        chosen = self._source.chosen if self._source else Filter()

        def keep(text: str | None) -> None:
            if text is not None:
                self._filter(replace(chosen, text=text))

        self.app.push_screen(Prompt(say("Show only messages that hold"), chosen.text), keep)

    def _ask_group(self) -> None:
        chosen = self._source.chosen if self._source else Filter()
        found = messages.groups(self.db)
        names = {str(number): name for number, name, _ in found}

        def keep(number: str | None) -> None:
            if number == "":
                self._filter(replace(chosen, group_id=None, group=""))
            elif number is not None:
                self._filter(replace(chosen, group_id=int(number), group=names[number]))

        choices = [("", say("all groups")), *((str(number), f"{name}  ({count:,})") for number, name, count in found)]
        self.app.push_screen(PickScreen(choices, say("Group"), str(chosen.group_id or "")), keep)

    def _filter(self, chosen: Filter) -> None:
        selected = self.feed.selected
        try:
            self._source = StoreSource(self.db, chosen)
        except sqlite3.Error as error:
            self._tell(say("the store cannot be read: {error}", error=error), alarm=True)
            return
        self.feed.highlight = chosen.text
        self.feed.set_source(self._source, selected.id if selected else None)
        self._show_titles()
        self._show_keys()

    def _go_to_case(self) -> None:
        row = self.feed.selected
        case_id = cases.of_message(self.db, row.id) if row else None
        if case_id is None:
            self._tell(say("this message belongs to no case"))
        elif self.cases.select(case_id):
            self.go_to(Pane.CASES)
        else:
            state = state_word(cases.get(self.db, case_id).state)
            self._tell(say("case {id} is not open any more: {state}", id=case_id, state=state))
            self.app.push_screen(CaseScreen(self.place, case_id))

    def _help(self) -> None:
        self.app.push_screen(help_screen(self.pane, replace(self._situation(), settled=True), self._keys))


def _approve_perk(row: Waiting, desk: Desk) -> Sent:
    return desk.perks.approve(row.id, version=row.version)


def _reject_perk(row: Waiting, reason: str, desk: Desk) -> None:
    desk.perks.reject(row.id, reason)


def _perk_rejected(row: Waiting, _: None) -> str:
    return say("proposal {id} rejected", id=f"P{row.id}")
