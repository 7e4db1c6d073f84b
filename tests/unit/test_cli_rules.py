"""`vigil rules`: what the rules did, what others would do, and other modes, by commands alone."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from console import sample
from tests.home import COMMAND, Home, wait_until
from tests.unit.made import NOON, line, message

EXPECTED = sample.expected()


def rulebook_of(home: Home) -> Path:
    return home.config.with_name("rulebook.toml")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("filled"))
    home.config.write_text("[outbox]\nundo_seconds = 0\n", "utf-8")
    shutil.copyfile(sample.rulebook(), rulebook_of(home))
    home.ok("replay", sample.chat(), "--speed", "max")
    for name, role in (("mo", "moderator"), ("ad", "admin"), ("vi", "viewer")):
        home.ok("staff", "add", name, "--role", role)
    for row in home.ok("cases", "--json").rows:
        home.ok("decide", row["id"], "dismiss" if row["rule"] == "flood" else "warn")
    return home


@pytest.fixture
def home(filled: Home, tmp_path: Path) -> Home:
    """A home whose store holds the sample chat, its floods dismissed, all else confirmed."""
    shutil.copytree(filled.home, tmp_path / "home")
    return Home(tmp_path)


def dump(home: Home) -> list[str]:
    with closing(sqlite3.connect(home.store)) as db:
        return list(db.iterdump())


def test_every_rule_is_listed_with_how_often_it_was_right(home: Home) -> None:
    rows = {row["rule"]: row for row in home.ok("rules", "list", "--json", "--as", "vi").rows}
    assert list(rows) == ["campaign", "ads", "scam", "flood", "trade"]
    campaign, flood, trade = rows["campaign"], rows["flood"], rows["trade"]
    assert (campaign["kind"], campaign["mode"], campaign["in_force"]) == ("duplicates", "ask", "ask")
    assert (campaign["hits"], campaign["decided"], campaign["confirmed"]) == (len(EXPECTED.campaign.messages), 1, 1)
    assert flood["hits"] == len(EXPECTED.flood.messages)
    assert (flood["confirmed"], flood["dismissed"]) == (0, len(EXPECTED.flood.members))
    assert (flood["precision"], flood["lower"]) == (0.0, 0.0)
    assert trade["hits"] > 0
    assert (trade["mode"], trade["decided"], trade["precision"]) == ("shadow", 0, None)


def test_the_list_is_text_for_eighty_columns(home: Home) -> None:
    lines = home.ok("rules", "list").lines
    assert lines[0].split() == ["rule", "kind", "mode", "in", "force", "hits", "confirmed", "precision"]
    assert lines[1].split()[:8] == ["campaign", "duplicates", "ask", "ask", "40", "1", "of", "1"]
    assert max(map(len, lines)) <= 80


def test_a_rule_that_no_worker_knows_yet_is_not_in_force(home: Home) -> None:
    with rulebook_of(home).open("a", encoding="utf-8") as file:
        file.write('\n[rules.late]\nkind = "words"\nmode = "ask"\nwords = ["late"]\n')
    row = home.ok("rules", "list", "--json").rows[-1]
    assert (row["rule"], row["mode"], row["in_force"]) == ("late", "ask", "")


# --- check ---


def test_a_good_rulebook_is_told_so(home: Home) -> None:
    assert home.ok("rules", "check").out == f"{rulebook_of(home)}: 5 rules, no errors\n"
    one = home.write("one.toml", 'version = 1\n[rules.a]\nkind = "words"\nwords_file = "list.txt"\n')
    home.write("list.txt", "casino\n")
    assert home.ok("rules", "check", one).out == f"{one}: 1 rule, no errors\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("version = 1\n[auto]\nprecision = 98\n", ":3: auto.precision: must be between 0 and 1, not 98"),
        ("version = 1\n[auto]\ndecisions = -1\n", ":3: auto.decisions: must be 0 (off) or between 1 and 1000000"),
        ("version = 1\n[auto]\nshare = 1\n", ":3: auto.share: is not a key here; allowed are precision, decisions"),
        ('version = 1\n[rules.a]\nkind = "pattern"\npatterns = ["("]\n', ":4: rules.a.patterns[0]: "),
        ('version = 1\n[rules.a]\nkind = "words"\nwords_file = "none.txt"\n', ":4: rules.a.words_file: "),
    ],
)
def test_a_mistake_is_named_by_line_key_and_what_is_allowed(home: Home, source: str, said: str) -> None:
    path = home.write("bad.toml", source)
    assert home.refused("rules", "check", path).startswith(f"{path}{said}")


# --- test ---


def test_other_rules_are_compared_with_those_in_force_and_nothing_changes(home: Home) -> None:
    flood = 'kind = "flood"\nmode = "ask"'
    text = sample.rulebook().read_text("utf-8")
    new = home.write("new.toml", text.replace(flood, flood.replace("ask", "off")) + "\n[rules.all]\nkind = 'pattern'\n"
                     "patterns = ['镜头']\n")  # fmt: skip
    before = dump(home)
    (done,) = home.ok("rules", "test", "--since", "30d", "--rulebook", new, "--json", "--as", "vi").rows
    assert dump(home) == before
    rules = {row["rule"]: row for row in done["rules"]}
    assert (rules["campaign"]["both"], rules["campaign"]["recall"]) == (40, 40 / done["confirmed"])
    assert rules["campaign"]["precision"] == 1.0
    assert (rules["flood"]["only_new"], rules["flood"]["both"]) == (0, 0)
    assert rules["flood"]["only_old"] == len(EXPECTED.flood.messages) == done["dismissed"]
    assert (rules["all"]["mode"], rules["all"]["was"], rules["all"]["in_force"]) == ("shadow", "", 0)
    assert rules["all"]["only_new"] > 0
    assert done["any"]["only_old"] == len(EXPECTED.flood.messages)
    assert {row["rule"] for row in done["thresholds"]} == {"ads"}
    assert [row["hits"] for row in done["thresholds"]] == sorted(
        (row["hits"] for row in done["thresholds"]), reverse=True
    )
    assert all("镜头" in one["text"] and one["rules"] == ["all"] for one in done["only_new"])
    assert all(one["rules"] == ["flood"] for one in done["only_old"])


def test_the_rules_in_force_are_tested_where_no_others_are_named(home: Home) -> None:
    done = home.ok("rules", "test")
    assert done.err == ""
    assert "the rules in force are the same" in done.out
    assert max(map(len, done.lines)) <= 80
    words = next(lines.split() for lines in done.lines if lines.split()[:1] == ["campaign"] and "%" in lines)
    assert words == ["campaign", "40", "0", "0", "100", "%", *words[6:]]


def test_hostile_text_reaches_no_terminal(home: Home) -> None:
    chat = home.write("more.ndjson", line(message("x", "casino \x1b[2J\u202e \x07", member="\x1b]0;x\x07", time=None)))
    home.ok("replay", chat, "--speed", "max")
    new = home.write("new.toml", "version = 1\n[rules.a]\nkind = 'words'\nwords = ['casino']\n")
    for words in ([], ["--json"]):
        done = home.ok("rules", "test", "--since", "all", "--rulebook", new, *words)
        assert "casino" in done.out
        assert not {"\x1b", "\x07", "\u202e"} & set(done.out)


@pytest.mark.parametrize("since", ["1d", "90m", "2026-01-01", "2026-05-16T19:00", "all"])
def test_since_is_a_time_before_the_newest_message_or_a_date(home: Home, since: str) -> None:
    (done,) = home.ok("rules", "test", "--since", since, "--json").rows
    assert done["messages"] > 0


@pytest.mark.parametrize("since", ["yesterday", "0d", "-1d", "1e9", "99999999999d", ""])
def test_what_is_no_time_is_refused(home: Home, since: str) -> None:
    assert "is no time" in home.refused("rules", "test", "--since", since)


def test_a_time_without_messages_names_the_newest(home: Home) -> None:
    assert "the newest is of 2026-" in home.refused("rules", "test", "--since", "2031-01-01")


def test_on_a_terminal_it_shows_how_far_it_is_and_stops_when_told(tmp_path: Path) -> None:
    home = Home(tmp_path)
    chat = [message(n, f"message {n} of a long chat about nothing", member=f"m{n}") for n in range(30_000)]
    home.ok("replay", home.write("chat.ndjson", "".join(map(line, chat))), "--speed", "max")
    before = dump(home)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "rules", "test", "--since", "all"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs,
        cwd=home.folder, env=home.env,
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = b""
        while b" 2" not in shown:
            shown += os.read(ours, 4_096)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
        try:
            while part := os.read(ours, 4_096):
                shown += part
        except OSError:
            # The terminal has gone with the last process that had it.
            pass
    os.close(ours)
    assert (process.returncode, out) == (130, b"")
    assert b"judging" in shown
    assert b"Traceback" not in shown
    assert shown.rstrip().endswith(b"\x1b[?25h"), "the cursor is there again"
    assert dump(home) == before


# --- promote ---


def test_a_running_worker_takes_the_new_mode_over(home: Home) -> None:
    book = rulebook_of(home).read_text("utf-8")
    with home.running("serve") as worker:
        wait_until(lambda: "serve" in home.run("doctor").out)
        told = home.ok("rules", "promote", "trade", "ask", "--as", "ad").out
        wait_until(lambda: home.ok("rules", "list", "--json").rows[-1]["in_force"] == "ask")
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=20)
    assert told == f"trade: shadow before, ask now, in {rulebook_of(home)}\n"
    assert rulebook_of(home).read_text("utf-8") == book.replace('mode = "shadow"', 'mode = "ask"')
    assert home.ok("audit", "list", "--json").out.count('"rule.mode"') == 1
    home.ok("audit", "verify")
    assert home.ok("rules", "promote", "trade", "ask").out == "trade is in mode ask already\n"


def test_mode_auto_is_refused_with_the_figures(home: Home) -> None:
    book = rulebook_of(home).read_bytes()
    said = home.refused("rules", "promote", "flood", "auto", "--as", "ad")
    count = len(EXPECTED.flood.members)
    assert f"0 of {count} cases decided in the last 90 days were confirmed, 0 %" in said
    assert "auto takes 98 % of at least 50 (table [auto] of the rulebook)" in said
    assert "role admin" in home.refused("rules", "promote", "trade", "ask", "--as", "mo")
    assert "'loud' is not one of" in home.refused("rules", "promote", "trade", "loud")
    assert rulebook_of(home).read_bytes() == book


def test_commands_that_only_look_import_no_engine(home: Home) -> None:
    code = (
        "import sys, console.cli\nsys.argv = ['vigil', 'rules', 'list']\n"
        "try: console.cli.main()\nexcept SystemExit as ended: assert not ended.code\n"
        "assert not {'rules.engine', 'numpy', 'numba', 'rapidfuzz', 'textual'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-P", "-c", code], env=home.env, cwd=home.folder, capture_output=True, check=True)


def test_the_first_look_at_a_store_without_staff_changes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.ok("replay", home.write("chat.ndjson", line(message("1", "hello", time=NOON))), "--speed", "max")
    before = dump(home)
    home.ok("rules", "list")
    home.ok("rules", "test")
    assert dump(home) == before
