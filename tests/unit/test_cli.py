"""The commands do what the screens do: from a recorded chat to what was carried out, as text and as JSON."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from console import sample
from tests.home import COMMAND, Home, campaign_effects, wait_until

COMMANDS = [
    [],
    ["serve"],
    ["demo"],
    ["init"],
    ["replay"],
    ["check"],
    ["cases"],
    ["show"],
    ["decide"],
    ["proposals"],
    ["approve"],
    ["reject"],
    ["undo"],
    ["learn"],
    ["learned"],
    ["learned", "forget"],
    ["doctor"],
    ["staff"],
    ["staff", "list"],
    ["staff", "add"],
    ["staff", "remove"],
    ["audit"],
    ["audit", "list"],
    ["audit", "verify"],
    ["rules"],
    ["rules", "list"],
    ["rules", "check"],
    ["rules", "test"],
    ["rules", "promote"],
    ["members"],
    ["members", "list"],
    ["members", "show"],
    ["members", "export"],
    ["members", "note"],
    ["members", "remark"],
    ["points"],
    ["points", "show"],
    ["points", "give"],
    ["points", "import"],
    ["standing"],
    ["standing", "show"],
    ["standing", "changes"],
    ["perk"],
    ["perk", "add"],
    ["perk", "list"],
    ["perk", "show"],
    ["perk", "close"],
    ["perk", "import-codes"],
    ["perk", "grant"],
    ["perk", "grants"],
    ["perk", "waiting"],
    ["perk", "approve"],
    ["perk", "reject"],
    ["perk", "undo"],
    ["perk", "settle"],
    ["perk", "fulfil"],
    ["perk", "reveal"],
    ["perk", "rekey"],
    ["perk", "redeem"],
    ["perk", "report"],
    ["draw"],
    ["draw", "open"],
    ["draw", "list"],
    ["draw", "show"],
    ["draw", "enter"],
    ["draw", "commit"],
    ["draw", "draw"],
    ["draw", "result"],
    ["draw", "redraw"],
    ["draw", "cancel"],
    ["draw", "verify"],
    ["outbox"],
    ["outbox", "drop"],
    ["outbox", "list"],
    ["outbox", "retry"],
    ["outbox", "settle"],
    ["platform"],
    ["platform", "list"],
    ["platform", "test"],
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("filled"))
    home.settle()
    home.ok("replay", sample.chat(), "--speed", "max")
    home.ok("staff", "add", "mo", "--role", "moderator")
    home.ok("staff", "add", "ad", "--role", "admin")
    home.ok("staff", "add", "vi", "--role", "viewer")
    return home


@pytest.fixture
def home(filled: Home, tmp_path: Path) -> Home:
    """A home whose store holds the sample chat, and has mo, ad and vi on its staff, besides its owner."""
    shutil.copytree(filled.home, tmp_path / "home")
    return Home(tmp_path)


def case_of_campaign(home: Home) -> int:
    (campaign,) = (row for row in home.ok("cases", "--json").rows if row["campaign"])
    return int(campaign["id"])


# --- the whole way ---


def test_a_campaign_is_proposed_approved_and_carried_out_once_by_commands_alone(home: Home) -> None:
    number = case_of_campaign(home)
    shown = home.ok("show", number).out
    assert "delete 40 · warn 9 · 5 groups · needs approval" not in shown, "an owner needs nobody's approval"
    assert "warn     delete 40 · warn 9 · 5 groups" in shown
    assert "needs approval" in home.ok("--as", "mo", "show", number).out

    decided = home.ok("decide", number, "warn", "--reason", "sent around", "--as", "mo").out
    assert decided == f"decision 1: warn on case {number} proposed, waits for approval: delete 40 · warn 9\n"
    (proposal,) = home.ok("proposals", "--json").rows
    assert (proposal["case_id"], proposal["by"], proposal["reason"]) == (number, "mo", "sent around")
    assert proposal["steps"] == [["delete", 40], ["warn", 9]]
    assert home.done_effects() == []

    assert home.ok("approve", proposal["id"], "--as", "ad").out == f"proposal 1 approved, case {number} decided\n"
    assert home.ok("proposals").out == "no proposals wait\n"
    with home.running("serve") as worker:
        wait_until(lambda: len(home.done_effects()) >= 49)
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=20)
        assert worker.returncode == 0
    assert sorted(home.done_effects()) == campaign_effects()

    undone = home.ok("undo", "1", "--as", "ad").out
    assert undone.startswith(f"decision 1 undone, case {number} open again: ")
    assert "40 delete cannot be undone" in undone
    assert "9 warn cannot be undone" in undone
    assert "9 strikes revoked" in undone
    assert sorted(home.done_effects()) == campaign_effects()


def test_a_worker_that_is_killed_and_started_again_carries_nothing_out_twice(home: Home) -> None:
    number = case_of_campaign(home)
    home.ok("decide", number, "warn", "--as", "ad")
    with home.running("serve") as worker:
        wait_until(lambda: len(home.done_effects()) > 0)
        worker.kill()
        worker.communicate(timeout=20)
    with home.running("serve") as worker:
        assert worker.stderr is not None
        assert b"worker serve started" in worker.stderr.readline()
        wait_until(lambda: len(home.done_effects()) >= 49)
        worker.send_signal(signal.SIGINT)
        worker.communicate(timeout=20)
        assert worker.returncode == 0
    assert sorted(home.done_effects()) == campaign_effects()
    home.ok("audit", "verify")


def test_a_rejected_proposal_opens_the_case_again_with_the_reason_on_it(home: Home) -> None:
    number = case_of_campaign(home)
    home.ok("decide", number, "ban", "--as", "mo")
    assert home.ok("reject", 1, "--reason", "a warning is enough", "--as", "ad").out.endswith("open again\n")
    shown = home.ok("show", number).out
    assert "open" in shown.splitlines()[0]
    assert "rejected by ad (a warning is enough)" in shown


def test_an_undo_before_the_worker_runs_leaves_no_effect(home: Home) -> None:
    number = case_of_campaign(home)
    home.ok("decide", number, "warn", "--as", "ad")
    assert "49 actions withdrawn" in home.ok("undo", "--as", "ad").out
    (other, *_) = (row["id"] for row in home.ok("cases", "--json").rows if row["id"] != number)
    home.ok("decide", other, "delete", "--as", "ad")
    with home.running("serve") as worker:
        wait_until(lambda: len(home.done_effects()) > 0)
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=20)
    assert [kind for kind, _ in home.done_effects()] == ["delete"]
    assert home.done_effects()[0][1] not in sample.expected().campaign.messages


def test_of_two_who_decide_at_once_one_wins_and_the_other_is_told_who(home: Home) -> None:
    number = case_of_campaign(home)
    first = [*COMMAND, "decide", str(number), "warn", "--as", "mo"]
    second = [*COMMAND, "decide", str(number), "dismiss", "--as", "ad"]
    started = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=home.folder, env=home.env)
        for words in (first, second)
    ]
    said = [process.communicate(timeout=30)[1].decode() for process in started]
    codes = [process.returncode for process in started]
    assert sorted(codes) == [0, 2]
    told = said[codes.index(2)]
    assert told.startswith(f"vigil: case {number}")
    assert ("mo" if codes[0] == 0 else "ad") in told


def test_several_proposals_are_answered_and_each_failure_is_told(home: Home) -> None:
    for number in (1, 2):
        home.ok("decide", number, "ladder", "--as", "mo")
    done = home.run("approve", 1, 99, 2, "--as", "ad")
    assert done.code == 2
    assert len(done.lines) == 2
    assert done.err == (
        "vigil: no decision 99; `vigil show CASE` names those of a case, `vigil proposals` those that wait\n"
    )
    assert home.ok("proposals", "--json").rows == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["approve", "1", "--as", "mo"], "admin"),
        (["reject", "1", "--reason", "no", "--as", "mo"], "admin"),
        (["decide", "1", "dismiss", "--as", "vi"], "moderator"),
        (["undo", "--as", "vi"], ""),
        (["undo", "1", "--as", "vi"], ""),
        (["staff", "add", "zed", "--role", "owner", "--as", "ad"], "owner"),
        (["staff", "add", "mo", "--role", "owner", "--as", "mo"], "owner"),
        (["staff", "remove", "mo", "--as", "mo"], "owner"),
    ],
)
def test_nobody_does_by_command_what_their_role_does_not_allow(home: Home, words: list[str], said: str) -> None:
    home.ok("decide", 4, "warn", "--as", "mo")
    before = home.store.read_bytes()
    assert said in home.refused(*words)
    assert home.store.read_bytes() == before


def test_an_admin_may_take_a_moderators_proposal_back(home: Home) -> None:
    home.ok("decide", 4, "warn", "--as", "mo")
    home.ok("undo", 1, "--as", "ad")
    assert home.ok("proposals").out == "no proposals wait\n"
    assert [row["id"] for row in home.ok("cases", "--json").rows if row["campaign"]] == [4]


def test_nobody_approves_their_own_proposal(home: Home) -> None:
    home.ok("decide", 4, "warn", "--as", "mo")
    home.ok("staff", "add", "mo", "--role", "admin")
    assert "your own proposal" in home.refused("approve", 1, "--as", "mo")


# --- how every command behaves ---


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_explains_every_command_with_an_example(home: Home, words: list[str]) -> None:
    done = home.ok(*words, "--help")
    assert "Example:\n    vigil" in done.out
    assert done.err == ""


def test_no_command_is_missing_from_the_list_here(home: Home) -> None:
    def named(*group: str) -> list[list[str]]:
        listed = home.ok(*group, "--help").out.partition("Commands:\n")[2].partition("\n\n")[0]
        return [[*group, line.split()[0]] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "]

    groups = (
        "staff",
        "learned",
        "audit",
        "rules",
        "points",
        "standing",
        "perk",
        "draw",
        "members",
        "platform",
        "outbox",
    )
    assert sorted([[], *named(), *(row for group in groups for row in named(group))]) == sorted(COMMANDS)


def test_the_installed_command_is_the_same_program(home: Home) -> None:
    installed = subprocess.run([Path(sys.executable).with_name("vigil"), "--version"], capture_output=True, check=True)
    assert installed.stdout.decode() == home.ok("--version").out


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_store_settings_and_name_may_stand_before_or_after_the_command(home: Home, tmp_path: Path, after: bool) -> None:
    moved = tmp_path / "elsewhere.db"
    home.store.rename(moved)
    settings = home.config.rename(tmp_path / "other.toml")
    places = ["--store", moved, "--config", settings, "--as", "mo"]
    words = ["decide", "4", "warn"]
    done = home.ok(*(words + places if after else places + words))
    assert "waits for approval" in done.out
    assert not home.store.exists()


def test_what_is_written_nearest_to_the_command_counts(home: Home) -> None:
    assert " proposed" in home.ok("--as", "ad", "decide", "4", "warn", "--as", "mo").out


def test_texts_reach_a_pipe_of_another_encoding_without_an_error(home: Home) -> None:
    latin = {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    done = home.run("cases", env=latin, encoding="latin-1")
    assert (done.code, done.err) == (0, "")
    assert len(done.lines) == 10
    assert "\\u" in done.out
    assert home.run("cases", "--json", env=latin).out == home.ok("cases", "--json").out


def test_a_reader_that_goes_away_early_is_no_error(home: Home) -> None:
    for words in (["check", str(sample.chat())], ["cases"], ["audit", "list", "--json"], ["demo", "--plain"]):
        with home.running(*words) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b"", words
            assert process.wait(60) != 2, words


def test_a_disk_that_is_full_is_told_in_one_line(home: Home) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "cases"], stdout=full, stderr=subprocess.PIPE, cwd=home.folder, env=home.env, check=False
        )
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1
    assert "No space left on device" in done.stderr.decode()


def test_the_audit_log_finds_a_row_that_somebody_changed(home: Home) -> None:
    home.ok("decide", 4, "dismiss", "--as", "mo")
    assert home.ok("audit", "verify").out.endswith("rows hold\n")
    newest = home.ok("audit", "list", "--limit", 1, "--json").rows[0]
    assert (newest["staff"], newest["event"], newest["subject"]) == ("mo", "case.decide", "4")
    with sqlite3.connect(home.store) as db:
        db.execute("UPDATE audit SET staff = 'ad' WHERE staff = 'mo'")
    db.close()
    assert home.refused("audit", "verify").startswith("audit: ")


def test_a_store_made_by_a_command_is_its_owners_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    shutil.rmtree(home.store.parent)
    before = os.umask(0)
    try:
        home.ok("replay", sample.chat(), "--speed", "max")
    finally:
        os.umask(before)
    assert home.store.stat().st_mode & 0o777 == 0o600
    assert home.store.parent.stat().st_mode & 0o777 == 0o700
