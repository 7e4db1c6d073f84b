"""`vigil doctor` says what is wrong and what to do; `vigil init` writes what can be loaded again."""

from __future__ import annotations

import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from console import sample
from console.settings import Settings, default_store, load
from rules.rulebook import DEFAULT_RULEBOOK
from rules.rulebook import load as load_rulebook
from store import lease
from store.database import open_database
from store.version import SCHEMA_VERSION
from tests.home import Home, wait_until


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.settle()
    return home


@pytest.fixture
def filled(home: Home) -> Home:
    home.ok("replay", sample.chat(), "--speed", "max")
    return home


def examined(home: Home, *words: object) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code of `vigil doctor --json`, and what it found by what it looked at."""
    done = home.run("doctor", "--json", *words)
    assert done.err == ""
    assert all(list(row) == ["what", "ok", "found", "advice"] for row in done.rows)
    return done.code, {row["what"]: row for row in done.rows}


def test_what_is_not_there_yet_is_named_with_how_to_make_it(home: Home) -> None:
    code, found = examined(home)
    assert code == 1
    assert found["settings"]["ok"]
    assert found["rulebook"]["ok"]
    assert not found["store"]["ok"]
    assert "vigil replay" in found["store"]["advice"]
    assert not home.store.exists()


def test_without_settings_the_defaults_hold(home: Home) -> None:
    home.config.unlink()
    _, found = examined(home)
    assert found["settings"]["ok"]
    assert "vigil init" in found["settings"]["advice"]


def test_all_is_well_while_a_worker_serves_a_good_store(filled: Home) -> None:
    code, found = examined(filled)
    assert code == 1
    assert [what for what, row in found.items() if not row["ok"]] == ["worker"]
    assert "the last was replay" in found["worker"]["found"]
    assert "vigil serve" in found["worker"]["advice"]

    with filled.running("serve") as worker:
        wait_until(lambda: examined(filled)[0] == 0)
        _, found = examined(filled)
        assert f"serve (pid {worker.pid})" in found["worker"]["found"]
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=20)
    assert examined(filled)[0] == 1


def test_plain_text_marks_what_needs_a_look_and_says_what_to_do(filled: Home) -> None:
    done = filled.run("doctor")
    assert done.code == 1
    marked = [line for line in done.lines if line.startswith("LOOK")]
    assert len(marked) == 1
    assert marked[0].startswith("LOOK  worker: none")
    assert "start `vigil serve`" in done.lines[done.lines.index(marked[0]) + 1]


def connected_by_worker(home: Home, note: str) -> None:
    """Let this process hold the store as a worker that says this of its platforms."""
    db = open_database(home.store)
    generation = lease.take(db, "serve", time.time())
    lease.beat(db, generation, time.time(), note)
    db.close()


QQ = ("[platforms.qq]", 'kind = "onebot"', 'connect = "ws://127.0.0.1:1"', 'token_file = "qq.token"')


def test_a_platform_that_is_down_and_a_token_that_others_can_read_are_named(filled: Home) -> None:
    filled.settle(*QQ)
    _, found = examined(filled)
    assert found["platform qq"] == {
        "what": "platform qq",
        "ok": False,
        "found": "no worker runs",
        "advice": "start the worker; `vigil platform test qq` logs in without one",
    }
    assert not found["token of qq"]["ok"]
    assert "docs/platforms.md" in found["token of qq"]["advice"]
    token = filled.config.with_name("qq.token")
    token.write_text("secret")
    token.chmod(0o644)
    connected_by_worker(filled, '{"qq": "not reachable (no answer in 30 s)"}')
    _, found = examined(filled)
    assert found["token of qq"]["advice"] == f"chmod 600 {token}"
    assert found["platform qq"]["found"] == "not reachable (no answer in 30 s)"
    assert found["platform qq"]["advice"].startswith("`vigil platform test qq`")


def test_all_is_well_with_a_platform_that_is_connected(filled: Home) -> None:
    filled.settle(*QQ)
    token = filled.config.with_name("qq.token")
    token.write_text("secret")
    token.chmod(0o600)
    connected_by_worker(filled, '{"qq": "connected"}')
    code, found = examined(filled)
    assert code == 0
    assert found["actions on qq"]["found"] == "none waiting, none failed"
    assert "secret" not in str(found)


def test_what_failed_waits_or_is_to_be_settled_is_counted_by_platform(filled: Home) -> None:
    filled.settle(*QQ)
    with sqlite3.connect(filled.store) as db:
        for platform, state in (("qq", "failed"), ("qq", "unknown"), ("qq", "waiting"), ("old", "waiting")):
            db.execute("INSERT INTO groups (platform, key) VALUES (?, ?)", (platform, f"g {state}"))
            db.execute(
                "INSERT INTO actions (key, kind, state, group_id, created_at)"
                " SELECT 'k' || id, 'warn', ?, id, 0 FROM groups ORDER BY id DESC LIMIT 1",
                (state,),
            )
    db.close()
    _, found = examined(filled)
    assert found["actions on qq"]["found"] == "1 waiting, 1 failed, 1 to be settled"
    assert "vigil outbox list" in found["actions on qq"]["advice"]
    assert found["actions on old"]["found"] == "1 waiting; the platform is not in vigil.toml any more"
    assert not found["actions on old"]["ok"]


def test_a_folder_that_others_can_read_is_named(filled: Home) -> None:
    filled.store.parent.chmod(0o755)
    _, found = examined(filled)
    assert not found["folder"]["ok"]
    assert found["folder"]["advice"].startswith(f"chmod 700 {filled.store.parent}")
    filled.store.parent.chmod(0o700)
    assert "folder" not in examined(filled)[1]


def test_a_store_of_a_newer_version_wants_a_newer_program(filled: Home) -> None:
    with sqlite3.connect(filled.store) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    code, found = examined(filled)
    assert code == 1
    assert "newer" in found["store"]["found"]
    assert "update" in found["store"]["advice"].casefold()


def test_a_file_that_is_no_store_is_named(home: Home) -> None:
    other = home.write("other.db", "no store")
    _, found = examined(home, "--store", other)
    assert "not a Vigil store" in found["store"]["found"]
    assert "--store" in found["store"]["advice"]
    assert other.read_text() == "no store"


def test_looking_changes_no_byte_of_the_store(filled: Home) -> None:
    before = filled.store.read_bytes()
    filled.run("doctor")
    assert filled.store.read_bytes() == before


def test_a_changed_audit_row_is_found(filled: Home) -> None:
    filled.ok("decide", 1, "dismiss")
    with sqlite3.connect(filled.store) as db:
        db.execute("UPDATE audit SET detail = '{}' WHERE event = 'case.decide'")
    db.close()
    _, found = examined(filled)
    assert not found["audit"]["ok"]
    assert found["audit"]["advice"]


def test_a_broken_rulebook_and_broken_settings_are_named_by_line(filled: Home) -> None:
    filled.config.write_text(f'rulebook = "{filled.write("rules.toml", "version = 2")}"\n')
    _, found = examined(filled)
    assert not found["rulebook"]["ok"]
    assert "rules.toml:1: version: " in found["rulebook"]["found"]
    filled.config.write_text("language = 'xx'\n")
    _, found = examined(filled)
    assert not found["settings"]["ok"]
    assert "vigil.toml:1: language: " in found["settings"]["found"]


def test_a_locale_that_cannot_show_chinese_is_named(home: Home) -> None:
    done = home.run("doctor", env={"LANG": "C", "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    (line,) = (line for line in done.lines if " locale: " in line)
    assert line.startswith("LOOK")
    assert "LANG=C.UTF-8" in done.out


# --- init ---


def test_init_writes_settings_and_rulebook_that_load_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    done = home.ok("init")
    rulebook = home.config.with_name("rulebook.toml")
    assert done.lines == [f"wrote {home.config}", f"wrote {rulebook}"]
    written = load(home.config)
    defaults = Settings(home.config, default_store(), rulebook)
    for name in ("language", "undo_seconds", "mute_seconds", "access", "approve", "undo_others"):
        assert getattr(written, name) == getattr(defaults, name), name
    assert written.rulebook == rulebook
    assert written.members_language == "en", "the locale's"
    assert rulebook.read_text("utf-8") == DEFAULT_RULEBOOK
    assert load_rulebook(rulebook).rules
    assert examined(home)[1]["rulebook"]["found"].startswith(str(rulebook))


def test_every_setting_that_is_commented_out_shows_its_default(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.ok("init")
    before, after = load(home.config), home.config.with_name("all.toml")
    text = home.config.read_text("utf-8").partition("# Where messages come from")[0]
    lines = [line.removeprefix("# ") if " = " in line else line for line in text.splitlines()]
    after.write_text("\n".join(lines))
    enabled = load(after)
    for name in ("rulebook", "language", "members_language", "undo_seconds", "mute_seconds", "access", "undo_others"):
        assert getattr(enabled, name) == getattr(before, name), name
    assert enabled.store == home.store


def test_init_writes_where_it_is_told_to(tmp_path: Path) -> None:
    home = Home(tmp_path)
    config, store = tmp_path / "new" / "folder" / "mine.toml", tmp_path / 'odd "name".db'
    home.ok("init", "--config", config, "--store", store)
    assert load(config).store == store
    home.ok("staff", "list", "--config", config)
    assert store.exists()


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.ok("init")
    rulebook = home.config.with_name("rulebook.toml")
    home.config.write_text("# mine\n")
    assert "is there already and was left as it is" in home.refused("init")
    home.config.unlink()
    rulebook.write_text("# mine, too\n")
    assert str(rulebook) in home.refused("init")
    assert not home.config.exists()
    assert rulebook.read_text() == "# mine, too\n"
