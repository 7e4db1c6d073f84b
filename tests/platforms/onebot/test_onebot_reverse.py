"""Vigil listens, and implementations connect to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as dial

from console.platforms.base import PlatformError, Receipt
from console.platforms.onebot import OneBot
from store.records import ActionKind, ActionState
from tests.platforms.connected import Connected, order
from tests.platforms.onebot.conftest import EVERY_PROFILE
from tests.platforms.onebot.running import TOKEN, Running, free_port
from tests.platforms.onebot.world import ACCOUNT, BOB
from tests.platforms.synapse import until

Run = Callable[..., Running]
Connect = Callable[..., Connected]
TEA = 700_001


def at(port: int) -> dict[str, object]:
    return {"connect": "", "listen": ("127.0.0.1", port)}


@EVERY_PROFILE
def test_events_come_and_actions_go_over_the_connection_that_was_made(run: Run, connect: Connect, profile: str) -> None:
    port = free_port()
    running = run(profile, call=f"ws://127.0.0.1:{port}/")
    running.world.group(TEA)
    vigil = connect(running, **at(port)).begun()
    assert vigil.platform.health == "connected"
    running.world.say(TEA, BOB, "hello")
    assert vigil.texts(1) == [("text", "hello")]
    assert vigil.perform(order(ActionKind.SEND, str(TEA), text="welcome")) == Receipt(ActionState.DONE)
    assert running.world.texts(TEA) == ["welcome"]
    running.kill()
    until(lambda: vigil.platform.health == "not reachable")
    waiting = vigil.perform(order(ActionKind.SEND, str(TEA), text="later"))
    assert waiting.state is ActionState.WAITING
    running.start()
    until(lambda: vigil.platform.health == "connected")
    running.world.say(TEA, BOB, "back")
    # From history as well, where there is one.
    until(lambda: {message.text for message in vigil.messages} == {"hello", "back"})


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [({}, "", 401), ({"Authorization": "Bearer wrong"}, "", 403), ({}, "?access_token=wrong", 403),
     ({"Authorization": f"Basic {TOKEN}"}, "", 401)],
)  # fmt: skip
def test_who_brings_no_token_or_another_is_turned_away(
    run: Run, connect: Connect, headers: dict[str, str], query: str, status: int
) -> None:
    port = free_port()
    running = run("napcat", call=f"ws://127.0.0.1:{port}/")
    running.world.group(TEA)
    vigil = connect(running, **at(port)).begun()
    with pytest.raises(InvalidStatus) as refused:
        dial(f"ws://127.0.0.1:{port}/{query}", additional_headers=headers)
    assert refused.value.response.status_code == status
    until(lambda: vigil.problems)
    assert "was turned away" in vigil.problems[0]
    assert vigil.platform.health == "connected"
    running.world.say(TEA, BOB, "undisturbed")
    assert vigil.texts(1) == [("text", "undisturbed")]


@pytest.mark.parametrize("way", ["Bearer", "Token", "query"])
def test_events_and_actions_may_come_over_connections_of_their_own(run: Run, connect: Connect, way: str) -> None:
    """As implementations of two connections make them: one for events, one for actions."""
    port = free_port()
    running = run("spec")
    vigil = connect(running, **at(port))
    query = f"?access_token={TOKEN}" if way == "query" else ""
    headers = {"X-Self-ID": str(ACCOUNT)} | ({} if way == "query" else {"Authorization": f"{way} {TOKEN}"})
    until(lambda: vigil.platform.health == "waiting to be connected to")
    answers = {"get_login_info": {"user_id": str(ACCOUNT)}, "get_group_list": [], "get_version_info": {}}

    def answer() -> None:
        for frame in actions:
            asked = json.loads(frame)
            known = asked["action"] in answers
            made = {"status": "ok" if known else "failed", "retcode": 0 if known else 1404,
                    "data": answers.get(asked["action"]), "echo": asked["echo"]}  # fmt: skip
            actions.send(json.dumps(made))

    with (
        dialled(f"ws://127.0.0.1:{port}/{query}", headers | {"X-Client-Role": "Event"}) as events,
        dialled(f"ws://127.0.0.1:{port}/{query}", headers | {"X-Client-Role": "API"}) as actions,
    ):
        answering = threading.Thread(target=answer)
        answering.start()
        until(lambda: vigil.platform.health == "connected")
        event = {
            "post_type": "message", "message_type": "group", "time": 1_700_000_000, "self_id": ACCOUNT,
            "group_id": TEA, "user_id": BOB, "message_id": 5, "message": "hello",
        }  # fmt: skip
        events.send(json.dumps(event))
        assert vigil.texts(1) == [("text", "hello")]
    answering.join()


def dialled(address: str, headers: dict[str, str]):  # type: ignore[no-untyped-def]
    """A connection, as soon as Vigil listens."""
    for _ in range(500):
        try:
            return dial(address, additional_headers=headers)
        except OSError:
            threading.Event().wait(0.01)
    raise AssertionError("Vigil does not listen")


def test_a_port_that_is_taken_is_said(run: Run) -> None:
    running = run("napcat")
    platform = OneBot("qq", running.options(connect="", listen=("127.0.0.1", running.ws)))

    async def look() -> None:
        try:
            await platform.access()
        finally:
            await platform.close()

    with pytest.raises(PlatformError, match="is the worker running"):
        asyncio.run(look())


def test_looking_around_waits_to_be_connected_to(run: Run, connect: Connect) -> None:
    port = free_port()
    running = run("llbot", call=f"ws://127.0.0.1:{port}/")
    running.world.group(TEA)
    platform = OneBot("qq", running.options(connect="", listen=("127.0.0.1", port)))

    async def look() -> str:
        try:
            return (await platform.access()).account
        finally:
            await platform.close()

    assert asyncio.run(look()) == f"{ACCOUNT} (vigil)"


class Program:
    """A program that dials Vigil with one connection a role, in the order given, and answers what it knows."""

    def __init__(self, port: int, *roles: str, account: int = ACCOUNT, silent: str = "") -> None:
        self._open = contextlib.ExitStack()
        self.connections = []
        self._silent = silent
        for role in roles:
            headers = {"X-Self-ID": str(account), "X-Client-Role": role, "Authorization": f"Bearer {TOKEN}"}
            connection = self._open.enter_context(dialled(f"ws://127.0.0.1:{port}/", headers))
            self.connections.append(connection)
            if role != "Event":
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection) -> None:  # type: ignore[no-untyped-def]
        answers = {"get_login_info": {"user_id": ACCOUNT}, "get_group_list": [], "get_version_info": {}}
        with contextlib.suppress(ConnectionClosed):
            for frame in connection:
                asked = json.loads(frame)
                if asked["action"] != self._silent:
                    known = asked["action"] in answers or asked["action"] == "send_group_msg"
                    made = {"status": "ok" if known else "failed", "retcode": 0 if known else 1404,
                            "data": answers.get(asked["action"]), "echo": asked["echo"]}  # fmt: skip
                    connection.send(json.dumps(made))

    def tell(self, text: str, number: int) -> None:
        event = {
            "post_type": "message", "message_type": "group", "time": 1_700_000_000, "self_id": ACCOUNT,
            "group_id": TEA, "user_id": BOB, "message_id": number, "message": text,
        }  # fmt: skip
        self.connections[-1].send(json.dumps(event))

    def close(self) -> None:
        self._open.close()


def test_a_connection_for_events_leaves_the_one_for_actions_alone(run: Run, connect: Connect) -> None:
    port = free_port()
    vigil = connect(run("spec"), **at(port))
    program = Program(port, "API", "Event")
    until(lambda: vigil.platform.health == "connected")
    program.tell("hello", 5)
    assert vigil.texts(1) == [("text", "hello")]
    assert vigil.perform(order(ActionKind.SEND, str(TEA), text="x")) == Receipt(ActionState.DONE)
    second = Program(port, "Event")
    until(lambda: program.connections[1].close_code is not None)
    until(lambda: vigil.platform.health == "connected")
    assert vigil.perform(order(ActionKind.SEND, str(TEA), text="x")) == Receipt(ActionState.DONE)
    assert program.connections[0].close_code is None
    program.close()
    second.close()


def test_an_action_on_a_connection_that_another_replaces_is_unknown_at_once(run: Run, connect: Connect) -> None:
    port = free_port()
    vigil = connect(run("spec"), **at(port))
    first = Program(port, "Universal", silent="send_group_msg")
    until(lambda: vigil.platform.health == "connected")
    receipts: list[Receipt] = []
    asking = threading.Thread(
        target=lambda: receipts.append(vigil.perform(order(ActionKind.SEND, str(TEA), text="once")))
    )
    asking.start()
    second = Program(port, "Universal")
    asking.join(20)
    assert [receipt.state for receipt in receipts] in ([ActionState.UNKNOWN], [ActionState.DONE])
    until(lambda: vigil.platform.health == "connected")
    first.close()
    second.close()


def test_another_account_does_not_take_the_place_of_the_one_that_is_connected(run: Run, connect: Connect) -> None:
    port = free_port()
    vigil = connect(run("spec"), **at(port))
    program = Program(port, "Universal")
    until(lambda: vigil.platform.health == "connected")
    other = {"Authorization": f"Bearer {TOKEN}", "X-Client-Role": "Universal", "X-Self-ID": "10002"}
    with pytest.raises(InvalidStatus) as refused:
        dial(f"ws://127.0.0.1:{port}/", additional_headers=other)
    assert refused.value.response.status_code == 409
    until(lambda: any("holds another account" in problem for problem in vigil.problems))
    program.tell("undisturbed", 6)
    assert vigil.texts(1) == [("text", "undisturbed")]
    program.close()


def test_strange_handshakes_and_frames_disturb_nobody(run: Run, connect: Connect) -> None:
    port = free_port()
    vigil = connect(run("spec"), **at(port))
    program = Program(port, "Universal")
    until(lambda: vigil.platform.health == "connected")
    twice = [("Authorization", f"Bearer {TOKEN}x"), ("Authorization", "Bearer x"), ("X-Client-Role", "API")]
    with pytest.raises(InvalidStatus) as refused:
        dial(f"ws://127.0.0.1:{port}//[?access_token=%ff", additional_headers=twice)
    assert refused.value.response.status_code == 403
    for sent in (b"", b"\x16\x03\x01\x02\x00", b"GET /" + b"x" * 100_000, b"POST / HTTP/1.1\r\nA: \xff\xfe\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(sent)
    # Larger than anything that makes sense: the connection ends before it is taken in, and another one is good.
    program.connections[0].send("x" * 11_000_000)
    until(lambda: program.connections[0].close_code == 1009)
    again = Program(port, "Universal")
    until(lambda: vigil.platform.health == "connected")
    again.tell("undisturbed", 7)
    assert vigil.texts(1) == [("text", "undisturbed")]
    assert TOKEN not in "".join(vigil.problems)
    again.close()
