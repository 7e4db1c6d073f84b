"""The members' screen in the whole application: keys narrow, mark, write down and lead back."""

from __future__ import annotations

import asyncio
import gettext
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from textual import events
from textual.keys import key_to_character
from textual.pilot import Pilot
from textual.widgets import Input

from console.app import VigilApp, moves
from console.commands import resolve
from console.desk import Desk
from console.screens.members import MembersScreen
from console.screens.place import Place
from console.settings import Settings
from rules.names import sought
from rules.records import Message
from store import messages, roster, staff
from store.database import open_database
from store.records import Role
from store.roster_records import Chosen
from tests.unit.made import NOON
from widgets.prompt import HelpScreen, PickScreen, Prompt

NAMES = ["阳光", "陽小明", "anna", "bob", "张三", "李四", "王五", "mike"]


def drive(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 60))


class Screen:
    """The members' screen of a running console, and its keys."""

    def __init__(self, app: VigilApp, pilot: Pilot[None], path: Path) -> None:
        self.app = app
        self.pilot = pilot
        self.path = path
        self.told = ""

    @property
    def members(self) -> MembersScreen:
        assert isinstance(self.app.screen_stack[-1], MembersScreen)
        return self.app.screen_stack[-1]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, holds: Callable[[], object]) -> None:
        while not holds():
            await self.pilot.pause(0.01)

    def names(self) -> list[str]:
        db = open_database(self.path)
        try:
            return [row.name for row in roster.rows(db, self.members.list.ids, NOON)]
        finally:
            db.close()

    def lines(self) -> list[str]:
        members = self.members.list
        return [strip.text for strip in members.render_lines(members.region.reset_offset)]

    def has_card_of(self, member: int) -> bool:
        card = self.members.card.card
        return card is not None and card.member.id == member

    def is_focused(self, id: str) -> bool:
        return self.focused() == id

    def focused(self) -> str | None:
        return None if self.app.focused is None else self.app.focused.id

    async def shows(self, *names: str) -> None:
        await self.until(lambda: sorted(self.names()) == sorted(names))

    async def says(self, text: str) -> None:
        await self.until(lambda: text in self.members.status.parts.left)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "vigil.db"
    db = open_database(path, create=True)
    staff.found(db, "ow", NOON)
    staff.add(db, "mo", Role.MODERATOR, "ow", NOON)
    staff.add(db, "vi", Role.VIEWER, "ow", NOON)
    with db.transaction():
        chat = [
            Message(
                "p",
                f"g{at % 2}",
                str(at),
                f"m{at}",
                "hello",
                NOON - 40 * 86_400 * at,
                name=name,
                group_name=f"G{at % 2}",
            )
            for at, name in enumerate(NAMES)
        ]
        messages.MessageWriter(db, sought).add(chat, NOON)
        db.execute("UPDATE members SET layer = 'core', tier = 'Gold', tier_rank = 3 WHERE id IN (1, 3)")
        db.execute("UPDATE members SET layer = 'silent', tier = 'Tin', tier_rank = 1 WHERE id IN (2, 4, 5)")
    db.close()
    return path


@asynccontextmanager
async def opened(path: Path, name: str = "mo", size: tuple[int, int] = (80, 24)) -> AsyncIterator[Screen]:
    db = open_database(path)
    settings = Settings(path.with_name("vigil.toml"), path, path.with_name("rulebook.toml"))
    place = Place(settings, name)
    app = VigilApp(db, place, None, resolve({}, moves()), {}, gettext.NullTranslations())
    try:
        async with app.run_test(size=size) as pilot:
            await pilot.press("4")
            screen = Screen(app, pilot, path)
            await screen.until(lambda: isinstance(app.screen, MembersScreen))
            await screen.until(lambda: len(screen.members.list.ids) == len(NAMES))
            yield screen
    finally:
        place.close()
        db.close()


def test_every_letter_narrows_and_escape_shows_all_again(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as screen:
            await screen.press("slash", "y")
            await screen.shows("阳光", "陽小明")
            await screen.press("g")
            await screen.shows("阳光")
            assert screen.members.list.selected_id == 1
            await screen.press("backspace", "backspace", "m", "6")
            await screen.shows("王五")
            await screen.press("enter")
            assert screen.members.focused is screen.members.list
            await screen.shows("王五")
            await screen.press("escape")
            await screen.shows(*NAMES)

    drive(scenario)


def test_sorting_goes_from_column_to_column_and_turns_round(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as screen:
            assert screen.names() == NAMES
            await screen.press("S")
            await screen.until(lambda: screen.names() == NAMES[::-1])
            for _ in range(3):  # strikes, joined, name
                await screen.press("s")
            await screen.says("sorted by name")
            await screen.until(lambda: screen.names()[:3] == ["anna", "bob", "李四"])

    drive(scenario)


def test_filters_add_up_and_are_taken_off(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as screen:

            async def pick(*keys: str) -> None:
                await screen.until(lambda: isinstance(screen.app.screen, PickScreen))
                await screen.press(*keys, "enter")

            await screen.press("f")
            await pick(*"silent", "down")  # past the layer, to those silent for three days
            await screen.until(lambda: screen.members.chosen == Chosen(silent_days=3))
            await screen.press("f")
            await pick(*"tin")
            await screen.shows("陽小明", "bob", "张三")
            await screen.press("g")
            await pick("G", "1")
            await screen.shows("陽小明", "bob")
            assert "group G1" in screen.members.title_line.parts.middle
            await screen.press("f")
            await pick(*"tin")
            await screen.until(lambda: screen.members.chosen.tier == "")
            await screen.press("escape")
            await screen.shows(*NAMES)

    drive(scenario)


def test_a_change_of_the_week_shows_exactly_its_members(path: Path) -> None:
    async def scenario() -> None:
        db = open_database(path)
        now = db.value("SELECT unixepoch()")
        with db.transaction():
            for number in (2, 4):
                db.execute(
                    "INSERT INTO standing_changes (member_id, what, before, after, rose, at)"
                    " VALUES (?, 'layer', 'active', 'silent', 0, ?)", (number, now - 60),
                )  # fmt: skip
        db.close()
        async with opened(path) as screen:
            await screen.press("c")
            await screen.until(lambda: isinstance(screen.app.screen, PickScreen))
            await screen.press("enter")
            await screen.shows("陽小明", "bob")
            assert "2 gone silent" in screen.members.title_line.parts.middle
            await screen.press("asterisk")
            assert screen.members.list.marked == {2, 4}

    drive(scenario)


def test_a_perk_is_for_the_marked_else_for_the_one_under_the_cursor(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as screen:
            given: list[tuple[int, ...]] = []
            setattr(screen.members, "give_perk", given.append)  # noqa: B010
            await screen.press("p", "space", "down", "space", "p")
            assert given == [(1,), (1, 3)]
            await screen.press("escape", "p")
            assert given[-1] == (4,)

    drive(scenario)


def test_a_note_and_a_remark_are_written_and_seen_on_the_card(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as screen:
            await screen.press("n")
            await screen.until(lambda: isinstance(screen.app.screen, Prompt))
            await screen.press(*"tea", "enter")
            await screen.says("noted about 阳光")
            await screen.press("r")
            await screen.until(lambda: isinstance(screen.app.screen, Prompt))
            await screen.press(*"sells", "enter")
            await screen.says("remark written")
            await screen.press("enter")
            await screen.until(lambda: screen.members.card.card is not None)
            card = screen.members.card.card
            assert card is not None
            assert (card.member.remark, [note.text for note in card.notes]) == ("sells", ["tea"])
            assert screen.focused() == "card"
            await screen.press("escape")
            assert screen.focused() == "list"
            await screen.until(lambda: "sells" in screen.lines()[1])

    drive(scenario)


def test_a_wide_terminal_shows_the_card_of_whom_the_cursor_is_on(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path, size=(160, 45)) as screen:
            for number in (1, 2):
                await screen.until(partial(screen.has_card_of, number))
                await screen.press("down")

    drive(scenario)


def test_a_viewer_is_told_why_not(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path, "vi") as screen:
            for key in ("n", "r", "p"):
                await screen.press(key)
                await screen.says("a viewer looks on")
                assert isinstance(screen.app.screen, MembersScreen)
                screen.members._tell("")
            await screen.press("question_mark")
            await screen.until(lambda: isinstance(screen.app.screen, HelpScreen))

    drive(scenario)


def test_what_is_shown_is_written_to_a_new_file(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as screen:
            for said in ("2 members written to", "is there already"):
                if said[0] == "2":
                    await screen.press("slash", "y", "enter")
                await screen.press("o")
                await screen.until(lambda: isinstance(screen.app.screen, Prompt))
                await screen.press("ctrl+u", *"y.csv", "enter")
                await screen.until(lambda: isinstance(screen.app.screen, MembersScreen))
                await screen.says(said)
        assert (path.parent / "exports" / "y.csv").read_text("utf-8-sig").count("\n") == 3

    drive(scenario)


def test_the_keys_of_the_main_screen_lead_back_there(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as screen:
            for key, focused in (("1", "feed"), ("2", "cases"), ("3", "proposals")):
                await screen.press(key)
                await screen.until(partial(screen.is_focused, focused))
                await screen.press("4")
                await screen.until(lambda: isinstance(screen.app.screen, MembersScreen))
            await screen.press("escape")
            await screen.until(lambda: not isinstance(screen.app.screen, MembersScreen))

    drive(scenario)


def test_members_who_come_are_listed_after_a_while(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.screens.roster_panes.ORDER_SECONDS", 0.0)

    async def scenario() -> None:
        async with opened(path) as screen:
            await screen.press("down")
            db = open_database(path)
            with db.transaction():
                writer = messages.MessageWriter(db, sought)
                writer.add([Message("p", "g0", "new", "m9", "hi", NOON + 1, name="newcomer")], NOON)
            db.close()
            await screen.until(lambda: len(screen.members.list.ids) == len(NAMES) + 1)
            assert screen.names()[0] == "newcomer"
            assert screen.members.list.selected_id == 2

    drive(scenario)


def type_in_one_go(app: VigilApp, *keys: str) -> None:
    """As they come over a slow connection: all are there before the first is looked at."""
    for key in keys:
        app.post_message(events.Key(key, key_to_character(key)))


def test_keys_typed_in_one_go_with_the_key_that_opens_a_window_belong_to_it(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as screen:
            for opening in ("f", "g", "r", "n"):
                sort = screen.members.sort
                type_in_one_go(screen.app, opening, *"sou")
                await screen.until(lambda: isinstance(screen.app.screen, PickScreen | Prompt))
                await screen.until(lambda: screen.app.screen.query_one(Input).value.endswith("sou"))
                await screen.press("escape")
                await screen.until(lambda: isinstance(screen.app.screen, MembersScreen))
                assert screen.members.sort is sort

    drive(scenario)


def test_a_whole_line_of_keys_in_one_go_does_what_it_does_key_by_key(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as screen:
            shown = screen.members
            type_in_one_go(screen.app, *"fsil", "enter", "asterisk", *"rx", "enter", "g", "escape", *"nso", "enter")
            await screen.until(lambda: "noted about" in shown.status.parts.left)
            assert screen.app.screen is shown
            assert shown.list.marked == {2, 4, 5}
            assert [row.remark for row in roster.rows(shown.db, [2, 4, 5], NOON)].count("x") == 1

    drive(scenario)


def wait_for(released: threading.Event, desk: Desk) -> bool:
    return released.wait(20)


def test_what_is_marked_right_after_a_filter_or_a_search_are_those_it_shows(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as screen:
            shown = screen.members
            for before, keys, marked in ((["f"], "silent", {2, 4, 5}), ([], "/y", {1, 2})):
                await screen.press(*before)
                await screen.until(lambda: isinstance(screen.app.focused, Input) or shown.list.has_focus)
                released = threading.Event()
                busy = asyncio.ensure_future(shown.place.ask(partial(wait_for, released)))
                await asyncio.sleep(0)
                await screen.press(*keys, "enter")
                await screen.until(lambda: screen.app.focused is shown.list)
                screen.app.post_message(events.Key("asterisk", "*"))
                await screen.pilot.pause(0.05)
                assert not shown.list.marked
                released.set()
                await busy
                await screen.until(lambda: shown.list.marked)
                assert shown.list.marked == marked
                shown.list.clear_marks()
                await screen.press("escape")
                await screen.until(lambda: len(shown.list.ids) == len(NAMES))

    drive(scenario)
