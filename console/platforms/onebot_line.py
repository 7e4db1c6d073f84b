"""The one WebSocket to a OneBot implementation: Vigil connects to it, or waits for it to connect."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import itertools
import logging
import secrets as random
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.http11 import Request, Response

import console
from console.platforms.http import LARGEST_ANSWER, HttpError, Secrets, Unreachable
from console.platforms.onebot_kind import OneBotOptions
from console.platforms.onebot_shapes import Frame, spelled
from widgets.language import mark

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds between two tries to connect."""
HELD_SECONDS = 2.0
REFUSED_SECONDS = 30.0
LISTEN_SECONDS = 10.0
"""Seconds between two tries to listen where another program does."""
QUIET_SECONDS = 45.0
"""After so long without a packet the implementation is asked whether it is still there."""
ASKED_SECONDS = 10.0
MOST_WAITING = 20_000
MOST_BYTES_WAITING = 100_000_000
"""So many packets wait to be read, and so many bytes of them. With more the connection is given up, and history read
instead."""
REFUSALS = ("1401", "1403", "401", "403")
_ENDED = mark("the connection ended before there was an answer")

_quiet = logging.getLogger("vigil.onebot")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


class TokenRefused(HttpError):
    """The implementation does not accept the token."""

    uncertain = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection was made, over which events come and actions can be asked for."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A connection ended or could not be made."""

    words: str
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """Something else to say, that ends nothing."""

    words: str


@dataclass(frozen=True, slots=True)
class Packet:
    """An event, as it came."""

    raw: bytes


Item = Opened | Closed | Remark | Packet
_Socket = ClientConnection | ServerConnection


class _Connect(connect):
    """Goes nowhere else: whoever holds the account is at the address of the settings, and at no other."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class Line:
    """Keeps the connection up from `start` on. What comes is taken with `next`."""

    def __init__(
        self, options: OneBotOptions, secrets: Secrets, answer_seconds: float, quiet_seconds: float = QUIET_SECONDS
    ) -> None:
        self._options = options
        self._secrets = secrets
        self._answer_seconds = answer_seconds
        self._quiet_seconds = quiet_seconds
        self._token = ""
        self._running: asyncio.Task[None] | None = None
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._there = asyncio.Event()
        self._socket: _Socket | None = None
        self._events: ServerConnection | None = None
        self._account = ""
        self._asked: dict[str, tuple[_Socket, asyncio.Future[bytes]]] = {}
        self._numbers = itertools.count(1)
        self._own = random.token_hex(4)
        self._heard = 0.0
        self._refused = ""
        self._down = time.monotonic()

    def is_up(self) -> bool:
        """Whether actions can be sent."""
        return self._socket is not None

    def why_not(self) -> HttpError:
        """What to say where there is no connection. The longer it lasts, the longer is the wait."""
        error: HttpError
        if self._refused:
            error = TokenRefused(self._refused)
        else:
            error = Unreachable(mark("no connection to {place}"), uncertain=False, place=self._options.place)
            error.wait = min(max(time.monotonic() - self._down, FIRST_WAIT), LONGEST_WAIT)
        return error

    def start(self, token: str) -> None:
        """Begin, unless it has begun."""
        if self._running is None or self._running.done():
            self._token = token
            self._running = asyncio.create_task(self._listen() if self._options.listen else self._connect())
            self._running.add_done_callback(lambda task: self._there.set())

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def next(self) -> list[Item]:
        """What has come since the last call, once there is something. Raises what ended it."""
        await self._there.wait()
        items = list(self._items)
        if not items and self._running is not None and self._running.done():
            self._running.result()
        self._items.clear()
        self._bytes = 0
        self._there.clear()
        return items

    async def give_up(self, words: str) -> None:
        """End the connection; another one is made."""
        for socket in {self._socket, self._events} - {None}:
            assert socket is not None
            await socket.close(1011, words[:100])

    async def ask(self, action: str, params: dict[str, Any], seconds: float | None = None) -> bytes:
        """The answer to an action as it came. Raises HttpError."""
        socket = self._socket
        if socket is None:
            raise self.why_not()
        seconds = self._answer_seconds if seconds is None else seconds
        echo = f"{self._own}.{next(self._numbers)}"
        packet = msgspec.json.encode({"action": action, "params": params, "echo": echo})
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked[echo] = socket, answer
        try:
            async with asyncio.timeout(seconds):
                await socket.send(packet.decode())
                return await answer
        except TimeoutError:
            raise Unreachable(mark("no answer in {seconds:.0f} s"), seconds=seconds) from None
        except (ConnectionClosed, OSError):
            raise Unreachable(_ENDED) from None
        finally:
            self._asked.pop(echo, None)

    def _put(self, item: Item) -> None:
        self._items.append(item)
        self._bytes += len(item.raw) if isinstance(item, Packet) else 0
        self._there.set()

    async def _connect(self) -> None:
        wait = FIRST_WAIT
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else None
        while True:
            closed = Closed("the connection ended")
            began = time.monotonic()
            try:
                async with _Connect(
                    self._options.connect,
                    additional_headers=headers,
                    user_agent_header=f"vigil/{console.__version__}",
                    max_size=LARGEST_ANSWER,
                    open_timeout=self._answer_seconds,
                    close_timeout=2,
                    proxy=None,
                    logger=_quiet,
                ) as socket:
                    self._socket = socket
                    self._refused = ""
                    self._put(Opened())
                    closed = await self._talk(socket)
            except InvalidStatus as error:
                closed = self._turned_away(error.response)
            except (OSError, WebSocketException, TimeoutError, ValueError) as error:
                words = self._secrets.clean(str(error)) or type(error).__name__
                closed = Closed(f"no connection: {words}")
            finally:
                self._lost(self._socket)
            self._refused = closed.words if closed.refused else ""
            self._put(closed)
            # One that held was a good one: the next may be made soon.
            wait = FIRST_WAIT if time.monotonic() - began > HELD_SECONDS else wait
            await asyncio.sleep(REFUSED_SECONDS if closed.refused else wait)
            wait = min(wait * 2, LONGEST_WAIT)

    def _turned_away(self, response: Response) -> Closed:
        body = self._secrets.clean((response.body or b"")[:200].decode("utf-8", "replace"))
        if response.status_code in (401, 403):
            return Closed(f"the token is not accepted ({response.status_code})", refused=True)
        return Closed(f"is no WebSocket of OneBot: {response.status_code} {body}".rstrip())

    async def _listen(self) -> None:
        assert self._options.listen is not None
        host, port = self._options.listen
        while True:
            try:
                async with serve(
                    self._serve,
                    host,
                    port,
                    process_request=self._admit,
                    max_size=LARGEST_ANSWER,
                    close_timeout=2,
                    logger=_quiet,
                ) as server:
                    await server.serve_forever()
            except OSError as error:
                self._put(Closed(f"cannot listen at {host}:{port}: {error.strerror or error}"))
                await asyncio.sleep(LISTEN_SECONDS)

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Turn away who does not bring the token, and who holds another account than the one that is connected."""
        scheme, _, given = _header(request.headers, "Authorization").partition(" ")
        given = given.strip() if scheme.lower() in ("bearer", "token") else ""
        given = given or parse_qs(request.path.partition("?")[2]).get("access_token", [""])[0]
        place = (connection.remote_address or ("?",))[0]
        if given and hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode()):
            account = _header(request.headers, "X-Self-ID")
            connected = self._socket is not None or self._events is not None
            if not (connected and account and self._account and account != self._account):
                return None
            # Each would take the other's place again and again, and neither would be read from where it was left.
            self._put(Remark(f"{place} was turned away: it holds another account than {self._account}, which is"
                             " connected; give each account a table and a port of its own"))  # fmt: skip
            return connection.respond(HTTPStatus.CONFLICT, "another account is connected here\n")
        status = HTTPStatus.FORBIDDEN if given else HTTPStatus.UNAUTHORIZED
        self._put(Remark(f"{place} was turned away: it brought {'another' if given else 'no'} token"))
        return connection.respond(status, "the token is missing or wrong\n")

    async def _serve(self, connection: ServerConnection) -> None:
        headers = connection.request.headers if connection.request else Headers()
        role = _header(headers, "X-Client-Role").lower()
        self._account = _header(headers, "X-Self-ID") or self._account
        # The newest of its role counts: an implementation that lost the older one may be the only one to know.
        older: set[_Socket | None] = set()
        if role != "event":
            older.add(self._socket)
            self._socket = connection
        if role != "api":
            older.add(self._events)
            self._events = connection
        for one in older - {None, connection}:
            assert one is not None
            if one is self._events:
                self._events = None
            if one is self._socket:
                self._socket = None
            await one.close(1008, "another connection took its place")
        if self._socket is not None and self._events is not None:
            self._put(Opened())
        closed = await self._talk(connection)
        held = connection in (self._socket, self._events)
        self._events = None if connection is self._events else self._events
        self._lost(connection)
        if held:
            self._put(closed)

    async def _talk(self, socket: _Socket) -> Closed:
        """Take in what comes until the connection ends; returns why it did."""
        self._heard = time.monotonic()
        watching = asyncio.create_task(self._watch(socket))
        refused = ""
        try:
            async for raw in _packets(socket):
                self._heard = time.monotonic()
                refused = self._take(socket, raw)
                if refused:
                    await socket.close()
                    break
                if len(self._items) > MOST_WAITING or self._bytes > MOST_BYTES_WAITING:
                    await socket.close(1013, "too much at once")
                    return Closed("more came than could be taken in; history is read instead")
        except (ConnectionClosed, WebSocketException, OSError):
            pass
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
        if refused:
            return Closed(f"the token is not accepted: {refused}", refused=True)
        reason = self._secrets.clean(socket.close_reason or "")
        return Closed(f"the connection ended{f': {reason}' if reason else ''}")

    def _take(self, socket: _Socket, raw: bytes) -> str:
        """Sort a packet: events wait, answers go to who asked. Returns the words of one that refuses the token."""
        try:
            frame = msgspec.json.decode(raw, type=Frame)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            # Said when it is read as an event.
            self._put(Packet(raw))
            return ""
        if frame.post_type is not None:
            self._put(Packet(raw))
        elif isinstance(frame.echo, str) and (asked := self._asked.get(frame.echo)):
            if asked[0] is socket and not asked[1].done():
                asked[1].set_result(raw)
        elif not frame.echo and spelled(frame.retcode) in REFUSALS:
            words = frame.wording or frame.message
            return self._secrets.clean(words if isinstance(words, str) and words else spelled(frame.retcode))
        return ""

    async def _watch(self, socket: _Socket) -> None:
        """Heartbeats may be switched off: silence is broken by a question, and without an answer nobody is there."""
        while True:
            await asyncio.sleep(max(0.0, self._heard + self._quiet_seconds - time.monotonic()))
            if time.monotonic() - self._heard < self._quiet_seconds:
                continue
            try:
                await self.ask("get_status", {}, min(ASKED_SECONDS, self._quiet_seconds))
            except HttpError:
                await socket.close(1001, "no answer")
                return
            self._heard = time.monotonic()

    def _lost(self, socket: _Socket | None) -> None:
        """Whoever waits for an answer over this connection is told that none will come."""
        if socket is not None and socket is self._socket:
            self._down = time.monotonic()
            self._socket = None
        for over, answer in self._asked.values():
            if over is socket and not answer.done():
                answer.set_exception(Unreachable(_ENDED))


def _header(headers: Headers, name: str) -> str:
    """The header's first value, "" where there is none."""
    return next(iter(headers.get_all(name)), "")


async def _packets(socket: _Socket) -> AsyncIterator[bytes]:
    while True:
        # Not decoded: broken UTF-8 must not end the connection.
        yield await socket.recv(decode=False)
