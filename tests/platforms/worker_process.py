"""A worker of `vigil serve` under test: started, killed, given actions to carry out, and asked what it has stored."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from store.records import ActionKind
from tests.home import COMMAND, Home
from tests.platforms.synapse import until

AD = "search the app store for Quackly Notes, enter code 999333 at sign-up, get one month of premium for free"

READ = "SELECT count(*) FROM positions WHERE source NOT LIKE 'vigil.%'"
"""Whether a platform was read; the worker keeps marks of its own as well."""


def started(home: Home, log: Path) -> subprocess.Popen[bytes]:
    """`vigil serve`, which writes its log to the end of a file."""
    with log.open("ab") as errors:
        return subprocess.Popen(
            [*COMMAND, "serve"], stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, cwd=home.folder, env=home.env
        )


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Tells a worker to end at the end of the block, which it has to do well."""
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()


class Work:
    """A worker on a store of its own in `folder`, connected to what `settings` names. What is queued without a group
    is meant for `room`."""

    def __init__(self, folder: Path, room: str, settings: Sequence[str]) -> None:
        self.home = Home(folder)
        self.home.settle(*settings)
        self.room = room
        self.log = folder / "worker.txt"
        self._queued = 0

    def start(self) -> subprocess.Popen[bytes]:
        return started(self.home, self.log)

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """A worker that has begun to read, and is told to end at the end of the block."""
        with ended(self.start()) as process:
            until(lambda: process.poll() is not None or self.value(READ), 60)
            assert process.poll() is None, self.log.read_text()
            yield process

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        if not self.home.store.exists():
            return []
        with closing(sqlite3.connect(self.home.store, timeout=20)) as connection:
            try:
                return connection.execute(sql, values).fetchall()
            except sqlite3.OperationalError:
                return []

    def value(self, sql: str, *values: object) -> int:
        found: Any = next(iter(self.rows(sql, *values)), (0,))[0]
        return int(found or 0)

    def queue(self, orders: Sequence[tuple[ActionKind, str, str, str]], group: str = "") -> None:
        """Let actions wait in the outbox: kind, member, message and text of each."""
        with closing(sqlite3.connect(self.home.store, timeout=20)) as connection:
            for kind, member, message, text in orders:
                self._queued += 1
                connection.execute(
                    "INSERT INTO actions (key, kind, group_id, member_id, message_id, text, seconds, state, created_at)"
                    " SELECT ?, ?, g.id, (SELECT id FROM members WHERE key = ?),"
                    " (SELECT id FROM messages WHERE key = ?), ?, 0, 'waiting', 0 FROM groups g WHERE g.key = ?",
                    (f"store.{self._queued}.1", kind, member, message, text, group or self.room),
                )
            connection.commit()

    def states(self) -> Counter[str]:
        """How many actions there are in each state."""
        return Counter(str(state) for (state,) in self.rows("SELECT state FROM actions"))

    def left(self) -> int:
        """How many actions are still to be carried out."""
        return self.value("SELECT count(*) FROM actions WHERE state IN ('waiting', 'sending')")

    def settled(self) -> int:
        """How many actions have come to their end, be it good or bad."""
        return self.value("SELECT count(*) FROM actions WHERE state NOT IN ('waiting', 'sending')")

    def await_settled(self, count: int, process: subprocess.Popen[bytes]) -> None:
        """Wait until so many actions have come to their end."""
        until(lambda: process.poll() is not None or self.settled() >= count, 60)
        assert process.poll() is None, self.log.read_text()[-3000:]

    def stored(self, member: str) -> list[str]:
        """What a member wrote, as it is stored."""
        return [
            str(text)
            for (text,) in self.rows(
                "SELECT m.text FROM messages m JOIN members p ON p.id = m.member_id WHERE p.key = ?"
                " AND m.kind = 'text' ORDER BY m.id", member,
            )
        ]  # fmt: skip
