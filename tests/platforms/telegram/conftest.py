"""A make-believe Telegram for the tests of a module, a group in it, and Vigil connected to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from console.platforms.telegram import Telegram
from tests.platforms.connected import Connected
from tests.platforms.telegram.simulator import Simulator, Tea

Connect = Callable[..., Connected]
QUICK: dict[str, Any] = {"waits": (0.05, 0.1), "linger_seconds": 0.05}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with Simulator(tmp_path_factory.mktemp("telegram")) as simulator:
        yield simulator


@pytest.fixture
def tea(server: Simulator) -> Tea:
    return Tea(server)


@pytest.fixture
def connect(server: Simulator) -> Iterator[Connect]:
    """Connects the platform, in a thread of its own, until the test is over. Without a position it begins after all
    that happened so far."""
    connections: list[Connected] = []

    def make(position: str | None = None, groups: tuple[str, ...] = (), **more: Any) -> Connected:
        if position is None:
            server.do("confirm", offset=2**30)
        file = server.folder / f"{len(connections)}.groups"
        platform = Telegram("tg", server.options(*groups), file, **{**QUICK, **more})
        connected = Connected(platform, position)
        connections.append(connected)
        return connected.begun() if position is None else connected

    yield make
    for connected in connections:
        connected.close()


@pytest.fixture
def vigil(server: Simulator, connect: Connect) -> Connected:
    """Gives up waiting soon, with no limits set."""
    server.do("limits", per_second=0, burst=0)
    return connect(answer_seconds=0.7)
