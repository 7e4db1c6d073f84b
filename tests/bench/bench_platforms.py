"""One worker with three platforms at once under load, a moderator at the console: does memory stay, do keys stay quick?

`python -m tests.bench platforms [--minutes 5] [--groups 50] [--people 200] [--rate 24]`. A real Synapse, a simulated
NapCat and a make-believe Telegram, so many groups each; `rate` is messages a second on all of them together. The same
keys are timed with the worker idle first. In the end all that was said has to be in the store once, and all that was
decided has to have happened once.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from console import sample
from console.platforms.base import original_id, own_id
from tests.bench.keyed import PLAIN as PLAIN_PROGRAM
from tests.bench.keyed import Keyed
from tests.bench.moderating import PLAIN, SIZE, Moderator
from tests.bench.platform_load import Said
from tests.bench.watching import Taken, taken
from tests.home import COMMAND
from tests.platforms.synapse import until
from tests.platforms.worker_process import Work
from tests.terminal.tmux import Tmux

ROOT = Path(__file__).parents[2]
PLATFORMS = {"mx": "Matrix", "qq": "OneBot", "tg": "Telegram"}
PRELUDE_SECONDS = 40.0
IDLE_TURNS = 12
SAMPLE_SECONDS = 10.0
WELCOME = '\n[welcome]\ntext = "Welcome to {group}, {name}!"\n'

_USUAL = re.compile(
    r" (worker (serve started|stopped)|windows filled|action \S+ \S+ on \S+: done|\w+: \d+ messages, "
    r"|decision \d+ taken|\S+: (.*: came in|joined|logged in|connected|in \d+ groups)|learned|rulebook )"
)
"""Lines of the worker's log that tell of nothing wrong."""


class Load:
    """The platforms, in a process of their own."""

    def __init__(self, folder: Path, groups: int, people: int) -> None:
        self.said_file = folder / "said.ndjson"
        command = [sys.executable, "-m", "tests.bench.platform_load", folder, groups, people, 7]
        self._process = subprocess.Popen(
            list(map(str, command)), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.settings: dict[str, list[str]] = self.answer()

    def order(self, words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def said(self) -> list[Said]:
        return [msgspec.json.decode(line, type=Said) for line in self.said_file.read_bytes().splitlines()]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)


class Watch(threading.Thread):
    """Looks at worker and console every so often, and prints a line."""

    def __init__(self, work: Work, worker: int, console: int) -> None:
        super().__init__(daemon=True)
        self.samples: list[tuple[Taken, Taken]] = []
        self._work, self._worker, self._console = work, worker, console
        self._over = threading.Event()

    def run(self) -> None:
        print(
            f"{'s':>5} {'load':>5} {'stored':>7} {'store MB':>8} | {'worker RSS':>10} {'PSS':>6} {'files':>5}"
            f" {'thr':>4} {'CPU %':>6} | {'console RSS':>11} {'PSS':>6} {'files':>5} {'thr':>4} {'CPU %':>6} | actions"
        )
        began = time.time()
        while True:
            self.samples.append((taken(self._worker), taken(self._console)))
            self._print(self.samples[-1][0].at - began)
            if self._over.wait(SAMPLE_SECONDS):
                return

    def stop(self) -> None:
        self._over.set()
        self.join()

    def _print(self, seconds: float) -> None:
        store = self._work.home.store
        size = sum(path.stat().st_size for path in store.parent.glob(f"{store.name}*")) / 1e6
        stored = self._work.value("SELECT count(*) FROM messages")
        last = self.samples[-2] if len(self.samples) > 1 else None
        told = []
        for place, now in enumerate(self.samples[-1]):
            busy = 100 * (now.cpu - last[place].cpu) / (now.at - last[place].at) if last else 0.0
            width = 11 if place else 10
            told.append(f"{now.resident:>{width}.1f} {now.share:>6.1f} {now.files:>5} {now.threads:>4} {busy:>6.1f} |")
        states = ", ".join(f"{count} {state}" for state, count in sorted(self._work.states().items()))
        load = os.getloadavg()[0]
        print(f"{seconds:>5.0f} {load:>5.1f} {stored:>7} {size:>8.1f} |", *told, states, flush=True)


def main(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench platforms", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--groups", type=int, default=50, help="on each platform")
    parser.add_argument("--people", type=int, default=200, help="on each platform")
    parser.add_argument("--rate", type=float, default=24.0, help="messages a second, on all platforms together")
    parser.add_argument("--keep", type=Path, help="a new folder for store, log and platforms, to look at afterwards")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="vigil-load-") as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        sys.exit("\n".join(_run(folder, given)) or 0)


def _run(folder: Path, given: argparse.Namespace) -> list[str]:
    """Returns what went wrong."""
    print(f"making {given.groups} groups with {given.people} people on each of three platforms", flush=True)
    load = Load(folder / "platforms", given.groups, given.people)
    try:
        work = _settled(folder, load)
        with work.running() as worker, Tmux() as console, Tmux() as plain:
            until(lambda: work.home.ok("platform", "list").out.count("connected") == len(PLATFORMS), 60)
            console.start(["env", "-u", "SSH_CONNECTION", *COMMAND], *SIZE, work.home.env)
            console.wait_for("worker: ")
            plain.start(PLAIN_PROGRAM, 80, 24, {"PYTHONPATH": str(ROOT), "TEXTUAL_ANIMATIONS": "none"})
            plain.wait_for("pressed 0")
            with Keyed(console) as keys, Keyed(plain) as other:
                moderator = Moderator(keys, other)
                watch = Watch(work, worker.pid, int(console.value("pane_pid")))
                problems = _under_load(given, load, work, moderator, watch)
            load.order("effects")
            problems += _checked(work, load.said(), load.answer())
        problems += _logged(work)
    finally:
        load.close()
    return problems


def _settled(folder: Path, load: Load) -> Work:
    lines = [line for one in load.settings.values() for line in one]
    work = Work(folder, "", lines)
    book = work.home.write("rulebook.toml", sample.rulebook().read_text("utf-8") + WELCOME)
    settings = work.home.config.read_text("utf-8").replace(str(sample.rulebook()), str(book))
    work.home.config.write_text(settings.replace("undo_seconds = 0", "undo_seconds = 2"), "utf-8")
    return work


def _under_load(given: argparse.Namespace, load: Load, work: Work, moderator: Moderator, watch: Watch) -> list[str]:
    load.order(f"talk {PRELUDE_SECONDS} {given.rate}")
    problems = list(load.answer()["failures"])
    _arrived(work, load)
    print(f"idle: {IDLE_TURNS} turns of a moderator, load average {os.getloadavg()[0]:.1f}", flush=True)
    moderator.phase = "idle"
    for _ in range(IDLE_TURNS):
        moderator.turn()
    until(lambda: work.left() == 0, 60)
    moderator.phase = "load"
    load.order(f"talk {60 * given.minutes} {given.rate}")
    watch.start()
    end = time.time() + 60 * given.minutes
    while time.time() < end:
        moderator.turn()
    watch.stop()
    done = load.answer()
    problems += done["failures"]
    total = sum(done["counts"].values())
    each = ", ".join(f"{PLATFORMS[name]} {count}" for name, count in done["counts"].items())
    print(f"said: {total} in {given.minutes:g} minutes ({total / given.minutes / 60:.1f} a second): {each}", flush=True)
    _arrived(work, load)
    until(lambda: work.left() == 0, 120)
    moderator.phase = "afterwards"
    for _ in range(IDLE_TURNS):
        moderator.turn()
    until(lambda: work.left() == 0, 60)
    print("decisions by key:", ", ".join(f"{key} {count}" for key, count in moderator.decided.items()))
    for words, count in moderator.refused.items():
        print(f"refused {count} times: {words}")
    _print_keys(moderator)
    _print_memory(watch.samples)
    return problems + moderator.lost


def _arrived(work: Work, load: Load) -> None:
    """Wait until all that was said is stored, or does not come any more."""
    wanted = sum(bool(said.text) for said in load.said())
    sql = "SELECT count(*) FROM messages WHERE kind IN ('text', 'edit', 'knock')"
    end = time.time() + 60
    while work.value(sql) < wanted and time.time() < end:
        time.sleep(0.2)


def _print_keys(moderator: Moderator) -> None:
    print(f"{'key':<38} {'idle':>22} {'under load':>22} {'afterwards':>22} {'ratio':>12}   (median and p95, ms)")
    together: dict[str, list[float]] = defaultdict(list)
    for what in moderator.seconds["load"]:
        found = {phase: moderator.seconds[phase][what] for phase in ("idle", "load", "afterwards")}
        if what != PLAIN:
            for phase, seconds in found.items():
                together[phase] += seconds
        _print_key(what, found)
    _print_key("all keys of the console", together)


def _print_key(what: str, found: dict[str, list[float]]) -> None:
    if not found["idle"] or not found["load"]:
        return
    cells = [
        f"{1e3 * _part(seconds, 50):>7.1f} {1e3 * _part(seconds, 95):>7.1f} of {len(seconds):<3}" if seconds else ""
        for seconds in found.values()
    ]
    ratios = [_part(found["load"], part) / _part(found["idle"], part) for part in (50, 95)]
    print(f"{what:<38} {cells[0]:>22} {cells[1]:>22} {cells[2]:>22} {ratios[0]:>5.2f} {ratios[1]:>5.2f}x")


def _part(values: Sequence[float], percent: int) -> float:
    """The value that so many per cent stay below."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def _print_memory(samples: Sequence[tuple[Taken, Taken]]) -> None:
    """The last minute against the second; of a shorter run its last fifth against its second."""
    began, ended = samples[0][0].at, samples[-1][0].at
    part = min(60.0, (ended - began) / 5)
    for place, name in enumerate(("worker", "console")):
        own = [sample[place] for sample in samples]
        second = [one for one in own if began + part <= one.at <= began + 2 * part] or own[:1]
        last = [one for one in own if one.at >= ended - part]
        for what in ("resident", "share", "files", "threads"):
            ours, baseline = (statistics.median(getattr(one, what) for one in some) for some in (last, second))
            print(f"{name}: {what:<9} {baseline:>8.1f} in the second, {ours:>8.1f} in the last: {ours / baseline:.3f}x")


def _checked(work: Work, said: Sequence[Said], effects: dict[str, Any]) -> list[str]:
    """Every message once, every effect once. Returns what is not so."""
    problems = []
    rows: list[tuple[Any, ...]] = work.rows(
        "SELECT g.platform, g.key, m.key, m.kind, m.text, m.received_at FROM messages m"
        " JOIN groups g ON g.id = m.group_id"
    )
    problems += _messages_once(said, rows)
    done: list[tuple[Any, ...]] = work.rows(
        "SELECT g.platform, g.key, a.kind, coalesce(m.key, '') FROM actions a JOIN groups g ON g.id = a.group_id"
        " LEFT JOIN messages m ON m.id = a.message_id WHERE a.state = 'done'"
    )
    for name, title in PLATFORMS.items():
        found = effects[name]
        deleted = Counter({(group, key): count for group, key, count in found["deleted"]})
        orders = Counter((group, id_) for platform, group, kind, key in done if platform == name and kind == "delete"
                         for id_ in _deleted_with(name, key))  # fmt: skip
        written = Counter(found["written"])
        notices = Counter(group for platform, group, kind, _ in done if platform == name and kind in ("warn", "send"))
        kinds = Counter(kind for platform, _, kind, _ in done if platform == name)
        print(f"{title}: done", ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
        if deleted != orders:
            more, less = deleted - orders, orders - deleted
            problems.append(f"{title}: deleted without an order or twice {len(more)}: {list(more)[:3]};"
                            f" ordered, not deleted {len(less)}: {list(less)[:3]}")  # fmt: skip
        if written != notices:
            problems.append(f"{title}: written too much {written - notices}, too little {notices - written}")
        warned = kinds["warn"]
        if "alone" in found and found["alone"] != warned:
            problems.append(f"{title}: {warned} warned, {found['alone']} told alone")
    states = work.states()
    if set(states) - {"done", "withdrawn"}:
        problems.append(f"actions: {dict(states)}")
        for words, count in work.rows(
            "SELECT g.platform || ' ' || a.kind || ' ' || a.state || ': ' || a.result, count(*) FROM actions a"
            " JOIN groups g ON g.id = a.group_id WHERE a.state NOT IN ('done', 'withdrawn') GROUP BY 1"
        ):
            problems.append(f"  {count}: {words}")
    return problems


def _deleted_with(platform: str, message: str) -> set[str]:
    """What is deleted on the platform with a message: of Matrix an edit is a message of its own."""
    return {original_id(message), own_id(message)} if platform == "mx" else {original_id(message)}


def _messages_once(said: Sequence[Said], rows: Sequence[tuple[Any, ...]]) -> list[str]:
    problems = []
    for name, title in PLATFORMS.items():
        wanted = {one.text: one for one in said if one.platform == name and one.text}
        stored = [row for row in rows if row[0] == name and row[4] in wanted]
        times = Counter(row[4] for row in stored)
        missing = [text for text in wanted if text not in times]
        twice = [text for text, count in times.items() if count > 1]
        elsewhere = [row for row in stored
                     if (row[1], row[3]) != (wanted[row[4]].group, wanted[row[4]].kind)
                     or wanted[row[4]].key not in ("", row[2])]  # fmt: skip
        moves = [Counter(one.kind for one in said if one.platform == name)[kind] for kind in ("join", "leave")]
        lag = [row[5] - wanted[row[4]].at for row in stored]
        print(f"{title}: {len(wanted)} messages, edits and requests, {len(missing)} missing, {len(twice)} twice,"
              f" {len(elsewhere)} under another id or group; {moves[0]} joins, {moves[1]} leaves;"
              f" from just before it is sent to its row: median {_part(lag, 50):.3f} s, p95 {_part(lag, 95):.3f} s,"
              f" longest {max(lag):.3f} s")  # fmt: skip
        seen = Counter(row[3] for row in rows if row[0] == name)
        # Vigil lets people in, too.
        if seen["join"] < moves[0] or seen["leave"] != moves[1]:
            problems.append(f"{title}: {moves} joins and leaves, stored {[seen['join'], seen['leave']]}")
        if missing or twice or elsewhere:
            problems.append(f"{title}: missing {missing[:3]}, twice {twice[:3]}, elsewhere {elsewhere[:3]}")
    return problems


def _logged(work: Work) -> list[str]:
    lines = [line for line in work.log.read_text("utf-8").splitlines() if not _USUAL.search(line)]
    kinds = Counter(re.sub(r"\d+", "N", line.partition(" ")[2])[:150] for line in lines)
    for words, count in kinds.most_common(12):
        print(f"log, {count} times: {words}")
    return [line for line in lines if re.search(r"error|Traceback|failed|unknown", line, re.IGNORECASE)][:5]
