"""`vigil demo` in a real terminal: the sample community, a scripted colleague, and nothing left behind."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.home import COMMAND, Home, wait_until
from tests.terminal.tmux import AVAILABLE, Tmux

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.skipif(not AVAILABLE and not os.environ.get("CI"), reason="needs tmux"),
]

SCRIPTED_SECONDS = 60
"""The scripted moderator waits until a case is calm, and then for its turn."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def terminal() -> Iterator[Tmux]:
    with Tmux() as tmux:
        yield tmux


def start(terminal: Tmux, home: Home, *words: str, columns: int = 160, rows: int = 48) -> None:
    shell = ["sh", "-c", '"$@"; echo "ended with $?"', "sh"]
    terminal.start([*shell, "env", "-u", "SSH_CONNECTION", *COMMAND, "demo", *words], columns, rows, home.env)


def number_in(lines: list[str], word: str) -> int:
    """The number behind a title, e.g. 12 in `2 Cases 12`."""
    found = re.search(rf"{word} ([\d,]+)", lines[0])
    return int(found[1].replace(",", "")) if found else 0


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def leave(terminal: Tmux, home: Home) -> None:
    """Quit, and look whether anything was left behind."""
    terminal.keys("q")
    terminal.wait_until(lambda: terminal.output().endswith(b"ended with 0\r\n"))
    assert list((home.folder / "tmp").iterdir()) == []
    assert files_in(home.home) == set()


def test_messages_come_and_a_scripted_moderators_proposal_can_be_approved(home: Home, terminal: Tmux) -> None:
    start(terminal, home, "--speed", "max")
    terminal.wait_for(lambda lines: "DEMO" in lines[-1] and "you (admin)" in lines[-1])
    terminal.wait_for(lambda lines: number_in(lines, "Feed") == 885 and number_in(lines, "Cases") == 10, timeout=30)
    terminal.keys("3")
    terminal.wait_for(lambda lines: number_in(lines, "Proposals") == 1, timeout=SCRIPTED_SECONDS)
    shown = terminal.wait_for("scripted moderator")
    assert any(" mo " in line and "delete" in line for line in shown)
    effects = home_effects(home)
    assert not effects.exists()

    def approved(lines: list[str]) -> bool:
        # A key too many says that there is none any more.
        if "approved" in lines[-1] or number_in(lines, "Proposals") == 0:
            return True
        terminal.keys("a")
        return False

    terminal.wait_for(approved)
    wait_until(lambda: effects.exists() and b'"delete"' in effects.read_bytes(), timeout=20)
    leave(terminal, home)


def home_effects(home: Home) -> Path:
    (folder,) = (home.folder / "tmp").glob("vigil-demo-*")
    return folder / "demo.effects.ndjson"


def test_a_scripted_admin_approves_what_a_moderator_proposes(home: Home, terminal: Tmux) -> None:
    start(terminal, home, "--speed", "max", "--role", "moderator", columns=80, rows=24)
    terminal.wait_for(lambda lines: "DEMO" in lines[-1] and "you (moderator)" in lines[-1])
    terminal.keys("2")
    terminal.wait_for(lambda lines: number_in(lines, "Cases") == 10, timeout=30)

    def proposed(lines: list[str]) -> bool:
        if "proposed warn" in lines[-1]:
            return True
        terminal.keys("w")
        return False

    terminal.wait_for(proposed)
    terminal.wait_for(lambda lines: number_in(lines, "Proposals") >= 1)
    terminal.wait_for(lambda lines: number_in(lines, "Proposals") == 0, timeout=SCRIPTED_SECONDS)
    wait_until(lambda: home_effects(home).exists(), timeout=20)
    assert b'"warn"' in home_effects(home).read_bytes()
    leave(terminal, home)


def test_messages_come_at_the_pace_that_was_asked_for(home: Home, terminal: Tmux) -> None:
    start(terminal, home, "--speed", "60x", columns=80, rows=24)
    before = terminal.wait_for(lambda lines: 3 <= number_in(lines, "Feed") < 200)
    terminal.wait_for(lambda lines: number_in(lines, "Feed") > number_in(before, "Feed") + 5)
    assert "following" in terminal.screen()[0]
    leave(terminal, home)


def test_the_users_own_store_and_settings_are_left_alone(home: Home, terminal: Tmux) -> None:
    home.settle("[keys]", '"quit" = "Q"')
    home.ok("staff", "add", "ad", "--role", "admin")
    before = {path: path.read_bytes() for path in files_in(home.home)}
    start(terminal, home, "--speed", "max")
    terminal.wait_for("DEMO")
    terminal.keys("q")
    terminal.wait_until(lambda: terminal.ended)
    assert {path: path.read_bytes() for path in files_in(home.home)} == before
