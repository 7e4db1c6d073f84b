"""What is killed at every step: the commands of a person, and a worker that empties its outbox."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import console.cli
import console.worker
from console.platforms.replay import Replay, effects_path
from console.settings import load
from rules.engine import Engine
from rules.records import Message
from rules.rulebook import DEFAULT_RULEBOOK, parse
from tests.unit.killing import Watched

STORE = "vigil.db"
NOTHING = "nothing.ndjson"


@dataclass(frozen=True)
class Run:
    """What to kill, the functions within which to count steps, and what is done afterwards, in peace."""

    first: Callable[[], None]
    watched: Watched
    afterwards: tuple[Callable[[], None], ...]


def command(*words: str) -> Callable[[], None]:
    """`vigil WORDS` in the folder this process is in."""

    def run() -> None:
        sys.argv = ["vigil", "--config", "vigil.toml", "--store", STORE, *words]
        try:
            console.cli.main()
        except SystemExit as ending:
            if ending.code:
                raise

    return run


class Forgetful(Replay):
    """A platform that would send the same message twice."""

    repeatable = False


def careless() -> None:
    """A worker on such a platform."""
    settings = load(Path("vigil.toml"), Path(STORE).absolute())
    platform = Forgetful(effects_path(settings.store), path=Path(NOTHING), speed=None)
    worker = console.worker.Worker(settings, "replay", [platform], print)
    asyncio.run(worker.run(until_read=True))


def warm_up() -> None:
    """Load once what would be loaded in each of the processes: compiled loops, and modules that wait to be needed."""
    for name in (
        "asyncio", "sqlite_utils", "cryptography.hazmat.primitives.ciphers.aead", "console.access",
        "console.csv_column", "console.commands", "console.printing_perks", "console.replaying", "store.member_lookup",
    ):  # fmt: skip
        importlib.import_module(name)
    Engine(parse(DEFAULT_RULEBOOK, "default")).judge([Message("replay", "g", "1", "m", "hello", 1.0)])


GRANT = command("perk", "grant", "Coupon", "m1", "m2", "--key", "once")
WORK = command("replay", NOTHING, "--speed", "max")
DISPATCH = (("console/dispatch.py", "_step_on"), ("console/dispatch.py", "recover"))
DESK = "console/perk_desk.py"

DRAWS = "console/draw_desk.py"
OPEN = command("draw", "open", "Other draw", "--winners", "2", "--everybody")
COMMIT = command("draw", "commit", "Spring draw", "--post", "g")
DRAW = command("draw", "draw", "Spring draw", "--post", "g")
REDRAW = command("draw", "redraw", "Spring draw", "--instead-of", "winner", "--reason", "no answer", "--post", "g")

RUNS = {
    "grant": Run(GRANT, ((DESK, "dispatch"),), (GRANT, WORK)),
    "approve": Run(command("perk", "approve", "1", "--as", "ben"), ((DESK, "approve"),), (WORK,)),
    "undo": Run(command("perk", "undo", "1"), ((DESK, "undo"),), (WORK,)),
    "settle": Run(command("perk", "settle", "1", "lost"), ((DESK, "settle"),), ()),
    "work": Run(WORK, DISPATCH, (WORK,)),
    "careless": Run(careless, DISPATCH, (careless,)),
    "import": Run(command("perk", "import-codes", "Coupon", "codes.csv"), ((DESK, "import_codes"),), ()),
    "rekey": Run(command("perk", "rekey"), ((DESK, "rekey"),), ()),
    "open": Run(OPEN, ((DRAWS, "open"),), ()),
    "commit": Run(COMMIT, ((DRAWS, "commit"), (DRAWS, "post")), (COMMIT,)),
    "draw": Run(DRAW, ((DRAWS, "draw"), (DRAWS, "post")), (DRAW,)),
    "redraw": Run(REDRAW, ((DRAWS, "redraw"), (DRAWS, "post")), (REDRAW,)),
}
