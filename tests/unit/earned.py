"""A community that earns points, as the tests of the ledger and of standing need it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from console.earning import Earning
from console.listening import Heard
from rules.records import Finding, Message
from rules.rulebook import parse
from store import cases, messages
from store.database import Database
from tests.unit.made import NOON, message

RULEBOOK = """
version = 1
[ladder]
steps = ["warn", "mute 10m", "remove"]
[rules.ads]
kind = "words"
mode = "ask"
words = ["whatever"]
[community]
time_zone = "Asia/Shanghai"
time_zones = { ny = "America/New_York", "Sydney circle" = "Australia/Sydney" }
[layers]
core_days = 3
core_messages = 5
[tiers]
grace = "14d"
margin = 10
levels = [{ name = "Bronze", points = 10 }, { name = "Silver", points = 100 }, { name = "Gold", points = 300 }]
[points.speaking]
points = 2
daily_cap = 5
min_length = 4
[points.check_in]
words = ["签到", "Check in"]
points = 3
streaks = [{ days = 3, points = 20 }]
[points.invitation]
points = 7
stay = "7d"
[points.sanctions]
warn = 4
mute = 8
ban = 30
"""
ZONES = {"g": "Asia/Shanghai", "ny": "America/New_York", "sy": "Australia/Sydney"}
"""The time zones of the groups, by id; sy is called the Sydney circle."""


class Town:
    """Stores batches as the intake of a worker does, and hears them."""

    def __init__(self, db: Database, source: str = RULEBOOK) -> None:
        self.db = db
        self.rulebook = parse(source)
        self._number = 0
        self.restart()

    def restart(self) -> None:
        """As a worker that was killed and started again."""
        self._writer = messages.MessageWriter(self.db)
        self._earning = Earning(self.db)
        self._earning.follow(self.rulebook)

    def follow(self, source: str) -> None:
        """Another rulebook from now on, as a running worker reads it."""
        self.rulebook = parse(source)
        self._earning.follow(self.rulebook)

    def say(
        self,
        member: str,
        text: str = "good morning all",
        time: float | None = NOON,
        group: str = "g",
        *,
        kind: str = "text",
        inviter: str = "",
        findings: Sequence[Finding] = (),
    ) -> Message:
        """One message, a batch of its own."""
        made = self.written(member, text, time, group, kind=kind, inviter=inviter)
        self.hear([(made, findings)])
        return made

    def written(
        self, member: str, text: str, time: float | None, group: str, *, kind: str = "text", inviter: str = ""
    ) -> Message:
        """A message that nobody has heard yet."""
        self._number += 1
        made = message(f"n{self._number}", "" if kind in ("join", "leave") else text, group, member, time)
        name = "Sydney circle" if group == "sy" else ""
        return replace(made, kind=kind, inviter=inviter, group_name=name)

    def hear(self, batch: Sequence[tuple[Message, Sequence[Finding]]], now: float = NOON) -> None:
        with self.db.transaction():
            stored = self._writer.add([one for one, _ in batch], now)
            cases.join(
                self.db, [(row.id, f) for row, (_, fs) in zip(stored, batch, strict=True) for f in fs], None, now
            )
            heard = [Heard(row, one, tuple(found)) for row, (one, found) in zip(stored, batch, strict=True)]
            self._earning.hear(heard, now)

    def id(self, member: str) -> int:
        return int(self.db.value("SELECT id FROM members WHERE key = ?", (member,)))

    def balance(self, member: str) -> int:
        return int(self.db.value("SELECT balance FROM members WHERE key = ?", (member,)) or 0)

    def rows(self, member: str) -> list[tuple[str, int]]:
        """Kinds and points of a member's rows, the oldest first."""
        found = self.db.execute(
            "SELECT l.kind, l.points FROM ledger l JOIN members m ON m.id = l.member_id WHERE m.key = ? ORDER BY l.id",
            (member,),
        )
        return found.fetchall()
