"""A Matrix server for all tests of a run, and Vigil connected to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.platforms.matrix import Matrix
from tests.platforms.connected import Connected
from tests.platforms.people import People
from tests.platforms.synapse import Synapse, need_synapse


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    need_synapse()
    server = Synapse(tmp_path_factory.mktemp("synapse"))
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def people(synapse: Synapse, tmp_path: Path) -> People:
    """Accounts of this test's own."""
    return People(synapse, tmp_path)


@pytest.fixture
def connect(people: People) -> Iterator[Callable[..., Connected]]:
    """Connects the platform, in a thread of its own, until the test is over."""
    connections: list[Connected] = []

    def make(position: str | None = None, clock: Callable[[], float] = time.time) -> Connected:
        connected = Connected(Matrix("mx", people.options(), people.login_file, clock=clock), position)
        connections.append(connected)
        return connected

    yield make
    for connected in connections:
        connected.close()
