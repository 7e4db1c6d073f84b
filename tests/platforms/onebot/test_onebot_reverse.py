"""Vigil listens, and implementations connect to it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable

import pytest
from websockets.exceptions import InvalidStatus
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
