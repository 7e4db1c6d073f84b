"""A make-believe Telegram of a test's own, in a process that can be killed, and the people in it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from console.platforms.telegram import Telegram
from console.platforms.telegram_kind import TelegramOptions
from tests.platforms.synapse import until
from tests.platforms.telegram.world import BOT

TOKEN = f"{BOT}:the-token-that-nobody-may-see-0123"
PHOTO: dict[str, Any] = {"photo": [{"file_id": "f", "file_unique_id": "u", "width": 90, "height": 90}]}
ROOT = Path(__file__).parents[3]


class Simulator:
    """The server, and what people do there by `do`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port: int = found.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(base_url=self.base, timeout=30)
        self.token_file = folder / "token"
        self.token_file.touch(0o600)
        self.token_file.write_text(TOKEN + "\n")

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        journal = str(self.folder / "journal.ndjson")
        command = [sys.executable, "-m", "tests.platforms.telegram.server", str(self.port), journal, TOKEN]
        with (self.folder / "out.txt").open("ab") as out:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=ROOT,
                env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        until(self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "out.txt").read_text()
        try:
            return self._client.post("/test/look", json={}).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self._client.close()
        self.kill()

    def do(self, what: str, **values: Any) -> Any:
        """Let something happen, or look. `at` is when by Telegram's clock, in epoch seconds; `ahead` is by how many
        seconds that is ahead."""
        return self._client.post(f"/test/{what}", content=json.dumps(values)).raise_for_status().json()

    def look(self) -> Any:
        return self.do("look")

    def effects(self, method: str = "") -> list[list[Any]]:
        """What the bot has changed: method, chat, and what it was done to."""
        return [effect for effect in self.look()["effects"] if effect[0].startswith(method)]

    def texts(self, chat: int) -> list[str]:
        """What there is to be read in a chat."""
        messages = self.look()["chats"][str(chat)]["messages"]
        return [message.get("text", message.get("caption", "")) for message in messages]

    def status(self, chat: int, user: int) -> str:
        found = self.look()["chats"][str(chat)]["members"].get(str(user), {"status": "left"})
        return str(found["status"])

    def options(self, *groups: str) -> TelegramOptions:
        return TelegramOptions(self.base, self.token_file, "", groups)

    def platform(self, **more: Any) -> Telegram:
        return Telegram("tg", self.options(), self.folder / "vigil.tg.groups", **more)

    def settings(self, base: str = "") -> list[str]:
        """The same as lines of vigil.toml; `base` is where the server is reached instead."""
        return [
            "[platforms.tg]",
            'kind = "telegram"',
            f'server = "{base or self.base}"',
            f'token_file = "{self.token_file}"',
        ]


class Tea:
    """A group of ada's with bob and eve in it, and Vigil's bot as an administrator."""

    def __init__(self, simulator: Simulator, kind: str = "supergroup", bot: str = "administrator") -> None:
        self.simulator = simulator
        self.ada, self.bob, self.eve = (simulator.do("person", name=name) for name in ("Ada", "Bob", "Eve"))
        self.chat: int = simulator.do("group", owner=self.ada, title="Tea", kind=kind, bot=bot)
        for person in (self.bob, self.eve):
            simulator.do("join", chat=self.chat, user=person)

    @property
    def group(self) -> str:
        return str(self.chat)

    def say(self, user: int, text: str = "", **fields: Any) -> int:
        """Post a message; returns its number."""
        written = {"text": text} if text else {}
        return int(self.simulator.do("say", chat=self.chat, user=user, **written, **fields))
