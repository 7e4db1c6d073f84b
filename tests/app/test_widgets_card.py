"""The card: the evidence is marked where it is, and what matters most is in sight."""

from __future__ import annotations

import asyncio
import gettext
from collections.abc import Callable, Coroutine
from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from console.language import translation
from store.records import (
    AUTOMATIC,
    ActionState,
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
    Reach,
    Span,
)
from widgets.card import CaseCardView
from widgets.language import install, say, say_n

KEYS = {
    Decision.DISMISS: "x",
    Decision.DELETE: "d",
    Decision.WARN: "w",
    Decision.MUTE: "m",
    Decision.REMOVE: "r",
    Decision.BAN: "b",
    Decision.LADDER: "l",
}
LASTING = ("delete", "warn", "remove")


def reach(decision: Decision, *steps: tuple[str, int], refused: str = "", approval: bool = True) -> Reach:
    lasting = tuple(step for step in LASTING if step == "delete" or step in dict(steps))
    return Reach(decision, 40, steps, 5, lasting, refused, approval)


CARD = CaseCard(
    CaseRow(123, 1, CaseState.OPEN, True, "ad-template", 97.0, 40, 9, 5, "", "", "sample", 1e9, 9),
    "No unrelated advertising. You are warned once, then removed.",
    "warn, first strike",
    (CaseMessage(1, 1e9, "Gardening", "alice", "Hello, buy cheap now", "ad-template", 97.0, "buy cheap", (), False),),
    (CaseMember(1, "@bob:example.org", "bob", 3, 2, 1, 1e9),),
    (FeedRow(5, 1e9, "Gardening", "carol", "before it", "text", Mark.NONE),),
    (
        Reach(Decision.DISMISS, 0, (), 0, (), "", False),
        reach(Decision.DELETE, approval=False),
        reach(Decision.WARN, ("warn", 9)),
        reach(Decision.MUTE, ("mute", 9)),
        reach(Decision.REMOVE, ("remove", 9)),
        reach(Decision.BAN, ("ban", 9), refused="your role may not ban"),
        reach(Decision.LADDER, ("warn", 6), ("mute", 3)),
    ),
    (
        PastDecision(
            1,
            1e9,
            "alice",
            Decision.WARN,
            DecisionState.APPROVED,
            "clear",
            "dave",
            "yes",
            (("delete", 8), ("warn", 1)),
            ((ActionState.DONE, 8), (ActionState.FAILED, 1)),
            "M_FORBIDDEN: no",
        ),
    ),
)


class CardApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.card = CaseCardView(KEYS)

    def compose(self) -> ComposeResult:
        yield self.card


def drive(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 30))


def lines(view: CaseCardView) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


def evidence(view: CaseCardView) -> str:
    """What of the card is underlined."""
    marked = ""
    for y in range(view.size.height):
        marked += "".join(part.text for part in view.render_line(y) if part.style and part.style.underline)
    return marked


def with_text(text: str, *spans: tuple[int, int]) -> CaseCard:
    message = CARD.messages[0]
    marks = tuple(Span(start, end, "ad-template", "x") for start, end in spans)
    return replace(CARD, messages=(replace(message, text=text, spans=marks),))


@pytest.mark.parametrize(
    ("text", "spans", "marked"),
    [
        ("Hello, buy cheap now", [(7, 16)], "buy cheap"),
        ("Hello, buy cheap now", [(7, 12), (11, 16)], "buy cheap"),
        ("加V\u200b信 abc123！", [(1, 4)], "V信"),
        ("\x1b[31mbuy\u202e now", [(5, 8)], "buy"),
        ("\x1b[31mbuy", [(0, 1)], "␛"),
        ("cafe\u0301 bar", [(0, 5)], "café"),
        ("👨\u200d👩\u200d👧 buy", [(6, 9)], "buy"),
        ("x" * 3000 + "buy" + "y" * 3000, [(3000, 3003)], "buy"),
        ("漢" * 500 + "買" + "字" * 500, [(500, 501)], "買"),
        ("[bold]buy[/]", [(6, 9)], "buy"),
        ("e" + "\u0301" * 50 + "buy", [(51, 54)], "buy"),
    ],
)
@pytest.mark.parametrize("height", [12, 40])
def test_the_evidence_is_marked_at_the_right_characters(
    text: str, spans: list[tuple[int, int]], marked: str, height: int
) -> None:
    async def scenario() -> None:
        app = CardApp()
        async with app.run_test(size=(80, height)) as pilot:
            app.card.show(with_text(text, *spans))
            await pilot.pause()
            assert evidence(app.card) == marked

    drive(scenario)


def test_without_colour_signs_stand_round_the_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        app = CardApp()
        async with app.run_test(size=(80, 12)) as pilot:
            app.card.show(with_text("Hello, buy cheap now", (7, 10), (11, 16)))
            await pilot.pause()
            assert "Hello, ‹buy› ‹cheap› now" in lines(app.card)[3]

    drive(scenario)


def test_what_matters_is_in_sight_at_80_by_12() -> None:
    async def scenario() -> None:
        app = CardApp()
        async with app.run_test(size=(80, 12)) as pilot:
            app.card.show(with_text("Hello, buy cheap now", (7, 16)))
            await pilot.pause()
            seen = lines(app.card)
            for word in ("#123", "ad-template", "score 97", "40 messages", "9 members", "5 groups"):
                assert word in seen[0]
            assert "warn, first strike" in seen[1]
            assert "No unrelated advertising" in seen[1]
            assert "buy cheap" in "".join(seen[2:4])
            for key, decision in (("x", "dismiss"), ("d", "delete"), ("w", "warn"), ("m", "mute"), ("l", "ladder")):
                (at,) = (at for at, line in enumerate(seen) if line.startswith(f"{key}  {decision} "))
                if decision != "dismiss":
                    assert "delete 40" in seen[at]
                    # Where a line is too long for both, what to beware of stands on the next.
                    assert "no undo" in (seen[at] if decision != "ladder" else seen[at + 1])
            (line,) = (line for line in seen if line.startswith("m  mute"))
            assert "mute 9 · 5 groups" in line
            assert "approval" in line
            assert "no undo: delete" in line
            (line,) = (line for line in seen if line.startswith("b  ban"))
            assert "× your role may not ban" in line

    drive(scenario)


def test_the_rest_is_below() -> None:
    async def scenario() -> None:
        app = CardApp()
        async with app.run_test(size=(80, 12)) as pilot:
            app.card.show(CARD)
            app.card.focus()
            await pilot.pause()
            assert "↓" in lines(app.card)[-1]
            await pilot.press("pagedown")
            await pilot.press("end")
            assert "↑" in lines(app.card)[0]
            app.card.scroll_pages(-9)
            app.card.set_keys(KEYS)
            text = ""
            for _ in range(8):
                text += "\n".join(lines(app.card))
                app.card.scroll_pages(1)
            for word in (
                "and 39 more",
                "bob",
                "@bob:example.org",
                "carol",
                "before it",
                "approved by dave",
                "done 8 · failed 1",
                "“clear” – “yes”",
                "× M_FORBIDDEN: no",
            ):
                assert word in text

    drive(scenario)


def test_what_the_platforms_said_stands_with_the_decisions() -> None:
    async def scenario() -> None:
        app = CardApp()
        async with app.run_test(size=(80, 40)) as pilot:
            failing = "warn failed in Yard 5m ago: no right"
            past = replace(CARD.decisions[0], notes=(("told in the group, but not alone", 3),))
            again = "vigil outbox retry ID sends again"
            app.card.show(replace(CARD, reaches=(replace(CARD.reaches[2], failing=(failing,)),), decisions=(past,)))
            await pilot.pause()
            seen = lines(app.card)
            warn = next(at for at, line in enumerate(seen) if " warn " in line and "delete 40" in line)
            assert f"! {failing}" in seen[:warn]
            assert "    ! 3× told in the group, but not alone" in seen
            assert again in "\n".join(seen)
            app.card.show(replace(CARD, decisions=(replace(past, state=DecisionState.UNDONE),)))
            await pilot.pause()
            assert again not in "\n".join(lines(app.card)), "nobody wants it done any more"

    drive(scenario)


@pytest.mark.parametrize(
    ("case", "past", "words"),
    [
        (CaseState.DECIDED, DecisionState.APPROVED, "decided: warn"),
        (CaseState.PROPOSED, DecisionState.PROPOSED, "waits for approval: warn"),
        (CaseState.DISMISSED, DecisionState.UNDONE, "“No unrelated"),
    ],
)
def test_a_case_that_is_not_open_shows_no_next_step(case: CaseState, past: DecisionState, words: str) -> None:
    async def scenario() -> None:
        app = CardApp()
        async with app.run_test(size=(80, 24)) as pilot:
            decided = (replace(CARD.decisions[0], state=past),)
            app.card.show(replace(CARD, case=replace(CARD.case, state=case), decisions=decided))
            await pilot.pause()
            assert lines(app.card)[1].startswith(words)
            assert "first strike" not in "\n".join(lines(app.card))

    drive(scenario)


def test_the_same_case_again_stays_where_the_reader_is() -> None:
    async def scenario() -> None:
        app = CardApp()
        async with app.run_test(size=(80, 8)) as pilot:
            app.card.show(CARD)
            await pilot.pause()
            app.card.scroll_pages(1)
            top = app.card.top
            assert top > 0
            app.card.show(replace(CARD, step="remove"))
            assert app.card.top == top
            app.card.show(replace(CARD, case=replace(CARD.case, id=124)))
            assert app.card.top == 0
            app.card.show(None)
            assert lines(app.card)[0] == "No case selected."

    drive(scenario)


def test_no_line_is_wider_than_the_card() -> None:
    async def scenario() -> None:
        for width in (4, 10, 30, 60, 80, 120):
            app = CardApp()
            async with app.run_test(size=(width, 60)) as pilot:
                app.card.show(with_text("漢字 buy\x1b " * 50, (0, 5), (100, 110)))
                await pilot.pause()
                for y in range(60):
                    assert cell_len(app.card.render_line(y).text) == width

    drive(scenario)


def test_words_come_from_the_installed_language() -> None:
    class Loud(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return message.upper()

        def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
            return (msgid1 if n == 1 else msgid2).replace("groups", "GROUPS")

    async def scenario() -> None:
        app = CardApp()
        async with app.run_test(size=(80, 12)) as pilot:
            app.card.show(CARD)
            await pilot.pause()
            assert "5 GROUPS" in lines(app.card)[0]
            assert any("WARN 9" in line for line in lines(app.card))

    try:
        install(Loud())
        drive(scenario)
    finally:
        install(gettext.NullTranslations())
    assert say("{a} of {b}", a=1, b=2) == "1 of 2"
    assert say("100 % {") == "100 % {"
    assert say_n("{n} group", "{n} groups", 1) == "1 group"


def test_why_vigil_itself_decided_is_said_in_the_language_of_the_screen_and_a_person_is_quoted() -> None:
    past = replace(CARD.decisions[0], by=AUTOMATIC, reason="has joined meanwhile", approver="dave", answer="done")
    other = replace(past, by="alice", reason="done", approver=AUTOMATIC, answer="has joined meanwhile")

    async def scenario() -> None:
        app = CardApp()
        async with app.run_test(size=(100, 60)) as pilot:
            app.card.show(replace(CARD, decisions=(past, other)))
            await pilot.pause()
            shown = [line.strip() for line in lines(app.card)]
            assert "“其间已入群” – “done”" in shown
            assert "“done” – “其间已入群”" in shown

    try:
        install(translation("zh"))
        drive(scenario)
    finally:
        install(gettext.NullTranslations())
