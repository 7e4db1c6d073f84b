"""Runs something again and again, each time in a process of its own that kills itself one step later than before.

A step is a call into SQLite or to the file system, before it and after it, while one of the watched functions runs:
between two such steps nothing changes that outlasts the process. `python -m tests.unit.killing RUN TEMPLATE WORK`
copies the folder TEMPLATE to WORK/1, WORK/2, … and does RUN of `killing_runs` there, until a run comes to its end.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from types import BuiltinFunctionType, FrameType

ROOT = Path(__file__).parents[2]

STEPS = {
    "Connection.execute", "Connection.executemany", "Cursor.fetchall", "Cursor.fetchone", "Connection.close",
    "BufferedRandom.write", "BufferedRandom.flush", "BufferedRandom.truncate", "BufferedRandom.close",
    "BufferedWriter.write", "BufferedWriter.flush", "BufferedWriter.close",
    "open", "fsync", "rename", "replace", "unlink", "chmod", "flock",
}  # fmt: skip

Watched = Collection[tuple[str, str]]
"""The ends of a file's name and the names of functions in it."""


class Killer:
    """Counts steps within the watched functions, and kills the process at step `last`."""

    def __init__(self, watched: Watched, last: int) -> None:
        self.watched = watched
        self.last = last
        self.count = 0
        self.depth = 0

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        if event in ("call", "return"):
            name = frame.f_code.co_name
            if any(function == name and frame.f_code.co_filename.endswith(file) for file, function in self.watched):
                self.depth += 1 if event == "call" else -1
        elif self.depth and isinstance(arg, BuiltinFunctionType) and arg.__qualname__ in STEPS:
            self.count += 1
            if self.count == self.last:
                os.kill(os.getpid(), signal.SIGKILL)


def in_child(work: Path, run: Callable[[], None], killer: Killer | None) -> int:
    """Do it in a process of its own; returns how that ended, negative for a signal."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = 99
    try:
        said = os.open(work / "said.txt", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.chdir(work)
        sys.setprofile(killer)
        try:
            run()
            status = 0
        except SystemExit as ending:
            status = ending.code if isinstance(ending.code, int) else 98
        finally:
            sys.setprofile(None)
            sys.stdout.flush()
            sys.stderr.flush()
    finally:
        os._exit(status)


def killed(run: str, template: Path, work: Path) -> list[Path]:
    """The folders in `work` of all runs, each killed one step later; the last one came to its end."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.killing", run, str(template), str(work)],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    steps = done.stdout.split()
    assert len(steps) > 10, "it was killed at many steps"
    return [work / step for step in steps]


def main() -> None:
    from tests.unit import killing_runs

    name, template, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    run = killing_runs.RUNS[name]
    killing_runs.warm_up()
    for last in range(1, 100_000):
        work = folder / str(last)
        shutil.copytree(template, work)
        killer = Killer(run.watched, last)
        ended = in_child(work, run.first, killer)
        if ended not in (0, -signal.SIGKILL):
            sys.exit(f"step {last}: ended with {ended}: {(work / 'said.txt').read_text()}")
        for again in run.afterwards:
            if later := in_child(work, again, None):
                sys.exit(f"after step {last}: ended with {later}: {(work / 'said.txt').read_text()}")
        print(last, flush=True)
        if ended == 0:
            return


if __name__ == "__main__":
    main()
