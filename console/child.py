"""The worker that a console starts when the store has none; it ends with the console."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from console.settings import Settings
from store.lease import Holder

PATIENCE_SECONDS = 2.0
"""A store without a worker is left alone for so long first: a replay may be about to take it."""

RETRY_SECONDS = 10.0


_LOGGED = re.compile(r"\d{4}-\d\d-\d\dT\S+ ")
"""What a line of the worker's everyday log begins with: such a line says not why it ended."""


class Child:
    """Keeps a worker running as long as this console does and no other process is the worker. `seen` is whether there
    was a worker, anybody's, since; `stopped` whether the last one of its own ended by itself, `failure` why, "" where
    it did not say."""

    def __init__(self, settings: Settings) -> None:
        self.log = settings.store.with_name(settings.store.stem + ".worker.log")
        self.failure = ""
        self.stopped = False
        self.seen = False
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._missing_since: float | None = None
        self._next_try = 0.0

    def tend(self, holder: Holder | None, *, at_once: bool = False) -> None:
        """Start a worker if none holds the store; call it now and then with who does."""
        now = time.monotonic()
        if self._process and self._process.poll() is not None:
            if self._process.returncode:
                self.stopped, self.failure = True, self.last_words()
                self._next_try = now + RETRY_SECONDS
            self._end()
        if holder and holder.alive:
            self.seen, self.stopped, self.failure, self._missing_since = True, False, "", None
            return
        if self._process is None and now >= self._next_try:
            self._missing_since = now if self._missing_since is None else self._missing_since
            if at_once or now - self._missing_since >= PATIENCE_SECONDS:
                try:
                    self._start()
                except OSError as error:
                    self.stopped, self.failure = True, f"{error.filename or 'vigil serve'}: {error.strerror}"
                    self._next_try = now + RETRY_SECONDS

    def _start(self) -> None:
        command = [sys.executable, "-P", "-m", "console", "serve", "--child", "--store", str(self._settings.store)]
        if self._settings.path.exists():
            command += ["--config", str(self._settings.path)]
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
            )
        finally:
            os.close(log)

    def last_words(self) -> str:
        """Why the worker ended, as far as its log says so."""
        try:
            lines = Path(self.log).read_text("utf-8", "replace").strip().splitlines()
        except OSError as error:
            return f"{self.log}: {error.strerror}"
        said = lines[-1] if lines else ""
        return "" if _LOGGED.match(said) else said.removeprefix("vigil: ")

    def _end(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()
        self._process = None

    def stop(self) -> None:
        """Let the worker end at its next seam, and wait for it."""
        process = self._process
        self._end()
        if process:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
