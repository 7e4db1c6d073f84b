"""The list of members: the cursor and the marks keep to ids, only what is in sight is read, columns stand in line."""

from __future__ import annotations

import asyncio
import gettext
from array import array
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from console.language import translation
from store.roster_records import MemberRow, Sort
from widgets.language import install
from widgets.roster import Columns, MemberList
from widgets.words import AGE_CELLS, ago

NOW = 1_780_000_000.0
HOSTILE = "\x1b]0;x\x07[/]\u202e漢字👨\u200d👩" + "e" + "\u0301" * 9


def row(number: int, name: str = "", remark: str = "", tier: str = "Gold", layer: str = "core") -> MemberRow:
    return MemberRow(number, "p", f"key{number}", name, remark, tier, layer, 1_234, NOW - 90, 0, 2, NOW - 1e6)


class ListApp(App[None]):
    def __init__(self, names: dict[int, str]) -> None:
        super().__init__()
        self.names = names
        self.asked: list[list[int]] = []
        self.list = MemberList(self.read, empty=lambda: "Nobody [b]here", now=lambda: NOW)
        self.highlighted: list[int | None] = []
        self.marked = 0

    def read(self, ids: Sequence[int]) -> Sequence[MemberRow]:
        self.asked.append(list(ids))
        return [row(number, self.names.get(number, f"name {number}.")) for number in ids if number < 1_000_000]

    def compose(self) -> ComposeResult:
        yield self.list

    def on_cursor_list_highlighted(self, event: MemberList.Highlighted) -> None:
        self.highlighted.append(event.id)

    def on_cursor_list_marked(self, event: MemberList.Marked) -> None:
        self.marked += 1


@asynccontextmanager
async def running(
    ids: Iterable[int], names: dict[int, str] | None = None, size: tuple[int, int] = (80, 8)
) -> AsyncIterator[tuple[ListApp, MemberList, Pilot[None]]]:
    app = ListApp(names or {})
    async with app.run_test(size=size) as pilot:
        app.list.show(array("q", ids), Sort.LAST)
        app.list.focus()
        await pilot.pause()
        yield app, app.list, pilot


def drive(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 30))


def lines(members: MemberList) -> list[str]:
    return [strip.text for strip in members.render_lines(members.region.reset_offset)]


def shown(members: MemberList) -> list[int]:
    return [int(line.split("name ")[1].split(".")[0]) for line in lines(members)[1:] if "name " in line]


def test_only_what_is_in_sight_is_read_wherever_the_reader_is() -> None:
    async def scenario() -> None:
        async with running(range(160_000, 0, -1)) as (app, members, pilot):
            assert shown(members) == list(range(160_000, 159_993, -1))
            await pilot.press("end")
            assert shown(members) == [7, 6, 5, 4, 3, 2, 1]
            await pilot.press("pageup")
            assert members.selected_id == 7
            assert max(map(len, app.asked)) <= 7
            assert sum(map(len, app.asked)) < 40

    drive(scenario)


def test_the_cursor_keeps_to_its_member_and_its_line() -> None:
    async def scenario() -> None:
        async with running(range(1, 101)) as (app, members, pilot):
            await pilot.press("end", "up", "up")
            assert members.selected_id == 98
            line = lines(members).index(next(line for line in lines(members) if "name 98." in line))
            members.show(array("q", [*range(200, 250), *range(1, 101)]), Sort.LAST)
            assert members.selected_id == 98
            assert "name 98." in lines(members)[line]
            members.show(array("q", [5, 6]), Sort.LAST)
            assert members.selected_id == 5
            members.show(array("q", [6, 5]), Sort.LAST, stay=False)
            assert members.selected_id == 6
            members.show(array("q"), Sort.LAST)
            gone = members.selected
            assert gone is None
            await pilot.press("down", "space", "end", "m")
            assert "Nobody [b]here" in lines(members)[1]
            await pilot.pause()
            assert app.highlighted == [1, 100, 99, 98, 5, 6, None]

    drive(scenario)


def test_marks_keep_to_members_and_stay_on_those_not_shown() -> None:
    async def scenario() -> None:
        async with running(range(1, 10)) as (app, members, pilot):
            await pilot.press("space", "space")
            assert members.marked == {1, 2}
            assert members.selected_id == 3
            members.show(array("q", [9, 2, 7]), Sort.LAST, stay=False)
            assert [line[:2] for line in lines(members)[1:4]] == ["› ", " *", "  "]
            members.mark_all()
            assert members.marked == {1, 2, 7, 9}
            assert members.marked_in_order() == (9, 2, 7, 1)
            members.mark_all()
            assert members.marked == {1}
            members.clear_marks()
            assert members.marked == set()
            await pilot.pause()
            assert app.marked == 5

    drive(scenario)


def test_everybody_from_the_last_mark_to_here_is_marked() -> None:
    async def scenario() -> None:
        async with running(range(1, 40)) as (_, members, pilot):
            await pilot.press("down", "space", "down", "down")
            members.mark_to_here()
            assert members.marked == {2, 3, 4, 5}
            await pilot.press("home")
            members.mark_to_here()
            assert members.marked == {1, 2, 3, 4, 5}
            members.clear_marks()
            await pilot.press("end")
            members.mark_to_here()
            assert members.marked == {39}

    drive(scenario)


def test_what_changed_is_read_again_and_painted() -> None:
    async def scenario() -> None:
        async with running([1, 2, 3], {2: "before"}) as (app, members, pilot):
            assert "before" in lines(members)[2]
            app.names[2] = "after"
            members.recheck()
            await pilot.pause()
            assert "after" in lines(members)[2]

    drive(scenario)


def test_a_member_who_cannot_be_read_is_named_by_number() -> None:
    async def scenario() -> None:
        async with running([1_000_001]) as (_, members, _pilot):
            assert "#1000001" in lines(members)[1]

    drive(scenario)


def test_the_header_says_what_the_list_goes_by() -> None:
    async def scenario() -> None:
        async with running([1], size=(120, 8)) as (_, members, _pilot):
            for sort, title in (
                (Sort.NAME, "name▲"), (Sort.TIER, "tier▼"), (Sort.POINTS, "points▼"), (Sort.LAYER, "layer▲"),
                (Sort.LAST, "last▼"), (Sort.STRIKES, "str▼"), (Sort.JOINED, "joined▼"),
            ):  # fmt: skip
                members.show(array("q", [1]), sort)
                assert title in lines(members)[0]
                members.show(array("q", [1]), sort, True)
                assert title[:-1] + {"▲": "▼", "▼": "▲"}[title[-1]] in lines(members)[0]

    drive(scenario)


def test_columns_stand_below_each_other_whatever_the_script() -> None:
    async def scenario() -> None:
        names = {1: "anna", 2: "阳光小明", 3: "ﾊﾝｶｸ한글", 4: HOSTILE, 5: "x" * 300, 6: "👍🏽🇨🇳"}
        for width in (20, 40, 78, 80, 100, 160):
            async with running(names, names, size=(width, 10)) as (app, members, pilot):
                app.read = lambda ids: [  # type: ignore[method-assign]
                    row(number, names[number], HOSTILE, tier=names[number], layer=("core", "")[number % 2])
                    for number in ids
                ]
                members._read = app.read
                members.show(array("q", names), Sort.JOINED)
                await pilot.pause()
                assert {cell_len(line) for line in lines(members)} == {width}
                if width >= 78:
                    starts = {cell_len(line[: line.index("1,234")]) for line in lines(members)[1:7]}
                    assert len(starts) == 1

    drive(scenario)


def test_how_long_ago_fits_its_column() -> None:
    assert [ago(NOW - seconds, NOW) for seconds in (0, 59, 60, 3_599, 3_600, 86_399, 86_400, 40 * 86_400)] == [
        "0m", "0m", "1m", "59m", "1h", "23h", "1d", "40d",
    ]  # fmt: skip
    assert ago(None, NOW) == "–"
    assert ago(NOW + 100, NOW) == "0m"
    for odd in (0.0, -1e300, float("inf"), float("-inf"), float("nan")):
        assert len(ago(odd, NOW)) <= AGE_CELLS


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_longest_ages_of_a_language_fit_their_column(language: str) -> None:
    install(translation(language))
    try:
        ages = [ago(NOW - seconds, NOW) for seconds in (59 * 60, 23 * 3_600, 9_998 * 86_400)]
        columns = Columns.of(78, Sort.LAST)
        said = "".join(text for text, _ in columns.line(replace(row(1), last_at=NOW - 23 * 3_600), NOW))
    finally:
        install(gettext.NullTranslations())
    assert len(set(ages)) == 3
    assert all(cell_len(age) <= AGE_CELLS for age in ages)
    assert f" {ages[1]} " in said


def test_the_mouse_moves_the_cursor_and_no_row_is_chosen_above_or_below_all() -> None:
    async def scenario() -> None:
        async with running(range(1, 6)) as (_, members, pilot):
            await pilot.click(MemberList, offset=(5, 3))
            assert members.selected_id == 3
            for nowhere in (0, 7):
                await pilot.click(MemberList, offset=(5, nowhere))
                assert members.selected_id == 3
            members.on_mouse_scroll_up()
            assert members.selected_id == 1
            members.on_mouse_scroll_down()
            assert members.selected_id == 4

    drive(scenario)
