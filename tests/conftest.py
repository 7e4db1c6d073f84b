"""What tests share: a store of their own, and the program run as a process that touches nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.settings import Settings
from store.database import Database, open_database

Vigil = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_configure() -> None:
    # A shell that runs the suite in the background has it ignore interrupts, and so would every process under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where a store may be; none is there yet."""
    return tmp_path / "vigil.db"


@pytest.fixture
def db(store: Path) -> Iterator[Database]:
    """A new store, opened."""
    database = open_database(store, create=True)
    yield database
    database.close()


@pytest.fixture
def settings(tmp_path: Path, store: Path) -> Settings:
    """The default settings at `store`; no file of them and no rulebook's is there."""
    return Settings(tmp_path / "vigil.toml", store, tmp_path / "rulebook.toml")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """For a process of the program: home and its folders lie in the test's own."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    names = {"XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data", "XDG_CACHE_HOME": "cache", "XDG_STATE_HOME": "state"}
    places = {name: str(home / folder) for name, folder in names.items()}
    return {**os.environ, "HOME": str(home), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **places}


@pytest.fixture
def vigil(tmp_path: Path, environment: dict[str, str]) -> Vigil:
    """Runs `vigil ARGUMENTS` to its end, in the test's own folder."""

    def run(*arguments: object, input: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "console", *map(str, arguments)],
            input=input,
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env=environment,
            timeout=60,
            check=False,
        )

    return run
