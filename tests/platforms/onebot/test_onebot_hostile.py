"""Every answer gone wrong: Vigil stays up, says what it saw, and goes on."""

from __future__ import annotations

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
