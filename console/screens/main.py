"""The main screen: follows the store, and turns keys into decisions at the desk."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.binding import BindingType
from textual.events import DescendantFocus
from textual.worker import Worker

from console.child import Child
from console.commands import COMMANDS, Command, Pane, Situation, here, key_name
from console.desk import Desk, Taken
from console.following import Filter, StoreSource
from console.screens.panes import WIDE, PanesScreen
from console.screens.place import Place
from console.words import taken_words, undone_words, worker_words
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a key came to: `done`, or refused."""

    words: str
    done: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was said beforehand of the next decision on one case, and on no other."""

    case_id: int | None = None
    reason: str = ""
    learn: bool = True


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
        self._fetching: Worker[None] | None = None
        self._prepared = Prepared()
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
        self._follow()
        self.set_interval(FOLLOW_SECONDS, self._follow)

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
        except (sqlite3.Error, StoreError, OSError) as error:
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
        self._fetching = self.run_worker(self._fetch_card, group="card", exclusive=True)

    async def _fetch_card(self) -> None:
        case_id = self._case_id()

        def look(desk: Desk) -> tuple[Role, str, str, CaseCard | None]:
            card = None if case_id is None else desk.card(case_id)
            return desk.person().role, desk.refusal(Decision.DISMISS), desk.may_approve(), card

        try:
            self._role, self._refused, self._cannot_approve, card = await self.place.ask(look)
        except (StoreError, RulebookError, sqlite3.Error) as error:
            self._tell(str(error), alarm=True)
            card = None
        if case_id != self._case_id():
            return
        self._case_card = card
        self.card.show(card)
        self._show_keys()

    def _case_id(self) -> int | None:
        if self.pane is Pane.PROPOSALS:
            proposal = self.proposals.selected
            return proposal.case_id if proposal else None
        return self.cases.selected_id

    def on_listing_highlighted(self, event: Listing.Highlighted) -> None:
        if event.listing is self.cases and event.id != self._prepared.case_id:
            self._prepared = Prepared()
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
                self._titled(Pane.CASES, say("Cases {n}", n=self._open)),
                self._titled(Pane.PROPOSALS, say("Proposals {n}", n=len(self.proposals.rows))),
            )
        )
        marked = len(self.cases.marked if self.pane is not Pane.PROPOSALS else self.proposals.marked)
        pending = [say("{n} marked", n=marked)] if marked else []
        pending += [say("reason: {reason}", reason=self._prepared.reason)] if self._prepared.reason else []
        pending += [] if self._prepared.learn else [say("teaches nothing")]
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
        try:
            await self._run_command(name)
        except (sqlite3.Error, StoreError, OSError) as error:
            self._tell(say("the store cannot be read: {error}", error=error), alarm=True)

    async def _run_command(self, name: str) -> None:
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
                prepared = self._prepare()
                self._prepared = replace(prepared, learn=not prepared.learn)
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

    async def _at_desk(self, what: Callable[[Desk], T], words: Callable[[T], str]) -> Answer:
        """What the desk did, in `words`, or why it refused."""
        try:
            return Answer(words(await self.place.ask(what)), True)
        except (StoreError, RulebookError, sqlite3.Error) as error:
            return Answer(str(error), False)

    def _tell_all(self, said: list[Answer]) -> None:
        """One answer as it is; of several how many there were, and the first refusal whole."""
        refused = [answer for answer in said if not answer.done]
        if len(said) == 1:
            self._tell(said[0].words, alarm=bool(refused))
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
            said.append(await self._at_desk(take, self._taken))
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
        for number in self._chosen_proposals():
            said.append(await self._at_desk(partial(Desk.approve, decision_id=number), partial(self._approved, number)))
        self._tell_all(said)
        self.proposals.clear_marks()
        self._relist()

    def _chosen_proposals(self) -> list[int]:
        """Those that are marked, else the one under the cursor."""
        selected = self.proposals.selected_id
        return sorted(self.proposals.marked) or ([] if selected is None else [selected])

    async def _undo(self) -> None:
        self._tell_all([await self._at_desk(Desk.undo, undone_words)])
        self._relist()

    def _ask_rejection(self) -> None:
        chosen = self._chosen_proposals()

        async def reject(reason: str | None) -> None:
            if reason is None:
                return
            said = []
            for number in chosen:
                refuse = partial(Desk.reject, decision_id=number, reason=reason)
                said.append(await self._at_desk(refuse, partial(self._rejected, number)))
            self._tell_all(said)
            self.proposals.clear_marks()
            self._relist()

        shown = ", ".join(map(str, chosen))
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
