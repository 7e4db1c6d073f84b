"""The console's screens as pictures: a change that nobody meant shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from console.app import VigilApp
from console.commands import COMMANDS
from console.demo import YOU, set_up
from console.language import translation
from console.screens.place import Place
from console.worker import Worker, platforms_of
from store.database import open_database
from store.records import Role

Screen = Callable[[str], VigilApp]


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("TEXTUAL_THEME", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Screen]:
    """The console on the sample community, all of it taken in, nobody working on it any more."""
    settings = set_up(tmp_path, speed=None, undo_seconds=5, role=Role.ADMIN)
    asyncio.run(Worker(settings, "serve", platforms_of(settings), lambda line: None).run(until_read=True))
    db = open_database(settings.store)
    place = Place(settings, YOU)
    keys = {command.id: command.key for command in COMMANDS}
    yield lambda language: VigilApp(db, place, None, keys, {}, translation(language))
    place.close()
    db.close()


def _after(*keys: str, sight: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Press keys, then wait until `sight` is in the card or the feed."""

    async def press(pilot: Pilot[None]) -> None:
        screen: Any = pilot.app.screen
        await pilot.press(*keys)
        async with asyncio.timeout(20):
            while screen.card.card is None or f"#{screen.card.card.case.id}" != sight:
                await pilot.pause(0.05)
        await pilot.pause()

    return press


def test_the_feed_in_a_small_terminal(console: Screen, snap_compare: Any) -> None:
    assert snap_compare(console("en"), terminal_size=(80, 24), run_before=_after("up", "pageup", sight="#1"))


def test_a_campaign_in_a_small_terminal_in_chinese(console: Screen, snap_compare: Any) -> None:
    wanted = _after("2", "down", "down", "down", sight="#4")
    assert snap_compare(console("zh"), terminal_size=(80, 24), run_before=wanted)


def test_feed_and_cases_side_by_side(console: Screen, snap_compare: Any) -> None:
    wanted = _after("2", "down", "down", "down", sight="#4")
    assert snap_compare(console("en"), terminal_size=(160, 48), run_before=wanted)
