"""The store's file: private, refused when it is not ours, and safe when several processes use it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from store import audit, messages
from store.database import Database, open_database, schema_of
from store.errors import NewerStore, NotAStore, StoreUnavailable
from store.version import SCHEMA_VERSION
from tests.unit.at_once import at_once
from tests.unit.made import NOON, Vigil, message


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def digest(path: Path) -> tuple[str, int]:
    return hashlib.sha256(path.read_bytes()).hexdigest(), mode(path)


def add(db: Database, *numbers: int) -> None:
    with db.transaction():
        messages.MessageWriter(db).add([message(number) for number in numbers], NOON)


def stored(path: Path) -> list[str]:
    """The messages as another process sees them."""
    script = (
        "import sqlite3,sys; print(*[k for k, in sqlite3.connect(sys.argv[1]).execute('SELECT key FROM messages')])"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_file_and_the_folder_made_for_it_are_the_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "new" / "folder" / "vigil.db"
        db = open_database(path, create=True)
        add(db, 1)
        assert mode(path) == 0o600
        assert mode(path.parent) == 0o700
        assert {mode(file) for file in path.parent.iterdir()} == {0o600}, "its log as well"
        db.close()
    finally:
        os.umask(before)


def test_a_store_that_others_can_read_is_made_private(store: Path) -> None:
    open_database(store, create=True).close()
    store.chmod(0o664)
    open_database(store).close()
    assert mode(store) == 0o600


def test_what_was_stored_is_there_again(store: Path) -> None:
    db = open_database(store, create=True)
    add(db, 1, 2)
    db.close()
    assert schema_of(store) == SCHEMA_VERSION
    db = open_database(store)
    assert messages.newest_id(db) == 2
    db.close()


@contextmanager
def left_alone(path: Path) -> Iterator[None]:
    before = digest(path)
    yield
    assert digest(path) == before


@pytest.mark.parametrize("content", [b"x", b"the minutes of our meeting\n" * 100, b"SQLite format 3", b"\0" * 4096])
def test_another_kind_of_file_is_refused_and_left_alone(store: Path, vigil: Vigil, content: bytes) -> None:
    store.write_bytes(content)
    store.chmod(0o644)
    with left_alone(store), pytest.raises(NotAStore, match="not a Vigil store"):
        open_database(store, create=True)
    with left_alone(store):
        done = vigil("cases", "--store", store)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_another_programs_database_is_refused_and_left_alone(store: Path, journal: str) -> None:
    with closing(sqlite3.connect(store)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("CREATE TABLE recipes (name)")
        connection.commit()
    store.chmod(0o644)
    with left_alone(store), pytest.raises(NotAStore, match="another program"):
        open_database(store, create=True)


def test_a_store_of_a_newer_version_is_refused_and_left_alone(store: Path) -> None:
    open_database(store, create=True).close()
    with closing(sqlite3.connect(store)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with left_alone(store), pytest.raises(NewerStore, match="newer Vigil"):
        open_database(store)
    with pytest.raises(NewerStore):
        schema_of(store)


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="is a folder"):
        open_database(tmp_path, create=True)
    missing = tmp_path / "none" / "vigil.db"
    with pytest.raises(StoreUnavailable, match="does not exist"):
        open_database(missing)
    assert not missing.parent.exists()


def test_a_damaged_store_is_named(store: Path) -> None:
    db = open_database(store, create=True)
    add(db, *range(2_000))
    db.close()
    content = store.read_bytes()
    store.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(StoreUnavailable, match=r"is damaged .* restore a backup"):
        _open_and_add(store)


def _open_and_add(path: Path) -> None:
    db = open_database(path)
    try:
        add(db, 9_999)
    finally:
        db.close()


def test_a_place_where_nothing_can_be_written_is_named() -> None:
    # /proc refuses even root.
    with pytest.raises(StoreUnavailable, match=r"store /proc/none/vigil\.db: "):
        open_database(Path("/proc/none/vigil.db"), create=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
@pytest.mark.parametrize("bits", [0o000, 0o400])
def test_a_file_without_permission_is_named(store: Path, bits: int) -> None:
    open_database(store, create=True).close()
    store.chmod(bits)
    with pytest.raises(StoreUnavailable, match="permission"):
        open_database(store)


_OPENING = """
import sys
from pathlib import Path
from store import messages
from store.database import open_database
from tests.unit.made import message
print("ready", flush=True)
sys.stdin.readline()
for round in range(20):
    db = open_database(Path(sys.argv[1]) / str(round) / "vigil.db", create=True)
    with db.transaction():
        messages.MessageWriter(db).add([message(sys.argv[2])], 0.0)
    db.close()
"""


def test_several_processes_make_one_store_at_once(tmp_path: Path) -> None:
    at_once(_OPENING, [(tmp_path, number) for number in range(4)])
    for number in range(20):
        path = tmp_path / str(number) / "vigil.db"
        assert sorted(stored(path)) == ["0", "1", "2", "3"]
        assert schema_of(path) == SCHEMA_VERSION


_COUNTING = """
import sys
from pathlib import Path
from store import audit
from store.database import open_database
db = open_database(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(150):
    with db.transaction(durable=number % 2 == 0):
        known = db.value("SELECT count(*) FROM audit")
        audit.record(db, 0.0, sys.argv[2], "counted", str(known))
db.close()
"""


def test_processes_that_read_and_then_write_wait_for_each_other(store: Path) -> None:
    open_database(store, create=True).close()
    at_once(_COUNTING, [(store, number) for number in range(3)])
    db = open_database(store)
    counted = [int(row.subject) for row in audit.rows(db, 1_000)]
    assert counted == list(range(449, -1, -1)), "each saw all that was written before"
    assert audit.verify(db) == (450, "")
    db.close()


def test_opening_a_store_twice_in_one_process_leaves_it_whole_when_others_close_it(store: Path) -> None:
    db = open_database(store, create=True)
    add(db, 1)
    # The system drops a process's locks when it closes any handle of the file.
    open_database(store).close()
    script = "import sys; from pathlib import Path; from store.database import open_database;"
    script += "open_database(Path(sys.argv[1])).close()"
    subprocess.run([sys.executable, "-c", script, str(store)], check=True, cwd=Path(__file__).parents[2])
    add(db, 2)
    assert stored(store) == ["1", "2"]
    db.close()
    assert stored(store) == ["1", "2"]


def test_a_transaction_that_fails_leaves_nothing_behind(db: Database) -> None:
    add(db, 1)
    with contextlib.suppress(KeyError), db.transaction():
        messages.MessageWriter(db).add([message(2)], NOON)
        raise KeyError
    assert messages.newest_id(db) == 1
    add(db, 3)
    assert stored(db.path) == ["1", "3"]


def test_a_full_store_says_so_in_one_line_and_loses_nothing(db: Database) -> None:
    add(db, *range(100))
    pages = db.value("PRAGMA page_count")
    db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailable) as caught:
        add(db, *range(100, 5_000))
    assert str(caught.value) == f"store {db.path}: the disk is full; make room, nothing that was stored is lost"
    assert messages.newest_id(db) == 100
    db.execute(f"PRAGMA max_page_count = {pages + 10_000}")
    add(db, *range(100, 5_000))
    assert messages.newest_id(db) == 5_000
    assert db.value("PRAGMA integrity_check") == "ok"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small disk takes root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_says_so_in_one_line_and_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    db = open_database(small_disk / "vigil.db", create=True)
    said, kept = "", 0
    while not said:
        try:
            add(db, *range(kept, kept + 50))
            kept += 50
        except StoreUnavailable as error:
            said = str(error)
    assert said == f"store {db.path}: the disk is full; make room, nothing that was stored is lost"
    assert len(stored(db.path)) == kept > 0
    db.close()
    db = open_database(small_disk / "vigil.db")
    assert messages.newest_id(db) == kept
    assert db.value("PRAGMA integrity_check") == "ok"
    db.close()
