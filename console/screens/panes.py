"""The main screen's layout: feed, lists and card, side by side where there is room, else one at a time."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen

from console.commands import Pane
from widgets.card import CaseCardView
from widgets.cases import CaseList, ProposalList
from widgets.feed import Feed
from widgets.keys import KeyLine
from widgets.language import say
from widgets.perks import WaitingView
from widgets.status import StatusLine

WIDE = 120
"""Columns from which feed and cases stand side by side."""

CSS = """
PanesScreen {
    layout: vertical;
    & #panes { layout: horizontal; height: 1fr; }
    & #feed-pane, & #case-pane { width: 1fr; height: 1fr; }
    & #case-pane { display: none; }
    & #cases, & #proposals { height: 35%; min-height: 5; }
    & #proposals { display: none; }
    & #card, & #waiting { height: 1fr; border-top: solid $primary 40%; }
    & #waiting { display: none; }
    &.perk-proposal #waiting { display: block; }
    &.perk-proposal #card { display: none; }
    & .title { background: $boost; }

    &.view-cases #case-pane, &.view-proposals #case-pane { display: block; }
    &.view-cases #feed-pane, &.view-proposals #feed-pane { display: none; }
    &.view-proposals #cases { display: none; }
    &.view-proposals #proposals { display: block; }

    &.wide #feed-pane, &.wide #case-pane { display: block; }
    &.wide #case-pane { border-left: solid $primary 40%; width: 1fr; }
}
"""


class PanesScreen(Screen[None]):
    """Composes the panes and knows which of them the reader is in."""

    DEFAULT_CSS = CSS

    def __init__(self) -> None:
        super().__init__()
        self.pane = Pane.FEED
        self.feed = Feed(id="feed")
        self.cases = CaseList(id="cases", empty=lambda: say("No open cases. Nothing to decide."))
        self.proposals = ProposalList(id="proposals", empty=lambda: say("No proposals wait."))
        self.card = CaseCardView(id="card")
        self.waiting = WaitingView(id="waiting")
        self.feed_title = StatusLine(id="feed-title", classes="title")
        self.case_title = StatusLine(id="case-title", classes="title")
        self.keys = KeyLine(id="keys")
        self.status = StatusLine(id="status")

    def compose(self) -> ComposeResult:
        with Vertical(id="panes"):
            with Vertical(id="feed-pane"):
                yield self.feed_title
                yield self.feed
            with Vertical(id="case-pane"):
                yield self.case_title
                yield self.cases
                yield self.proposals
                yield self.card
                yield self.waiting
        yield self.keys
        yield self.status

    def on_resize(self) -> None:
        self.set_class(self.size.width >= WIDE, "wide")

    def go_to(self, pane: Pane) -> None:
        """Show a pane and put the keys there."""
        self.pane = pane
        for other in Pane:
            self.set_class(other is pane, f"view-{other}")
        target = {Pane.FEED: self.feed, Pane.CASES: self.cases, Pane.PROPOSALS: self.proposals}[pane]
        self.set_focus(target)
