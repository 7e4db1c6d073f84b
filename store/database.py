"""Opening the store's file: permissions, pragmas, version check, immediate transactions."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from store.errors import NewerStore, NotAStore, StoreUnavailable
from store.version import APPLICATION_ID, SCHEMA_VERSION

BUSY_SECONDS = 10.0

_SMALLEST_FILE = 512
"""Bytes of SQLite's smallest page; it takes some shorter files for empty ones and would write over them."""


class Database:
    """One connection to a store. It belongs to the thread that opened it."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self.connection.execute(sql, values)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> sqlite3.Cursor:
        return self.connection.executemany(sql, rows)

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first column of the first row, None when there is no row."""
        row = self.connection.execute(sql, values).fetchone()
        return None if row is None else row[0]

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """Read, then write, as the only writer: BEGIN IMMEDIATE, committed at the end, rolled back on any
        exception. `durable` waits for the disk before it returns (decisions, ledger, vouchers).

        Raises StoreUnavailable when the disk is full or the file cannot be written.
        """
        try:
            self.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(explain(self.path, error)) from error

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Several reads that see one and the same state."""
        self.execute("BEGIN")
        try:
            yield
        finally:
            self.execute("COMMIT")

    def data_version(self) -> int:
        """A number that changes when another connection has committed."""
        return int(self.value("PRAGMA data_version"))

    def close(self) -> None:
        self.connection.close()


def explain(path: Path, error: sqlite3.Error) -> str:
    """What SQLite said, as one line with the file and what to do."""
    said = str(error)
    if "full" in said:
        advice = "the disk is full; make room, nothing that was stored is lost"
    elif "readonly" in said or "unable to open" in said:
        advice = f"cannot be written ({said}); check the file's owner and mode"
    elif "locked" in said:
        advice = "another process keeps it locked; try again, or see `vigil doctor`"
    elif "malformed" in said or "not a database" in said:
        advice = f"is damaged ({said}); restore a backup"
    else:
        advice = said
    return f"store {path}: {advice}"


def open_database(path: Path, *, create: bool = False) -> Database:
    """Open the store at `path`, bringing an older one up to date; `create` makes a new one where none is.

    Raises StoreUnavailable (missing, a folder, no permission, locked), NotAStore, NewerStore.
    """
    path = path.expanduser().absolute()
    _prepare_file(path, create=create)
    try:
        _refuse_foreign(path)
        _make_private(path)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreUnavailable(explain(path, error)) from error
    database = Database(path, connection)
    try:
        _use_wal(database)
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("PRAGMA temp_store = MEMORY")
        if database.value("PRAGMA user_version") < SCHEMA_VERSION:
            _migrate(database)
    except sqlite3.Error as error:
        connection.close()
        raise StoreUnavailable(explain(path, error)) from error
    except BaseException:
        connection.close()
        raise
    return database


def schema_of(path: Path) -> int:
    """The schema's version of the file at `path`, which is neither migrated nor otherwise changed.

    Raises StoreUnavailable, NotAStore, NewerStore.
    """
    path = path.expanduser().absolute()
    try:
        return _refuse_foreign(path)
    except (OSError, sqlite3.Error) as error:
        said = error.strerror if isinstance(error, OSError) else explain(path, error)
        raise StoreUnavailable(f"store {path}: {said}") from error


def _use_wal(database: Database) -> None:
    # SQLite does not wait for others here: while several processes make one store, all but one are told "locked".
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _migrate(database: Database) -> None:
    # Imported here, because it costs every start and a store is migrated once: it loads numpy where it finds it.
    import sqlite_utils

    from store.schema import migrations

    with database.transaction(durable=True):
        migrations.apply(sqlite_utils.Database(database.connection, recursive_triggers=False, execute_plugins=False))
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _prepare_file(path: Path, *, create: bool) -> None:
    try:
        if path.is_dir():
            raise StoreUnavailable(f"store {path}: is a folder; name a file in it, e.g. {path / 'vigil.db'}")
        if not path.exists():
            if not create:
                raise StoreUnavailable(
                    f"store {path}: does not exist; `vigil replay`, `vigil serve` or `vigil` makes it"
                )
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # O_EXCL: a file that another has just made is not opened here, see _refuse_foreign.
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        if not path.is_file():
            raise NotAStore(f"store {path}: is no ordinary file; it was left untouched")
        if not os.access(path, os.R_OK | os.W_OK):
            raise StoreUnavailable(f"store {path}: no permission to read and write it; see its owner and mode")
        if not os.access(path.parent, os.W_OK):
            raise StoreUnavailable(f"store {path}: its folder cannot be written, and SQLite keeps files there")
    except OSError as error:
        raise StoreUnavailable(f"store {path}: {error.strerror or error}") from error


def _make_private(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        try:
            path.chmod(mode & 0o700)
        except OSError as error:
            raise StoreUnavailable(f"store {path}: {error.strerror or error}") from error


def _refuse_foreign(path: Path) -> int:
    """The version of the file's schema. Looked at before anything is written: a read-only connection leaves
    the file and its log as they are."""
    size = path.stat().st_size
    if size == 0:
        return 0
    if size < _SMALLEST_FILE:
        raise NotAStore(f"store {path}: is not a Vigil store; it was left untouched")
    try:
        application, version, empty = _identify(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
            raise
        # A process was killed in the midst of a write, and a reader may not roll that back: look past it.
        application, version, empty = _identify(path, "immutable=1")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
            raise
        raise NotAStore(f"store {path}: is not a Vigil store; it was left untouched") from None
    if application != APPLICATION_ID and not empty:
        raise NotAStore(f"store {path}: is an SQLite file of another program; it was left untouched")
    if version > SCHEMA_VERSION:
        raise NewerStore(
            f"store {path}: was made by a newer Vigil (schema {version}, this one knows {SCHEMA_VERSION}); "
            "update Vigil; the file was left untouched"
        )
    return version


def _identify(path: Path, how: str) -> tuple[int, int, bool]:
    """Whose file it is, the version of its schema, and whether it holds nothing.

    Only SQLite itself may open the file: closing any other handle drops the locks that this process's other
    connections hold, and a process that then closes the store would take the log away from under them.
    """
    with closing(sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, timeout=BUSY_SECONDS)) as connection:
        # One snapshot: another process may be making the store this moment.
        connection.execute("BEGIN")
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        return application, version, not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
