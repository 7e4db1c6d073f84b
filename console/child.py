"""The worker that a console starts when the store has none; it ends with the console."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from console.settings import Settings
from store.lease import Holder

PATIENCE_SECONDS = 2.0
"""A store without a worker is left alone for so long first: a replay may be about to take it."""

RETRY_SECONDS = 10.0


class Child:
    """Keeps a worker running as long as this console does and no other process is the worker."""

    def __init__(self, settings: Settings) -> None:
        self.log = settings.store.with_name(settings.store.stem + ".worker.log")
        self.failure = ""
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._missing_since: float | None = None
        self._next_try = 0.0

    def tend(self, holder: Holder | None, *, at_once: bool = False) -> None:
        """Start a worker if none holds the store; call it now and then with who does."""
        now = time.monotonic()
        if self._process and self._process.poll() is not None:
            if self._process.returncode:
                self.failure = self._last_words()
                self._next_try = now + RETRY_SECONDS
            self._end()
        if holder and holder.alive:
            self.failure, self._missing_since = "", None
            return
        if self._process is None and now >= self._next_try:
            self._missing_since = now if self._missing_since is None else self._missing_since
            if at_once or now - self._missing_since >= PATIENCE_SECONDS:
                try:
                    self._start()
                except OSError as error:
                    self.failure = f"{error.filename or 'vigil serve'}: {error.strerror}"
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

    def _last_words(self) -> str:
        try:
            lines = Path(self.log).read_text("utf-8", "replace").strip().splitlines()
        except OSError as error:
            return f"{self.log}: {error.strerror}"
        return lines[-1].removeprefix("vigil: ") if lines else ""

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
