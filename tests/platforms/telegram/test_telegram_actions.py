"""What Vigil does on Telegram, seen in the chats it does it to."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.platforms.base import Receipt
from store.records import ActionKind, ActionState, Order
from tests.platforms import connected
from tests.platforms.connected import Connected
from tests.platforms.synapse import until
from tests.platforms.telegram.simulator import TOKEN, Simulator, Tea
from tests.platforms.telegram.world import BOT_NAME

DONE, FAILED, UNKNOWN, WAITING = ActionState.DONE, ActionState.FAILED, ActionState.UNKNOWN, ActionState.WAITING


def order(kind: ActionKind, group: str, member: int | str = "", **more: Any) -> Order:
    return replace(connected.order(kind, group, str(member), **more), platform="tg")


def test_a_message_is_deleted_and_an_album_and_what_was_edited(tea: Tea, vigil: Connected) -> None:
    numbers = [tea.say(tea.bob, f"ad {number}") for number in range(6)]
    keep = tea.say(tea.bob, "stays")
    for message in (str(numbers[0]), "+".join(map(str, numbers[1:4])), f"{numbers[4]}+{numbers[5]} change:1.2"):
        assert vigil.perform(order(ActionKind.DELETE, tea.group, message=message)).state is DONE
    assert [effect[2] for effect in tea.simulator.effects("delete") if effect[1] == tea.chat] == numbers
    assert "stays" in tea.simulator.texts(tea.chat)
    gone = vigil.perform(order(ActionKind.DELETE, tea.group, message=str(numbers[0])))
    assert (gone.state, gone.words) == (DONE, "was deleted already")
    tea.simulator.do("age", chat=tea.chat, message=keep, seconds=49 * 3600)
    old = vigil.perform(order(ActionKind.DELETE, tea.group, message=str(keep)))
    assert old.state is FAILED
    assert "for 48 hours" in old.words
    assert "message can't be deleted" in old.words
    note = vigil.perform(order(ActionKind.DELETE, tea.group, message="change:5.6"))
    assert (note.state, "nothing to delete" in note.words) == (DONE, True)


async def _delete_many(server: Simulator, orders: list[Order]) -> list[Receipt]:
    platform = server.platform()
    try:
        return await platform.delete_many(orders)
    finally:
        await platform.close()


def test_many_messages_are_deleted_by_few_calls(tea: Tea) -> None:
    numbers = [tea.say(tea.bob, f"ad {number}") for number in range(203)]
    tea.simulator.do("age", chat=tea.chat, message=numbers[150], seconds=49 * 3600)
    groups = [numbers[:3], *([number] for number in numbers[3:])]
    orders = [order(ActionKind.DELETE, tea.group, message="+".join(map(str, one))) for one in groups]
    before = len(tea.simulator.do("packets"))
    receipts = asyncio.run(_delete_many(tea.simulator, orders))
    states = [receipt.state for receipt in receipts]
    assert states == [FAILED if numbers[150] in one else DONE for one in groups]
    assert "48 hours" in next(receipt.words for receipt in receipts if receipt.state is FAILED)
    deleted = [effect[2] for effect in tea.simulator.effects("delete") if effect[1] == tea.chat]
    assert deleted == [number for number in numbers if number != numbers[150]], "each once"
    calls = [method for method, _ in tea.simulator.do("packets")[before:]]
    assert calls.count("deleteMessages") + calls.count("deleteMessage") < 20, "one of a hundred is soon found"


def test_without_the_right_to_delete_many_deletions_fail_by_few_calls(tea: Tea) -> None:
    numbers = [tea.say(tea.bob, f"ad {number}") for number in range(40)]
    tea.simulator.do("add_bot", chat=tea.chat, by=tea.ada, can_delete_messages=False)
    before = len(tea.simulator.do("packets"))
    orders = [order(ActionKind.DELETE, tea.group, message=str(number)) for number in numbers]
    receipts = asyncio.run(_delete_many(tea.simulator, orders))
    assert {receipt.state for receipt in receipts} == {FAILED}
    assert all("without the right to delete messages" in receipt.words for receipt in receipts)
    assert len(tea.simulator.do("packets")) - before < 5


def test_one_that_cannot_be_deleted_holds_up_no_others_however_slow_telegram_wants_it(tea: Tea) -> None:
    """Telegram takes one call at a time, and many deletions are refused because of one."""
    numbers = [tea.say(tea.bob, f"ad {number}") for number in range(16)]
    tea.simulator.do("age", chat=tea.chat, message=numbers[5], seconds=49 * 3600)
    orders = [order(ActionKind.DELETE, tea.group, message=str(number)) for number in numbers]
    states: dict[str, ActionState] = {}
    asked = 0

    async def rounds() -> None:
        nonlocal asked
        platform = tea.simulator.platform()
        left = orders
        try:
            while left:
                tea.simulator.do("limits", per_second=0.01, burst=1)
                receipts = await platform.delete_many(left)
                states.update((one.key, receipt.state) for one, receipt in zip(left, receipts, strict=True))
                left = [one for one in left if states[one.key] is WAITING]
                asked += 1
                assert asked < 20
        finally:
            tea.simulator.do("limits", per_second=0, burst=0)
            await platform.close()

    asyncio.run(rounds())
    assert [states[one.key] for one in orders] == [FAILED if one is orders[5] else DONE for one in orders]


def test_a_member_is_warned_by_name_and_alone_where_telegram_allows_it(tea: Tea, vigil: Connected) -> None:
    text = "Ads are not allowed here."
    told = vigil.perform(order(ActionKind.WARN, tea.group, tea.bob, text=text))
    assert told.state is DONE
    assert "told in the group, but not alone" in told.words
    assert f"the member has to open @{BOT_NAME} and press Start" in told.words
    assert vigil.platform.health == "connected", "to be refused one thing is no trouble"
    warning = tea.simulator.look()["chats"][tea.group]["messages"][-1]
    assert warning["text"] == f"Bob: {text}"
    (entity,) = warning["entities"]
    assert (entity["type"], entity["offset"], entity["length"]) == ("text_mention", 0, 3)
    assert entity["user"]["id"] == tea.bob
    tea.simulator.do("start", user=tea.eve)
    assert vigil.perform(order(ActionKind.WARN, tea.group, tea.eve, text=text)).words == ""
    alone = [effect[2] for effect in tea.simulator.effects("sendMessage") if effect[1] == tea.eve]
    assert [one.endswith(f": {text}") for one in alone] == [True]


def test_a_warning_reaches_the_member_also_when_telegram_wants_a_pause_in_between(tea: Tea, vigil: Connected) -> None:
    tea.simulator.do("start", user=tea.eve)
    tea.simulator.do("limits", per_second=2, burst=1)
    warned = vigil.perform(order(ActionKind.WARN, tea.group, tea.eve, text="No ads."))
    tea.simulator.do("limits", per_second=0, burst=0)
    assert (warned.state, warned.words) == (DONE, "")
    told = [chat for _, chat, text in tea.simulator.effects("sendMessage") if chat in (tea.chat, tea.eve)]
    assert told == [tea.chat, tea.eve], "each once"


def test_a_text_goes_to_the_group_or_to_one_alone(tea: Tea, vigil: Connected) -> None:
    assert vigil.perform(order(ActionKind.SEND, tea.group, text="hello <b>all</b> 🎈")).state is DONE
    assert tea.simulator.texts(tea.chat)[-1] == "hello <b>all</b> 🎈"
    never = vigil.perform(order(ActionKind.SEND, tea.group, tea.bob, text="your code"))
    assert never.state is FAILED
    assert "bot can't initiate conversation" in never.words
    assert "press Start" in never.words
    tea.simulator.do("start", user=tea.bob)
    assert vigil.perform(order(ActionKind.SEND, tea.group, tea.bob, text="your code")).state is DONE
    assert ["sendMessage", tea.bob, "your code"] in tea.simulator.effects()
    assert "make it shorter" in vigil.perform(order(ActionKind.SEND, tea.group, text="🎈" * 2049)).words
    assert vigil.perform(order(ActionKind.SEND, tea.group, text="🎈" * 2048)).state is DONE


def test_a_ban_holds_and_is_lifted(tea: Tea, vigil: Connected) -> None:
    assert vigil.perform(order(ActionKind.BAN, tea.group, tea.bob)).state is DONE
    assert tea.simulator.status(tea.chat, tea.bob) == "kicked"
    for kind, words in [(ActionKind.REMOVE, "is banned"), (ActionKind.MUTE, "is banned"), (ActionKind.UNMUTE, "is")]:
        receipt = vigil.perform(order(kind, tea.group, tea.bob, seconds=600))
        assert (receipt.state, words in receipt.words) == (DONE, True)
        assert tea.simulator.status(tea.chat, tea.bob) == "kicked", "what is less lifts no ban"
    assert vigil.perform(order(ActionKind.UNBAN, tea.group, tea.bob)).state is DONE
    assert tea.simulator.status(tea.chat, tea.bob) == "left"
    assert vigil.perform(order(ActionKind.UNBAN, tea.group, tea.eve)).state is DONE
    assert tea.simulator.status(tea.chat, tea.eve) == "member", "who is not banned stays in the group"


def test_who_is_removed_may_come_back(tea: Tea, vigil: Connected) -> None:
    assert vigil.perform(order(ActionKind.REMOVE, tea.group, tea.bob)).state is DONE
    assert tea.simulator.status(tea.chat, tea.bob) == "left"
    methods = [effect[0] for effect in tea.simulator.effects() if effect[1] == tea.chat]
    assert methods == ["banChatMember", "unbanChatMember"]
    assert vigil.perform(order(ActionKind.REMOVE, tea.group, tea.bob)).words == "had left already"


def test_a_mute_ends_by_itself_or_is_lifted(tea: Tea, vigil: Connected) -> None:
    for seconds, shortest in [(600, 600), (5, 60)]:
        receipt = vigil.perform(order(ActionKind.MUTE, tea.group, tea.bob, seconds=seconds))
        assert receipt.state is DONE
        assert ("the shortest that is safe" in receipt.words) == (seconds == 5)
        member = tea.simulator.look()["chats"][tea.group]["members"][str(tea.bob)]
        assert (member["status"], member["can_send_messages"]) == ("restricted", False)
        assert abs(member["until_date"] - time.time() - shortest) < 30
    assert vigil.perform(order(ActionKind.UNMUTE, tea.group, tea.bob)).state is DONE
    assert tea.simulator.status(tea.chat, tea.bob) == "member"
    assert vigil.perform(order(ActionKind.MUTE, tea.group, tea.bob)).words == ""
    assert tea.simulator.look()["chats"][tea.group]["members"][str(tea.bob)]["until_date"] == 0
    year = vigil.perform(order(ActionKind.MUTE, tea.group, tea.bob, seconds=400 * 86_400))
    assert "without end" in year.words, "longer than Telegram counts"


def test_a_clock_that_makes_a_mute_endless_is_said(server: Simulator, tea: Tea) -> None:
    behind = Connected(server.platform(clock=lambda: time.time() - 3600))
    try:
        receipt = behind.perform(order(ActionKind.MUTE, tea.group, tea.bob, seconds=600))
    finally:
        behind.close()
    assert "muted, but without end: this machine's clock differs" in receipt.words


def test_who_asks_is_let_in_or_turned_away(tea: Tea, vigil: Connected) -> None:
    people = [tea.simulator.do("person", name=name) for name in ("Dan", "Fay", "Gil", "Hal")]
    dan, fay, gil, hal = people
    for person in people:
        tea.simulator.do("request", chat=tea.chat, user=person)
    knock = f"knock:{dan}:1780000000"
    assert vigil.perform(order(ActionKind.ADMIT, tea.group, message=knock)).state is DONE
    assert tea.simulator.status(tea.chat, dan) == "member"
    assert vigil.perform(order(ActionKind.ADMIT, tea.group, dan, message=knock)).words == "was so already"
    assert vigil.perform(order(ActionKind.REFUSE, tea.group, fay)).state is DONE
    assert tea.simulator.status(tea.chat, fay) == "left"
    assert vigil.perform(order(ActionKind.REFUSE, tea.group, fay)).words == "was so already"
    tea.simulator.do("withdraw", chat=tea.chat, user=gil)
    withdrawn = vigil.perform(order(ActionKind.ADMIT, tea.group, gil))
    assert withdrawn.state is FAILED
    assert "the request is not there any more" in withdrawn.words
    tea.simulator.do("join", chat=tea.chat, user=hal)
    assert "remove them instead" in vigil.perform(order(ActionKind.REFUSE, tea.group, hal)).words


def test_a_channel_that_writes_as_itself_can_be_banned(tea: Tea, vigil: Connected) -> None:
    channel = -1_009_999_000_123
    assert vigil.perform(order(ActionKind.BAN, tea.group, channel)).state is DONE
    assert tea.simulator.look()["chats"][tea.group]["channels"] == [channel]
    assert "it can be banned" in vigil.perform(order(ActionKind.MUTE, tea.group, channel)).words
    assert vigil.perform(order(ActionKind.UNBAN, tea.group, channel)).state is DONE
    assert tea.simulator.look()["chats"][tea.group]["channels"] == []
    warned = vigil.perform(order(ActionKind.WARN, tea.group, channel, text="no ads"))
    assert (warned.state, "cannot be told alone" in warned.words) == (DONE, True)
    tea.simulator.do("link", chat=tea.chat, channel=channel)
    own = vigil.perform(order(ActionKind.BAN, tea.group, channel))
    assert (own.state, "channel that belongs to the group" in own.words) == (FAILED, True)
    assert tea.simulator.look()["chats"][tea.group]["channels"] == []
    anonymous = vigil.perform(order(ActionKind.BAN, tea.group, tea.chat))
    assert "Telegram does not tell" in anonymous.words


@pytest.mark.parametrize(
    ("right", "kind", "words"),
    [
        ("can_delete_messages", ActionKind.DELETE, "without the right to delete messages"),
        ("can_restrict_members", ActionKind.BAN, "without the right to ban users"),
        ("can_restrict_members", ActionKind.MUTE, "without the right to ban users"),
        ("can_invite_users", ActionKind.ADMIT, "without the right to invite users"),
    ],
)
def test_a_failure_says_which_right_it_takes(
    tea: Tea, vigil: Connected, right: str, kind: ActionKind, words: str
) -> None:
    number = tea.say(tea.bob, "hello")
    tea.simulator.do("add_bot", chat=tea.chat, by=tea.ada, **{right: False})
    receipt = vigil.perform(order(kind, tea.group, tea.bob, message=str(number) if kind is ActionKind.DELETE else ""))
    assert receipt.state is FAILED
    assert words in receipt.words
    for group in vigil.access().groups:
        if group.key == tea.group:
            assert any(words in lacking for _, lacking in group.lacking)


def test_whom_nobody_can_touch_is_said(tea: Tea, vigil: Connected) -> None:
    receipt = vigil.perform(order(ActionKind.BAN, tea.group, tea.ada))
    assert (receipt.state, "out of reach" in receipt.words) == (FAILED, True)
    assert "is no member" in vigil.perform(order(ActionKind.BAN, tea.group, "@bob:example.org")).words
    for number in (777_000, 1_087_968_824, 136_817_688):
        assert "Telegram's own account" in vigil.perform(order(ActionKind.BAN, tea.group, number)).words
    assert "is no group" in vigil.perform(order(ActionKind.BAN, "!tea", tea.bob)).words
    assert vigil.perform(order(ActionKind.BAN, tea.group, 99)).state is FAILED
    tea.simulator.do("add_bot", chat=tea.chat, by=tea.ada, status="kicked")
    assert "add it again" in vigil.perform(order(ActionKind.SEND, tea.group, text="hello")).words


def test_a_basic_group_mutes_nobody_and_moves_on(server: Simulator, vigil: Connected) -> None:
    tea = Tea(server, kind="group")
    old = tea.say(tea.bob, "an ad")
    muted = vigil.perform(order(ActionKind.MUTE, tea.group, tea.bob, seconds=600))
    assert (muted.state, "make the group a supergroup first" in muted.words) == (FAILED, True)
    assert vigil.perform(order(ActionKind.REMOVE, tea.group, tea.eve)).state is DONE
    assert server.status(tea.chat, tea.eve) == "left"
    dan = server.do("person", name="Dan")
    server.do("join", chat=tea.chat, user=dan)
    banned = vigil.perform(order(ActionKind.BAN, tea.group, dan))
    assert server.status(tea.chat, dan) == "left"
    assert (banned.state, "may come back" in banned.words) == (DONE, True)
    new = server.do("migrate", chat=tea.chat)
    # The outbox knows the group by its old id, before and after the platform has heard of the new one.
    fresh = Connected(server.platform())
    try:
        reached = [fresh.perform(order(ActionKind.DELETE, tea.group, message=f"b{old}")) for _ in range(2)]
        assert [receipt.state for receipt in reached] == [WAITING, FAILED]
        assert "before the group became a supergroup" in reached[1].words
        assert fresh.perform(order(ActionKind.MUTE, tea.group, tea.bob, seconds=600)).state is DONE
        assert fresh.perform(order(ActionKind.SEND, tea.group, text="hello")).state is DONE
    finally:
        fresh.close()
    assert server.status(new, tea.bob) == "restricted"
    assert server.texts(new)[-1] == "hello"


def test_what_telegram_wants_waited_for_is_waited_for(server: Simulator, tea: Tea, vigil: Connected) -> None:
    server.do("limits", per_second=0.4, burst=1)
    states = [vigil.perform(order(ActionKind.SEND, tea.group, text="hello")) for _ in range(2)]
    assert [receipt.state for receipt in states] == [DONE, WAITING]
    assert 1 <= states[1].retry_after <= 3
    server.do("limits", per_second=0, burst=0)


def test_a_text_of_which_no_answer_came_is_unknown_and_not_sent_again(
    server: Simulator, tea: Tea, vigil: Connected
) -> None:
    server.do("stall", method="sendMessage")
    receipt = vigil.perform(order(ActionKind.SEND, tea.group, text="only once"))
    server.do("stall", method="")
    assert receipt.state is UNKNOWN
    assert "look whether it is there" in receipt.words
    assert server.texts(tea.chat).count("only once") == 1


def test_what_may_be_done_again_waits_when_no_answer_came(server: Simulator, tea: Tea, vigil: Connected) -> None:
    for kind, method in [(ActionKind.BAN, "banChatMember"), (ActionKind.REMOVE, "unbanChatMember")]:
        user = tea.bob if kind is ActionKind.BAN else tea.eve
        once = order(kind, tea.group, user)
        server.do("stall", method=method)
        found = vigil.perform(once)
        server.do("stall", method="")
        assert found.state in (WAITING, DONE)
        assert vigil.perform(once).state is DONE
        assert len([effect for effect in server.effects(method) if effect[1] == tea.chat and effect[2] == user]) == 1
    assert server.status(tea.chat, tea.eve) == "left"


def test_a_server_that_is_away_is_waited_for(server: Simulator, tmp_path: Path) -> None:
    own = Simulator(tmp_path)
    own.start()
    tea = Tea(own)
    found = Connected(own.platform())
    try:
        found.begun()
        own.kill()
        for kind in (ActionKind.SEND, ActionKind.WARN, ActionKind.BAN):
            assert found.perform(order(kind, tea.group, tea.bob, text="hello")).state is WAITING
        until(lambda: found.platform.health == "not reachable")
        own.start()
        assert found.perform(order(ActionKind.SEND, tea.group, text="hello")).state is DONE
    finally:
        found.close()
        own.close()


def test_the_token_is_in_no_log_and_no_receipt(
    server: Simulator, tea: Tea, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with caplog.at_level(logging.DEBUG):
        found = Connected(server.platform(answer_seconds=1.0))
        try:
            found.begun()
            words = found.perform(order(ActionKind.SEND, tea.group, text="hello")).words
            server.kill()
            words += found.perform(order(ActionKind.SEND, tea.group, text="hello")).words
            until(lambda: found.problems)
        finally:
            server.start()
            found.close()
    assert TOKEN not in caplog.text + words + "".join(found.problems)
    assert TOKEN.partition(":")[2] not in caplog.text + words + "".join(found.problems)


def test_a_secret_in_a_text_is_in_no_receipt(tea: Tea, vigil: Connected) -> None:
    secret = replace(order(ActionKind.SEND, "CODE-1", text="CODE-1"), secret="CODE-1")
    receipt = vigil.perform(secret)
    assert (receipt.state, "CODE" in receipt.words) == (FAILED, False)


def test_access_names_groups_and_what_is_lacking(server: Simulator, tmp_path: Path) -> None:
    own = Simulator(tmp_path)
    own.start()
    tea, other, basic = Tea(own), Tea(own, bot="member"), Tea(own, kind="group")
    found = Connected(own.platform())
    try:
        assert "knows a group once something happened there" in found.access().remarks[0] or found.access().groups
        until(lambda: len(found.messages) >= 6)
        own.do("privacy", on=True)
        fresh = Connected(own.platform())
        try:
            access = fresh.access()
        finally:
            fresh.close()
    finally:
        found.close()
        own.close()
    assert access.account == f"@{BOT_NAME}"
    assert any("privacy mode is on" in remark for remark in access.remarks)
    assert any("anybody can add it" in remark for remark in access.remarks)
    by_key = {group.key: group for group in access.groups}
    assert set(by_key) == {tea.group, other.group, basic.group}
    assert by_key[tea.group].lacking == ()
    assert {kind for kind, _ in by_key[other.group].lacking} == {
        ActionKind.DELETE, ActionKind.MUTE, ActionKind.REMOVE, ActionKind.BAN, ActionKind.ADMIT, ActionKind.REFUSE,
    }  # fmt: skip
    assert [kind for kind, _ in by_key[basic.group].lacking] == [ActionKind.MUTE]
