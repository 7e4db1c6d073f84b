"""A program that holds a QQ account and speaks OneBot v11 in the manner of a profile: a process of its own.

What it differs in from profile to profile was read in the programs themselves: how a wrong token and an unknown
action are answered, what ids are and how long they are known, where history goes, and which answers are not true.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.client import connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.http11 import Request, Response

from tests.platforms.onebot.deeds import Deeds, Refused
from tests.platforms.onebot.packets import PROFILES, Packet, Packets
from tests.platforms.onebot.world import ACCOUNT, World

POLL_SECONDS = 0.005
PAGE_OF_NO_SENSE = "<html><body><h1>502 Bad Gateway</h1></body></html>"


class Simulator:
    """One account, for whoever connects with the token."""

    def __init__(self, world: World, packets: Packets, token: str, heartbeat: float) -> None:
        self.world = world
        self.packets = packets
        self.profile = packets.profile
        self.deeds = Deeds(world, packets)
        self.token = token
        self.heartbeat = heartbeat
        # Who connects is told of nothing that happened before.
        self._listeners: dict[Connection, int] = {}

    async def tell(self) -> None:
        """Tell of what happens from now on; what happened before a start is not told again."""
        last = self._latest()
        while True:
            for row in self.world.rows("SELECT * FROM events WHERE id > ? ORDER BY id", last):
                last = row["id"]
                happened = json.loads(row["event"])
                raw = happened.get("raw")
                await self._send_all(raw if raw is not None else json.dumps(self.packets.event(happened)), last)
            await asyncio.sleep(POLL_SECONDS)

    async def beat(self) -> None:
        while self.heartbeat:
            await asyncio.sleep(self.heartbeat)
            await self._send_all(json.dumps(self.packets.heartbeat(self.heartbeat)))

    def _latest(self) -> int:
        return int(self.world.rows("SELECT coalesce(max(id), 0) FROM events")[0][0])

    async def _send_all(self, packet: str, event: int | None = None) -> None:
        for listener, before in list(self._listeners.items()):
            if event is not None and event <= before:
                continue
            with contextlib.suppress(ConnectionClosed):
                await listener.send(packet)

    def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        given = bearer(request.headers.get("Authorization", ""), request.path)
        if self.profile != "spec" or given == self.token:
            return None
        return connection.respond(403 if given else 401, "no\n")

    async def connected(self, connection: ServerConnection) -> None:
        """Somebody connected to it."""
        assert connection.request is not None
        path = urlsplit(connection.request.path).path.rstrip("/")
        if bearer(connection.request.headers.get("Authorization", ""), connection.request.path) != self.token:
            refusal = {"status": "failed", "retcode": 1403, "data": None, "message": "token验证失败", "echo": None}
            await connection.send(json.dumps(refusal))
            return
        await self.talk(connection, events=path != "/api")

    async def call(self, address: str) -> None:
        """Connect to somebody, again and again."""
        headers = {"X-Self-ID": str(ACCOUNT), "X-Client-Role": "Universal", "Authorization": f"Bearer {self.token}"}
        while True:
            with contextlib.suppress(OSError, WebSocketException, TimeoutError):
                async with connect(address, additional_headers=headers, proxy=None) as connection:
                    await self.talk(connection, events=True)
            await asyncio.sleep(0.05)

    async def talk(self, connection: Connection, *, events: bool) -> None:
        if events:
            before = self._latest()
            await connection.send(json.dumps(self.packets.lifecycle()))
            self._listeners[connection] = before
        try:
            async for frame in connection:
                await self._asked(connection, frame)
        except ConnectionClosed:
            pass
        finally:
            self._listeners.pop(connection, None)

    async def _asked(self, connection: Connection, frame: str | bytes) -> None:
        asked = json.loads(frame)
        action, echo = asked.get("action", ""), asked.get("echo")
        fault = self.world.next_fault(action)
        if fault in ("drop", "500"):
            await connection.close()
            return
        answer = self.answer(action, asked.get("params") or {}, fault, http=False) | {"echo": echo}
        match fault:
            case "no answer" | "slow":
                return
            case "late":
                connection.transport.abort()
            case "html" | "empty" | "redirect":
                await connection.send(PAGE_OF_NO_SENSE)
            case "truncated":
                await connection.send(json.dumps(answer)[:-7])
            case "wrong types":
                await connection.send(json.dumps({"status": 7, "retcode": {}, "data": "x", "echo": echo}))
            case "huge":
                await connection.send(json.dumps(answer | {"data": "x" * 11_000_000}))
            case _:
                await connection.send(json.dumps(answer))

    def answer(self, action: str, params: Packet, fault: str, *, http: bool) -> Packet:
        """Carry an action out and answer. A fault may keep it from being carried out, or from being true."""
        scale = 0 if http else 1000
        try:
            if fault == "busy":
                raise Refused(429, "too many at once")
            if fault == "fails":
                raise Refused(200, "internal error")
            data = self.deeds.do(action, params, lie=fault == "lie")
            if fault == "timeout":
                raise Refused(200, "Timeout: NTEvent serviceAndMethod:NodeIKernelMsgService/sendMsg")
        except Refused as refused:
            words = {"message": refused.words, "wording": refused.words}
            return {"status": "failed", "retcode": refused.code + scale, "data": None} | words
        return {"status": "ok", "retcode": 0, "data": data, "message": "", "wording": ""}

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Requests of one connection, in turn."""
        try:
            while await self._request(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        path = head[0].split(" ")[1]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        action = urlsplit(path).path.strip("/")
        given = bearer(headers.get("authorization", ""), path)
        if given != self.token:
            status = 403 if given or self.profile != "spec" else 401
            return await respond(writer, status, json.dumps({"message": "token verify failed!"}))
        fault = self.world.next_fault(action)
        if fault == "drop":
            return False
        if fault == "redirect":
            return await respond(writer, 302, "", {"Location": path})
        answer = self.answer(action, json.loads(body or b"{}"), fault, http=True)
        text = json.dumps(answer)
        if answer["retcode"] == 404 and self.profile != "napcat":
            return await respond(writer, 404, text)
        match fault:
            case "no answer":
                await asyncio.sleep(3600)
            case "late":
                return False
            case "500" | "busy":
                return await respond(writer, 429 if fault == "busy" else 500, text, {"Retry-After": "0.2"})
            case "html":
                return await respond(writer, 200, PAGE_OF_NO_SENSE)
            case "empty":
                return await respond(writer, 200, "")
            case "truncated":
                return await respond(writer, 200, text[:-7])
            case "wrong types":
                return await respond(writer, 200, json.dumps({"status": 7, "retcode": {}, "data": "x"}))
            case "huge":
                return await respond(writer, 200, json.dumps(answer | {"data": "x" * 11_000_000}))
            case "slow":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while True:
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.05)
        if answer["retcode"] == 429:
            return await respond(writer, 429, text, {"Retry-After": "0.2"})
        return await respond(writer, 200, text)


async def respond(writer: asyncio.StreamWriter, status: int, text: str, more: Mapping[str, str] = {}) -> bool:
    body = text.encode()
    lines = [f"HTTP/1.1 {status} .", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in more.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
    return True


def bearer(header: str, path: str) -> str:
    return parse_qs(urlsplit(path).query).get("access_token", [""])[0] or header.removeprefix("Bearer ").strip()


async def main(given: Any) -> None:
    world = World(given.world)
    packets = Packets(world, given.profile, strings=given.strings, codes=given.codes)
    simulator = Simulator(world, packets, given.token, given.heartbeat)
    async with contextlib.AsyncExitStack() as stack:
        tasks = [simulator.tell(), simulator.beat()]
        if given.http:
            await stack.enter_async_context(await asyncio.start_server(simulator.http, "127.0.0.1", given.http))
        if given.ws:
            server = serve(simulator.connected, "127.0.0.1", given.ws, process_request=simulator.admit, max_size=2**26)
            await stack.enter_async_context(server)
        if given.call:
            tasks.append(simulator.call(given.call))
        print("ready", flush=True)
        await asyncio.gather(*tasks)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--profile", choices=PROFILES, required=True)
    parser.add_argument("--ws", type=int, default=0)
    parser.add_argument("--http", type=int, default=0)
    parser.add_argument("--call", default="")
    parser.add_argument("--token", default="")
    parser.add_argument("--heartbeat", type=float, default=1.0)
    parser.add_argument("--strings", action="store_true")
    parser.add_argument("--codes", action="store_true")
    asyncio.run(main(parser.parse_args()))
