"""The main screen: follows the store, and turns keys into decisions at the desk."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.binding import BindingType
from textual.events import DescendantFocus

from console.child import Child
from console.commands import COMMANDS, Command, Pane, Situation, here, key_name
from console.desk import Desk
from console.following import Filter, StoreSource
from console.screens.panes import WIDE, PanesScreen
from console.screens.place import Place
from console.words import refused_words, taken_words, undone_words, worker_words
from rules.rulebook import RulebookError
from store import actions, cases, decisions, lease, messages
from store.database import Database
from store.errors import StoreError
from store.records import ActionState, CaseCard, CaseState, Decision, Role
from widgets.feed import Feed
from widgets.language import say
from widgets.listing import Listing
from widgets.prompt import HelpRow, HelpScreen, PickScreen, Prompt
from widgets.status import StatusParts
from widgets.words import role_word, state_word

if TYPE_CHECKING:
    from console.app import VigilApp

T = TypeVar("T")

FOLLOW_SECONDS = 0.1
LISTS_SECONDS = 0.25
TOLD_SECONDS = 8.0
"""How long the status line shows what a key did."""


class MainScreen(PanesScreen):
    """What everybody works in. `notice` is said in the status line, e.g. that this is a demo."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self, db: Database, place: Place, child: Child | None, keys: Mapping[str, str], notice: str = ""
    ) -> None:
        super().__init__()
        self.db = db
        self.place = place
        self.child = child
        self.notice = notice
        self._keys = keys
        self._commands = {command.id: command for command in COMMANDS}
        self._source: StoreSource | None = None
        self._version = -1
        self._listed_at = 0.0
        self._stale = True
        self._told = ("", 0.0, False)
        self._case_card: CaseCard | None = None
        self._reason = ""
        self._learn = True
        self._refused = self._cannot_approve = ""
        self._role = Role.VIEWER
        self._outbox: Counter[ActionState] = Counter()
        self._open = self._proposed = 0
        for command in COMMANDS:
            self._bindings.bind(keys[command.id], f"run_command('{command.id}')", show=False)
        self.card.set_keys({c.decision: key_name(keys[c.id]) for c in COMMANDS if c.decision is not None})

    @property
    def vigil(self) -> VigilApp:
        from console.app import VigilApp

        assert isinstance(self.app, VigilApp)
        return self.app

    # --- following the store ---

    async def on_mount(self) -> None:
        self._source = StoreSource(self.db, Filter())
        self.feed.set_source(self._source)
        self.go_to(Pane.FEED)
        await self._learn_role()
        self._follow()
        self.set_interval(FOLLOW_SECONDS, self._follow)

    async def _learn_role(self) -> None:
        def role(desk: Desk) -> tuple[Role, str, str]:
            return desk.person().role, desk.refusal(Decision.DISMISS), desk.may_approve()

        self._role, self._refused, self._cannot_approve = await self.place.ask(role)

    def _follow(self) -> None:
        self.feed.paused = self.vigil.terminal_is_busy
        self.feed.jump = self.vigil.line_is_slow
        try:
            version = self.db.data_version()
            if version != self._version:
                self._version, self._stale = version, True
                if self._source is not None:
                    self._source.follow()
            if self._stale and time.monotonic() - self._listed_at >= LISTS_SECONDS:
                self._relist()
            if self.child is not None:
                # Not only when the store has changed: a worker that is gone changes nothing in it.
                self.child.tend(self.db)
            self._show_status()
        except (sqlite3.Error, StoreError) as error:
            self._tell(say("the store cannot be read: {error}", error=error), alarm=True)
            self._show_status()

    def _relist(self) -> None:
        self._stale, self._listed_at = False, time.monotonic()
        self._outbox = actions.outbox(self.db)
        self._open, self._proposed = (cases.count(self.db, s) for s in (CaseState.OPEN, CaseState.PROPOSED))
        self.cases.show(cases.listed(self.db))
        self.proposals.show(decisions.proposals(self.db))
        self.feed.recheck()
        self._show_card()

    def _show_card(self) -> None:
        # Not awaited: what the desk is busy with must hold up neither keys nor the feed.
        self.run_worker(self._fetch_card(), group="card", exclusive=True)

    async def _fetch_card(self) -> None:
        case_id = self._case_id()
        if case_id is None:
            self._case_card = None
        else:
            try:
                self._case_card = await self.place.ask(lambda desk: desk.card(case_id))
            except (StoreError, RulebookError, sqlite3.Error) as error:
                self._tell(refused_words(error), alarm=True)
                return
            if case_id != self._case_id():
                return
        self.card.show(self._case_card)
        self._show_keys()

    def _case_id(self) -> int | None:
        if self.pane is Pane.PROPOSALS:
            proposal = self.proposals.selected
            return proposal.case_id if proposal else None
        return self.cases.selected_id

    def on_listing_highlighted(self, event: Listing.Highlighted) -> None:
        self._reason, self._learn = "", True
        self._show_card()

    def on_listing_marked(self, event: Listing.Marked) -> None:
        self._show_keys()

    def on_feed_unread(self, event: Feed.Unread) -> None:
        self._show_titles()

    def on_feed_selected(self, event: Feed.Selected) -> None:
        self._show_keys()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        for widget, pane in ((self.feed, Pane.FEED), (self.cases, Pane.CASES), (self.proposals, Pane.PROPOSALS)):
            if event.widget is widget and pane is not self.pane:
                self.go_to(pane)
        self._show_card()

    # --- what the lines say ---

    def _situation(self) -> Situation:
        proposal = self.proposals.selected
        situation = Situation(
            self.pane,
            card=self._case_card,
            refused=self._refused,
            cannot_approve=self._cannot_approve,
            message=self.feed.selected is not None,
            filtered=bool(self._source and self._source.chosen),
        )
        if self.pane is Pane.CASES:
            selected = self.cases.selected_id
            return replace(
                situation,
                case=self.cases.selected,
                marked=len(self.cases.marked),
                settled=bool(self.cases.marked) or (selected is not None and self.cases.settled(selected)),
            )
        if self.pane is Pane.PROPOSALS:
            selected = self.proposals.selected_id
            own = proposal is not None and proposal.by == self.place.name and not self.vigil.alone
            return replace(
                situation,
                proposal=proposal,
                marked=len(self.proposals.marked),
                settled=bool(self.proposals.marked) or (selected is not None and self.proposals.settled(selected)),
                own_proposal=own,
            )
        return situation

    def _show_keys(self) -> None:
        # Half a second of waiting is no reason to flicker: the key line shows what a settled row allows.
        situation = replace(self._situation(), settled=True)
        shown = [command for command in here(self.pane) if command.shown]
        self.keys.show([(key_name(self._keys[c.id]), say(c.label), not c.why_not(situation)) for c in shown])

    def _show_titles(self) -> None:
        chosen = self._source.chosen if self._source else Filter()
        words = [say("group {group}", group=chosen.group)] if chosen.group_id is not None else []
        words += [say("holding “{sought}”", sought=chosen.text)] if chosen.text else []
        unread = self.feed.unread
        new = say("{n} new, End follows", n=unread) if unread else ""
        new = new or (say("following") if self.feed.follow else say("paused, End follows"))
        count = self._source.end if self._source else 0
        title = say("Feed {n}", n=f"{count:,}")
        self.feed_title.show(StatusParts(self._titled(Pane.FEED, title), " · ".join(words), new))
        tabs = "   ".join(
            (
                self._titled(Pane.CASES, say("Cases {n}", n=len(self.cases.rows))),
                self._titled(Pane.PROPOSALS, say("Proposals {n}", n=len(self.proposals.rows))),
            )
        )
        marked = len(self.cases.marked if self.pane is not Pane.PROPOSALS else self.proposals.marked)
        pending = [say("{n} marked", n=marked)] if marked else []
        pending += [say("reason: {reason}", reason=self._reason)] if self._reason else []
        pending += [] if self._learn else [say("teaches nothing")]
        self.case_title.show(StatusParts(tabs, "", " · ".join(pending)))

    def _titled(self, pane: Pane, title: str) -> str:
        key = key_name(self._keys[f"view.{pane}"])
        return f"[{key} {title}]" if pane is self.pane else f" {key} {title} "

    def _show_status(self) -> None:
        self._show_titles()
        told, until, alarm = self._told
        outbox = self._outbox
        waiting = outbox[ActionState.WAITING] + outbox[ActionState.SENDING]
        counts = [
            say("{n} open", n=self._open),
            say("{n} proposed", n=self._proposed),
            say("{n} to send", n=waiting),
        ]
        if outbox[ActionState.FAILED] or outbox[ActionState.UNKNOWN]:
            counts.append(say("{n} failed", n=outbox[ActionState.FAILED] + outbox[ActionState.UNKNOWN]))
        who = f"{self.place.name} ({role_word(self._role)})"
        if told and time.monotonic() < until:
            # What a key did is worth more than counts that the titles show as well.
            self.status.show(StatusParts(told, "", " · ".join(counts) if self.size.width >= WIDE else "", alarm))
            return
        holder = lease.holder(self.db, time.time())
        worker, down = worker_words(holder, self.child)
        left = f"{self.notice} {who}" if self.notice else who
        self.status.show(StatusParts(left, worker, " · ".join(counts), down))

    def _tell(self, text: str, *, alarm: bool = False) -> None:
        self._told = (text, time.monotonic() + TOLD_SECONDS, alarm)

    # --- commands ---

    async def action_run_command(self, name: str) -> None:
        # One key may mean one thing in each pane: the one that is meant stands in this pane.
        key = self._keys[name]
        command = next((c for c in here(self.pane) if self._keys[c.id] == key), None)
        if command is None:
            elsewhere = ", ".join(say(pane.value) for pane in self._commands[name].panes)
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
                panes = list(Pane)
                self.go_to(panes[(panes.index(self.pane) + 1) % len(panes)])
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
                self._learn = not self._learn
            case "proposal.approve":
                await self._approve()
            case "proposal.reject":
                self._ask_rejection()
            case "undo":
                await self._undo()
            case "card.down" | "card.up":
                self.card.scroll_pages(1 if command.id == "card.down" else -1)
            case "help":
                self._help()
            case "quit":
                self.app.exit()

    async def _at_desk(self, what: Callable[[Desk], T]) -> T | None:
        """What the desk answers, or None after it refused, which the status line then says."""
        try:
            return await self.place.ask(what)
        except (StoreError, RulebookError, sqlite3.Error) as error:
            self._tell(refused_words(error), alarm=True)
            return None

    async def _decide(self, decision: Decision) -> None:
        chosen = [row for row in self.cases.rows if row.id in self.cases.marked]
        if not chosen and self.cases.selected is not None:
            chosen = [self.cases.selected]
        reason, learn = self._reason, self._learn
        self._reason, self._learn = "", True
        for row in chosen:
            number, version = row.id, row.version
            taken = await self._at_desk(
                lambda desk, number=number, version=version: desk.decide(  # type: ignore[misc]
                    number, decision, version=version, reason=reason, learn=learn
                )
            )
            if taken:
                self._tell(taken_words(taken, key_name(self._keys["undo"]), self.place.settings.undo_seconds))
        self.cases.clear_marks()
        self._relist()

    async def _approve(self) -> None:
        for number in self._chosen_proposals():
            case_id = await self._at_desk(lambda desk, number=number: desk.approve(number))  # type: ignore[misc]
            if case_id:
                self._tell(
                    say(
                        "proposal {id} approved: carried out in {seconds:.0f} s, {key} takes it back",
                        id=number,
                        seconds=self.place.settings.undo_seconds,
                        key=key_name(self._keys["undo"]),
                    )
                )
        self.proposals.clear_marks()
        self._relist()

    def _chosen_proposals(self) -> list[int]:
        """Those that are marked, else the one under the cursor."""
        selected = self.proposals.selected_id
        return sorted(self.proposals.marked) or ([] if selected is None else [selected])

    async def _undo(self) -> None:
        undone = await self._at_desk(lambda desk: desk.undo())
        if undone:
            self._tell(undone_words(undone))
        self._relist()

    def _ask_rejection(self) -> None:
        marked = self._chosen_proposals()

        async def reject(reason: str | None) -> None:
            if reason is None:
                return
            for chosen in marked:
                case_id = await self._at_desk(
                    lambda desk, chosen=chosen: desk.reject(chosen, reason)  # type: ignore[misc]
                )
                if case_id:
                    self._tell(say("proposal {id} rejected, case {case} is open again", id=chosen, case=case_id))
            self.proposals.clear_marks()
            self._relist()

        shown = ", ".join(str(chosen) for chosen in marked)
        self.app.push_screen(Prompt(say("Why is proposal {id} rejected?", id=shown)), reject)

    def _ask_reason(self) -> None:
        def keep(reason: str | None) -> None:
            if reason is not None:
                self._reason = reason

        title = say("Reason for the next decision on case {id}", id=self.cases.selected_id)
        self.app.push_screen(Prompt(title, self._reason), keep)

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
        self._source = StoreSource(self.db, chosen)
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

    def _help(self) -> None:
        situation = replace(self._situation(), settled=True)
        rows = [
            HelpRow(key_name(self._keys[c.id]), f"{say(c.help)}  ({c.id})", c.why_not(situation))
            for c in here(self.pane)
        ]
        moves = say("arrows, Page Up and Down, Home, End: move; space: mark")
        self.app.push_screen(HelpScreen([*rows, HelpRow("↑↓ j k", moves)], say("Keys that work here")))
