"""Perks on screen: the preview says who gets one and who not, a waiting dispatch says all a yes or no needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from textual.app import App, ComposeResult
from textual.widget import Widget

from store.perk_records import Eligibility, Perk, PerkKind, Preview, Waiting
from store.records import Decision, Proposal
from widgets.cases import ProposalList
from widgets.perks import PerkList, PreviewView, WaitingView, numbered

PERK = Perk(
    3, "Come back", PerkKind.CODE, "Hello {name}: {code}", None, 0, 200, None, None, Eligibility(), 1, 0, 1, 0, "",
    None, None,
)  # fmt: skip
PREVIEW = Preview(PERK, tuple(range(40)), (("has it already", 8), ("has a strike", 2)), "Hello Ann: ••••••••", True, "")
WAITING = Waiting(
    7, 2, "Come back", PerkKind.CODE, "mo", 1e9, "they went quiet", 40, ("Ann", "Ben"), 30, 0, "Hello Ann: ••••••••"
)


class Stage(App[None]):
    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        yield self.widget


def drive(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 30))


def shown(widget: PreviewView | WaitingView | PerkList | ProposalList) -> list[str]:
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


def test_the_preview_says_how_many_and_why_not_and_what_is_left() -> None:
    async def scenario() -> None:
        view = PreviewView()
        async with Stage(view).run_test(size=(78, 11)) as pilot:
            view.show(PREVIEW)
            await pilot.pause()
            lines = shown(view)
            assert lines[0] == "40 members get it · 10 not · stock 200, then 160  needs approval"
            assert lines[1:3] == ["  × has it already  8", "  × has a strike  2"]
            assert lines[4] == "  Hello Ann: ••••••••"

    drive(scenario)


def test_a_perk_that_cannot_be_given_says_only_why() -> None:
    async def scenario() -> None:
        view = PreviewView()
        async with Stage(view).run_test(size=(78, 11)) as pilot:
            view.show(Preview(PERK, (), (), "", False, "over since yesterday"))
            await pilot.pause()
            assert [line for line in shown(view) if line] == ["× over since yesterday"]

    drive(scenario)


def test_a_message_keeps_its_own_lines_and_a_long_one_is_cut() -> None:
    async def scenario() -> None:
        view = PreviewView()
        async with Stage(view).run_test(size=(40, 24)) as pilot:
            view.show(Preview(PERK, (1,), (), "first\n\nthird\n" + "long " * 300, False, ""))
            await pilot.pause()
            lines = shown(view)
            assert lines[2:5] == ["  first", "", "  third"]
            assert "  …" in lines

    drive(scenario)


def test_perks_have_the_digit_that_chooses_them_and_the_tenth_has_none() -> None:
    async def scenario() -> None:
        view = PerkList()
        perks: Sequence[Perk] = [
            Perk(n, f"perk {n}", PerkKind.GIFT, "", 5, 5, 0, None, 1e9, Eligibility(), 1, 20, 1, 0, "", None, None)
            for n in range(1, 11)
        ]
        async with Stage(view).run_test(size=(78, 12)) as pilot:
            view.show(numbered(perks))
            await pilot.pause()
            lines = shown(view)
            assert [line[2] for line in lines[1:11]] == [*"123456789", " "]
            assert lines[1].split()[1:] == ["1", "perk", "1", "gift", "0", "20", "2001-09-09"]

    drive(scenario)


def test_a_dispatch_that_waits_shows_all_that_a_yes_needs() -> None:
    async def scenario() -> None:
        view = WaitingView()
        async with Stage(view).run_test(size=(78, 14)) as pilot:
            view.show(WAITING)
            await pilot.pause()
            text = "\n".join(shown(view))
            for needed in ("P7", "Come back", "40 members", "30 in stock", "proposed by mo", "they went quiet",
                           "Hello Ann: ••••••••", "Ann, Ben and 38 others"):  # fmt: skip
                assert needed in text

    drive(scenario)


def test_a_decision_and_a_perk_of_the_same_number_are_two_proposals() -> None:
    async def scenario() -> None:
        view = ProposalList()
        decision = Proposal(7, 1, 1, Decision.WARN, "mo", 1e9, "", "ads", "sample", (("warn", 1),), 1)
        async with Stage(view).run_test(size=(100, 6)) as pilot:
            view.show([decision, WAITING])
            await pilot.pause()
            first = view.selected
            view.move(1)
            assert (first, view.selected) == (decision, WAITING)
            view.action_mark()
            assert [row for row in view.rows if view.key_of(row) in view.marked] == [WAITING]
            assert "Come back → 40 members" in shown(view)[2]

    drive(scenario)
