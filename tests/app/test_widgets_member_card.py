"""The card of a member: all of it readable on a narrow screen and without colour, its days in one line."""

from __future__ import annotations

import asyncio
import gettext
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from console.language import translation
from store.ledger import LedgerRow
from store.records import AUTOMATIC
from store.roster_records import (
    MemberCard,
    MemberDecision,
    MemberGrant,
    MemberGroup,
    MemberRow,
    MemberStrike,
    Note,
)
from widgets.language import install
from widgets.member_card import BARS, NO_BAR, MemberCardView, sparkline

NOW = 1_780_000_000.0
TODAY = 739_764


def points(number: int, amount: int, **changes: object) -> LedgerRow:
    row = LedgerRow(number, NOW, amount, "speaking", "Lenses", "", "", "", None, None, False)
    return replace(row, **changes)  # type: ignore[arg-type]


def card(text: str = "阳光") -> MemberCard:
    return MemberCard(
        MemberRow(17, "onebot", "70012", text, "sells lenses", "Gold", "core", 90, NOW - 7_200, 1, 2, NOW - 1e7),
        earned=120,
        groups=(MemberGroup("Lenses", NOW - 1e7, None, NOW, 1_204), MemberGroup(text, NOW, NOW, None, 3, "12", "hat")),
        today=TODAY,
        activity=tuple(range(90)),
        points=(
            points(3, -30, kind="spent", perk="Coupon"),
            points(2, -10, reverses=1, reason="flagged"),
            points(1, 10, reversed=True),
        ),
        strikes=(
            MemberStrike("ads", "mo", NOW, NOW + 9e5, None),
            MemberStrike("flood", "ad", NOW - 9e6, NOW - 1, None),
        ),
        grants=(MemberGrant(1, "Coupon", "sent", "ad", NOW, NOW),),
        decisions=(MemberDecision(4, NOW, "mo", "warn", "approved", "ads", text, (("warn", 1),)),),
        notes=(Note(1, "mo", "asks good questions, " * 12, NOW),),
        missing="120 points to Platinum",
    )


def painted(shown: MemberCard | None, size: tuple[int, int] = (80, 60)) -> list[str]:
    """The card's lines as the widget paints them."""
    view = MemberCardView(now=lambda: NOW)

    class CardApp(App[None]):
        def compose(self) -> ComposeResult:
            yield view

    async def run() -> list[str]:
        async with CardApp().run_test(size=size) as pilot:
            view.show(shown)
            await pilot.pause()
            return [view.render_line(y).text for y in range(view.size.height)]

    return asyncio.run(asyncio.wait_for(run(), 30))


def holding(lines: Sequence[str], *words: str) -> bool:
    return any(all(word in line for word in words) for line in lines)


@pytest.mark.parametrize("width", [80, 160])
def test_everything_on_the_card_can_be_read(width: int) -> None:
    lines = painted(card(), (width, 60))
    for words in (
        ("#17", "阳光"),
        ("remark", "sells lenses"),
        ("Gold · core", "90 points", "(120 earned)", "!1 strike"),
        ("→ 120 points to Platinum",),
        ("joined", "last word 2h ago", "onebot:70012"),
        ("messages in", "days"),
        ("1,204", "Lenses"),
        ("阳光", "level 12", "“hat”", "left"),
        ("-30", "spent · Coupon"),
        ("-10", "takes back", "“flagged”"),
        ("+10", "speaking · Lenses", "taken back"),
        ("! until", "ads", "by mo"),
        ("expired", "flood", "by ad"),
        ("Coupon", "sent · redeemed", "by ad"),
        ("warn", "approved", "warn 1", "ads", "by mo"),
        ("“阳光”",),
        ("mo",),
    ):
        assert holding(lines, *words), words
    assert sum("asks good questions" in line for line in lines) >= (width == 80)
    assert {cell_len(line) for line in lines} == {width}


def test_the_first_screen_of_a_small_terminal_shows_who_how_and_what_is_noted() -> None:
    lines = painted(card(), (80, 20))
    assert holding(lines, "#17")
    assert holding(lines, "120 points to Platinum")
    assert holding(lines, "█")
    assert holding(lines, "asks good questions")


def test_the_days_end_today_and_as_many_are_shown_as_fit() -> None:
    for width, days in ((80, 78), (160, 90)):
        lines = painted(card(), (width, 60))
        bars = next(line for line in lines if BARS[-1] in line)
        assert len(bars.strip()) == days
        assert bars.strip()[-1] == BARS[-1]
        scale = lines[lines.index(bars) + 1]
        assert scale.strip().endswith("05-28")
        assert cell_len(scale.rstrip()) == cell_len(bars.rstrip())


def test_a_card_of_somebody_who_has_done_nothing_yet() -> None:
    nobody = MemberRow(1, "p", "k", "", "", "", "", 0, None, 0, 0, None)
    lines = painted(MemberCard(nobody, 0, (), TODAY, (0,) * 90, (), (), (), (), ()))
    assert holding(lines, "#1", "k")
    assert holding(lines, "never spoke")
    assert holding(lines, "no message in 78 days")
    assert holding(painted(None), "No member selected")


@pytest.mark.parametrize("width", [1, 8, 20, 40])
def test_hostile_text_and_hardly_any_room(width: int) -> None:
    hostile = card("\x1b]0;x\x07[/]\u202e漢字👨\u200d👩" + "e" + "\u0301" * 9 + "\nnew")
    lines = painted(replace(hostile, missing="\x1b[2J" * 50), (width, 70))
    assert {cell_len(line) for line in lines} == {width}
    assert not set("".join(lines)) & set("\x1b\x07\u202e\u200d\n")


@given(st.lists(st.integers(0, 5_000), max_size=90))
def test_a_bar_is_as_high_as_its_share_of_the_busiest_day(counts: list[int]) -> None:
    line = sparkline(counts)
    assert len(line) == len(counts)
    for count, bar in zip(counts, line, strict=True):
        assert (bar == NO_BAR) == (count == 0)
        if count:
            assert (bar == BARS[-1]) == (count > max(counts) * 7 // 8)
        for other, higher in zip(counts, line, strict=True):
            if 0 < count <= other:
                assert BARS.index(bar) <= BARS.index(higher)


@pytest.mark.parametrize(("by", "said"), [(AUTOMATIC, "“其间已入群”"), ("mo", "“has joined meanwhile”")])
def test_why_vigil_itself_decided_is_said_in_the_language_of_the_screen(by: str, said: str) -> None:
    decision = MemberDecision(4, NOW, by, "dismiss", "approved", "ads", "has joined meanwhile", ())
    install(translation("zh"))
    try:
        shown = painted(replace(card(), decisions=(decision,)))
    finally:
        install(gettext.NullTranslations())
    assert any(line.strip() == said for line in shown)


def test_a_decision_that_came_to_nothing_says_so() -> None:
    ends = (("done", 1), ("failed", 1))
    failed = MemberDecision(5, NOW, "mo", "remove", "approved", "ads", "", (("remove", 1),), ends, "no right")
    seen = painted(replace(card(), decisions=(failed,)))
    (line,) = (line for line in seen if "× done 1 · failed 1" in line)
    assert "remove 1" in line
    assert "    × no right" in [line.rstrip() for line in seen]
