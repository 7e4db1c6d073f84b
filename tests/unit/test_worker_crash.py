"""A worker killed at any moment loses nothing and doubles nothing."""

from __future__ import annotations

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from console.desk import Desk
from console.platforms.replay import effects_path
from console.settings import Settings
from rules.records import Message
from store import audit, cases, staff
from store.database import Database, open_database
from store.records import Decision, Role
from tests.unit.made import NOON, Vigil, line, message, record, started, until

KILLS = 20
LINES = 6_000
AD = "内部优惠券每天更新，扫码进群免费领取，联系 12345678"


def _talk(chance: random.Random) -> str:
    """Ordinary talk: no two lines alike."""
    return "".join(chr(chance.randrange(0x4E00, 0x9000)) for _ in range(chance.randint(4, 18)))


def _chat() -> list[Message]:
    """Ordinary talk, a campaign of 40 copies, floods and single ads; a few messages come twice."""
    chance = random.Random(7)
    chat: list[Message] = []
    for number in range(LINES):
        at = NOON + number
        group, member = f"g{number % 6}", f"m{chance.randrange(200)}"
        text = _talk(chance)
        if 2_000 <= number < 2_400 and number % 10 == 0:
            text, member, group = AD + chance.choice(["", "！", "哦"]), f"ad{number // 10 % 9}", f"g{number // 10 % 5}"
        elif number % 700 < 14:
            group, member, at = "g1", f"flood{number // 700}", at - 0.5 * (number % 700)
        elif number % 97 == 0:
            text = f"日赚千元 {text}"
        chat.append(message(number, text, group, member, at))
        if number % 333 == 0:
            chat.append(chat[chance.randrange(len(chat))])
    return chat


def _waiting(store: Path, vigil: Vigil, folder: Path) -> None:
    """Make a store with decided cases whose actions wait."""
    chance = random.Random(1)
    ads = [message(f"a{n}", f"加微信领 {_talk(chance)}", f"g{n % 6}", f"old{n}", NOON - 9_000 + n) for n in range(100)]
    done = vigil("replay", record(folder / "before.ndjson", ads), "--speed", "max", "--store", store)
    assert done.returncode == 0, done.stderr
    db = open_database(store)
    try:
        staff.add(db, "ada", Role.ADMIN, "ada", NOON)
        desk = Desk(db, Settings(folder / "none.toml", store, folder / "none"), "ada", clock=lambda: NOON)
        rows = cases.listed(db)
        assert len(rows) == 100
        for row in rows:
            desk.decide(row.id, chance.choice([Decision.BAN, Decision.LADDER, Decision.MUTE]))
    finally:
        db.close()


def _progress(connection: sqlite3.Connection) -> int:
    """Messages stored and actions carried out, by a connection of the test's own."""
    query = "SELECT (SELECT coalesce(max(id), 0) FROM messages) + (SELECT count(*) FROM actions WHERE state = 'done')"
    return int(connection.execute(query).fetchone()[0])


def _generation(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT generation FROM lease").fetchone()[0])


def _kill_again_and_again(arguments: Sequence[object], store: Path, env: dict[str, str], total: int) -> None:
    """Start the program and kill it, KILLS times, further on each time. Every kill meets it at work."""
    chance = random.Random(11)
    errors = store.with_name("errors.txt")
    with closing(sqlite3.connect(store, timeout=10)) as connection:
        begun = _progress(connection)
        for number in range(KILLS):
            before = _generation(connection)
            target = begun + int((total - begun) * 0.97 * (number + chance.random()) / KILLS)
            process = started(arguments, env, errors)
            try:
                until(
                    lambda before=before, target=target, process=process: (  # type: ignore[misc]
                        process.poll() is not None
                        or (_generation(connection) > before and _progress(connection) >= target)
                    )
                )
                # Anywhere within a batch, a commit, a line of the file of effects.
                time.sleep(chance.random() * 0.03)
                assert process.poll() is None, f"ended before it could be killed: {errors.read_text()}"
            finally:
                process.kill()
                process.wait()


def _messages(db: Database) -> list[tuple[str, str, str, str, float]]:
    found = db.execute(
        "SELECT m.key, m.text, g.key, p.key, m.time FROM messages m JOIN groups g ON g.id = m.group_id"
        " JOIN members p ON p.id = m.member_id ORDER BY m.id"
    )
    return found.fetchall()


def _judged(db: Database) -> list[tuple[object, ...]]:
    """Every case with its counts and the flags in it, whatever its number."""
    judged: list[tuple[object, ...]] = []
    for row in cases.listed(db, ("open", "decided", "merged"), limit=10_000):  # type: ignore[arg-type]
        flags = db.execute(
            "SELECT m.key, f.rule, f.mode, f.score, f.campaign, f.evidence FROM flags f"
            " JOIN messages m ON m.id = f.message_id WHERE f.case_id = ? ORDER BY m.key, f.rule",
            (row.id,),
        )
        counts = (row.messages, row.members, row.groups, row.score, row.rule, row.sample, row.time)
        judged.append((row.state, row.campaign, counts, tuple(flags)))
    return sorted(judged, key=repr)


def _check(interrupted: Path, whole: Path, chat: Sequence[Message]) -> None:
    first = {one.key: one for one in reversed(chat)}
    wanted = [(one.id, one.text, one.group, one.member, one.time) for one in dict.fromkeys(chat)]
    assert len(wanted) == len(first) == LINES
    db, other = open_database(interrupted), open_database(whole)
    try:
        stored = _messages(db)
        assert stored[100:] == wanted, "each message of the file once, in its order"
        assert stored == _messages(other)
        memberships = "SELECT * FROM memberships ORDER BY group_id, member_id"
        assert db.execute(memberships).fetchall() == other.execute(memberships).fetchall()

        assert _judged(db) == _judged(other)
        campaigns = [row for row in cases.listed(db) if row.campaign]
        assert [(row.messages, row.members, row.groups) for row in campaigns] == [(40, 9, 5)]
        assert sum(row.rule == "flood" for row in cases.listed(db)) == 9

        actions = dict(db.execute("SELECT key, state FROM actions").fetchall())
        assert len(actions) >= 200
        assert set(actions.values()) == {"done"}
        lines = effects_path(interrupted).read_text("utf-8").splitlines()
        assert Counter(json.loads(one)["key"] for one in lines) == Counter(actions.keys())

        assert audit.verify(db)[1] == ""
        assert db.value("PRAGMA integrity_check") == "ok"
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        db.close()
        other.close()


@pytest.fixture
def chat() -> list[Message]:
    return _chat()


@pytest.fixture
def stores(tmp_path: Path, vigil: Vigil, chat: list[Message]) -> tuple[Path, Path, Path]:
    """A store to interrupt, an equal one to leave in peace that has the chat already, and the chat's file."""
    interrupted, whole = tmp_path / "vigil.db", tmp_path / "whole" / "vigil.db"
    _waiting(interrupted, vigil, tmp_path)
    whole.parent.mkdir()
    shutil.copy(interrupted, whole)
    file = tmp_path / "chat.ndjson"
    file.write_text("".join(map(line, chat)) + "no message\n", "utf-8")
    return interrupted, whole, file


def test_a_replay_killed_twenty_times_ends_as_one_left_in_peace(
    stores: tuple[Path, Path, Path], chat: list[Message], vigil: Vigil, environment: dict[str, str]
) -> None:
    interrupted, whole, file = stores
    total = LINES + 100 + 200
    _kill_again_and_again(["replay", file, "--speed", "max", "--store", interrupted], interrupted, environment, total)
    for store in (interrupted, whole):
        done = vigil("replay", file, "--speed", "max", "--store", store)
        assert done.returncode == 0, done.stderr
    _check(interrupted, whole, chat)


def test_a_service_killed_twenty_times_ends_as_one_left_in_peace(
    stores: tuple[Path, Path, Path], chat: list[Message], tmp_path: Path, environment: dict[str, str]
) -> None:
    interrupted, whole, file = stores
    config = tmp_path / "vigil.toml"
    # At a pace, so that batches are small and of any size.
    config.write_text(f'[platforms.recorded]\nkind = "replay"\nfile = "{file.name}"\nspeed = "3000x"\n', "utf-8")
    arguments = ["serve", "--config", config, "--store"]
    total = LINES + 100 + 200
    _kill_again_and_again([*arguments, interrupted], interrupted, environment, total)
    for store in (interrupted, whole):
        process = started([*arguments, store], environment, store.with_name("errors.txt"))
        try:
            with closing(sqlite3.connect(store, timeout=10)) as connection:
                left = "SELECT count(*) FROM actions WHERE state <> 'done'"
                until(
                    lambda connection=connection, left=left: (  # type: ignore[misc]
                        connection.execute("SELECT max(id) FROM messages").fetchone()[0] == LINES + 100
                        and connection.execute(left).fetchone()[0] == 0
                    )
                )
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
            process.wait()
    _check(interrupted, whole, chat)


def _busy_service(tmp_path: Path, store: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A service in the middle of a chat, with more to come."""
    record(tmp_path / "chat.ndjson", [message(n, _talk(random.Random(n)), time=NOON + n) for n in range(20_000)])
    config = tmp_path / "vigil.toml"
    config.write_text('[platforms.recorded]\nkind = "replay"\nfile = "chat.ndjson"\nspeed = "200x"\n', "utf-8")
    process = started(["serve", "--config", config, "--store", store], environment, tmp_path / "first.txt")
    until(lambda: store.exists() and _stored(store) > 50)
    return process


def _stored(store: Path) -> int:
    with closing(sqlite3.connect(store, timeout=10)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM messages").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def test_a_second_worker_is_refused_and_told_who_the_first_is(
    tmp_path: Path, store: Path, vigil: Vigil, environment: dict[str, str]
) -> None:
    first = _busy_service(tmp_path, store, environment)
    try:
        for arguments in (["serve"], ["replay", tmp_path / "chat.ndjson", "--speed", "max"]):
            second = vigil(*arguments, "--store", store)
            assert second.returncode == 2
            (said,) = second.stderr.splitlines()
            assert said.startswith("vigil: the store's worker is running already: serve")
            assert str(first.pid) in said
        assert first.poll() is None
        before = _stored(store)
        until(lambda: _stored(store) > before)
    finally:
        first.kill()
        first.wait()


def test_a_killed_worker_is_replaced_at_once(
    tmp_path: Path, store: Path, vigil: Vigil, environment: dict[str, str]
) -> None:
    first = _busy_service(tmp_path, store, environment)
    first.kill()
    first.wait()
    done = vigil("replay", tmp_path / "chat.ndjson", "--speed", "max", "--store", store)
    assert done.returncode == 0, done.stderr


def _look_dead(store: Path) -> bool:
    """Set the heartbeat an hour back; False when the stopped worker keeps the store locked."""
    with closing(sqlite3.connect(store, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("UPDATE lease SET heartbeat_at = heartbeat_at - 3600")
        except sqlite3.OperationalError:
            return False
        return True


def _contents(store: Path) -> dict[str, list[object]]:
    """Whatever the worker that was replaced could have written; marks of its chores the one in its place writes too."""
    tables = ("messages", "flags", "cases", "actions", "positions", "memberships", "audit", "rulebooks", "strikes")
    with closing(sqlite3.connect(store, timeout=10)) as connection:
        rows = {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables}
    rows["positions"] = [row for row in rows["positions"] if not row[0].startswith("vigil.")]
    return rows


def test_a_worker_that_hung_and_was_replaced_writes_nothing_any_more(
    tmp_path: Path, store: Path, environment: dict[str, str]
) -> None:
    processes = [_busy_service(tmp_path, store, environment)]
    try:
        while True:
            processes[0].send_signal(signal.SIGSTOP)
            until(lambda: Path(f"/proc/{processes[0].pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
            if _look_dead(store):
                break
            # Stopped within a transaction: let it get out of that.
            processes[0].send_signal(signal.SIGCONT)
        processes.append(started(["serve", "--store", store], environment, tmp_path / "second.txt"))
        until(lambda: "windows filled" in (tmp_path / "second.txt").read_text())
        before = _contents(store)
        processes[0].send_signal(signal.SIGCONT)
        assert processes[0].wait(timeout=20) == 2
        assert "vigil: another worker took the store over; this one stops" in (tmp_path / "first.txt").read_text()
        after = _contents(store)
        assert {table: len(rows) for table, rows in after.items()} == {t: len(rows) for t, rows in before.items()}
        assert after == before
        assert processes[1].poll() is None
    finally:
        for process in processes:
            process.kill()
            process.wait()


_MAKING_STORES = """
import sys
from pathlib import Path
from store.database import open_database
for number in range(1_000_000):
    open_database(Path(sys.argv[1]) / str(number) / "vigil.db", create=True).close()
"""


@pytest.mark.parametrize("seed", range(6))
def test_a_store_whose_making_was_interrupted_opens(tmp_path: Path, seed: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", _MAKING_STORES, str(tmp_path)])
    try:
        until(lambda: (tmp_path / "0").exists())
        time.sleep(random.Random(seed).random() * 0.3)
    finally:
        process.kill()
        process.wait()
    made = list(tmp_path.glob("*/vigil.db"))
    assert made
    for path in made:
        db = open_database(path)
        try:
            assert db.value("SELECT count(*) FROM messages") == 0
            assert db.value("PRAGMA journal_mode") == "wal"
        finally:
            db.close()
