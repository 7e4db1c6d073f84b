"""Messages, findings and processes as the tests of the store and the worker need them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rules.records import Evidence, Finding, Message, MessageKey, Mode
from store import cases, messages
from store.database import Database

NOON = 1_780_000_000.0

Vigil = Callable[..., "subprocess.CompletedProcess[str]"]
"""The fixture that runs `vigil ARGUMENTS` to its end."""


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


def message(
    number: int | str, text: str = "hello", group: str = "g", member: str = "m", time: float | None = NOON
) -> Message:
    return Message("replay", group, str(number), member, text, time)


def finding(
    rule: str = "ads",
    mode: Mode = Mode.ASK,
    campaign: str = "",
    earlier: Sequence[MessageKey] = (),
    score: float = 90.0,
) -> Finding:
    evidence = (Evidence(0, 2, "matched"),)
    return Finding(rule, "words", mode, score, evidence, "matched", campaign, tuple(earlier))


def take(db: Database, found: Sequence[tuple[Message, Sequence[Finding]]], now: float = NOON) -> set[int]:
    """Store messages with their findings, as the intake of a worker does."""
    with db.transaction():
        stored = messages.MessageWriter(db).add([message for message, _ in found], now)
        flagged = [(row.id, one) for row, (_, several) in zip(stored, found, strict=True) for one in several]
        return cases.join(db, flagged, None, now)


def line(message: Message) -> str:
    """The message as a line of a recorded file."""
    values = {"id": message.id, "group": message.group, "user": message.member, "text": message.text}
    return json.dumps({**values, "ts": message.time}, ensure_ascii=False) + "\n"


def record(path: Path, recorded: Sequence[Message]) -> Path:
    path.write_text("".join(map(line, recorded)), "utf-8")
    return path


def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for a condition; fails when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.002)


def started(arguments: Sequence[object], env: Mapping[str, str], errors: Path) -> subprocess.Popen[bytes]:
    """`vigil ARGUMENTS` as a process; what it says on standard error goes to the file `errors`."""
    command = [sys.executable, "-P", "-m", "console", *map(str, arguments)]
    with errors.open("ab") as err:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err, env=env, cwd=errors.parent
        )
