"""Serves the make-believe Telegram over HTTP on loopback. What happens is written down before it is answered: killed at
any moment, it is as it was when it starts again. `python -m tests.platforms.telegram.server PORT JOURNAL TOKEN`."""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.platforms.telegram.bot import Bot
from tests.platforms.telegram.world import Entry, No, World

ASKED = ("getMe", "getChat", "getChatMember", "getWebhookInfo", "getUpdates")
"""What changes nothing."""


class Served:
    """The world and its journal, of which one thread at a time makes use."""

    def __init__(self, journal: Path) -> None:
        self.world = World()
        self.bot = Bot(self.world)
        self.lock = threading.Condition()
        self.polls = 0
        self.polling = 0
        self.per_second, self.burst, self.tokens, self.filled = 0.0, 0.0, 0.0, 0.0
        self.stalled = ""
        self.packets: list[Any] = []
        if journal.exists():
            for line in journal.read_bytes().splitlines():
                with suppress(No, json.JSONDecodeError):
                    self._apply(json.loads(line))
        self._journal = journal.open("ab", buffering=0)

    def happen(self, entry: dict[str, Any]) -> Any:
        """Raises No."""
        with self.lock:
            entry["at"] = entry.get("at") or time.time() + entry.pop("ahead", 0)
            if entry["do"] != "bot" or entry["method"] not in ASKED:
                self._journal.write(json.dumps(entry).encode() + b"\n")
            try:
                return self._apply(entry)
            finally:
                self.lock.notify_all()

    def _apply(self, entry: Entry) -> Any:
        """Raises No."""
        self.world.now = entry["at"]
        if entry["do"] == "bot":
            return self.bot.does(entry["method"], entry["values"])
        return self.world.happen(entry)

    def pay(self) -> None:
        """Keep to the limits. Raises No."""
        if not self.per_second:
            return
        with self.lock:
            now = time.monotonic()
            self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.per_second)
            self.filled = now
            if self.tokens < 1:
                seconds = max(1, round((1 - self.tokens) / self.per_second))
                raise No(429, f"retry after {seconds}", retry_after=seconds)
            self.tokens -= 1

    def updates(self, values: dict[str, Any]) -> list[Any]:
        """Raises No."""
        offset, limit = int(values.get("offset") or 0), int(values.get("limit") or 100)
        wanted = values.get("allowed_updates")
        if wanted and set(wanted) != self.world.allowed:
            self.happen({"do": "allow", "values": {"kinds": list(wanted)}})
        with self.lock:
            self.polls += 1
            mine = self.polls
            if offset > self.world.next_update + 10:
                offset = 0
            if any(update["update_id"] < offset for update in self.world.updates):
                self.happen({"do": "confirm", "values": {"offset": offset}})
            self.lock.notify_all()
            over = lambda: self.polls != mine or self.world.updates  # noqa: E731
            self.polling += 1
            self.lock.wait_for(over, float(values.get("timeout") or 0))
            self.polling -= 1
            if self.polls != mine:
                raise No(409, "terminated by other getUpdates request; make sure that only one bot instance is running")
            return self.world.updates[:limit]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    served: Served
    token: str

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            # Whoever asked was killed in the middle of it.
            self.close_connection = True
            return
        first, _, method = self.path.lstrip("/").partition("/")
        try:
            if first == "test":
                self._say(200, self._test(method, json.loads(body)))
            elif first != f"bot{self.token}":
                self._say(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
            else:
                self._bot(method, self._values(body))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _bot(self, method: str, values: dict[str, Any]) -> None:
        if method != "getUpdates" and not self.served.bot.knows(method):
            self._say(404, {"ok": False, "error_code": 404, "description": "Not Found: method not found"})
            return
        try:
            if method == "getUpdates":
                result = self.served.updates(values)
            else:
                if method not in ASKED:
                    self.served.pay()
                result = self.served.happen({"do": "bot", "method": method, "values": values})
        except No as no:
            answer = {"ok": False, "error_code": no.code, "description": str(no)}
            self._say(no.code, {**answer, **({"parameters": no.parameters} if no.parameters else {})})
            return
        self.served.packets.append([method, result])
        if self.served.stalled == method:
            # Done, but whoever asked never hears of it.
            with self.served.lock:
                self.served.stalled = "done"
                self.served.lock.notify_all()
                self.served.lock.wait_for(lambda: self.served.stalled == "", 30)
            self.close_connection = True
            return
        self._say(200, {"ok": True, "result": result})

    def _test(self, what: str, values: dict[str, Any]) -> Any:
        served = self.served
        if what == "look":
            world = served.world
            with served.lock:
                return {
                    "effects": world.effects, "waiting": len(world.updates), "stalled": served.stalled,
                    "polls": served.polls, "polling": served.polling,
                    "chats": {chat: {**one, "messages": list(one["messages"].values())}
                              for chat, one in world.chats.items()},
                }  # fmt: skip
        if what == "packets":
            return served.packets
        if what == "limits":
            served.per_second, served.burst, served.tokens = values["per_second"], values["burst"], values["burst"]
            served.filled = time.monotonic()
            return None
        if what == "stall":
            with served.lock:
                served.stalled = values["method"]
                served.lock.notify_all()
            return None
        when: dict[str, Any] = {name: values.pop(name) for name in ("ahead", "at") if name in values}
        return served.happen({"do": what, **when, "values": values})

    def _values(self, body: bytes) -> dict[str, Any]:
        if self.headers.get("Content-Type", "").startswith("application/json"):
            return dict(json.loads(body or b"{}"))
        # Clients that send forms write what is no text as JSON.
        found: dict[str, Any] = {}
        for name, (value, *_) in parse_qs(body.decode()).items():
            try:
                found[name] = json.loads(value)
            except json.JSONDecodeError:
                found[name] = value
        if isinstance(found.get("text"), (int, float)):
            found["text"] = str(found["text"])
        return found

    def _say(self, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 50


def main() -> None:
    port, journal, token = sys.argv[1:]
    Handler.served, Handler.token = Served(Path(journal)), token
    Server(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()
