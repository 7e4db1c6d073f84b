"""Every answer gone wrong: Vigil stays up, says what it saw, and goes on."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import socket
import threading
from collections.abc import Callable

import pytest

from console.platforms.base import Receipt
from store.records import ActionKind, ActionState
from tests.platforms.connected import Connected, order
from tests.platforms.onebot.running import Running
from tests.platforms.onebot.world import BOB
from tests.platforms.synapse import until

Run = Callable[..., Running]
Connect = Callable[..., Connected]

TEA = 700_001
FAULTS = {
    "http": ("wrong types", "truncated", "html", "empty", "500", "redirect", "huge", "slow", "no answer", "drop"),
    "socket": ("wrong types", "truncated", "html", "huge", "no answer", "drop"),
}
EVERY_FAULT = pytest.mark.parametrize(("way", "fault"), [(way, fault) for way in FAULTS for fault in FAULTS[way]])


@EVERY_FAULT
def test_vigil_begins_once_answers_make_sense_again(run: Run, connect: Connect, way: str, fault: str) -> None:
    running = run("napcat")
    world = running.world
    world.group(TEA)
    world.fault("*", fault, 3)
    http = running.over_http() if way == "http" else {}
    vigil = connect(running, **http, answer_seconds=0.3)
    vigil.begun()
    world.say(TEA, BOB, "hello")
    until(lambda: "hello" in [message.text for message in vigil.messages])
    assert vigil.failure is None
    assert all(running.token not in problem for problem in vigil.problems)


@pytest.mark.parametrize("way", ["socket", "http"])
@pytest.mark.parametrize("fault", ["wrong types", "huge", "no answer"])
def test_history_that_makes_no_sense_keeps_nothing_else_from_being_read(
    run: Run, connect: Connect, way: str, fault: str
) -> None:
    running = run("llbot")
    world = running.world
    world.group(TEA)
    http = running.over_http() if way == "http" else {}
    vigil = connect(running, **http).begun()
    world.say(TEA, BOB, "before")
    until(lambda: vigil.messages)
    position = vigil.position
    vigil.close()
    world.say(TEA, BOB, "missed")
    world.fault("get_group_msg_history", fault, 2)
    again = connect(running, position, **http, answer_seconds=0.3)
    until(lambda: "missed" in [message.text for message in again.messages])
    world.say(TEA, BOB, "after")
    until(lambda: "after" in [message.text for message in again.messages])
    assert again.failure is None


def test_history_that_never_makes_sense_is_left_out_and_said(run: Run, connect: Connect) -> None:
    running = run("llbot")
    world = running.world
    world.group(TEA)
    vigil = connect(running).begun()
    world.say(TEA, BOB, "before")
    until(lambda: vigil.messages)
    position = vigil.position
    vigil.close()
    world.fault("get_group_msg_history", "wrong types")
    again = connect(running, position)
    until(lambda: any("is left out" in problem for problem in again.problems), 60)
    world.say(TEA, BOB, "after")
    until(lambda: "after" in [message.text for message in again.messages])


GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Which every answer to a WebSocket handshake proves to know."""
HEAD = b"HTTP/1.1 "
GREETINGS = {
    "500": HEAD + b"500 Oops\r\nContent-Length: 2\r\n\r\nno",
    "html": HEAD + b"200 OK\r\nContent-Length: 6\r\n\r\n<html>",
    "a redirect": HEAD + b"302 Found\r\nLocation: ws://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n",
    "half an answer": HEAD + b"101 Switching",
    "no answer": b"",
    "10 MB": HEAD + b"200 OK\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 10_000_000,
    "no HTTP": b"\x16\x03\x01\x02\x00" * 50,
}


class Greeter(threading.Thread):
    """Answers whoever connects with the same bytes, and keeps what it was told."""

    def __init__(self, port: int, greeting: bytes, *, silent: bool) -> None:
        super().__init__()
        self.told: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", port))
        self.port = self._listening.getsockname()[1]
        self._greeting = greeting
        self._silent = silent

    def run(self) -> None:
        kept = []
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                break
            kept.append(caller)
            with contextlib.suppress(OSError):
                self.told.append(caller.recv(65_536))
                caller.sendall(self._greeting)
                if not self._silent:
                    caller.close()
        for caller in kept:
            caller.close()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.join()


@pytest.mark.parametrize("greeting", GREETINGS)
def test_a_strange_greeting_over_the_socket_is_said_and_tried_again(run: Run, connect: Connect, greeting: str) -> None:
    running = run("napcat")
    running.world.group(TEA)
    running.kill()
    elsewhere = Greeter(0, b"", silent=False)
    text = GREETINGS[greeting]
    greeter = Greeter(running.ws, text % elsewhere.port if b"%d" in text else text, silent=greeting == "no answer")
    for one in (elsewhere, greeter):
        one.start()
    try:
        vigil = connect(running, answer_seconds=0.3)
        until(lambda: vigil.problems)
    finally:
        greeter.close()
        elsewhere.close()
    assert vigil.platform.health == "not reachable"
    assert elsewhere.told == [], "nobody at another address is told the token"
    assert all(running.token not in problem and len(problem) < 500 for problem in vigil.problems)
    running.start()
    vigil.begun()
    running.world.say(TEA, BOB, "hello")
    until(lambda: "hello" in [message.text for message in vigil.messages])


@pytest.mark.parametrize(
    "packet", ["x" * 11_000_000, '{"post_type": "message", "x": "' + "x" * 9_000_000], ids=["too large", "truncated"]
)
def test_an_event_of_many_megabytes_hides_nothing(run: Run, connect: Connect, packet: str) -> None:
    running = run("llbot")
    world = running.world
    world.group(TEA)
    vigil = connect(running).begun()
    world.say(TEA, BOB, "before")
    with world.changed():
        world.happened({"what": "raw", "raw": packet})
    world.say(TEA, BOB, "after")
    until(lambda: {"before", "after"} <= {message.text for message in vigil.messages})
    assert vigil.failure is None


@EVERY_FAULT
def test_no_action_is_carried_out_twice_whatever_is_answered(run: Run, connect: Connect, way: str, fault: str) -> None:
    running = run("spec")
    world = running.world
    world.group(TEA)
    http = running.over_http() if way == "http" else {}
    vigil = connect(running, **http, answer_seconds=0.3).begun()
    kinds = (ActionKind.SEND, ActionKind.WARN, ActionKind.MUTE, ActionKind.REMOVE)
    world.fault("send_group_msg", fault, 2)
    world.fault("set_group_ban", fault, 1)
    world.fault("set_group_kick", fault, 1)
    for kind in kinds:
        member = "" if kind is ActionKind.SEND else str(BOB)
        one = order(kind, str(TEA), member, text=str(kind), seconds=60)
        receipts = [vigil.perform(one)]
        while receipts[-1].state is ActionState.WAITING:
            receipts.append(vigil.perform(one))
        # Only what a redirect or a closed door surely kept from being carried out may be more than uncertain.
        assert receipts[-1].state in (ActionState.UNKNOWN, ActionState.DONE), receipts
        assert receipts[-1].words or receipts[-1] == Receipt(ActionState.DONE)
    effects = [action for action, _ in world.effects()]
    assert effects.count("send_group_msg") <= 2
    assert effects.count("set_group_ban") <= 1
    assert effects.count("set_group_kick") <= 1


def test_a_frame_that_drips_in_for_ever_ends_the_connection(run: Run, connect: Connect) -> None:
    """It keeps the socket alive and says nothing: whoever sends it does not answer either."""
    running = run("llbot")
    running.world.group(TEA)
    running.kill()
    listening = socket.create_server(("127.0.0.1", running.ws))
    over = threading.Event()

    def drip() -> None:
        with contextlib.suppress(OSError):
            caller, _ = listening.accept()
            with caller:
                asked = caller.recv(65_536).decode()
                key = asked.lower().partition("sec-websocket-key:")[2]
                given = asked[len(asked) - len(key) :].split("\r\n")[0].strip()
                proof = base64.b64encode(hashlib.sha1(given.encode() + GUID).digest())
                caller.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: " + proof + b"\r\n\r\n"
                )
                caller.sendall(b"\x81\x7f" + (9_000_000).to_bytes(8, "big"))
                while not over.wait(0.01):
                    caller.sendall(b"x")

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        vigil = connect(running, quiet_seconds=0.2, answer_seconds=5.0)
        until(lambda: any("connection ended" in problem or "no answer" in problem for problem in vigil.problems))
    finally:
        over.set()
        listening.close()
        dripping.join()
    running.start()
    vigil.begun()
    running.world.say(TEA, BOB, "hello")
    until(lambda: "hello" in [message.text for message in vigil.messages])
