"""A user's mistake ends with one line that says what to do, exit code 2, and nothing else."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from console import sample
from console.commands import KeysError, resolve
from tests.home import COMMAND, Home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a store that the tests here only look at."""
    home = Home(tmp_path_factory.mktemp("errors"))
    home.settle()
    home.ok("replay", sample.chat(), "--speed", "max")
    return home


@pytest.mark.parametrize("words", ["", "outbox", "members", "perk", "rules", "draw"])
def test_lists_of_commands_are_whole_sentences_that_fit(home: Home, words: str) -> None:
    done = home.run(*words.split(), "--help", env={"COLUMNS": "80"})
    listed = done.out.partition("Commands:")[2].partition("Example:")[0]
    assert listed.strip()
    assert "..." not in listed
    assert max(map(len, listed.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("frobnicate", "No such command 'frobnicate'; see `vigil --help`"),
        ("--frobnicate", "No such option '--frobnicate'; see `vigil --help`"),
        ("cases --frobnicate", "No such option '--frobnicate'; see `vigil cases --help`"),
        ("staff", "Missing command; see `vigil staff --help`"),
        ("audit", "Missing command; see `vigil audit --help`"),
        ("staff frobnicate", "see `vigil staff --help`"),
        ("show", "Missing argument 'CASE'; see `vigil show --help`"),
        ("show four", "'four' is not a valid integer"),
        ("show 999", "no case 999; `vigil cases --all` lists them"),
        ("show 99999999999999999999", "99999999999999999999 is not in the range"),
        ("decide 999 warn", "no case 999"),
        ("decide 1 scold", "'scold' is not one of 'dismiss', 'delete', 'warn', 'mute', 'remove', 'ban', 'ladder'"),
        ("approve", "Missing argument"),
        ("approve one", "'one' is not a valid integer"),
        ("reject 1", "Missing option '--reason'"),
        ("undo", "nothing of yours"),
        ("undo 999", "no decision 999; `vigil show CASE` names"),
        ("undo 1", "no decision 1; `vigil show 1` names the decisions of case 1"),
        ("cases --as nobody", "'nobody' is not on the staff of this store"),
        ("staff add x\x1by --role admin", "staff name 'x\\x1by'"),
        ("staff add vigil --role admin", "choose another"),
        ("staff add mo --role boss", "'boss' is not one of 'viewer', 'moderator', 'admin', 'owner'"),
        ("staff remove nobody", "no staff member 'nobody'"),
        ("audit list --limit 0", "0 is not in the range"),
        ("replay chat.ndjson --speed fast", '\'fast\' is no speed; "max" or a factor such as "20x"'),
        ("replay chat.ndjson --speed 0x", "'0x' is no speed"),
        ("replay chat.ndjson --speed -2x", "'-2x' is no speed"),
        ("replay chat.ndjson --speed nan", "'nan' is no speed"),
        ("replay missing.ndjson", "missing.ndjson: No such file or directory"),
        ("check missing.ndjson", "missing.ndjson: No such file or directory"),
        ("check missing.ndjson --rulebook missing.toml", "missing.toml: "),
        ("replay .", ".: Is a directory"),
        ("check .", ".: Is a directory"),
        ("check chat.ndjson --rulebook .", ".: "),
        ("cases --config missing.toml", "missing.toml: No such file or directory; `vigil init` writes one"),
        ("cases --store missing.db", "missing.db: does not exist; `vigil replay`, `vigil serve` or `vigil` makes it"),
        ("cases --store .", "is a folder; name a file in it"),
        ("serve --store .", "is a folder; name a file in it"),
        ("cases --store home/config/vigil/vigil.toml", "is not a Vigil store; it was left untouched"),
    ],
)
def test_a_mistake_is_told_in_one_line(home: Home, words: str, said: str) -> None:
    assert said in home.refused(*words.split(" "))


def test_without_a_terminal_the_console_names_the_commands_instead(home: Home) -> None:
    assert "needs a terminal; vigil cases" in home.refused()


def test_no_mistake_makes_a_store(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for words in ("cases", "show 1", "doctor", "replay missing.ndjson", "replay .", "decide 1 warn", "undo", ""):
        home.run(*words.split())
    assert list(home.store.parent.iterdir()) == []


def test_a_file_of_another_program_is_refused_and_left_as_it_is(home: Home, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE cats (name)")
    db.close()
    before = other.read_bytes()
    for words in (["cases"], ["staff", "list"], ["replay", str(sample.chat())], ["serve"]):
        assert "SQLite file of another program" in home.refused(*words, "--store", other)
    assert other.read_bytes() == before


def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(home: Home, tmp_path: Path) -> None:
    newer = Path(shutil.copy(home.store, tmp_path / "newer.db"))
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = newer.read_bytes()
    for words in (["cases"], ["staff", "list"], ["replay", str(sample.chat())], ["serve"]):
        assert "newer Vigil" in home.refused(*words, "--store", newer)
    assert newer.read_bytes() == before


def test_a_damaged_store_is_told_in_one_line(home: Home, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(home.store.read_bytes()[:4096] + b"\xff" * 300_000)
    assert "damaged" in home.refused("cases", "--store", damaged)


@pytest.mark.parametrize(
    ("rulebook", "said"),
    [
        (
            "version = 1\n[rules.ads]\nkind = 'similar'\nmode = 'aks'\n",
            ":4: rules.ads.mode: must be one of off",
        ),
        ("version = 1\n\n[rules.ads]\nkind = 'words'\nwords = ['a']\nwrods = ['b']\n", ":6: rules.ads.wrods: is not"),
        ("version = 1\n[rules.ads\n", ":2: "),
        ("version = 1\n[rules.r]\nkind = 'words'\npatterns = ['(']\n", ":4: rules.r.patterns"),
        ("version = 9\n", ":1: version: "),
        ("", ": version: is missing"),
    ],
)
def test_a_bad_rulebook_is_refused_by_file_line_and_key(tmp_path: Path, rulebook: str, said: str) -> None:
    home = Home(tmp_path)
    path = home.write("rulebook.toml", rulebook)
    home.config.write_text(f'rulebook = "{path}"\n')
    chat = home.write("chat.ndjson", '{"id": "1", "group": "g", "text": "hello"}\n')
    for words in (["check", chat, "--rulebook", path], ["check", chat], ["serve"], ["replay", chat]):
        line = home.refused(*words)
        assert line.startswith(str(path))
        assert said in line


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('language = "xx"\n', ":1: language: must be one of auto, en, zh"),
        ("[outbox]\nundo_seconds = -1\n", ":2: outbox.undo_seconds: must be between 0 and 3600"),
        ('\n\nstroe = "x"\n', ":3: stroe: is not a key here"),
        ('[access]\nwarn = "viewer"\n', ":2: access.warn: must be one of moderator, admin, owner"),
        ('[platforms.a]\nkind = "icq"\n', ":2: platforms.a.kind: must be one of replay"),
        ('[platforms.a]\nkind = "replay"\n', "platforms.a.file: is missing"),
        ('[platforms.a]\nkind = "replay"\nfile = "x"\nspeed = "fast"\n', ":4: platforms.a.speed: "),
        ("language = \n", "is not TOML"),
        (b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_bad_settings_are_refused_by_file_line_and_key(tmp_path: Path, settings: str | bytes, said: str) -> None:
    home = Home(tmp_path)
    path = home.write("vigil.toml", settings)
    for words in (["cases"], ["serve"], ["staff", "list"]):
        line = home.refused(*words, "--config", path)
        assert line.startswith(str(path))
        assert said in line


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"case.warn": "x"}, "'x' means both 'case.delete' and 'case.warn'"),
        ({"case.warm": "x"}, "'case.warm' is no command; known are"),
        ({"quit": " "}, "'quit' has no key"),
        ({"help": "down"}, "'down' means both 'help' and 'list.down'"),
    ],
)
def test_keys_that_cannot_be_are_refused(changed: dict[str, str], said: str) -> None:
    with pytest.raises(KeysError) as refused:
        resolve(changed, [("list.down", "down,j")])
    assert said in str(refused.value)


@pytest.mark.parametrize("words", ["replay {}", "check {}", "cases --store {}", "cases --config {}"])
def test_a_file_that_must_not_be_read_is_told_in_one_line(home: Home, tmp_path: Path, words: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("{}")
    secret.chmod(0)
    unprivileged = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may read everything, and setpriv is not there to take that away")
        unprivileged = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"]
    done = subprocess.run(
        [*unprivileged, *COMMAND, *words.format(secret).split()],
        stdin=subprocess.DEVNULL, capture_output=True, env=home.env, cwd=home.folder, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 2, done
    assert done.stderr.startswith("vigil: ")
    assert done.stderr.count("\n") == 1
    assert str(secret) in done.stderr
    assert "not readable" in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
@pytest.mark.parametrize("words", ["cases", "doctor", "check -", "demo --plain", ""])
def test_a_standard_stream_that_is_closed_breaks_nothing(home: Home, words: str, closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -P -m console {words} {closed}', sys.executable],
        stdin=subprocess.DEVNULL, capture_output=True, env=home.env, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1, 2)
    assert b"Traceback" not in done.stderr
    assert b"Error" not in done.stderr
    if closed != "<&-" and words == "cases":
        assert done.returncode == 0
