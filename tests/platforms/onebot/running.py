"""A simulated OneBot implementation as a process, that may be killed and started again, and Vigil's options for it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from console.platforms.onebot_kind import OneBotOptions
from tests.platforms.onebot.world import World

TOKEN = "open-sesame-7"
ROOT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Running:
    """The implementation of `profile` on a world of its own. `call`: it connects to that address as well."""

    def __init__(self, folder: Path, profile: str, *more: str, call: str = "", token: str = TOKEN) -> None:
        self.folder = folder
        self.profile = profile
        self.world = World(folder / "world.db")
        self.ws, self.http = free_port(), free_port()
        self.token = token
        self.token_file = folder / "token"
        self.token_file.touch(0o600)
        self.token_file.write_text(f"{token}\n")
        self._more = (*more, *(("--call", call) if call else ()))
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Running:
        command = [
            sys.executable, "-m", "tests.platforms.onebot.simulator", "--world", self.world.path, "--profile",
            self.profile, "--ws", self.ws, "--http", self.http, "--token", self.token, *self._more,
        ]  # fmt: skip
        log = (self.folder / "simulator.txt").open("ab")
        with log:
            self._process = subprocess.Popen(
                list(map(str, command)), cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n", (self.folder / "simulator.txt").read_text()
        return self

    def kill(self) -> None:
        """At once, as by kill -9."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def close(self) -> None:
        self.kill()
        self.world.close()

    def options(self, **changes: Any) -> OneBotOptions:
        """Vigil's settings: actions over the WebSocket, as fast as they go."""
        options = OneBotOptions(f"ws://127.0.0.1:{self.ws}", None, "", self.token_file, "", per_second=1_000.0)
        return msgspec.structs.replace(options, **changes)

    def over_http(self) -> dict[str, str]:
        return {"http": f"http://127.0.0.1:{self.http}"}

    def settings(self, *more: str) -> list[str]:
        """The same as lines of vigil.toml."""
        return [
            "[platforms.qq]",
            'kind = "onebot"',
            f'connect = "ws://127.0.0.1:{self.ws}"',
            f'token_file = "{self.token_file}"',
            "per_second = 100",
            *more,
        ]
