"""`vigil replay` takes a recorded chat in once, whatever stops it; `vigil check` judges one and stores nothing."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from console import sample
from store import lease, messages
from store.database import open_database
from tests.home import COMMAND, Home, wait_until

LINES = sample.chat().read_bytes().splitlines(keepends=True)
IDS = [msgspec.json.decode(line)["id"] for line in LINES]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.settle()
    return home


def stored(home: Home) -> int:
    if not home.store.exists() or not home.store.stat().st_size:
        return 0
    db = open_database(home.store)
    try:
        return sum(count for _, _, count in messages.groups(db))
    finally:
        db.close()


def holder(home: Home) -> lease.Holder | None:
    if not home.store.exists() or not home.store.stat().st_size:
        return None
    db = open_database(home.store)
    try:
        return lease.holder(db, time.time())
    finally:
        db.close()


# --- replay ---


def test_a_second_replay_of_the_same_chat_adds_nothing(home: Home) -> None:
    assert (
        f"read to the end: {len(LINES)} messages taken in, 0 already"
        in home.ok("replay", sample.chat(), "--speed", "max").out
    )
    before = home.ok("cases", "--json").out
    assert ": 0 messages taken in" in home.ok("replay", sample.chat(), "--speed", "max").out
    again = home.ok("replay", "-", "--speed", "max", stdin=b"".join(LINES)).out
    assert f": 0 messages taken in, {len(LINES)} already there, 0 flagged" in again
    assert home.ok("cases", "--json").out == before


def test_a_replay_that_is_interrupted_goes_on_where_it_stopped(home: Home) -> None:
    with home.running("replay", sample.chat(), "--speed", "2000x") as replay:
        wait_until(lambda: stored(home) > 100)
        replay.send_signal(signal.SIGINT)
        said, problems = replay.communicate(timeout=20)
    assert (replay.returncode, problems) == (130, b"")
    first = re.match(rb"stopped; the same command goes on from here: (\d+) messages taken in", said)
    assert first is not None
    taken = int(first[1])
    assert taken == stored(home) < len(LINES)

    rest = home.ok("replay", sample.chat(), "--speed", "max").out
    assert f"read to the end: {len(LINES) - taken} messages taken in, 0 already there" in rest
    assert f"line {len(LINES)}\n" in rest
    whole = [(row["rule"], row["messages"], row["members"], row["groups"]) for row in home.ok("cases", "--json").rows]
    assert len(whole) == 10
    assert ("campaign", 40, 9, 5) in whole


def test_a_replay_that_is_killed_loses_and_doubles_nothing(home: Home) -> None:
    with home.running("replay", sample.chat(), "--speed", "2000x") as replay:
        wait_until(lambda: stored(home) > 100)
        replay.kill()
        replay.communicate(timeout=20)
    assert "read to the end" in home.ok("replay", sample.chat(), "--speed", "max").out
    assert stored(home) == len(LINES)
    assert [row["messages"] for row in home.ok("cases", "--json").rows if row["campaign"]] == [40]


def test_what_is_added_to_the_file_later_is_taken_in_by_the_next_replay(home: Home) -> None:
    chat = home.write("chat.ndjson", b"".join(LINES[:300]))
    home.ok("replay", chat, "--speed", "max")
    with chat.open("ab") as file:
        file.writelines(LINES[300:])
    assert f": {len(LINES) - 300} messages taken in, 0 already there" in home.ok("replay", chat, "--speed", "max").out


def test_another_file_of_the_same_name_is_read_from_its_beginning(home: Home) -> None:
    chat = home.write("chat.ndjson", b"".join(LINES[:300]))
    home.ok("replay", chat, "--speed", "max")
    chat.write_bytes(b"".join(LINES[200:]))
    done = home.ok("replay", chat, "--speed", "max").out
    assert f": {len(LINES) - 300} messages taken in, 100 already there" in done


def test_lines_that_are_no_messages_are_named_by_number_and_passed_over(home: Home) -> None:
    bad = [b"nonsense\n", b'{"id": "x", "group": "g"}\n', b"[]\n"]
    chat = home.write("chat.ndjson", b"".join([*LINES[:2], bad[0], *LINES[2:4], bad[1], b"\n", bad[2], *LINES[4:]]))
    done = home.ok("replay", chat, "--speed", "max")
    assert re.findall(r"^vigil: line (\d+): \S", done.err, re.MULTILINE) == ["3", "6", "8"]
    assert done.err.count("\n") == 3
    assert f"{len(LINES)} messages taken in, 0 already there, " in done.out
    assert "3 lines with problems" in done.out
    assert stored(home) == len(LINES)


def test_messages_come_from_standard_input_as_they_are_written(home: Home) -> None:
    with home.running("replay", "-", "--speed", "max", stdin=subprocess.PIPE) as replay:
        assert replay.stdin is not None
        replay.stdin.write(LINES[0])
        replay.stdin.flush()
        wait_until(lambda: stored(home) == 1)
        replay.stdin.write(b"".join(LINES[1:]))
        said, _ = replay.communicate(timeout=60)
    assert f"read to the end: {len(LINES)} messages taken in".encode() in said


@pytest.mark.parametrize("words", [["replay", "-"], ["check", "-"]], ids=" ".join)
def test_an_interrupt_ends_the_waiting_for_standard_input(home: Home, words: list[str]) -> None:
    with home.running(*words, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(LINES[0])
        process.stdin.flush()
        if words[0] == "check":
            assert b"m0001" in process.stdout.readline()
        else:
            wait_until(lambda: stored(home) == 1)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr is not None
        assert process.stderr.read().strip() == b""


@pytest.mark.parametrize("words", ["replay {} --speed max", "check {}"])
def test_a_named_pipe_is_read_to_its_end(home: Home, words: str) -> None:
    pipe = home.folder / "pipe"
    os.mkfifo(pipe)
    with home.running(*words.format(pipe).split()) as process:
        with pipe.open("wb") as file:
            file.writelines(LINES[:7])
        said, problems = process.communicate(timeout=30)
    assert process.returncode == 0
    assert b"7 messages" in said + problems


def on_a_terminal(home: Home, *words: object) -> bytes:
    """What a command writes to a terminal that is its standard error."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs, env=home.env
    ) as process:
        os.close(theirs)
        written = b""
        while process.poll() is None or select.select([ours], [], [], 0.2)[0]:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    part = os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
                if not part:
                    break
                written += part
    os.close(ours)
    return written


def test_a_bar_shows_how_far_it_is_on_a_terminal_and_nowhere_else(home: Home) -> None:
    drawn = on_a_terminal(home, "replay", sample.chat(), "--speed", "max")
    assert b"[" + b"#" * 30 + b"] 100 %" in drawn
    assert f"{len(LINES)} messages".encode() in drawn
    assert home.ok("replay", "-", "--speed", "max", stdin=b"".join(LINES)).err == ""


def test_a_replay_is_refused_while_a_service_serves_the_store(home: Home) -> None:
    with home.running("serve") as service:
        wait_until(lambda: (now := holder(home)) is not None and now.alive)
        assert "the store's worker is running already: serve" in home.refused("replay", sample.chat())
        assert "the store's worker is running already: serve" in home.refused("serve")
        service.send_signal(signal.SIGTERM)
        service.communicate(timeout=20)
    home.ok("replay", sample.chat(), "--speed", "max")


def test_a_worker_that_a_console_started_steps_aside_for_a_replay(home: Home) -> None:
    with home.running("serve", "--child", stdin=subprocess.PIPE) as child:
        wait_until(lambda: (now := holder(home)) is not None and now.alive)
        assert f"{len(LINES)} messages taken in" in home.ok("replay", sample.chat(), "--speed", "max").out
        assert child.wait(20) == 0


def test_a_worker_that_a_console_started_ends_when_the_console_does(home: Home) -> None:
    with home.running("serve", "--child", stdin=subprocess.PIPE) as child:
        wait_until(lambda: (now := holder(home)) is not None and now.alive)
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(10) == 0
    now = holder(home)
    assert now is not None
    assert not now.alive


# --- check ---


def test_every_message_is_judged_in_the_order_of_the_file(home: Home) -> None:
    done = home.ok("check", sample.chat(), "--rulebook", sample.rulebook())
    assert [row["id"] for row in done.rows] == IDS
    assert {tuple(row)[:3] for row in done.rows} == {("id", "group", "verdict")}
    expected = sample.expected()
    flagged = {row["id"] for row in done.rows if row["verdict"] == "flag"}
    earlier = {key["id"] for row in done.rows for finding in row["findings"] for key in finding.get("earlier", ())}
    wanted = {*expected.campaign.messages, *expected.flood.messages, expected.scam.message}
    assert flagged | earlier == wanted | {ad.message for ad in expected.ads}
    assert re.fullmatch(
        rf"vigil: {len(LINES)} messages, {len(flagged)} flagged, 0 lines with problems; [\d,]+ messages a second\n",
        done.err,
    )
    assert list(home.store.parent.iterdir()) == []


def test_offsets_point_at_the_characters_that_were_written(home: Home) -> None:
    texts = {key: msgspec.json.decode(line)["text"] for key, line in zip(IDS, LINES, strict=True)}
    rows = home.ok("check", sample.chat(), "--rulebook", sample.rulebook()).rows
    findings = [(texts[row["id"]], finding) for row in rows for finding in row["findings"]]
    assert len(findings) > 50
    for text, finding in findings:
        assert list(finding)[:6] == ["rule", "kind", "mode", "score", "matched", "evidence"]
        assert 0 <= finding["score"] <= 100
        for evidence in finding["evidence"]:
            assert list(evidence) == ["start", "end", "matched"]
            assert 0 <= evidence["start"] < evidence["end"] <= len(text)
    (scam,) = [(text, finding) for text, finding in findings if finding["rule"] == "scam"]
    assert any("claim your grant" in scam[0][e["start"] : e["end"]].casefold() for e in scam[1]["evidence"])


def test_standard_input_is_judged_as_a_file_is(home: Home) -> None:
    from_file = home.ok("check", sample.chat())
    piped = home.ok("check", "-", stdin=b"".join(LINES))
    assert piped.out == from_file.out
    assert f"{len(LINES)} messages" in piped.err


def test_bad_lines_are_named_by_number_and_the_others_judged(home: Home) -> None:
    done = home.ok("check", "-", stdin=b"{\n" + LINES[0] + b'{"id": 1, "group": "g", "text": 5}\n' + LINES[1])
    assert [row["id"] for row in done.rows] == IDS[:2]
    assert done.err.startswith("vigil: standard input: line 1: not JSON")
    assert 'vigil: standard input: line 3: "text" is a number, where a string belongs\n' in done.err
    assert "2 messages, 0 flagged, 2 lines with problems" in done.err


def test_without_a_rulebook_the_one_of_the_settings_judges(home: Home) -> None:
    home.write("rules.toml", "version = 1\n[rules.hello]\nkind = 'words'\nmode = 'ask'\nwords = ['hello']\n")
    home.config.write_text(f'rulebook = "{home.folder / "rules.toml"}"\n')
    (row,) = home.ok("check", "-", stdin=b'{"id": "1", "group": "g", "text": "oh, Hello"}\n').rows
    assert (row["verdict"], row["findings"][0]["rule"]) == ("flag", "hello")
