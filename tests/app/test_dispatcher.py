"""The quick dispatcher: what Enter gives was in sight before, is given once, and nothing else is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot

from console.screens.dispatcher import DispatcherScreen
from console.screens.place import Place
from console.settings import Settings
from store import staff
from store.database import Database, open_database
from store.perk_records import Eligibility, NewPerk, PerkKind, Sent
from store.records import Role
from tests.unit.made import NOON
from tests.unit.perks_made import codes, community, coupon, desk_of
from widgets.perks import PerkList, PreviewView


@dataclass
class Stage:
    """A store with twelve members and a coupon of ten codes, and the dispatcher on it for all twelve."""

    db: Database
    place: Place
    members: Sequence[int]
    app: App[None]
    sent: list[Sent | None]

    @property
    def screen(self) -> DispatcherScreen:
        assert isinstance(self.app.screen, DispatcherScreen)
        return self.app.screen

    def text(self) -> str:
        preview = self.screen.query_one(PreviewView)
        return "\n".join(preview.render_line(y).text.rstrip() for y in range(preview.size.height))

    def grants(self) -> list[tuple[int, str]]:
        return self.db.execute("SELECT member_id, state FROM grants ORDER BY id").fetchall()


def on_stage(
    folder: Path, scenario: Callable[[Stage, Pilot[None]], Coroutine[None, None, None]], role: Role = Role.ADMIN
) -> None:
    settings = Settings(folder / "vigil.toml", folder / "vigil.db", folder / "rulebook.toml")
    db = open_database(settings.store, create=True)
    members = community(db, 12)
    ada = desk_of(db, settings)
    staff.add(db, "mo", role, "ada", NOON)
    coupon(ada, codes(10))
    ada.perks.add(NewPerk("Evening walk", PerkKind.SEAT, "{name}, come along", eligibility=Eligibility(("Gold",))))
    place = Place(settings, "mo")
    sent: list[Sent | None] = []

    async def run() -> None:
        app: App[None] = App()
        async with app.run_test(size=(80, 24)) as pilot:
            screen = DispatcherScreen(place, members, ["Mia 1", "Mia 2", "Mia 3"])
            app.push_screen(screen, sent.append)
            await pilot.pause()
            await pilot.app.workers.wait_for_complete()
            await scenario(Stage(db, place, members, app, sent), pilot)

    try:
        asyncio.run(asyncio.wait_for(run(), 60))
    finally:
        place.close()
        db.close()


async def settled(pilot: Pilot[None]) -> None:
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def test_a_digit_and_enter_give_to_those_in_sight_as_far_as_the_stock_goes(tmp_path: Path) -> None:
    async def scenario(stage: Stage, pilot: Pilot[None]) -> None:
        await pilot.press("1")
        await settled(pilot)
        assert stage.text().startswith("10 members get it · 2 not · stock 10, then 0")
        assert "Mia 1: ••••••••" in stage.text()
        assert stage.grants() == []
        await pilot.press("enter")
        await settled(pilot)
        assert [(sent.perk, sent.members, sent.approved) for sent in stage.sent if sent] == [("Coupon", 10, True)]
        assert stage.grants() == [(member, "reserved") for member in stage.members[:10]]

    on_stage(tmp_path, scenario)


def test_letters_choose_by_name_and_the_rest_goes_away(tmp_path: Path) -> None:
    async def scenario(stage: Stage, pilot: Pilot[None]) -> None:
        await pilot.press(*"walk")
        await settled(pilot)
        rows = stage.screen.query_one(PerkList).rows
        assert [perk.name for _, perk in rows] == ["Evening walk"]
        assert "0 members get it · 12 not" in stage.text()
        await pilot.press("enter")
        await settled(pilot)
        assert stage.sent == []
        assert stage.grants() == []

    on_stage(tmp_path, scenario)


def test_enter_before_the_preview_gives_nothing(tmp_path: Path) -> None:
    async def scenario(stage: Stage, pilot: Pilot[None]) -> None:
        free = threading.Event()
        busy = asyncio.create_task(stage.place.ask(lambda desk: free.wait(30)))
        await pilot.press("2", "enter")
        await pilot.press("backspace", "1", "enter")
        assert stage.grants() == []
        free.set()
        await busy
        await settled(pilot)
        assert stage.sent == []
        assert stage.grants() == []
        assert "10 members get it" in stage.text()

    on_stage(tmp_path, scenario)


def test_enter_pressed_again_gives_nothing_twice(tmp_path: Path) -> None:
    async def scenario(stage: Stage, pilot: Pilot[None]) -> None:
        await pilot.press("1")
        await settled(pilot)
        await pilot.press("enter", "enter", "enter", "escape")
        await settled(pilot)
        assert len(stage.sent) == 1
        assert len(stage.grants()) == 10

    on_stage(tmp_path, scenario)


def test_escape_gives_nothing(tmp_path: Path) -> None:
    async def scenario(stage: Stage, pilot: Pilot[None]) -> None:
        await pilot.press("1")
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert stage.sent == [None]
        assert stage.grants() == []

    on_stage(tmp_path, scenario)


def test_a_moderators_enter_proposes_and_reserves_nothing(tmp_path: Path) -> None:
    async def scenario(stage: Stage, pilot: Pilot[None]) -> None:
        await pilot.press("1")
        await settled(pilot)
        assert "needs approval" in stage.text()
        await pilot.press("enter")
        await settled(pilot)
        assert [(sent.members, sent.approved) for sent in stage.sent if sent] == [(10, False)]
        assert {state for _, state in stage.grants()} == {"proposed"}
        assert stage.db.value("SELECT count(*) FROM grants WHERE voucher_id IS NOT NULL") == 0

    on_stage(tmp_path, scenario, Role.MODERATOR)


def test_a_viewer_is_told_why_not(tmp_path: Path) -> None:
    async def scenario(stage: Stage, pilot: Pilot[None]) -> None:
        await pilot.press("1")
        await settled(pilot)
        assert "a viewer looks on" in stage.text()
        await pilot.press("enter")
        await settled(pilot)
        assert stage.sent == []
        assert stage.grants() == []

    on_stage(tmp_path, scenario, Role.VIEWER)
