"""Lists: the cursor keeps to its id, and a row that changes under it takes no decision for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace

from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from store.records import CaseRow, CaseState, Decision, Proposal
from widgets.cases import CaseList, ProposalList
from widgets.listing import Listing

HOSTILE = "\x1b]0;x\x07[/]\u202e漢字👨\u200d👩" + "e" + "\u0301" * 9


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class ListApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.list = CaseList(empty=lambda: "Nothing [b]here", now=self.clock)
        self.highlighted: list[int | None] = []
        self.marked: list[frozenset[int]] = []

    def compose(self) -> ComposeResult:
        yield self.list

    def on_cursor_list_highlighted(self, event: Listing.Highlighted) -> None:
        self.highlighted.append(event.id)

    def on_cursor_list_marked(self, event: Listing.Marked) -> None:
        self.marked.append(frozenset(event.listing.marked))


@asynccontextmanager
async def running(*ids: int, size: tuple[int, int] = (80, 8)) -> AsyncIterator[tuple[ListApp, CaseList, Pilot[None]]]:
    app = ListApp()
    async with app.run_test(size=size) as pilot:
        app.list.show([case(id) for id in ids])
        app.list.focus()
        await pilot.pause()
        app.clock.now += 10
        yield app, app.list, pilot


def case(id: int, version: int = 1) -> CaseRow:
    return CaseRow(
        id, version, CaseState.OPEN, False, "ad", 97.0, 4, 1, 1, "alice", "Gardening", f"sample {id}.", 1e9, 9
    )


def drive(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 30))


def lines(listing: Listing[CaseRow]) -> list[str]:
    return [listing.render_line(y).text for y in range(listing.size.height)]


def ids(listing: Listing[CaseRow]) -> list[int]:
    return [int(line.split("sample ")[1].split(".")[0]) for line in lines(listing) if "sample " in line]


def test_the_cursor_keeps_to_its_id() -> None:
    async def scenario() -> None:
        async with running(1, 2, 3, 4, 5) as (app, cases, pilot):
            await pilot.press("down", "j")
            assert cases.selected_id == 3
            cases.show([case(id) for id in (9, 5, 4, 3, 2, 1)])
            assert cases.selected_id == 3
            assert cases.selected == case(3)
            cases.show([case(id) for id in (3, 9)])
            assert cases.selected_id == 3
            await pilot.pause()
            assert app.highlighted == [1, 2, 3]
            assert [line[0] for line in lines(cases)] == [" ", "›", " ", " ", " ", " ", " ", " "]

    drive(scenario)


def test_where_its_row_is_gone_the_cursor_stands_on_the_one_in_its_place() -> None:
    async def scenario() -> None:
        async with running(1, 2, 3) as (app, cases, pilot):
            await pilot.press("down")
            cases.show([case(1), case(3)])
            assert cases.selected_id == 3
            cases.show([case(1)])
            assert cases.selected_id == 1
            cases.show([])
            gone = cases.selected
            assert gone is None
            await pilot.pause()
            assert "Nothing [b]here" in lines(cases)[1]
            await pilot.press("down", "up", "space", "pageup", "end")
            cases.show([case(7)])
            assert cases.selected_id == 7
            await pilot.pause()
            assert app.highlighted == [1, 2, 3, 1, None, 7]

    drive(scenario)


def test_a_row_the_reader_went_to_is_settled_at_once() -> None:
    async def scenario() -> None:
        async with running(1, 2, 3) as (_, cases, pilot):
            await pilot.press("down")
            assert cases.settled(2)
            assert not cases.settled(1)
            assert not cases.settled(99)

    drive(scenario)


def test_a_row_that_changed_is_not_settled_for_half_a_second() -> None:
    async def scenario() -> None:
        async with running(1, 2, 3) as (app, cases, pilot):
            cases.show([case(1, version=2), case(2), case(3)])
            assert not cases.settled(1)
            app.clock.now += 0.49
            assert not cases.settled(1)
            app.clock.now += 0.02
            assert cases.settled(1)
            cases.show([case(1, version=2), case(2, version=2), case(3)])  # another one
            assert cases.settled(1)
            await pilot.press("down")
            assert not cases.settled(2)

    drive(scenario)


def test_a_row_that_came_under_the_cursor_by_itself_is_not_settled() -> None:
    async def scenario() -> None:
        async with running(1, 2, 3) as (app, cases, _pilot):
            cases.show([case(2), case(3)])
            assert cases.selected_id == 2
            assert not cases.settled(2)
            app.clock.now += 0.51
            assert cases.settled(2)

    drive(scenario)


def test_a_row_gone_to_while_the_order_changes_is_not_settled() -> None:
    async def scenario() -> None:
        async with running(1, 2, 3) as (app, cases, pilot):
            cases.show([case(1), case(9), case(2), case(3)])
            assert cases.settled(1)  # the row itself has not moved
            await pilot.press("down")  # aimed at 2, hit 9
            assert cases.selected_id == 9
            assert not cases.settled(9)
            app.clock.now += 0.51
            assert cases.settled(9)

    drive(scenario)


def test_marks_keep_to_their_ids() -> None:
    async def scenario() -> None:
        async with running(1, 2, 3) as (app, cases, pilot):
            await pilot.press("space", "space")
            assert cases.marked == {1, 2}
            assert cases.selected_id == 3
            cases.show([case(3), case(2)])
            await pilot.pause()
            assert cases.marked == {2}
            assert [line[1] for line in lines(cases)[1:3]] == [" ", "*"]
            cases.clear_marks()
            await pilot.pause()
            assert app.marked == [{1}, {1, 2}, {2}, frozenset()]

    drive(scenario)


def test_a_list_longer_than_the_screen() -> None:
    async def scenario() -> None:
        async with running(*range(1, 101)) as (_, cases, pilot):
            assert ids(cases) == [1, 2, 3, 4, 5, 6, 7]
            await pilot.press("end")
            assert ids(cases)[-1] == 100
            await pilot.press("pageup")
            assert cases.selected_id == 94
            assert ids(cases) == list(range(94, 101))
            assert cases.select(50)
            assert not cases.select(1000)
            before = lines(cases)
            cases.show([case(id) for id in range(20, 101)])  # the row stays on its line
            assert lines(cases) == before
            await pilot.press("home")
            assert cases.selected_id == 20
            await pilot.click(cases, offset=(5, 3))
            assert cases.selected_id == 22

    drive(scenario)


def test_every_line_fills_the_width_and_its_columns_stand_below_each_other() -> None:
    async def scenario() -> None:
        for width in (6, 20, 40, 80, 100, 160):
            async with running(1, size=(width, 30)) as (_, cases, _pilot):
                rows = [
                    replace(case(at), state=state, who=who, where=where, campaign=not who, rule=HOSTILE, sample=HOSTILE)
                    for at, (state, who, where) in enumerate(
                        (state, who, where) for state in CaseState for who in ("", HOSTILE) for where in ("", HOSTILE)
                    )
                ]
                cases.show(rows)
                assert {cell_len(line) for line in lines(cases)} == {width}
                if width >= 80:
                    starts = {cell_len(line[: line.index("×")]) for line in lines(cases)[1:21]}
                    assert len(starts) == 1

    drive(scenario)


def test_proposals_say_what_they_would_do() -> None:
    async def scenario() -> None:
        row = Proposal(7, 3, 1, Decision.WARN, "carol", 0.0, "", "ad", "buy [b]now", (("delete", 40), ("warn", 9)), 5)
        proposals = ProposalList()

        class ProposalApp(App[None]):
            def compose(self) -> ComposeResult:
                yield proposals

        async with ProposalApp().run_test(size=(100, 5)) as pilot:
            proposals.show([row])
            await pilot.pause()
            line = proposals.render_line(1).text
            for word in ("7", "warn", "delete 40 · warn 9", "carol", "ad", "buy [b]now"):
                assert word in line
            proposals.show([replace(row, steps=(("delete", 41), ("warn", 9)))])
            assert not proposals.settled(7)

    drive(scenario)
