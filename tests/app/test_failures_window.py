"""What failed is a key away: the window lists it with the platform's words, and its keys do something about it."""

from __future__ import annotations

import asyncio
import gettext
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from console.app import VigilApp, moves
from console.commands import resolve
from console.desk import Desk
from console.screens.case_window import CaseScreen
from console.screens.failures import FailuresScreen
from console.screens.main import MainScreen
from console.screens.place import Place
from console.settings import Settings
from store import actions, lease, staff
from store.database import Database, open_database
from store.records import ActionState, Decision, Role
from tests.unit.made import NOON, finding, message, take

WORDS = "CHAT_ADMIN_REQUIRED; make the bot an administrator of the group"


def drive(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 60))


def settings(path: Path) -> Settings:
    return Settings(path.with_name("vigil.toml"), path, path.with_name("rulebook.toml"), undo_seconds=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two deletions: action 1 of case 1 failed, of action 2 of case 2 nobody knows."""
    path = tmp_path / "vigil.db"
    db = open_database(path, create=True)
    for name, role in (("ada", Role.OWNER), ("mo", Role.MODERATOR)):
        staff.add(db, name, role, "ada", NOON)
    desk = Desk(db, settings(path), "ada", clock=lambda: NOON)
    for number, state in ((1, ActionState.FAILED), (2, ActionState.UNKNOWN)):
        (case_id,) = take(db, [(message(number, "an ad", member=f"m{number}"), [finding()])])
        desk.decide(case_id, Decision.DELETE)
        generation = lease.take(db, "serve", NOON + 60)
        for order in actions.claim(db, generation, NOON + 60, 10, "replay", "g"):
            actions.finish(db, order, generation, state, WORDS if state is ActionState.FAILED else "", NOON + 60)
        lease.release(db, generation, NOON + 60)
    db.close()
    return path


@asynccontextmanager
async def opened(path: Path, name: str = "ada") -> AsyncIterator[tuple[MainScreen, Pilot[None], Database]]:
    db = open_database(path)
    place = Place(settings(path), name)
    app = VigilApp(db, place, None, resolve({}, moves()), {}, gettext.NullTranslations())
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            assert isinstance(app.screen, MainScreen)
            yield app.screen, pilot, db
    finally:
        place.close()
        db.close()


async def until(pilot: Pilot[None], holds: Callable[[], object]) -> None:
    while not holds():
        await pilot.pause(0.01)


async def window(pilot: Pilot[None]) -> FailuresScreen:
    await pilot.press("F")
    await until(pilot, lambda: isinstance(pilot.app.screen, FailuresScreen) and pilot.app.screen.list.rows)
    assert isinstance(pilot.app.screen, FailuresScreen)
    return pilot.app.screen


async def press_until(pilot: Pilot[None], key: str, holds: Callable[[], object]) -> None:
    """A row that has just come takes no key for half a second."""
    while not holds():
        await pilot.press(key)
        await pilot.pause(0.05)


def test_an_empty_list_of_cases_names_the_key_and_the_status_tells_failed_from_unknown(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as (screen, pilot, _):
            await pilot.press("2")
            await until(pilot, lambda: "1 failed · 1 to settle" in screen.status.parts.right)
            assert "1 failed, 1 to settle: F shows them" in screen.cases.render_line(1).text
            assert "failed" in [label for _, label, _ in screen.keys.keys]

    drive(scenario)


def test_the_window_says_what_failed_and_tries_it_again(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as (screen, pilot, db):
            await until(pilot, lambda: screen.status.parts.right)
            shown = await window(pilot)
            await until(pilot, lambda: shown.view.row)
            lines = " ".join(shown.view.render_line(y).text.strip() for y in range(7))
            assert "make the bot an administrator" in lines
            assert "r tries again" in lines
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, CaseScreen))
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is shown)
            await press_until(pilot, "r", lambda: actions.outbox(db)[ActionState.WAITING])
            await until(pilot, lambda: [row.id for row in shown.list.rows] == [2])
            assert actions.outbox(db)[ActionState.UNKNOWN] == 1
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is screen)

    drive(scenario)


def test_what_nobody_knows_is_settled_before_it_is_sent_again(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as (screen, pilot, db):
            await until(pilot, lambda: screen.status.parts.right)
            shown = await window(pilot)
            await pilot.press("end")
            await press_until(pilot, "r", lambda: "say first whether it arrived" in str(shown.said.content))
            await press_until(pilot, "l", lambda: actions.outbox(db)[ActionState.FAILED] == 2)
            await press_until(pilot, "d", lambda: actions.outbox(db)[ActionState.FAILED] == 1)
            await until(pilot, lambda: [row.id for row in shown.list.rows] == [1])

    drive(scenario)


def test_a_role_that_may_not_is_told_so(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path, "mo") as (screen, pilot, db):
            await until(pilot, lambda: screen.status.parts.right)
            shown = await window(pilot)
            await press_until(pilot, "r", lambda: "admin" in str(shown.said.content))
            assert actions.outbox(db)[ActionState.FAILED] == 1

    drive(scenario)


def test_what_a_decision_did_is_said_no_longer_than_it_takes(path: Path) -> None:
    async def scenario() -> None:
        db = open_database(path)
        take(db, [(message(3, "an ad", member="m3"), [finding()])])
        db.close()
        async with opened(path) as (screen, pilot, _):
            await pilot.press("2")
            await until(pilot, lambda: screen.card.card is not None)
            await press_until(pilot, "x", lambda: "takes it back" in screen.status.parts.left)
            await until(
                pilot, lambda: screen.status.parts.left == "ada (owner)" or "no worker" in screen.status.parts.left
            )

    drive(scenario)
