"""`vigil serve`: the worker in the foreground, logging one line an event."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from datetime import datetime

from console.settings import Settings
from console.worker import Worker, platforms_of
from widgets.safe import safe

LONGEST_LOG = 1_000
"""Characters of a log line."""


def serve(settings: Settings, *, child: bool) -> None:
    """Work until SIGTERM or SIGINT; as a console's child until the console ends or a replay wants the store.

    Raises LeaseHeld, LeaseLost, StoreError, RulebookError, PlatformError.
    """
    # A console blocks these for itself, and a child inherits that.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP, signal.SIGTERM, signal.SIGINT})
    worker = Worker(settings, "child" if child else "serve", platforms_of(settings), _log, steps_aside=child)
    asyncio.run(_serve(worker, child=child))


async def _serve(worker: Worker, *, child: bool) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.stop)
    if child:
        threading.Thread(target=_end_with_console, args=(worker, loop), daemon=True).start()
    await worker.run()


def _end_with_console(worker: Worker, loop: asyncio.AbstractEventLoop) -> None:
    """The console holds the other end of standard input; when it ends in whatever way, reading ends."""
    while os.read(0, 4096):
        pass
    loop.call_soon_threadsafe(worker.stop)


def _log(line: str) -> None:
    moment = datetime.now().astimezone().isoformat(timespec="milliseconds")
    # A log that cannot be written is no reason to stop working.
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{moment} {safe(line, LONGEST_LOG)}\n")
        sys.stderr.flush()
