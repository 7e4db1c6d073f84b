"""A moderator at the console: goes through the panes and takes decisions, and every key is timed.

Beside it the same is asked of a program that does next to nothing in a terminal of its own: how much slower that one
gets says what the machine does, rather than Vigil.
"""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable

from tests.bench.keyed import Keyed, Lost
from widgets.listing import SETTLED

SIZE = (160, 48)
"""Wide: feed, cases and the case's card are painted side by side."""

PLAIN = "a key of a program that does nothing"
DECISIONS = ("x", "d u", "w", "x u", "w", "d")
ANSWERS = ("a", "f")

_CURSOR = re.compile(r"│›\s*\S*\s+(\d+)\s+(\S+)")
_CARD = re.compile(r"│\S? ?#(\d+) ")
_REQUEST = "request"


class Moderator:
    """Turns are taken one after the other. `seconds` of every key by phase and what it does; `told` is what the status
    line said to decisions, by its first words; `lost` the keys without an effect."""

    def __init__(self, console: Keyed, plain: Keyed) -> None:
        self.phase = ""
        self.seconds: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self.decided: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.lost: list[str] = []
        self._console = console
        self._plain = plain
        self._pressed = 0
        self._decisions = itertools.cycle(DECISIONS)
        self._answers = itertools.cycle(ANSWERS)

    def turn(self) -> None:
        """Through the panes once, and one decision."""
        try:
            self._walk()
            self._decide()
        except Lost as lost:
            self.lost.append(f"{self.phase}: {lost}")
            self._console.press("Escape")
            # Alone, or with the next key it would be another one.
            time.sleep(0.5)

    def _time(self, what: str, key: str, shows: Callable[[list[str]], bool]) -> None:
        self.seconds[self.phase][what].append(self._console.timed(key, shows))

    def _walk(self) -> None:
        self._pressed += 1
        shown = f"pressed {self._pressed}"
        self.seconds[self.phase][PLAIN].append(self._plain.timed("a", lambda lines: shown in lines[0]))
        self._time("to the feed", "1", lambda lines: lines[0].startswith("[1 Feed"))
        self._time("up in the feed", "Up", lambda lines: "following" not in lines[0])
        self._time("to its end", "End", lambda lines: "following" in lines[0])
        self._time("list of keys", "?", lambda lines: any("Keys that work here" in line for line in lines))
        self._time("close it", "Escape", lambda lines: not any("Keys that work here" in line for line in lines))
        self._time("to the cases", "2", lambda lines: "[2 Cases" in lines[0])
        self._console.press("Home")
        time.sleep(SETTLED)
        found = self._console.screen()
        before = cursor(found)
        if before is None or "[2 Cases 1]" in found[0]:
            return
        self._time("down in the cases", "Down", lambda lines: cursor(lines) not in (None, before))
        below = cursor(self._console.screen())

        def with_card(lines: list[str]) -> bool:
            """Whether the cursor has moved and its case's card, which is read from the store, is there."""
            found = cursor(lines)
            return found is not None and found != below and card(lines) == found[0]

        if below is not None:
            self._time("up, and the card is there", "Up", with_card)

    def _decide(self) -> None:
        time.sleep(SETTLED + 0.1)
        found = cursor(self._console.screen())
        if found is None:
            return
        number, rule = found
        key, *undo = next(self._answers if _REQUEST in rule else self._decisions).split()
        answered = lambda lines: f"case {number} " in lines[-1] or lines[-1].startswith("! ")  # noqa: E731
        self._time("a decision", key, answered)
        status = self._console.screen()[-1]
        if f"case {number} " not in status:
            self.refused[f"{key}: {status.strip()[:90]}"] += 1
            return
        self.decided[key] += 1
        if undo:
            self._time("take it back", "u", lambda lines: "taken back" in lines[-1] or lines[-1].startswith("! "))
            self.decided["u"] += 1


def cursor(lines: list[str]) -> tuple[str, str] | None:
    """Number and rule of the case under the cursor."""
    for line in lines:
        if found := _CURSOR.search(line):
            return found[1], found[2]
    return None


def card(lines: list[str]) -> str:
    """The number of the case whose card is shown."""
    for line in lines:
        if found := _CARD.search(line):
            return found[1]
    return ""
