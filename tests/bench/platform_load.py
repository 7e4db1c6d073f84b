"""Synapse, a NapCat and a Telegram of the tests' own under a network's talk, in a process that gives way to others.

`python -m tests.bench.platform_load FOLDER GROUPS PEOPLE SEED` makes them and prints a line of JSON: settings
for Vigil. Then it takes one order a line: `talk SECONDS RATE` lets people talk, RATE messages a second on all platforms
together, and writes what was said to FOLDER/said.ndjson; `effects` tells what Vigil did. Each is answered by a line.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tests.platforms.sides import KNOCKED_ON, MatrixSide, Side, all_sides
from tests.platforms.worker_process import AD

SHARES = {"mx": 0.25, "qq": 0.375, "tg": 0.375}
"""What part of the messages comes from which platform: Synapse takes the least."""

GUESTS = 6
GIVES_WAY = 10
CAMPAIGN_SECONDS = 15.0
FLOOD = 9
"""Messages of a flood; eight in fifteen seconds make one."""

_WORDS = (
    *(
        "harbor",
        "lens",
        "river",
        "photo",
        "garden",
        "maple",
        "tonight",
        "train",
        "coffee",
        "bridge",
        "window",
        "kettle",
    ),
    *(
        "market",
        "lantern",
        "umbrella",
        "notebook",
        "dinner",
        "guitar",
        "ticket",
        "sunrise",
        "今天",
        "明天",
        "一起",
        "晚上",
    ),
    *("相机", "城市", "读书", "徒步", "雨伞", "咖啡", "电影", "车站", "海边", "老师", "同学", "周末", "照片", "灯光"),
)
_GOODS = ("headphones", "running shoes", "phone cases", "desk lamps", "watches", "backpacks", "keyboards", "blankets")


class Said(msgspec.Struct, frozen=True):
    """One thing that happened. `key` is the message's id, where it is known; `at` the moment just before."""

    platform: str
    kind: str
    group: str
    key: str
    text: str
    at: float


class Talk(threading.Thread):
    """People on one platform, until the time is over. What is said is unlike anything else that was, by its number."""

    def __init__(self, side: Side, rate: float, until: float, seed: int, note: Callable[[Said], None]) -> None:
        super().__init__()
        self.failure = ""
        self._side = side
        self._rate = rate
        self._until = until
        self._chance = random.Random(seed)
        self._seed = seed
        self._note = note
        self._number = 0
        self._own: list[tuple[int, int, str]] = []
        self._where: dict[int, int] = {}

    def run(self) -> None:
        try:
            self._talk()
        except Exception as error:
            self.failure = f"{self._side.name}: {type(error).__name__}: {error}"

    def _talk(self) -> None:
        began = time.time()
        while (now := time.time()) < self._until:
            due = began + self._number / self._rate
            if due > now:
                time.sleep(min(due - now, self._until - now))
                continue
            self._one()
        for guest, group in self._where.items():
            self._moved("leave", group, guest, self._side.go)

    def _one(self) -> None:
        group = self._chance.randrange(len(self._side.groups))
        person = self._chance.choice(self._side.members_of(group))
        match self._chance.choices(
            ("chat", "campaign", "ad", "flood", "edit", "move", "knock"), (76, 10, 2, 0.4, 5, 4, 1.2)
        )[0]:
            case "campaign":
                self._say(group, person, self._campaign())
            case "ad":
                self._say(group, person, f"{AD} {self._tag()}")
            case "flood":
                for _ in range(FLOOD):
                    self._say(group, person, self._tag())
            case "edit" if self._own:
                group, person, message = self._own.pop(self._chance.randrange(len(self._own)))
                text = f"{self._chat()}" if self._chance.random() < 0.8 else f"{AD} {self._tag()}"
                at = time.time()
                if self._side.edit(group, person, message, text):
                    self._told("edit", group, "", text, at)
            case "move":
                self._move(group)
            case "knock":
                group -= group % KNOCKED_ON
                text = f"please let me in, {self._tag()}"
                at = time.time()
                if self._side.knock(group, text):
                    self._told("knock", group, "", text, at)
            case _:
                message = self._say(group, person, self._chat())
                if message:
                    self._own = [*self._own[-50:], (group, person, message)]

    def _move(self, group: int) -> None:
        guest = self._chance.randrange(self._side.guests)
        if guest in self._where:
            place = self._where.pop(guest)
            self._moved("leave", place, guest, self._side.go)
        else:
            # Not where people have to ask first.
            place = group if group % KNOCKED_ON else (group + 1) % len(self._side.groups)
            self._where[guest] = place
            self._moved("join", place, guest, self._side.come)

    def _moved(self, kind: str, group: int, guest: int, move: Callable[[int, int], None]) -> None:
        at = time.time()
        move(group, guest)
        self._told(kind, group, "", "", at)

    def _say(self, group: int, person: int, text: str) -> str:
        at = time.time()
        message = self._side.say(group, person, text)
        if message:
            self._told("text", group, message, text, at)
        else:
            self._number += 1
        return message

    def _told(self, kind: str, group: int, key: str, text: str, at: float) -> None:
        self._number += 1
        self._note(Said(self._side.name, kind, self._side.groups[group], key, text, at))

    def _tag(self) -> str:
        return f"{self._side.name}{self._seed}n{self._number}"

    def _chat(self) -> str:
        return f"{' '.join(self._chance.choices(_WORDS, k=self._chance.randint(4, 14)))} {self._tag()}"

    def _campaign(self) -> str:
        """Everywhere the same for a while."""
        number = int(time.time() // CAMPAIGN_SECONDS)
        goods = random.Random(number).sample(_GOODS, 2)
        code = random.Random(number).randrange(10**8, 10**9)
        return (
            f"last day of the warehouse sale: {goods[0]} and {goods[1]} at a third of the price, code {code},"
            f" write to seller{code % 9973} before midnight and pay on delivery {self._tag()}"
        )


def talk(sides: list[Side], seconds: float, rate: float, seed: int, journal: Path) -> dict[str, Any]:
    """Let people talk on all platforms at once; returns how many things happened where, and what failed."""
    until = time.time() + seconds
    lock = threading.Lock()
    counts: Counter[str] = Counter()
    with journal.open("ab") as out:

        def note(said: Said) -> None:
            with lock:
                out.write(msgspec.json.encode(said) + b"\n")
                counts[said.platform] += 1

        threads = [
            Talk(side, rate * SHARES[side.name], until, seed + number, note) for number, side in enumerate(sides)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return {"counts": counts, "failures": [thread.failure for thread in threads if thread.failure]}


def effects(sides: list[Side]) -> dict[str, Any]:
    """Per platform what Vigil deleted, each with how often, and how much it wrote in each group."""
    found: dict[str, Any] = {
        side.name: {
            "deleted": [[group, key, count] for (group, key), count in side.deleted().items()],
            "written": side.written(),
        }
        for side in sides
    }
    for side in sides:
        if isinstance(side, MatrixSide):
            found[side.name]["alone"] = side.told_alone()
    return found


def main() -> None:
    folder, groups, people, seed = Path(sys.argv[1]), *map(int, sys.argv[2:])
    os.nice(GIVES_WAY)
    sides = all_sides(folder, groups, people, GUESTS)
    try:
        _answer({side.name: side.settings() for side in sides})
        for number, line in enumerate(sys.stdin):
            order, *given = line.split()
            if order == "talk":
                seconds, rate = map(float, given)
                _answer(talk(sides, seconds, rate, seed + 10 * number, folder / "said.ndjson"))
            elif order == "effects":
                _answer(effects(sides))
    finally:
        for side in sides:
            side.close()


def _answer(found: dict[str, Any]) -> None:
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
