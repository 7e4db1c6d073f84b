"""The member list against Textual's DataTable with the same members: opening, sorting, searching, memory.

Each side runs in a process of its own, one after the other, on the same store. Times are CPU seconds of the process,
from the key to the end of the painting; its threads are in them. What the table does at a key of a search is what there
is to do with one: clear it, and add the rows that match.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import DataTable

from console.commands import resolve
from console.screens.members import MembersScreen
from console.screens.place import Place
from console.settings import Settings
from rules.names import sought, sought_query
from store import roster, staff
from store.database import Database, open_database
from store.roster_records import Chosen, Sort
from tests.bench.measured import Measured

COUNT = 160_000
GROUPS = 500
SIZE = (120, 40)
ROUNDS = 5
SEARCHES = {
    "Latin, many": "harbor",
    "Latin, few": "harbor_lens42",
    "Chinese": "陽光",
    "initials": "yg",
    "spelled, many": "wang",
    "in nearly all": "1",
    "nobody": "qqxx",
}
"""What is typed, a key after the other."""

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "阳光小明华伟芳娜敏静丽强磊军洋勇艳杰娟涛超秀霞平刚桂英文辉玲红梅海燕子涵雨轩梓浩宇欣怡一诺思远"
_WORDS = ("harbor", "lens", "river", "photo", "anna", "mike", "tom", "sky", "blue", "wolf", "garden", "maple")
_NOW = 1_780_000_000.0


def fill(path: Path) -> None:
    """A store with many members, in one to three groups each."""
    chance = random.Random(7)

    def name() -> str:
        kind = chance.random()
        if kind < 0.6:
            return chance.choice(_SURNAMES) + "".join(chance.choices(_GIVEN, k=chance.randint(1, 2)))
        if kind < 0.7:
            return "".join(chance.choices(_GIVEN, k=2)) + chance.choice(["老师", "同学", "🌞", ""])
        return "_".join(chance.choices(_WORDS, k=2)) + str(chance.randint(1, 9_999))

    db = open_database(path, create=True)
    staff.found(db, "bench", _NOW)
    names = [name() for _ in range(COUNT)]
    with db.transaction():
        db.executemany(
            "INSERT INTO groups (platform, key, name) VALUES ('bench', ?, ?)",
            [(f"g{number}", f"Group {number}") for number in range(GROUPS)],
        )
        db.executemany(
            "INSERT INTO members (platform, key, name, remark, sought, joined_at, last_at, balance, earned, layer,"
            " tier, tier_rank) VALUES ('bench', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (key := str(70_000_000 + 13 * number), name, remark := chance.choice(["", "", "", "regular"]),
                 sought(name, remark, key), _NOW - 3e7 * chance.random(), _NOW - 8e6 * chance.random(),
                 points := chance.randint(0, 5_000), points, roster.LAYERS[chance.randint(0, 3)],
                 ("Bronze", "Silver", "Gold")[points // 1_700], points // 1_700)
                for number, name in enumerate(names)
            ],
        )  # fmt: skip
        db.executemany(
            "INSERT INTO memberships (member_id, group_id, joined_at, last_at, messages) VALUES (?, ?, ?, ?, ?)",
            [
                (member, group, _NOW - 3e7, _NOW - 1e5, 10)
                for member in range(1, COUNT + 1)
                for group in chance.sample(range(1, GROUPS + 1), chance.choice([1, 1, 2, 3]))
            ],
        )
    db.close()


class _Ours(App[None]):
    def __init__(self, db: Database, place: Place) -> None:
        super().__init__()
        self.members = MembersScreen(db, place, resolve({}, ()), lambda pane: None)

    async def open(self, pilot: Pilot[None]) -> None:
        await self.push_screen(self.members)
        await _until(lambda: len(self.members.list.ids) == COUNT)
        await _painted(self.members.list)

    async def sort(self, sort: Sort) -> None:
        before = self.members.list.ids
        self.members._sort(sort, False)
        await _until(lambda: self.members.list.ids is not before)
        await _painted(self.members.list)

    async def start_finding(self) -> None:
        self.members.start_finding()
        await _until(lambda: self.members._search is not None)

    async def find(self, text: str) -> int:
        self.members.find.value = text
        await _until(lambda: self.members._typed == sought_query(text))
        await _painted(self.members.list)
        return len(self.members.list.ids)


class _Table(App[None]):
    def __init__(self, db: Database) -> None:
        super().__init__()
        self.db = db
        self.table: DataTable[Any] = DataTable()

    def compose(self) -> ComposeResult:
        yield self.table

    async def open(self, pilot: Pilot[None]) -> None:
        self.columns = dict(
            zip((*Sort, "groups", "remark"), self.table.add_columns(*Sort, "groups", "remark"), strict=True)
        )
        self.table.add_rows(self._rows(roster.ids(self.db, Chosen(), Sort.LAST, _NOW)))
        await pilot.pause(0)

    def _rows(self, ids: Sequence[int]) -> list[tuple[Any, ...]]:
        return [
            (
                row.called,
                row.tier,
                row.balance,
                row.layer,
                row.last_at,
                row.strikes,
                row.joined_at,
                row.groups,
                row.remark,
            )
            for row in roster.rows(self.db, ids, _NOW)
        ]

    async def sort(self, sort: Sort, pilot: Pilot[None]) -> None:
        self.table.sort(self.columns[sort])
        await pilot.pause(0)

    async def find(self, text: str, pilot: Pilot[None]) -> int:
        ids = roster.ids(self.db, Chosen(sought=sought_query(text)), Sort.LAST, _NOW)
        self.table.clear()
        self.table.add_rows(self._rows(ids))
        await pilot.pause(0)
        return len(ids)


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.0005)


async def _painted(widget: Any) -> None:
    """Until what the widget was told is on screen: a repaint comes after what waits in its queue."""
    done = asyncio.Event()
    widget.call_after_refresh(done.set)
    await done.wait()


def _resident() -> float:
    """Megabytes of memory this process holds; where the system tells nothing better, the most it ever held."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


async def ours(path: Path) -> dict[str, float]:
    """Ours: seconds of each thing, medians of some rounds, and megabytes."""
    db = open_database(path)
    place = Place(Settings(path, path, path.with_name("rulebook.toml")), "bench")
    await place.ask(lambda desk: desk.rulebook())
    app = _Ours(db, place)
    found: dict[str, float] = {}
    async with app.run_test(size=SIZE) as pilot:
        before = _resident()
        found["open"] = await _took(app.open(pilot))
        found["memory"] = _resident() - before
        for sort in Sort:
            found[f"sort {sort}"] = statistics.median([await _took(app.sort(sort)) for _ in range(ROUNDS)])
        await app.sort(Sort.LAST)
        found["first key of a search"] = await _took(app.start_finding())
        found["memory, searching"] = _resident() - before
        for what, text in SEARCHES.items():
            keys = []
            for _ in range(ROUNDS):
                for end in range(1, len(text) + 1):
                    keys.append(await _took(app.find(text[:end])))
                await app.find("")
            found[f"find {what}"], found[f"worst {what}"] = statistics.median(keys), max(keys)
            found[f"hits {what}"] = await app.find(text)
            await app.find("")
    place.close()
    db.close()
    return found


async def table(path: Path) -> dict[str, float]:
    """The table: the same, once each."""
    db = open_database(path)
    app = _Table(db)
    found: dict[str, float] = {}
    async with app.run_test(size=SIZE) as pilot:
        before = _resident()
        found["open"] = await _took(app.open(pilot))
        found["memory"] = found["memory, searching"] = _resident() - before
        for sort in Sort:
            found[f"sort {sort}"] = await _took(app.sort(sort, pilot))
        for what, text in SEARCHES.items():
            if what != "in nearly all":  # as long as opening it
                found[f"find {what}"] = await _took(app.find(text, pilot))
        found["find in nearly all"] = found["open"]
    db.close()
    return found


async def _took(work: Any) -> float:
    started = time.process_time()
    await work
    return time.process_time() - started


def run() -> list[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vigil.db"
        fill(path)
        found, other = (_in_a_process(side, path) for side in ("ours", "table"))
    measured = []
    # The table has nothing to do before the first key: it does all of it at every one.
    other["first key of a search"] = other["find Latin, few"]
    for what in other:
        against = "DataTable"
        words = f"{COUNT} members, {what}"
        if what.startswith("find "):
            search = what.removeprefix("find ")
            words = f"{COUNT} members, a key of {SEARCHES[search]!r}"
            hits, worst = found[f"hits {search}"], 1e3 * found[f"worst {search}"]
            against = f"filled anew; {hits:.0f} found, slowest key {worst:.0f} ms"
        memory = what.startswith("memory")
        units, unit = (COUNT, "B") if memory else (1, "us")
        measured.append(Measured(words, against, units, found[what], other[what], other[what] / found[what], unit))
    return measured


def _in_a_process(side: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.bench_roster", side, str(path)]
    done = subprocess.run(command, capture_output=True, check=True, cwd=Path(__file__).parents[2])
    return {name: float(value) for name, value in json.loads(done.stdout.splitlines()[-1]).items()}


if __name__ == "__main__":
    print(json.dumps(asyncio.run({"ours": ours, "table": table}[sys.argv[1]](Path(sys.argv[2])))))
