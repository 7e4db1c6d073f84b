"""Simulated implementations for a test, and Vigil connected to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from console.platforms.onebot import OneBot
from tests.platforms.connected import Connected
from tests.platforms.onebot.packets import PROFILES
from tests.platforms.onebot.running import Running

EVERY_PROFILE = pytest.mark.parametrize("profile", PROFILES)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts an implementation of a profile."""
    started: list[Running] = []

    def make(profile: str = "napcat", *more: str, **options: str) -> Running:
        folder = tmp_path / f"onebot{len(started)}"
        folder.mkdir()
        started.append(Running(folder, profile, *more, **options))
        return started[-1].start()

    yield make
    for one in started:
        one.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., Connected]]:
    """Connects the platform, in a thread of its own, until the test is over."""
    connections: list[Connected] = []

    def make(running: Running, position: str | None = None, **more: Any) -> Connected:
        options = {key: more.pop(key) for key in list(more) if key in running.options().__struct_fields__}
        connected = Connected(OneBot("qq", running.options(**options), **more), position)
        connections.append(connected)
        return connected

    yield make
    for connected in connections:
        connected.close()
