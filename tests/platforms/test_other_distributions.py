"""A platform that another distribution adds is found, set up and used like Vigil's own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.home import Home
from tests.platforms.synapse import until
from tests.platforms.worker_process import ended, started

EXAMPLE = Path(__file__).parent / "example" / "vigil_wall.py"

AD = "search the app store for Quackly Notes, enter code 999333 at sign-up, get one month of premium for free"

BROKEN = """
from console.platforms.base import Batch
class Kind:
    keys = ()
    def read(self, table, folder): return None
    def make(self, name, options, store): return Platform(name)
class Platform:
    can, repeatable, health, source = frozenset(), False, "fine", "broken"
    def __init__(self, name): self.name = name
    async def batches(self, position):
        yield Batch((), "1")
        raise RuntimeError("https://service.test/secret-token/getUpdates")
    async def perform(self, order): raise KeyError("secret-token")
    async def access(self): raise RuntimeError("secret-token")
    async def close(self): pass
KIND = Kind()
"""


def install(folder: Path, name: str, module: str, source: str) -> None:
    """What an installer leaves of a distribution that consists of one module."""
    (folder / f"{module}.py").write_text(source)
    about = folder / f"{module}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[vigil.platforms]\n{name} = {module}:KIND\n")


class HomeWithMore(Home):
    """A home whose Vigil finds other distributions in the folder `site`."""

    @property
    def env(self) -> dict[str, str]:
        return {**super().env, "PYTHONPATH": str(self.folder / "site")}


@pytest.fixture
def home(tmp_path: Path) -> HomeWithMore:
    (tmp_path / "site").mkdir()
    install(tmp_path / "site", "wall", "vigil_wall", EXAMPLE.read_text())
    return HomeWithMore(tmp_path)


def cases_of(home: Home) -> int:
    """How many cases the store holds."""
    with closing(sqlite3.connect(home.store, timeout=20)) as connection:
        return int(connection.execute("SELECT count(*) FROM cases").fetchone()[0])


def test_the_example_reads_and_acts(home: HomeWithMore, tmp_path: Path) -> None:
    notes = home.config.parent / "notes"
    notes.mkdir()
    (notes / "1-ann.txt").write_text("good morning")
    (notes / "2-bob.txt").write_text(AD)
    home.settle("[platforms.hall]", 'kind = "wall"', 'folder = "notes"')
    assert home.ok("platform", "test", "hall").lines == [
        "hall: logged in as nobody, in 1 group",
        "ok    the wall  (wall)",
    ]
    with ended(started(home, tmp_path / "log.txt")):
        until(lambda: home.store.exists() and "windows filled" in (tmp_path / "log.txt").read_text() and cases_of(home))
        (case,) = home.ok("cases", "--json").rows
        assert (case["who"], case["rule"]) == ("bob", "ads")
        until(lambda: "hall  wall  looking at the wall" in home.ok("platform", "list").out)
        home.ok("decide", case["id"], "delete")
        until(lambda: not (notes / "2-bob.txt").exists())
    assert (notes / "1-ann.txt").exists()


def test_its_settings_are_its_own_to_check(home: HomeWithMore) -> None:
    home.settle("[platforms.hall]", 'kind = "wall"')
    assert "platforms.hall.folder: is missing; it names the wall's folder" in home.refused("platform", "list")
    home.settle("[platforms.hall]", 'kind = "wall"', 'folder = "x"', "colour = 1")
    assert "allowed are kind, folder" in home.refused("platform", "list")
    home.settle("[platforms.hall]", 'kind = "irc"')
    said = home.refused("platform", "list")
    assert "must be one of replay, matrix, " in said
    assert ", wall, not" in said


def test_one_that_cannot_be_loaded_is_named(home: HomeWithMore) -> None:
    install(home.folder / "site", "torn", "vigil_torn", "import no_such_module")
    home.settle("[platforms.hall]", 'kind = "torn"')
    assert "the kind 'torn' of vigil_torn:KIND cannot be loaded" in home.refused("platform", "list")


def test_an_error_in_its_code_ends_neither_the_worker_nor_other_platforms(home: HomeWithMore, tmp_path: Path) -> None:
    install(home.folder / "site", "broken", "vigil_broken", BROKEN)
    (home.config.parent / "notes").mkdir()
    lines = ["[platforms.bad]", 'kind = "broken"', "[platforms.hall]", 'kind = "wall"', 'folder = "notes"']
    home.settle(*lines)
    log = tmp_path / "log.txt"
    with ended(started(home, log)) as process:
        until(lambda: "an error in the platform's own code: RuntimeError at vigil_broken.py:12" in log.read_text())
        (home.config.parent / "notes" / "1-bob.txt").write_text(AD)
        until(lambda: cases_of(home))
        assert process.poll() is None
        until(lambda: "bad  broken  has failed" in home.ok("platform", "list").out)
        told = home.refused("platform", "test", "bad")
        assert told.startswith("bad: an error in the platform's own code: RuntimeError at vigil_broken.py:")
    assert "secret-token" not in log.read_text()
