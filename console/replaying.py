"""`vigil replay`: takes a recorded chat into the store, as its worker for as long as that takes."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from console.intake import TakenIn
from console.platforms.replay import Replay, ReplayError, effects_path
from console.settings import Settings
from console.worker import Worker
from widgets.safe import safe

SHOWN_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did. `stopped` is whether it was interrupted before the end."""

    taken: int
    known: int
    flagged: int
    problems: int
    lines: int
    stopped: bool


def replay(settings: Settings, path: Path | None, speed: float | None, name: str) -> Replayed:
    """Raises ReplayError, LeaseHeld, StoreError, RulebookError."""
    if path and not path.is_fifo():
        # Said before a store is made for nothing.
        _try_to_open(path)
    platform = Replay(effects_path(settings.store), path=path, speed=speed, name=name)
    progress = _Progress(platform)
    worker = Worker(settings, "replay", [platform], progress.log, on_taken=progress.taken)
    stopped = asyncio.run(_run(worker))
    progress.end()
    return Replayed(worker.taken, worker.known, worker.flagged, worker.problems, platform.lines, stopped)


def _try_to_open(path: Path) -> None:
    """Raises ReplayError."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise ReplayError(f"{path}: {error.strerror}") from None


async def _run(worker: Worker) -> bool:
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        worker.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    await worker.run(until_read=True)
    return stopped


class _Progress:
    """A bar on a terminal, nothing elsewhere; problems by their line, the first of them whole."""

    def __init__(self, platform: Replay) -> None:
        self._platform = platform
        self._terminal = sys.stderr.isatty()
        self._shown = 0
        self._drawn_at = 0.0
        self._taken = 0

    def log(self, line: str) -> None:
        if line.startswith(f"{self._platform.name}: line "):
            self._shown += 1
            if self._shown <= SHOWN_PROBLEMS:
                self._write(f"vigil: {line.removeprefix(f'{self._platform.name}: ')}")
            elif self._shown == SHOWN_PROBLEMS + 1:
                self._write("vigil: more lines with problems; only counted from here on")

    def taken(self, taken: TakenIn) -> None:
        self._taken += len(taken.messages)
        if self._terminal and time.monotonic() - self._drawn_at > 0.1:
            self._draw()

    def end(self) -> None:
        if self._terminal:
            self._draw()
            sys.stderr.write("\n")

    def _write(self, line: str) -> None:
        line = safe(line, 500)
        sys.stderr.write(f"\r\x1b[K{line}\n" if self._terminal else f"{line}\n")

    def _draw(self) -> None:
        self._drawn_at = time.monotonic()
        total, read = self._platform.total, self._platform.read
        bar = ""
        if total:
            filled = 30 * read // total
            bar = f"[{'#' * filled}{'.' * (30 - filled)}] {100 * read // total:3d} %  "
        sys.stderr.write(f"\r\x1b[K{bar}{self._taken:,} messages, line {self._platform.lines:,}")
        sys.stderr.flush()
