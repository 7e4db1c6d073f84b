"""A platform out of reach for ten minutes of its own clock: the line that is cut, what is said meanwhile, and what must
hold once the line is back.

For every platform the same: three members talk on at a calm pace, a fourth floods the group in the middle of it, one
joins early and one late. Whatever carries the talk must stamp it with the times given here.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from console import sample
from tests.platforms.worker_process import Work

SECONDS = 600
TALKERS = ("bob", "eve", "dan")
FLOODER = "mal"
EARLY, LATE = "early", "late"
"""Who joined when the outage began, and who just before it ended."""

DAILY_CAP = 60
RULEBOOK = f"""
version = 1
[rules.flood]
kind = "flood"
mode = "ask"
window = "15s"
messages = 8
text = "Please don't flood the chat."

[welcome]
text = "Welcome, {{name}}!"
within = "5m"

[community]
time_zone = "UTC"

[points.speaking]
points = 1
daily_cap = {DAILY_CAP}
min_length = 4
"""
_SPACING = 3.5
"""Seconds between two messages of a talker: half of what the rule allows."""
_FLOOD_AT = 300
_FLOODED = 12


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody wrote, and when: whole epoch seconds of the platform's clock. `text` is "" for who joined."""

    who: str
    text: str
    at: int

    @property
    def flooded(self) -> bool:
        return self.text.startswith("flood")


def ten_minutes(end: float) -> list[Said]:
    """All that happens in the ten minutes up to `end`, in its order; no two texts are alike."""
    start = int(end) - SECONDS
    said = [Said(EARLY, "", start + 1), Said(LATE, "", start + SECONDS - 15)]
    for offset, who in enumerate(TALKERS):
        count = int((SECONDS - 20) / _SPACING)
        said += [Said(who, _text(who, n), start + 3 + offset + int(n * _SPACING)) for n in range(count)]
    said += [Said(FLOODER, _text("flood", n), start + _FLOOD_AT + n // 2) for n in range(_FLOODED)]
    said += [Said(FLOODER, _text("calm", n), start + 20 + 125 * n) for n in range(5)]
    return sorted(said, key=lambda one: one.at)


def _text(what: str, number: int) -> str:
    """Words that letters alone tell from all others."""
    letters = "".join("abcdefghij"[int(digit)] for digit in f"{number:03}")
    return f"{what} speaks of {letters}"


def judge_by_its_rules(work: Work) -> None:
    """Have the worker go by RULEBOOK. Call it before the worker starts."""
    path = work.home.write("outage.toml", RULEBOOK)
    before = work.home.config.read_text("utf-8")
    assert str(sample.rulebook()) in before
    work.home.config.write_text(before.replace(str(sample.rulebook()), str(path)), "utf-8")


def written(work: Work, keys: Mapping[str, str]) -> int:
    """How many messages of the people are stored; `keys` are their ids on the platform, by the names used here."""
    return len(_stored(work, keys))


def check(work: Work, said: Sequence[Said], keys: Mapping[str, str]) -> None:
    """What must hold once all has been read: every message once, in its order and with its own time, one flooder, and
    points by the days on which members wrote."""
    expected = [(keys[one.who], one.text, one.at) for one in said if one.text]
    stored = _stored(work, keys)
    assert [one[1] for one in stored] == [one[1] for one in expected], "each once, in its order"
    assert [(key, text, int(at)) for key, text, at in stored] == expected
    flagged = work.rows(
        "SELECT DISTINCT p.key, m.text FROM flags f JOIN messages m ON m.id = f.message_id"
        " JOIN members p ON p.id = m.member_id ORDER BY m.id"
    )
    assert flagged == [(keys[FLOODER], one.text) for one in said if one.flooded], "the flood, and nothing else"
    assert work.value("SELECT count(*) FROM cases WHERE state = 'open'") == 1
    earned: dict[tuple[str, int], int] = defaultdict(int)
    for one in said:
        if one.text and not one.flooded:
            earned[one.who, one.at // 86_400] += 1
    for who in (*TALKERS, FLOODER):
        points = sum(min(count, DAILY_CAP) for (name, _), count in earned.items() if name == who)
        found = work.value(
            "SELECT sum(l.points) FROM ledger l JOIN members p ON p.id = l.member_id WHERE p.key = ?", keys[who]
        )
        assert found == points, who


def welcomes(work: Work) -> list[str]:
    """The greetings that were queued for newcomers, in their order."""
    return [str(text) for (text,) in work.rows("SELECT text FROM actions WHERE text LIKE 'Welcome, %' ORDER BY id")]


def _stored(work: Work, keys: Mapping[str, str]) -> list[tuple[str, str, float]]:
    people = set(keys.values())
    rows = work.rows(
        "SELECT p.key, m.text, m.time FROM messages m JOIN members p ON p.id = m.member_id"
        " WHERE m.kind = 'text' ORDER BY m.id"
    )
    return [(str(key), str(text), float(str(at))) for key, text, at in rows if key in people]


class Line:
    """Carries connections on to a server on loopback, until it is cut: then it drops them and refuses others."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listening: socket.socket | None = None
        self.port = 0
        self.mend()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        """Carry connections again, at the same address."""
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def cut(self) -> None:
        """Drop every connection in the middle of whatever it carries, and refuse others."""
        if self._listening is not None:
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            with self._lock:
                self._open |= {near, far}
                cut = self._listening is not listening
            if cut:
                self._drop(near, far)
                return
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        self._drop(source, target)

    def _drop(self, *connections: socket.socket) -> None:
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        with self._lock:
            self._open -= set(connections)


@contextlib.contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line to the server at this port, cut at the end of the block."""
    line = Line(port)
    try:
        yield line
    finally:
        line.cut()
