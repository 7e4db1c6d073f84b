"""QQ as the tests have it: groups, members, messages and what was done to them, in a file that outlives everybody."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ACCOUNT = 10001
"""Vigil's own."""
ADA, BOB, EVE = 20001, 20002, 20003

Segments = list[dict[str, Any]]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS groups (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS members (
    group_id INTEGER NOT NULL, user INTEGER NOT NULL, name TEXT NOT NULL, card TEXT NOT NULL DEFAULT '',
    role TEXT NOT NULL DEFAULT 'member', level TEXT NOT NULL DEFAULT '1', title TEXT NOT NULL DEFAULT '',
    joined INTEGER NOT NULL DEFAULT 0, spoke INTEGER NOT NULL DEFAULT 0, muted REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (group_id, user));
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, seq INTEGER NOT NULL, user INTEGER NOT NULL,
    time INTEGER NOT NULL, message TEXT NOT NULL, recalled INTEGER NOT NULL DEFAULT 0, UNIQUE (group_id, seq));
CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, event TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
    flag TEXT PRIMARY KEY, group_id INTEGER NOT NULL, user INTEGER NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL,
    comment TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS effects (id INTEGER PRIMARY KEY, action TEXT NOT NULL, params TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS faults (id INTEGER PRIMARY KEY, action TEXT NOT NULL, how TEXT NOT NULL, times INTEGER);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class World:
    """Everything in it is seen at once by whoever else has opened the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=OFF")
        self.db.executescript(_SCHEMA)

    def close(self) -> None:
        self.db.close()

    @contextmanager
    def changed(self) -> Iterator[None]:
        """One change, whole or not at all."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self.db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        return next(iter(self.rows(sql, *values)), None)

    def group(self, group: int, name: str = "Tea", role: str = "admin") -> int:
        """A group of ada's with bob and eve in it, and Vigil's account with this role."""
        with self.changed():
            self.db.execute("INSERT INTO groups VALUES (?, ?)", (group, name))
            people = [(ADA, "ada", "owner"), (BOB, "bob", "member"), (EVE, "eve", "member"), (ACCOUNT, "vigil", role)]
            for user, name_, role_ in people:
                self.db.execute(
                    "INSERT INTO members (group_id, user, name, role, level, title, joined)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (group, user, name_, role_, str(user % 10), "hat" if user == ADA else "", 1_700_000_000 + user),
                )
        return group

    def say(self, group: int, user: int, message: str | Segments, at: float | None = None) -> int:
        """Write something; returns the row, which is QQ's own id of the message. Who is muted cannot."""
        parts = [{"type": "text", "data": {"text": message}}] if isinstance(message, str) else message
        with self.changed():
            return self._say(group, user, parts, at)

    def _say(self, group: int, user: int, parts: Segments, at: float | None = None) -> int:
        found = self.row("SELECT muted FROM members WHERE group_id = ? AND user = ?", group, user)
        assert found is not None, f"{user} is not in {group}"
        assert found["muted"] <= time.time(), f"{user} is muted in {group}"
        seq = self.rows("SELECT coalesce(max(seq), 100) + 1 FROM messages WHERE group_id = ?", group)[0][0]
        moment = int(at or time.time())
        row = self.db.execute(
            "INSERT INTO messages (group_id, seq, user, time, message) VALUES (?, ?, ?, ?, ?) RETURNING id",
            (group, seq, user, moment, json.dumps(parts)),
        ).fetchone()[0]
        self.db.execute("UPDATE members SET spoke = ? WHERE group_id = ? AND user = ?", (moment, group, user))
        self.happened({"what": "message", "row": row})
        return int(row)

    def happened(self, event: dict[str, Any]) -> None:
        """Let implementations that are connected tell of it. Call it within a change."""
        self.db.execute("INSERT INTO events (event) VALUES (?)", (json.dumps({"time": int(time.time())} | event),))

    def recall(self, row: int, by: int = ADA) -> None:
        with self.changed():
            self._recall(row, by)

    def _recall(self, row: int, by: int) -> None:
        self.db.execute("UPDATE messages SET recalled = 1 WHERE id = ?", (row,))
        self.happened({"what": "recall", "row": row, "by": by})

    def join(self, group: int, user: int, inviter: int = 0) -> None:
        with self.changed():
            self._join(group, user, inviter)

    def _join(self, group: int, user: int, inviter: int = 0, by: int = ADA) -> None:
        self.db.execute(
            "INSERT INTO members (group_id, user, name, joined) VALUES (?, ?, ?, ?)",
            (group, user, f"user {user}", int(time.time())),
        )
        how = "invite" if inviter else "approve"
        self.happened({"what": "increase", "group": group, "user": user, "by": inviter or by, "how": how})

    def leave(self, group: int, user: int, by: int = 0) -> None:
        with self.changed():
            self._leave(group, user, by)

    def _leave(self, group: int, user: int, by: int = 0) -> None:
        self.db.execute("DELETE FROM members WHERE group_id = ? AND user = ?", (group, user))
        how = ("kick_me" if user == ACCOUNT else "kick") if by else "leave"
        self.happened({"what": "decrease", "group": group, "user": user, "by": by or user, "how": how})

    def knock(self, group: int, user: int, comment: str, kind: str = "add") -> str:
        """Ask to be let in, or invite Vigil's account; returns QQ's own number of the request."""
        with self.changed():
            # QQ counts them by the microsecond.
            flag = str(int(time.time()) * 1_000_000 + len(self.rows("SELECT flag FROM requests")))
            self.db.execute("INSERT INTO requests VALUES (?, ?, ?, ?, 'asked', ?)", (flag, group, user, kind, comment))
            self.happened(
                {"what": "request", "group": group, "user": user, "flag": flag, "kind": kind, "comment": comment}
            )
        return flag

    def answer(self, flag: str, state: str = "refused") -> None:
        """Let another administrator answer a request."""
        self.db.execute("UPDATE requests SET state = ? WHERE flag = ?", (state, flag))

    def upload(self, group: int, user: int, name: str) -> None:
        with self.changed():
            self.happened({"what": "upload", "group": group, "user": user, "name": name})

    def set_role(self, group: int, user: int, role: str) -> None:
        self.db.execute("UPDATE members SET role = ? WHERE group_id = ? AND user = ?", (role, group, user))

    def members(self, group: int) -> set[int]:
        return {row["user"] for row in self.rows("SELECT user FROM members WHERE group_id = ?", group)}

    def muted(self, group: int, user: int) -> float:
        """For how many seconds from now."""
        row = self.row("SELECT muted FROM members WHERE group_id = ? AND user = ?", group, user)
        return max(0.0, row["muted"] - time.time()) if row else 0.0

    def texts(self, group: int, user: int = ACCOUNT) -> list[str]:
        """What an account wrote in a group, mentions as @id."""
        found = []
        for row in self.rows("SELECT message FROM messages WHERE group_id = ? AND user = ? ORDER BY id", group, user):
            parts = json.loads(row["message"])
            found.append(
                "".join(p["data"]["text"] if p["type"] == "text" else f"@{p['data'].get('qq')}" for p in parts)
            )
        return found

    def effects(self, *actions: str) -> list[tuple[str, dict[str, Any]]]:
        """Every action that was carried out, in order; of these kinds, or of all."""
        found = [(row["action"], json.loads(row["params"])) for row in self.rows("SELECT * FROM effects ORDER BY id")]
        return [one for one in found if not actions or one[0] in actions]

    def fault(self, action: str, how: str, times: int | None = None) -> None:
        """Let answers to an action ("*" for any) go wrong, so many times or for good."""
        self.db.execute("INSERT INTO faults (action, how, times) VALUES (?, ?, ?)", (action, how, times))

    def heal(self) -> None:
        self.db.execute("DELETE FROM faults")

    def next_fault(self, action: str) -> str:
        """How the answer to an action goes wrong this time, "" when it does not."""
        with self.changed():
            row = self.row("SELECT * FROM faults WHERE action IN (?, '*') AND times IS NOT 0 ORDER BY id", action)
            if row is None:
                return ""
            if row["times"] is not None:
                self.db.execute("UPDATE faults SET times = times - 1 WHERE id = ?", (row["id"],))
            return str(row["how"])

    def fact(self, name: str, value: object = None) -> str:
        """A fact about the simulation, "" for none; set where a value is given."""
        if value is not None:
            self.db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, str(value)))
        row = self.row("SELECT value FROM facts WHERE name = ?", name)
        return "" if row is None else str(row["value"])
