"""Requests to join in the whole application: the keys that answer them stand first, and a decided case can be read."""

from __future__ import annotations

import asyncio
import gettext
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from console.app import VigilApp, moves
from console.commands import resolve
from console.requests import as_finding
from console.screens.case_window import CaseScreen
from console.screens.main import MainScreen
from console.screens.place import Place
from console.settings import Settings
from store import actions, lease, staff
from store.database import Database, open_database
from store.records import ActionState, Role
from tests.unit.made import NOON, finding, message, take
from widgets.card import CaseCardView


def drive(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 60))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A request is case 1, an offence case 2."""
    path = tmp_path / "vigil.db"
    db = open_database(path, create=True)
    staff.add(db, "ada", Role.OWNER, "ada", NOON)
    knock = replace(message("k1", "please let me in", member="n"), kind="knock")
    take(db, [(knock, as_finding(knock)), (message(2, "an ad"), [finding()])])
    db.close()
    return path


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[tuple[MainScreen, Pilot[None], Database]]:
    db = open_database(path)
    place = Place(Settings(path.with_name("vigil.toml"), path, path.with_name("rulebook.toml"), undo_seconds=0), "ada")
    app = VigilApp(db, place, None, resolve({}, moves()), {}, gettext.NullTranslations())
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            screen = app.screen
            assert isinstance(screen, MainScreen)
            yield screen, pilot, db
    finally:
        place.close()
        db.close()


async def until(pilot: Pilot[None], holds: Callable[[], object]) -> None:
    while not holds():
        await pilot.pause(0.01)


async def press_until(pilot: Pilot[None], key: str, holds: Callable[[], object]) -> None:
    """A row that has just come takes no decision for half a second."""
    while not holds():
        await pilot.press(key)
        await pilot.pause(0.05)


def lines(card: CaseCardView) -> list[str]:
    return [card.render_line(y).text.rstrip() for y in range(card.size.height)]


def test_the_answers_stand_first_beside_a_request_and_nowhere_else(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as (screen, pilot, _):
            await pilot.press("2")
            await until(
                pilot, lambda: [label for _, label, works in screen.keys.keys if works][:2] == ["admit", "refuse"]
            )
            shown = lines(screen.card)
            assert "join request" in shown[0]
            assert "score" not in shown[0]
            assert [line.split()[:2] for line in shown[3:5]] == [["a", "admit"], ["f", "refuse"]]
            assert any(line.startswith("b  ban") for line in shown), "every decision is in sight"
            assert any(line.startswith("⏎  ladder") for line in shown)
            await pilot.press("down")
            await until(pilot, lambda: screen.card.card is not None and screen.card.card.case.id == 2)
            await until(pilot, lambda: screen.keys.keys[0][1] == "ladder")
            assert not {"admit", "refuse"} & {label for _, label, _ in screen.keys.keys}
            await press_until(pilot, "a", lambda: "nobody asks to be let in" in screen.status.parts.left)

    drive(scenario)


def test_a_decided_case_is_read_from_its_message_with_what_failed(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as (screen, pilot, db):
            await pilot.press("2")
            await until(pilot, lambda: screen.card.card is not None and screen.card.card.case.id == 1)
            await press_until(pilot, "a", lambda: actions.outbox(db)[ActionState.WAITING] == 1)
            await pilot.press("1", "up", "home", "enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, CaseScreen))
            card = pilot.app.screen.query_one(CaseCardView)
            await until(pilot, lambda: any("admit 1: waiting 1" in line for line in lines(card)))
            fail(path)
            await until(pilot, lambda: any("failed 1" in line for line in lines(card)))
            assert any("USER_BANNED; lift the ban first" in line for line in lines(card))
            assert any("vigil outbox list" in line for line in lines(card))
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is screen)

    drive(scenario)


def fail(path: Path) -> None:
    """Do what a worker does whose platform refuses everything."""
    db = open_database(path)
    generation = lease.take(db, "serve", NOON)
    for order in actions.claim(db, generation, 4e9, 10, "replay", "g"):
        actions.finish(db, order, generation, ActionState.FAILED, "USER_BANNED; lift the ban first", NOON)
    lease.release(db, generation, NOON)
    db.close()
