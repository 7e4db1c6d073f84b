"""The main screen's watching half: follows the store, and says what there is in lists, card and lines."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.events import DescendantFocus
from textual.worker import Worker

from console.child import Child
from console.commands import COMMANDS, Pane, Situation, key_name
from console.desk import Desk
from console.following import Filter, StoreSource
from console.screens.helping import key_line
from console.screens.panes import WIDE, PanesScreen
from console.screens.place import Place
from console.status_words import (
    no_cases_words,
    no_messages_words,
    other_counts,
    platforms_said,
    pressing_counts,
    trouble_words,
    worker_words,
)
from console.words import TOLD_SECONDS
from rules.rulebook import RulebookError
from store import actions, cases, decisions, lease
from store.database import Database
from store.errors import StoreError
from store.lease import Holder
from store.perk_records import Waiting
from store.records import ActionState, CaseCard, CaseState, Proposal, Role
from widgets.cursor_list import CursorList
from widgets.feed import Feed
from widgets.language import say
from widgets.status import StatusParts, arranged
from widgets.words import role_word

if TYPE_CHECKING:
    from console.app import VigilApp

FOLLOW_SECONDS = 0.1
LISTS_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was said beforehand of the next decision on one case, and on no other."""

    case_id: int | None = None
    reason: str = ""
    learn: bool = True


class WatchingScreen(PanesScreen):
    """Shows the store as it is. `notice` says in the status line that this is a demo."""

    def __init__(
        self, db: Database, place: Place, child: Child | None, keys: Mapping[str, str], notice: str = ""
    ) -> None:
        super().__init__()
        self.db = db
        self.place = place
        self.child = child
        self.notice = notice
        self._keys = keys
        self._source: StoreSource | None = None
        self._version = -1
        self._listed_at = 0.0
        self._stale = True
        self._told = ("", 0.0, False)
        self._case_card: CaseCard | None = None
        self._fetching: Worker[None] | None = None
        self._perks: list[Waiting] = []
        self._prepared = Prepared()
        self._refused = self._cannot_approve = ""
        self._role = Role.VIEWER
        self._outbox: Counter[ActionState] = Counter()
        self._holder: Holder | None = None
        self._open = 0
        self.cases.say_empty(lambda: no_cases_words(self._outbox, key_name(keys["view.failures"])))
        self.feed.say_empty(self._no_messages)
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
        if self.notice:
            self._tell(say("a sample community, in a store that is thrown away when you leave: try every key"))
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
            self._holder = lease.holder(self.db, time.time())
            if self.child is not None:
                # Not only when the store has changed: a worker that is gone changes nothing in it.
                self.child.tend(self._holder)
            self._show_status()
        except (sqlite3.Error, StoreError, OSError) as error:
            self._tell(say("the store cannot be read: {error}", error=error), alarm=True)
            self._show_status()

    def _relist(self) -> None:
        self._stale, self._listed_at = False, time.monotonic()
        before, self._outbox = self._outbox, actions.outbox(self.db)
        if self._outbox != before and not self.cases.rows:
            self.cases.refresh()
        self._open = cases.count(self.db, CaseState.OPEN)
        self.cases.show(cases.listed(self.db))
        self._show_proposals()
        self.feed.recheck()
        self._show_card()

    def _show_proposals(self) -> None:
        proposals: list[Proposal | Waiting] = [*decisions.proposals(self.db), *self._perks]
        self.proposals.show(sorted(proposals, key=lambda proposal: proposal.at))

    def _show_card(self) -> None:
        self._show_perk()
        # Not awaited: what the desk is busy with must hold up neither keys nor the feed.
        self._fetching = self.run_worker(self._fetch_card, group="card", exclusive=True)

    def _show_perk(self) -> None:
        perk = self.proposals.selected if self.pane is Pane.PROPOSALS else None
        self.set_class(isinstance(perk, Waiting), "perk-proposal")
        self.waiting.show(perk if isinstance(perk, Waiting) else None)

    async def _fetch_card(self) -> None:
        case_id = self._case_id()

        def look(desk: Desk) -> tuple[Role, str, str, CaseCard | None, list[Waiting]]:
            card = None if case_id is None else desk.card(case_id)
            return desk.person().role, desk.refusal(), desk.may_approve(), card, desk.perks.waiting()

        try:
            self._role, self._refused, self._cannot_approve, card, perks = await self.place.ask(look)
            if perks != self._perks:
                self._perks = perks
                self._show_proposals()
                self._show_perk()
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
            return None if proposal is None or isinstance(proposal, Waiting) else proposal.case_id
        return self.cases.selected_id

    def on_cursor_list_highlighted(self, event: CursorList.Highlighted) -> None:
        if event.listing is self.cases and event.id != self._prepared.case_id:
            self._prepared = Prepared()
        self._show_card()

    def on_cursor_list_marked(self, event: CursorList.Marked) -> None:
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
            failed=bool(pressing_counts(self._outbox)),
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
        self.keys.show(key_line(self.pane, situation, self._keys))

    def _show_titles(self) -> None:
        chosen = self._source.chosen if self._source else Filter()
        words = [say("group {group}", group=chosen.group)] if chosen.group_id is not None else []
        words += [say("holding “{sought}”", sought=chosen.text)] if chosen.text else []
        if chosen and not (self._source and self._source.end):
            words.append(say("nothing found, {key} shows all", key=key_name(self._keys["feed.all"])))
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
        pressing = pressing_counts(self._outbox)
        counts = other_counts(self._outbox, self._open, len(self.proposals.rows))
        if told and time.monotonic() < until:
            # What a key did is worth more than counts that the titles show as well.
            right = " · ".join((*pressing, *counts)) if self.size.width >= WIDE else ""
            self.status.show(StatusParts(told, "", right, alarm))
            return
        who = f"{self.place.name} ({role_word(self._role)})"
        who = f"{self.notice} {who}" if self.notice else who
        trouble, broken = trouble_words(platforms_said(self._holder))
        worker, down = worker_words(self._holder, self.child)
        if down:
            trouble, worker = worker, []
        self.status.show(arranged(self.size.width, who, trouble, pressing, counts, worker, alarm=broken or down))

    def _no_messages(self) -> list[str]:
        """What an empty feed says; one that is filtered says in its title that nothing was found."""
        if self._source is not None and self._source.chosen:
            return []
        return no_messages_words([one.name for one in self.place.settings.platforms], self._holder)

    def _tell(self, text: str, *, alarm: bool = False, seconds: float = TOLD_SECONDS) -> None:
        self._told = (text, time.monotonic() + seconds, alarm)
