"""What Vigil reads from OneBot implementations."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from console.platforms.base import Batch
from rules.records import Message, MessageKey
from tests.platforms.connected import Connected
from tests.platforms.onebot.conftest import EVERY_PROFILE
from tests.platforms.onebot.running import Running
from tests.platforms.onebot.world import ACCOUNT, ADA, BOB, EVE
from tests.platforms.synapse import until

Run = Callable[..., Running]
Connect = Callable[..., Connected]

TEA, CHESS = 700_001, 700_002


def distinct(connected: Connected) -> list[Message]:
    """What came, each message once: what comes live may come from history as well, and is stored once."""
    return list({(message.group, message.id): message for message in connected.messages}.values())


def texts(connected: Connected) -> list[str]:
    return [message.text for message in distinct(connected)]


def shown(connected: Connected, count: int) -> list[str]:
    """The texts of the first messages, once so many are there."""
    until(lambda: connected.failure or len(distinct(connected)) >= count)
    return texts(connected)


@EVERY_PROFILE
@pytest.mark.parametrize("more", [(), ("--strings",), ("--codes",)], ids=["plain", "strings", "codes"])
def test_messages_come_with_who_where_when_and_what(run: Run, connect: Connect, profile: str, more: tuple[str]) -> None:
    running = run(profile, *more)
    world = running.world
    world.group(TEA, "Tea")
    vigil = connect(running).begun()
    world.say(TEA, BOB, "hello [CQ:face,id=1], you & all")
    world.say(TEA, BOB, [{"type": "at", "data": {"qq": str(EVE)}}, {"type": "text", "data": {"text": "look"}}])
    world.say(TEA, EVE, [{"type": "image", "data": {"file": "a.jpg", "url": "https://example.org/a.jpg"}}])
    until(lambda: len(vigil.messages) == 3)
    first, second, third = vigil.messages
    assert (first.platform, first.group, first.group_name, first.member, first.name) == (
        "qq", str(TEA), "Tea", str(BOB), "bob",
    )  # fmt: skip
    assert (first.kind, first.text) == ("text", "hello [CQ:face,id=1], you & all")
    assert first.time is not None
    assert abs(first.time - time.time()) < 60
    assert (second.text, second.mentions) == ("@member look", (str(EVE),))
    assert (third.kind, third.text) == ("image", "")
    assert len({message.id for message in vigil.messages}) == 3
    assert vigil.problems == []


@EVERY_PROFILE
def test_recalls_joins_leaves_and_knocks(run: Run, connect: Connect, profile: str) -> None:
    running = run(profile)
    world = running.world
    world.group(TEA)
    vigil = connect(running).begun()
    row = world.say(TEA, BOB, "an ad")
    world.recall(row)
    world.join(TEA, 30_001, inviter=BOB)
    world.join(TEA, 30_002)
    world.leave(TEA, 30_001)
    world.leave(TEA, 30_002, by=ADA)
    world.knock(TEA, 30_003, "问题：为什么？\n答案：喝茶")
    world.knock(900_009, ADA, "come", "invite")
    until(lambda: len(vigil.messages) == 7)
    assert vigil.gone == [MessageKey("qq", str(TEA), vigil.messages[0].id)]
    seen = [(one.group, one.kind, one.member, one.inviter, one.text) for one in vigil.messages[1:]]
    tea = str(TEA)
    assert seen == [
        (tea, "join", "30001", str(BOB), ""),
        (tea, "join", "30002", "", ""),
        (tea, "leave", "30001", "", ""),
        (tea, "leave", "30002", "", ""),
        (tea, "knock", "30003", "", "问题：为什么？\n答案：喝茶"),
        ("900009", "knock", str(ADA), "", "come"),
    ]
    assert vigil.messages[4].extra == f'{{"by":"{ADA}","how":"kick","reason":""}}'
    assert len({message.id for message in vigil.messages}) == 7


@EVERY_PROFILE
def test_who_joins_or_asks_is_called_by_name(run: Run, connect: Connect, profile: str) -> None:
    running = run(profile)
    world = running.world
    world.group(TEA)
    vigil = connect(running).begun()
    world.join(TEA, 30_001, inviter=BOB)
    world.knock(TEA, 30_003, "hello")
    until(lambda: len(vigil.messages) == 2)
    assert [(one.kind, one.name) for one in vigil.messages] == [("join", "user 30001"), ("knock", "user 30003")]


@pytest.mark.parametrize("fault", ["fails", "no answer"])
def test_without_a_name_it_is_the_number_and_nothing_waits_for_long(run: Run, connect: Connect, fault: str) -> None:
    running = run("napcat")
    world = running.world
    world.group(TEA)
    for action in ("get_group_member_info", "get_stranger_info"):
        world.fault(action, fault)
    vigil = connect(running, patience_seconds=0.2).begun()
    world.join(TEA, 30_001)
    world.say(TEA, BOB, "the end")
    until(lambda: len(vigil.messages) == 2)
    assert [(one.kind, one.name) for one in vigil.messages] == [("join", ""), ("text", "bob")]
    assert vigil.problems == []
    world.heal()
    world.knock(TEA, 30_003, "hello")
    until(lambda: len(vigil.messages) == 3)
    # One that gave no answer is left alone for a while: reading is held up once.
    assert vigil.messages[2].name == ("user 30003" if fault == "fails" else "")


def test_what_vigil_writes_itself_and_groups_that_are_not_named_are_left_out(run: Run, connect: Connect) -> None:
    running = run("spec")
    world = running.world
    world.group(TEA)
    world.group(CHESS)
    vigil = connect(running, groups=(str(TEA),)).begun()
    world.say(CHESS, BOB, "elsewhere")
    world.say(TEA, ACCOUNT, "my own")
    world.say(TEA, BOB, "the end")
    until(lambda: vigil.messages)
    assert texts(vigil) == ["the end"]


def test_files_are_told_of_where_only_a_notice_does(run: Run, connect: Connect) -> None:
    running = run("spec")
    running.world.group(TEA)
    vigil = connect(running).begun()
    running.world.upload(TEA, BOB, "cheap tickets.txt")
    assert vigil.texts(1) == [("file", "cheap tickets.txt")]


def test_that_the_account_was_removed_is_said(run: Run, connect: Connect) -> None:
    running = run()
    running.world.group(TEA)
    vigil = connect(running).begun()
    running.world.leave(TEA, ACCOUNT, by=ADA)
    until(lambda: vigil.problems)
    assert vigil.problems == [
        f"Tea: {ADA} has removed Vigil's account; nothing there can be seen or done until it is back"
    ]


@pytest.mark.parametrize("profile", ["napcat", "llbot"])
@pytest.mark.parametrize("over", ["socket", "http"])
def test_a_gap_of_500_messages_of_three_is_filled_in_order(run: Run, connect: Connect, profile: str, over: str) -> None:
    running = run(profile)
    world = running.world
    world.group(TEA)
    world.group(CHESS)
    vigil = connect(running).begun()
    world.say(TEA, BOB, "before")
    until(lambda: vigil.messages)
    position = vigil.position
    vigil.close()
    running.kill()
    for number in range(500):
        world.say(TEA, (ADA, BOB, EVE)[number % 3], f"missed {number}")
    world.say(CHESS, BOB, "there as well")
    running.start()
    again = connect(running, position, **(running.over_http() if over == "http" else {}))
    until(lambda: "there as well" in texts(again) and f"missed {499}" in texts(again))
    world.say(TEA, BOB, "after")
    until(lambda: "after" in texts(again))
    told = [message.text for message in distinct(again) if message.group == str(TEA) and message.text != "before"]
    assert told == [*(f"missed {number}" for number in range(500)), "after"]


def test_a_group_where_nothing_was_ever_said_has_its_gap_filled_too(run: Run, connect: Connect) -> None:
    running = run("napcat")
    running.world.group(TEA)
    vigil = connect(running).begun()
    position = vigil.position
    vigil.close()
    running.world.say(TEA, BOB, "the first word")
    again = connect(running, position)
    assert shown(again, 1) == ["the first word"]


def test_what_was_written_before_the_first_start_is_not_read(run: Run, connect: Connect) -> None:
    running = run("llbot")
    running.world.group(TEA)
    running.world.say(TEA, BOB, "long ago", at=time.time() - 3_600)
    vigil = connect(running).begun()
    position = vigil.position
    vigil.close()
    again = connect(running, position).begun()
    running.world.say(TEA, BOB, "now")
    assert shown(again, 1) == ["now"]


def test_the_gap_while_the_account_was_logged_out_is_filled(run: Run, connect: Connect) -> None:
    running = run("napcat", "--heartbeat", "0.05")
    world = running.world
    world.group(TEA)
    vigil = connect(running).begun()
    world.fact("online", "no")
    until(lambda: vigil.platform.health == "the account is not logged in to QQ")
    with world.changed():
        # Written while it was away: no event tells of it.
        row = world._say(TEA, BOB, [{"type": "text", "data": {"text": "while it was away"}}])
        world.db.execute("DELETE FROM events WHERE event LIKE ?", (f'%"row": {row}%',))
    world.fact("online", "yes")
    assert shown(vigil, 1) == ["while it was away"]
    until(lambda: vigil.platform.health == "connected")


def test_an_implementation_without_history_is_said_to_lose_what_is_written_meanwhile(
    run: Run, connect: Connect
) -> None:
    running = run("spec")
    running.world.group(TEA)
    vigil = connect(running).begun()
    running.kill()
    running.world.say(TEA, BOB, "lost")
    running.start()
    until(lambda: any("keeps no history" in problem for problem in vigil.problems))
    running.world.say(TEA, BOB, "seen")
    assert shown(vigil, 1) == ["seen"]
    # Every time, with the time from which on messages may be missing.
    running.kill()
    running.start()
    until(lambda: sum("UTC, is not seen" in problem for problem in vigil.problems) == 2)


def test_a_killed_implementation_is_connected_to_again(run: Run, connect: Connect) -> None:
    running = run("llbot")
    running.world.group(TEA)
    vigil = connect(running).begun()
    for number in range(3):
        running.kill()
        until(lambda: vigil.platform.health == "not reachable")
        running.world.say(TEA, BOB, f"meanwhile {number}")
        running.start()
        until(lambda number=number: f"meanwhile {number}" in texts(vigil))  # type: ignore[misc]
    assert set(texts(vigil)) == {f"meanwhile {number}" for number in range(3)}


@EVERY_PROFILE
def test_a_wrong_token_is_said_plainly_and_never_repeated(run: Run, connect: Connect, profile: str) -> None:
    running = run(profile)
    running.token_file.write_text("not-the-token-42\n")
    vigil = connect(running)
    until(lambda: vigil.platform.health == "token refused")
    until(lambda: vigil.problems)
    assert "the token is not accepted" in vigil.problems[-1]
    assert not any("not-the-token-42" in problem for problem in vigil.problems)


def test_silence_is_broken_by_a_question_and_answered_by_another_connection(run: Run, connect: Connect) -> None:
    running = run("napcat", "--heartbeat", "0")
    running.world.group(TEA)
    vigil = connect(running, quiet_seconds=0.2).begun()
    running.world.fault("get_status", "no answer")
    until(lambda: any("no answer" in problem for problem in vigil.problems))
    running.world.heal()
    running.world.say(TEA, BOB, "still there")
    assert shown(vigil, 1) == ["still there"]


def test_packets_of_no_sense_are_said_and_passed_over(run: Run, connect: Connect) -> None:
    running = run("napcat")
    world = running.world
    world.group(TEA)
    vigil = connect(running).begun()
    group = f'"post_type": "message", "message_type": "group", "time": 1, "self_id": {ACCOUNT}'
    strange = [
        "<html>", "[]", "7", "null", '"x"', "{", "[" * 100_000, '{"post_type": 7}', "{}",
        f'{{{group}, "group_id": {{}}, "user_id": 5, "message_id": 1, "message": "x"}}',
        f'{{{group}, "group_id": 5, "user_id": 5, "message_id": 1, "message": 77}}',
        f'{{{group}, "group_id": "a b", "user_id": 5, "message_id": 1, "message": "x"}}',
        '{"post_type": "request", "request_type": "group", "group_id": 5, "user_id": 6}',
        '{"post_type": "meta_event", "meta_event_type": "heartbeat", "status": 5}',
        '{"post_type": "unheard of", "group_id": 5, "user_id": 6}',
    ]  # fmt: skip
    half = f'{{{group}, "group_id": {TEA}, "user_id": {BOB}, "message_id": 5, "message": "half \\ud83d a pair"}}'
    for raw in [*strange, half]:
        with world.changed():
            world.happened({"what": "raw", "raw": raw})
    world.say(TEA, BOB, "the end")
    until(lambda: "the end" in texts(vigil))
    assert texts(vigil) == ["half \ufffd a pair", "the end"]
    assert len(vigil.problems) >= 10
    assert all(problem.isprintable() for problem in vigil.problems)


def test_a_batch_tells_its_position_only_when_all_before_it_is_told(run: Run, connect: Connect) -> None:
    """A worker killed after any batch reads on from its position, or the one before, and misses nothing."""
    running = run("llbot")
    world = running.world
    world.group(TEA)
    world.group(CHESS)
    vigil = connect(running).begun()
    start = vigil.position
    vigil.close()
    for number in range(30):
        world.say((TEA, CHESS)[number % 2], BOB, f"missed {number}")
    whole = connect(running, start)
    until(lambda: len(set(texts(whole))) == 30)
    batches: list[Batch] = list(whole.batches)
    for end in range(len(batches)):
        taken = {message.text for batch in batches[: end + 1] for message in batch.messages}
        position = next((batch.position for batch in reversed(batches[: end + 1]) if batch.position), start)
        again = connect(running, position)
        until(lambda again=again, taken=taken: len(taken | set(texts(again))) == 30)  # type: ignore[misc]
        again.close()
