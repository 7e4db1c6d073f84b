"""The demo as text: checks itself against what must come of the sample, and leaves nothing behind."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from console import sample
from tests.home import COMMAND, Done, Home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home of somebody who has a store and settings of their own."""
    home = Home(tmp_path_factory.mktemp("demo"))
    home.settle("[keys]", '"quit" = "Q"')
    home.ok("staff", "add", "ad", "--role", "admin")
    return home


@pytest.fixture(scope="module")
def played(home: Home) -> Done:
    return home.ok("demo", "--plain")


def test_every_expected_effect_is_named_once(played: Done) -> None:
    expected = sample.expected()
    effects = played.out.partition("== Effects ==\n")[2].partition("\n\n")[0].splitlines()
    reached = Counter((line.split()[0], line.split()[2]) for line in effects)
    assert set(reached.values()) == {1}
    for message in (*expected.campaign.messages, *expected.flood.messages, expected.scam.message):
        assert reached["delete", message] == 1
    for member in (*expected.campaign.members, *expected.flood.members, expected.scam.member):
        assert reached["warn", member] == 1
    assert not {key for _, key in reached} & set(expected.innocent)


def test_the_summary_says_that_all_is_as_expected(played: Done) -> None:
    messages = len(sample.chat().read_bytes().splitlines())
    summary = played.out.partition("== Summary ==\n")[2].splitlines()
    assert summary[0].startswith(f"{messages} messages taken in")
    assert summary[-1] == "every expected effect happened exactly once"
    assert played.err == ""


def test_the_way_of_the_messages_is_told_in_order(played: Done) -> None:
    titles = re.findall(r"^== (\w+)", played.out, re.MULTILINE)
    assert titles == ["Messages", "Decisions", "Approvals", "Effects", "Summary"]
    assert "! flag: campaign" in played.out
    assert "~ counted only: trade" in played.out
    assert "\x1b" not in played.out


def test_nothing_is_left_behind(home: Home) -> None:
    before = {path: path.read_bytes() for path in home.home.rglob("*") if path.is_file()}
    home.ok("demo", "--plain")
    assert {path: path.read_bytes() for path in home.home.rglob("*") if path.is_file()} == before
    assert list((home.folder / "tmp").iterdir()) == []


def test_without_a_terminal_the_demo_is_text_anyway(home: Home, played: Done) -> None:
    def lasting(out: str) -> list[str]:
        # The folder and the times of deciding differ from one run to the next.
        return [line for line in out.splitlines() if "vigil-demo-" not in line and " at " not in line]

    assert lasting(home.ok("demo").out) == lasting(played.out)


def test_a_reader_that_goes_away_early_leaves_nothing_behind(home: Home) -> None:
    with home.running("demo", "--plain") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        process.wait(60)
    assert list((home.folder / "tmp").iterdir()) == []


def test_a_speed_that_is_none_is_refused(home: Home) -> None:
    assert "'fast' is no speed" in home.refused("demo", "--speed", "fast")


def test_the_demo_works_where_no_settings_can_be_read(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.config.write_text("nonsense")
    done = subprocess.run(
        [*COMMAND, "demo", "--plain"], stdin=subprocess.DEVNULL, capture_output=True, env=home.env, check=False
    )
    assert done.returncode == 0
