"""What was missed while Vigil or the program was away: whatever goes wrong on the way back, it comes, and once."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from rules.records import MessageKey
from store.records import ActionKind, ActionState
from tests.platforms.connected import Connected, order
from tests.platforms.onebot.running import Running
from tests.platforms.onebot.world import ADA, BOB
from tests.platforms.synapse import until

Run = Callable[..., Running]
Connect = Callable[..., Connected]

TEA = 700_001
WITH_HISTORY = pytest.mark.parametrize("profile", ["napcat", "llbot"])


def an_hour_ago() -> float:
    return time.time() - 3_600


def texts(vigil: Connected) -> set[str]:
    return {message.text for message in vigil.messages}


def unheard(running: Running, text: str) -> None:
    """Let bob have written something that no event tells of."""
    with running.world.changed():
        row = running.world._say(TEA, BOB, [{"type": "text", "data": {"text": text}}], time.time() - 600)
        running.world.db.execute("DELETE FROM events WHERE event LIKE ?", (f'%"row": {row}%',))


def left(run: Run, connect: Connect, profile: str = "llbot", *more: str) -> tuple[Running, str]:
    """An implementation with a group, and where Vigil left it an hour ago. One message was written since, longer ago
    than clocks differ."""
    running = run(profile, *more)
    running.world.group(TEA)
    vigil = connect(running, clock=an_hour_ago).begun()
    running.world.say(TEA, BOB, "before", at=time.time() - 1_200)
    until(lambda: vigil.messages)
    position = vigil.position
    vigil.close()
    unheard(running, "missed")
    return running, position


def test_what_comes_while_the_beginning_fails_hides_nothing_that_was_missed(run: Run, connect: Connect) -> None:
    running, position = left(run, connect)
    world = running.world
    world.fault("get_group_list", "no answer", 3)
    again = connect(running, position, answer_seconds=0.3)
    until(lambda: world.rows("SELECT times FROM faults")[0]["times"] < 3)
    world.say(TEA, BOB, "at once")
    until(lambda: {"missed", "at once"} <= texts(again))


def test_what_comes_before_the_program_says_it_is_back_hides_nothing_either(run: Run, connect: Connect) -> None:
    running = run("llbot", "--heartbeat", "0.05")
    world = running.world
    world.group(TEA)
    vigil = connect(running, clock=an_hour_ago).begun()
    world.fact("online", "no")
    until(lambda: vigil.platform.health == "the account is not logged in to QQ")
    unheard(running, "while it was away")
    world.say(TEA, BOB, "the first word")
    until(lambda: vigil.messages)
    world.fact("online", "yes")
    until(lambda: texts(vigil) == {"while it was away", "the first word"})


def test_a_program_that_does_not_know_its_groups_yet_hides_nothing(run: Run, connect: Connect) -> None:
    running, position = left(run, connect, "napcat")
    running.world.fact("just started", "yes")
    again = connect(running, position)
    until(lambda: "missed" in texts(again))


def test_history_that_fails_is_said_and_the_rest_is_read(run: Run, connect: Connect) -> None:
    running, position = left(run, connect)
    running.world.fault("get_group_msg_history", "fails")
    again = connect(running, position)
    until(lambda: any("cannot be read, and is left out: internal error" in problem for problem in again.problems))
    running.world.say(TEA, BOB, "after")
    until(lambda: "after" in texts(again))


def test_history_that_has_to_wait_is_waited_for_and_said(
    run: Run, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.platforms.onebot.AGAIN_SECONDS", 0.01)
    monkeypatch.setattr("console.platforms.onebot_calls.BUSY_SECONDS", 0.01)
    running, position = left(run, connect)
    running.world.fault("get_group_msg_history", "busy")
    again = connect(running, position)
    until(lambda: any("too many at once" in problem for problem in again.problems))
    assert again.platform.health != "connected"
    running.world.heal()
    until(lambda: "missed" in texts(again))


@WITH_HISTORY
def test_requests_that_came_meanwhile_are_told_of_once_and_can_be_answered(
    run: Run, connect: Connect, profile: str
) -> None:
    running = run(profile)
    world = running.world
    world.group(TEA)
    vigil = connect(running).begun()
    live = world.knock(TEA, 30_001, "at once")
    until(lambda: vigil.messages)
    position = vigil.position
    vigil.close()
    missed = world.knock(TEA, 30_002, "meanwhile")
    answered = world.knock(TEA, 30_003, "too late")
    world.db.execute("INSERT INTO groups VALUES (900009, 'Far')")
    world.knock(900_009, ADA, "", "invite")
    for flag in (live, answered):
        world.answer(flag)
    again = connect(running, position)
    until(lambda: again.gone)
    seen = {(one.group, one.kind, one.member, one.name, one.text) for one in again.messages if one.kind == "knock"}
    assert seen == {
        (str(TEA), "knock", "30002", "user 30002", "meanwhile"),
        ("900009", "knock", str(ADA), f"user {ADA}", ""),
    }
    assert all(one.time and abs(one.time - time.time()) < 60 for one in again.messages)
    # The one that was told of live is named by the same id, so that its case can be closed.
    assert MessageKey("qq", str(TEA), vigil.messages[0].id) in again.gone
    (knock,) = (one for one in again.messages if one.member == "30002")
    assert missed in knock.id
    assert again.perform(order(ActionKind.ADMIT, str(TEA), "30002", knock.id)).state is ActionState.DONE
    assert 30_002 in world.members(TEA)
    (invited,) = (one for one in again.messages if one.group == "900009")
    assert again.perform(order(ActionKind.ADMIT, "900009", str(ADA), invited.id)).state is ActionState.DONE
    again.close()
    third = connect(running, position)
    until(lambda: third.gone)
    assert not [one for one in third.messages if one.kind == "knock"]
    assert third.problems == []


@WITH_HISTORY
def test_a_request_has_one_id_however_it_is_told_of(run: Run, connect: Connect, profile: str) -> None:
    running = run(profile)
    running.world.group(TEA)
    vigil = connect(running).begun()
    running.world.knock(TEA, 30_001, "let me in")
    running.world.knock(900_009, ADA, "come", "invite")
    until(lambda: len(vigil.messages) == 2)
    again = connect(running, vigil.position)
    until(lambda: len(again.messages) == 2)
    assert {one.key for one in again.messages} == {one.key for one in vigil.messages}


@pytest.mark.parametrize("fault", ["fails", "wrong types", "html"])
def test_requests_that_cannot_be_listed_are_said_and_the_rest_is_read(run: Run, connect: Connect, fault: str) -> None:
    running = run("napcat")
    running.world.group(TEA)
    running.world.fault("get_group_system_msg", fault)
    vigil = connect(running, answer_seconds=0.3).begun()
    until(lambda: any("requests to be let in that came meanwhile" in problem for problem in vigil.problems))
    running.world.say(TEA, BOB, "hello")
    until(lambda: "hello" in texts(vigil))
