"""A small server that answers as no Matrix server should, on loopback, from a list of answers made ready."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

USER = "@vigil:hostile.test"
TOKEN = "the-token-nobody-may-see"
ROOM = "!tea:hostile.test"


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` in pieces, with `pause` seconds between two; `length` is what is claimed, None for the truth."""

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    pieces: int = 1
    pause: float = 0.0
    length: int | None = None


def as_json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


def message(number: int, text: str, **more: Any) -> dict[str, Any]:
    """An event of a member's text."""
    return {
        "type": "m.room.message",
        "event_id": f"$event{number}",
        "sender": "@bob:hostile.test",
        "origin_server_ts": 1_780_000_000_000 + number,
        "content": {"msgtype": "m.text", "body": text},
        **more,
    }


def sync(batch: str, events: Sequence[Any] = (), **timeline: Any) -> Answer:
    """What a /sync that is in order says."""
    room = {"timeline": {"events": list(events), "limited": False, "prev_batch": "p", **timeline}}
    return as_json({"next_batch": batch, "rooms": {"join": {ROOM: room}}})


class Hostile:
    """Answers everything but /sync in order, unless `first` names a path's end, with answers given once each, or
    `others`, with one given always; /sync from `syncs`, one after the other, and then that nothing more happened."""

    def __init__(
        self,
        syncs: Sequence[Answer],
        others: dict[str, Answer] | None = None,
        first: Mapping[str, list[Answer]] | None = None,
    ) -> None:
        self.syncs: Iterator[Answer] = iter(syncs)
        self.others = others or {}
        self._first = first or {}
        self.asked: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._open.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as read:
            try:
                while line := read.readline():
                    target = line.split()[1].decode()
                    length = 0
                    while (header := read.readline().strip().lower()) != b"":
                        if header.startswith(b"content-length:"):
                            length = int(header.split(b":")[1])
                    read.read(length)
                    self.asked.append(f"{line.split()[0].decode()} {target}")
                    self._answer(connection, line.split()[0].decode(), target)
            except (OSError, IndexError):
                return
            finally:
                self._open.discard(connection)

    def _answer(self, connection: socket.socket, method: str, target: str) -> None:
        path = urlsplit(target).path
        begun = next((several for end, several in self._first.items() if path.endswith(end) and several), None)
        if begun is not None:
            answer = begun.pop(0)
        elif method == "PUT" and "/account_data/" in path:
            answer = as_json({})
        else:
            answer = self._chosen(path)
        length = len(answer.body) if answer.length is None else answer.length
        head = [
            f"HTTP/1.1 {answer.status} Said",
            f"Content-Length: {length}",
            *(f"{n}: {v}" for n, v in answer.headers),
        ]
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        step = max(1, -(-len(answer.body) // answer.pieces))
        for start in range(0, len(answer.body), step):
            if start and self._over.wait(answer.pause):
                return
            connection.sendall(answer.body[start : start + step])
        if length != len(answer.body):
            connection.shutdown(socket.SHUT_RDWR)

    def _chosen(self, path: str) -> Answer:
        for end, answer in self.others.items():
            if path.endswith(end):
                return answer
        if path.endswith("/whoami"):
            return as_json({"user_id": USER, "device_id": "D"})
        if path.endswith("/sync"):
            found = next(self.syncs, None)
            if found is None:
                # As a long poll that nothing happens in.
                self._over.wait(0.2)
                return as_json({"next_batch": "end"})
            return found
        if "/account_data/" in path:
            return as_json({"errcode": "M_NOT_FOUND", "error": "none"}, 404)
        return as_json({"event_id": "$done", "room_id": "!new:hostile.test"})
