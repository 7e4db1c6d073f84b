"""Hostile text thrown at every widget in a real terminal: nothing of it may steer, shift or hide."""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from store.ledger import LedgerRow
from store.perk_records import Eligibility, Perk, PerkKind, Preview, Waiting
from store.records import (
    CaseCard,
    CaseMember,
    CaseMessage,
    CaseRow,
    CaseState,
    Decision,
    DecisionState,
    FeedRow,
    Mark,
    PastDecision,
    Proposal,
    Reach,
    Span,
)
from store.roster_records import (
    MemberCard,
    MemberDecision,
    MemberGrant,
    MemberGroup,
    MemberRow,
    MemberStrike,
    Note,
    Sort,
)
from tests.terminal.tmux import AVAILABLE, Tmux
from widgets.card import CaseCardView
from widgets.cases import CaseList, ProposalList
from widgets.feed import Feed
from widgets.keys import KeyLine
from widgets.member_card import MemberCardView
from widgets.perks import PerkList, PreviewView, WaitingView, numbered
from widgets.prompt import HelpRow, HelpScreen, PickScreen, Prompt
from widgets.roster import MemberList
from widgets.status import StatusLine, StatusParts

pytestmark = [pytest.mark.terminal, pytest.mark.skipif(not AVAILABLE, reason="needs tmux")]

STEERING = [
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b]0;pwned\x07",
    "\x1b]2;pwned\x1b\\",
    "\x1bkpwned\x1b\\",
    "\x9d2;pwned\x9c",
    "\x1b[2J\x1b[H",
    "\x1b[8;5;20t",
    "\x1b[?1049l",
    "\x1b[5;10r",
    "\x1b[31mred",
    "\x9b31mred",
    "\x1bc",
    "\x1b(0lqqk",
    "\x1bP1$r0m\x1b\\",
    "\x1b[6n\x1b[c",
    "\x0e\x0f\x05\x08\x08\x08\x0b\x0c\x7f\x00",
    "one\r\ntwo\ttwo\rthree\nfour\x85five",
    "\ud800\udc00 half a pair",
]
SHIFTING = [
    "abc\u202edef\u202c \u2066ghi\u2069 \u200fjkl\u061c",
    "zero\u200bwidth\u200d\u200c\u2060\ufeff\u00ad\u180e",
    "tags \U000e0067\U000e0062\U000e007f",
    "e" + "\u0301\u0302\u0323\u20dd" * 40 + " stacked",
    "\u0301\u0301\u0301 marks first",
    "👨\u200d👩\u200d👧\u200d👦 ❤\ufe0f 1\ufe0f\u20e3 👍🏽 🇨🇳🇩🇪🇫 🏴\U000e0067\U000e007f",
    "漢字かなカナﾊﾝｶｸ한글 전각ＡＢＣ，。！",
    "\u1112\u1161\u11ab\u1161\u11ab\u11ab\u11ab jamo \u3164\uffa0\u115f\u1160 fillers",
    "काम की हिन्दी বাংলা தமிழ் မြန်မာ ខ្មែរ",
    "ก็กำ้ๆ ภาษาไทย سلام שָׁלוֹם Việt",
    "☰⚋㉈𝌀 \U0001fa77\U0001fae9\U0001fac6 \ue000\uffff\U000e0fff",
    "a\u2028b\u2029c\u00a0d\u3000e\u2003f",
]
MARKUP = ["[/]", "[bold", "[@click=app.quit]quit[/]", "bob[/] [red]x", "[link=https://example.org]y", "$accent {x} %s"]
LONG = ["x" * 10_000, "长" * 10_000, "\u200b" * 9_000 + "late"]
HOSTILE = [*STEERING, *SHIFTING, *MARKUP, *LONG]

EDGE = "┃"
STAGED = ["feed", "cases", "proposals", "card", "members", "member", "lines", "perks", "preview", "waiting"]
VIEWS = [*STAGED, "prompt", "help", "pick"]


class Hostile(App[None]):
    """Shows one widget after the other, full of hostile text, with an edge at its right."""

    CSS = """
    #stage { width: 1fr; }
    #edge { width: 1; height: 1fr; }
    .away { display: none; }
    """
    BINDINGS = [Binding("f5", "next", priority=True), Binding("f6", "turn", priority=True)]  # noqa: RUF012

    view = -1
    turned = 0

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="stage"):
                yield Feed(Rows(HOSTILE), id="feed")
                yield CaseList(id="cases")
                yield ProposalList(id="proposals")
                yield CaseCardView({Decision.WARN: HOSTILE[0]}, id="card")
                yield MemberList(lambda ids: [member(number, HOSTILE[number]) for number in ids], id="members")
                yield MemberCardView(id="member")
                with Vertical(id="lines"):
                    for _ in range(10):
                        yield StatusLine()
                        yield KeyLine()
                yield PerkList(id="perks")
                yield PreviewView(id="preview")
                yield WaitingView(id="waiting")
                yield Static("", id="name", markup=False)
            yield Static("\n".join([EDGE] * 60), id="edge", markup=False)

    def on_mount(self) -> None:
        self.action_next()

    def action_next(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.view = (self.view + 1) % len(VIEWS)
        self.turned = -1
        for name in STAGED:
            self.query_one("#" + name).set_class(name != VIEWS[self.view], "away")
        self.action_turn()

    def action_turn(self) -> None:
        """Shows the next few hostile texts."""
        self.turned += 1
        texts = HOSTILE[self.turned * 5 :] + HOSTILE[: self.turned * 5]
        name = VIEWS[self.view]
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if name == "feed":
            self.query_one(Feed).set_source(Rows(texts))
        elif name == "cases":
            self.query_one(CaseList).show([case(at, text) for at, text in enumerate(texts)])
        elif name == "proposals":
            decisions = [proposal(at, text) for at, text in enumerate(texts)]
            self.query_one(ProposalList).show([*decisions[:8], *(waiting(at, text) for at, text in enumerate(texts))])
        elif name == "perks":
            self.query_one(PerkList).show(numbered([perk(at, text) for at, text in enumerate(texts)]))
        elif name == "preview":
            refused = tuple((text, 3) for text in texts[:4])
            shown = Preview(perk(1, texts[0]), (1, 2), refused, "\n".join(texts[:3]), True, "")
            self.query_one(PreviewView).show(shown)
        elif name == "waiting":
            self.query_one(WaitingView).show(waiting(1, texts[0]))
        elif name == "card":
            self.query_one(CaseCardView).show(card(texts))
        elif name == "members":
            order = [(self.turned * 5 + at) % len(HOSTILE) for at in range(len(HOSTILE))]
            self.query_one(MemberList).show(array("q", order), list(Sort)[self.turned % len(Sort)], stay=False)
        elif name == "member":
            self.query_one(MemberCardView).show(member_card(texts))
        elif name == "lines":
            for line, text in zip(self.query(StatusLine), texts, strict=False):
                line.show(StatusParts(text[:200], text, text[:30], alarm=len(text) % 2 == 0))
            for keys, text in zip(self.query(KeyLine), texts, strict=False):
                keys.show([(text[:9], text, True), (text[:9], "label", False)])
        elif name == "prompt":
            self.push_screen(Prompt(texts[0], texts[1], placeholder=texts[2]))
        elif name == "help":
            self.push_screen(HelpScreen([HelpRow(text[:9], text, texts[0]) for text in texts], texts[0]))
        elif name == "pick":
            self.push_screen(PickScreen([(str(at), text) for at, text in enumerate(texts)], texts[0]))
        self.query_one("#name", Static).update(f"{name} {self.turned}")


class Rows:
    """A source of rows whose every free text is hostile."""

    first = 0

    def __init__(self, texts: Sequence[str]) -> None:
        self.end = len(texts)
        self._rows = [row(at, text) for at, text in enumerate(texts)]

    def rows(self, start: int, stop: int) -> Sequence[FeedRow]:
        return self._rows[max(0, start) : max(0, stop)]


def row(at: int, text: str) -> FeedRow:
    return FeedRow(at + 1, 1e9 + at, text, text, text, "text" if at % 4 else text[:50], list(Mark)[at % 3])


def case(at: int, text: str) -> CaseRow:
    return CaseRow(
        at, 1, list(CaseState)[at % 5], True, text, 97.0, 40, 9, 5, text, text, text, 1e30 if at else None, 9
    )


def proposal(at: int, text: str) -> Proposal:
    return Proposal(at, at, 1, Decision.WARN, text, 0.0, text, text, text, (("delete", 4), (text, 1)), 2)


def perk(at: int, text: str) -> Perk:
    return Perk(
        at, text, list(PerkKind)[at % 6], text, 9, 1, at, None, 1e30, Eligibility(), 1, 5, 1, 0, text, None, None
    )


def waiting(at: int, text: str) -> Waiting:
    return Waiting(at, 1, text, list(PerkKind)[at % 6], text, 0.0, text, 40, (text, text), 9, 5, text)


def card(texts: Sequence[str]) -> CaseCard:
    first = texts[0]
    messages = tuple(
        CaseMessage(at, 1e9, text, text, text, text, 97.0, text, (Span(0, 4, text, text), Span(7, 9, "", "")), False)
        for at, text in enumerate(texts[:4])
    )
    members = tuple(CaseMember(at, text, text, 1, 2, 3, float("inf")) for at, text in enumerate(texts[:4]))
    reaches = (
        Reach(Decision.WARN, 40, ((first, 9),), 5, (first,), "", True, (first,)),
        Reach(Decision.BAN, 40, (), 5, (), first, True),
    )
    past = PastDecision(
        1, 1e9, first, Decision.WARN, DecisionState.REJECTED, first, first, first, ((first, 9),), (), first
    )
    around = tuple(row(at, text) for at, text in enumerate(texts[:6]))
    return CaseCard(case(1, first), first, first, messages, members, around, reaches, (past,))


def member(at: int, text: str) -> MemberRow:
    return MemberRow(at, text, text, text, text, text, text, 10**9, 1e30 if at else None, at, 1, float("inf"))


def member_card(texts: Sequence[str]) -> MemberCard:
    first = texts[0]
    return MemberCard(
        member(1, first),
        earned=1,
        groups=tuple(MemberGroup(text, 1e9, 1e9, 1e9, 3) for text in texts[:3]),
        today=10**12,
        activity=(10**6, 1, 0),
        points=(LedgerRow(1, 1e9, -5, first, first, first, first, first, None, 1, True),),
        strikes=(MemberStrike(first, first, 1e9, 1e18, None), MemberStrike(first, first, 1e9, 1e9, 1e30)),
        grants=(MemberGrant(1, first, first, first, 1e9, 1e30),),
        decisions=(MemberDecision(1, 1e9, first, "warn", "approved", first, first, ((first, 1),)),),
        notes=(Note(1, first, first, 1e9),),
        missing=first,
    )


@pytest.fixture
def terminal() -> Iterator[Tmux]:
    with Tmux() as tmux:
        yield tmux


def test_the_terminal_would_have_been_harmed(terminal: Tmux) -> None:
    """What the other test looks at does change when such a text gets through."""
    text = STEERING[0] + STEERING[1] + "done"
    terminal.start([sys.executable, "-c", f"print({text!r}, flush=True); input()"])
    terminal.wait_for("done")
    terminal.wait_until(lambda: terminal.value("pane_title") == "pwned")
    assert terminal.buffers() == ["pwned"]


@pytest.mark.parametrize("env", [{"COLORTERM": "truecolor"}, {"NO_COLOR": "1"}], ids=["colour", "no-colour"])
def test_no_widget_lets_hostile_text_through(terminal: Tmux, env: dict[str, str]) -> None:
    root = str(Path(__file__).parents[2])
    columns, rows = 80, 24
    terminal.start([sys.executable, __file__], columns, rows, {"PYTHONPATH": root, **env})
    terminal.wait_for("feed 0")
    title = terminal.value("pane_title")

    def whole(lines: list[str]) -> bool:
        edges = all(line.count(EDGE) == 1 and line.endswith(EDGE) for line in lines)
        return edges and len(lines) == rows and len(lines[-1]) == columns

    for view in VIEWS:
        many = view in ("card", "member", "lines", "prompt", "preview", "waiting")
        for turn in range(len(HOSTILE) // 5 + 1 if many else 3):
            terminal.wait_for(f"{view} {turn}")
            terminal.wait_for(whole, timeout=5, blanks=True)
            if turn == 0:  # painted anew as a whole, every line in one piece
                columns = 81 if columns == 80 else 80
                terminal.resize(columns, rows)
                terminal.wait_for(whole, blanks=True)
                terminal.keys("PageDown")
            terminal.keys("F6")
        terminal.keys("F5")
    terminal.wait_for("feed 0")

    assert not terminal.ended
    assert terminal.value("pane_title") == title
    assert terminal.buffers() == []
    assert (terminal.value("pane_width"), terminal.value("pane_height")) == (str(columns), str(rows))
    assert leaks(terminal.output().decode("utf-8", "surrogateescape")) == []


def leaks(output: str) -> list[str]:
    """What of the hostile texts is in the output, and what is in it that no program of ours sends."""
    found = [text for text in STEERING if text in output]
    # What Textual sends: CSI sequences, keypad modes, the shape of the mouse pointer.
    left = re.sub(r"\x1b\[[0-9;:?<=>]*[ !$]?[A-Za-z]|\x1b[>=78]|\x1b\]22;[a-z]*\x07", "", output)
    unsafe = (
        "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    )
    unsafe += "\ud800-\udfff\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]"
    return found + [left[max(0, at.start() - 20) : at.end() + 20] for at in re.finditer(unsafe, left)]


if __name__ == "__main__":
    Hostile().run()
