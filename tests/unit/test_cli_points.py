"""`vigil points` and `vigil standing`: points by commands alone, and one clear line for every mistake."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from console import sample
from tests.home import Home, wait_until


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("filled"))
    home.settle()
    shutil.copyfile(sample.rulebook(), home.config.with_name("rulebook.toml"))
    home.ok("replay", sample.chat(), "--speed", "max")
    for name, role in (("mo", "moderator"), ("vi", "viewer")):
        home.ok("staff", "add", name, "--role", role)
    return home


@pytest.fixture
def home(filled: Home, tmp_path: Path) -> Home:
    """A home whose store holds the sample chat, with what it earned."""
    shutil.copytree(filled.home, tmp_path / "home")
    return Home(tmp_path)


def test_points_are_given_shown_and_taken(home: Home) -> None:
    before = int(home.ok("points", "show", "Marco").out.split(": ")[1].split()[0])
    assert before > 0, "talk has earned points"
    assert f"+25, {before + 25} points now" in home.ok("points", "give", "Marco", 25, "--reason", "led the walk").out
    home.ok("points", "give", "Marco", "-5", "--reason", "counted twice")
    rows = home.ok("points", "show", "Marco", "--json", "--as", "vi").rows
    assert [(row["points"], row["kind"]) for row in rows[:2]] == [(-5, "hand"), (25, "hand")]
    assert sum(row["points"] for row in rows) == before + 20
    assert "led the walk" in home.ok("points", "show", "Marco").out
    assert "takes the role" in home.refused("points", "give", "Marco", 1, "--reason", "x", "--as", "mo")
    assert "cannot be taken" in home.refused("points", "give", "Marco", "-9999", "--reason", "x")
    assert "no member 'Nobody'" in home.refused("points", "show", "Nobody")
    assert "--reason" in home.refused("points", "give", "Marco", 3)


def test_an_events_points_are_imported_once_and_only_as_a_whole(home: Home) -> None:
    file = home.write("quiz.csv", "\ufeffPoints,Member,remark\r\n5,Marco,\r\n\r\n7,kestrel,first\r\n")
    assert home.ok("points", "import", file, "--event", "quiz").out == "2 members credited with 12 points\n"
    again = home.ok("points", "import", file, "--event", "quiz").out
    assert again == "0 members credited with 0 points, 2 were credited before\n"
    newest = home.ok("points", "show", "kestrel", "--json").rows[0]
    assert (newest["points"], newest["kind"], newest["reason"]) == (7, "event", "quiz")
    bad = home.write("bad.csv", "member,points\nVera,4\nMarco,x\nnobody,1\nVera,2\n,1\nJune Park\nJune Park,0\n")
    refused = home.run("points", "import", bad, "--event", "walk")
    assert (refused.code, refused.out) == (2, "")
    said = refused.err
    for line in ("bad.csv:3: points must be", "bad.csv:4: no member", "bad.csv:5: the member stands on line 2",
                 "bad.csv:6: no member", "bad.csv:7: points", "bad.csv:8: points", "6 bad lines; nobody"):  # fmt: skip
        assert line in said
    assert all(row["reason"] != "walk" for row in home.ok("points", "show", "Vera", "--json").rows)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "must name the columns"),
        ("name,points\na,1\n", "must name the columns"),
        ("member,points\n", "holds no line"),
        (b"member,points\n\xff\xfe,1\n", "is not UTF-8"),
        ('member,points\n"a,1\n', "is not CSV"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(home: Home, content: str | bytes, says: str) -> None:
    assert says in home.refused("points", "import", home.write("x.csv", content), "--event", "walk")


def test_standing_says_what_is_missing_and_who_has_moved(home: Home) -> None:
    shown = home.ok("standing", "show", "Marco").out
    assert "silent, 铜牌" in shown
    assert "points to 银牌" in shown
    found = home.ok("standing", "show", "Marco", "--json").rows[0]
    assert (found["layer"], found["tier"], found["next_tier"]) == ("silent", "铜牌", "银牌")
    with home.running("serve"):
        wait_until(lambda: bool(home.ok("standing", "changes", "--json").rows))
    assert "rose to 铜牌" in home.ok("standing", "changes").out
