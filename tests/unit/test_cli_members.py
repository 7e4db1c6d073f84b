"""`vigil members`: what the members' screen does, as text, as JSON and as files."""

from __future__ import annotations

import csv
import json
import shutil
import stat
from io import StringIO
from pathlib import Path

import pytest

from console import sample
from tests.home import Home

HOSTILE = "=\x1b]0;pwned\x07[b]bob\u202e"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("filled"))
    home.settle()
    lines = [
        {"id": f"s{at}", "group": "yard", "user": user, "name": name, "text": "hello", "ts": 1_780_000_000 + at}
        for at, (user, name) in enumerate([("u1", "阳光"), ("u2", "陽小明"), ("u3", HOSTILE)])
    ]
    recorded = home.write("names.ndjson", "".join(json.dumps(line) + "\n" for line in lines))
    home.ok("replay", sample.chat(), "--speed", "max")
    home.ok("replay", recorded, "--speed", "max")
    home.ok("staff", "add", "mo", "--role", "moderator")
    home.ok("staff", "add", "vi", "--role", "viewer")
    return home


@pytest.fixture
def home(filled: Home, tmp_path: Path) -> Home:
    """A home whose store holds the sample chat and three members more, and has mo and vi on its staff."""
    shutil.copytree(filled.home, tmp_path / "home")
    return Home(tmp_path)


def keys(home: Home, *words: object) -> list[str]:
    return [row["key"] for row in home.ok("members", "list", "--json", *words).rows]


def test_members_are_found_in_any_script_and_listed_in_the_order_asked_for(home: Home) -> None:
    assert keys(home, "--find", "yg", "--group", "yard") == keys(home, "--find", "yangguang") == ["u1"]
    assert sorted(keys(home, "--find", "阳")) == ["u1", "u2"]
    assert keys(home, "--group", "yard", "--sort", "name", "--limit", 2) == ["u3", "u1"]
    assert keys(home, "--group", "yard", "--sort", "name", "--reverse") == ["u2", "u1", "u3"]
    everybody = keys(home)
    assert len(everybody) == len(set(everybody)) > 20
    assert keys(home, "--sort", "last", "--limit", 5) == everybody[:5]


def test_the_list_as_text_is_safe_to_show(home: Home) -> None:
    listed = home.ok("members", "list", "--group", "yard").out
    assert "阳光" in listed
    assert listed.splitlines()[0].split()[:4] == ["id", "tier", "layer", "points"]
    assert not set(listed) & set("\x1b\x07\u202e")
    assert home.ok("members", "list", "--find", "nobody is called that").out == "no members like that\n"
    assert home.ok("members", "list", "--find", "nobody is called that", "--json").out == ""


def test_a_note_and_a_remark_are_on_the_card(home: Home) -> None:
    assert home.ok("members", "note", "阳光", "helps newcomers", "--as", "mo").out.startswith("note 1 about member ")
    assert home.ok("members", "remark", "replay:u1", "卖票", "--as", "mo").out.endswith(" written\n")
    shown = home.ok("members", "show", "阳光", "--as", "vi").out
    assert "mo: helps newcomers" in shown
    assert "remark: 卖票" in shown
    assert "replay:u1" in shown
    assert keys(home, "--find", "mp") == ["u1"]
    (card,) = home.ok("members", "show", "阳光", "--json").rows
    assert (card["member"]["name"], card["notes"][0]["text"], len(card["activity"])) == ("阳光", "helps newcomers", 90)
    assert home.ok("members", "note", "阳光", "--remove", 1, "--as", "mo").out == "note 1 removed\n"
    assert "helps newcomers" not in home.ok("members", "show", "阳光").out
    home.ok("audit", "verify")


def test_a_file_of_members(home: Home) -> None:
    path = home.folder / "yard.csv"
    assert home.ok("members", "export", path, "--group", "yard").out == f"3 members written to {path}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = list(csv.DictReader(StringIO(path.read_text("utf-8-sig"), newline="")))
    assert {row["key"] for row in rows} == {"u1", "u2", "u3"}
    assert next(row["name"] for row in rows if row["key"] == "u3").startswith("'=")
    assert "is there already" in home.refused("members", "export", path)
    piped = home.ok("members", "export", "-", "--group", "yard", "--sort", "name").rows
    assert [row["name"] for row in piped] == [HOSTILE, "阳光", "陽小明"]
    assert home.ok("members", "export", "-", "--format", "csv", "--find", "yangguang").out.count("\n") == 2
    log = home.ok("audit", "list").out
    assert log.count("members.export members") == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "--group", "nowhere"), "no group 'nowhere'"),
        (("list", "--silent-days", "0"), "silent-days"),
        (("list", "--sort", "height"), "sort"),
        (("show", "nobody"), "no member 'nobody'"),
        (("show", "999999"), "no member '999999'"),
        (("note", "阳光"), "a note needs a text"),
        (("note", "阳光", " "), "a note needs words"),
        (("note", "阳光", "--remove", "7"), "no note 7"),
        (("note", "阳光", "x" * 501), "500"),
        (("note", "阳光", "x", "--as", "vi"), "moderator"),
        (("remark", "阳光", "x", "--as", "vi"), "moderator"),
        (("remark", "阳光", "x" * 61), "60"),
        (("export", "/nowhere/a.csv"), "/nowhere/a.csv"),
    ],
)
def test_a_mistake_is_one_line(home: Home, words: tuple[str, ...], said: str) -> None:
    assert said in home.refused("members", *words)
