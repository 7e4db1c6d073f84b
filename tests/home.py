"""Runs the command `vigil` as a person does: a process of its own, in a home of its own, on real files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from console import sample

COMMAND = [sys.executable, "-P", "-m", "console"]


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What was printed, where it is one JSON object a line."""
        return [msgspec.json.decode(line, type=dict[str, Any]) for line in self.lines]


class Home:
    """Somebody's home folder, where `vigil` finds its settings and keeps its store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.config = self.home / "config" / "vigil" / "vigil.toml"
        self.store = self.home / "data" / "vigil" / "vigil.db"
        self.effects = self.store.with_name("vigil.effects.ndjson")
        for place in (self.config.parent, self.store.parent, folder / "tmp"):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_DATA_HOME": str(self.home / "data"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "TMPDIR": str(self.folder / "tmp"),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }

    def write(self, name: str, content: str | bytes) -> Path:
        """A file beside the home, for a command to read."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def settle(self, *more: str, undo_seconds: float = 0) -> None:
        """Write settings: the sample's rulebook, no waiting for an undo, and `more` lines."""
        lines = [f'rulebook = "{sample.rulebook()}"', "[outbox]", f"undo_seconds = {undo_seconds}", *more]
        self.config.write_text("\n".join(lines) + "\n", "utf-8")

    def run(
        self, *words: object, stdin: bytes | None = None, env: dict[str, str] | None = None, encoding: str = "utf-8"
    ) -> Done:
        """Run a command to its end."""
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            [*COMMAND, *map(str, words)],
            input=stdin or b"",
            capture_output=True,
            cwd=self.folder,
            env=self.env | (env or {}),
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding))

    def ok(self, *words: object, stdin: bytes | None = None) -> Done:
        """Run a command that must succeed."""
        done = self.run(*words, stdin=stdin)
        assert done.code == 0, done
        return done

    def refused(self, *words: object, stdin: bytes | None = None, env: dict[str, str] | None = None) -> str:
        """Run a command that must fail as every user's mistake does; returns its one line on standard error."""
        done = self.run(*words, stdin=stdin, env=env)
        assert done.code == 2, done
        assert done.out == ""
        assert done.err.startswith("vigil: ")
        assert done.err.count("\n") == 1
        assert done.err.endswith("\n")
        return done.err.removeprefix("vigil: ").rstrip("\n")

    @contextmanager
    def running(self, *words: object, stdin: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
        """A command that runs meanwhile; it is ended at the latest when the block is left."""
        with subprocess.Popen(
            [*COMMAND, *map(str, words)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=self.env,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def done_effects(self) -> list[tuple[str, str]]:
        """Every effect so far: the action, and the message it deleted or the member it reached."""
        if not self.effects.exists():
            return []
        effects = [msgspec.json.decode(line) for line in self.effects.read_bytes().splitlines()]
        return [(effect["action"], effect["message"] or effect["user"]) for effect in effects]


def wait_until(condition: Callable[[], bool], timeout: float = 30) -> None:
    """Return as soon as `condition` holds; fail after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"did not come to hold in {timeout} s"
        time.sleep(0.02)


def campaign_effects() -> list[tuple[str, str]]:
    """What a warning of the sample's campaign does: forty deletions and nine warnings, in a fixed order."""
    campaign = sample.expected().campaign
    return sorted([*(("delete", key) for key in campaign.messages), *(("warn", key) for key in campaign.members)])
