"""What Vigil does over OneBot, its effect looked at in QQ itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from console.platforms.base import PlatformError, Receipt
from console.platforms.onebot import OneBot
from store.records import ActionKind, ActionState
from tests.platforms.connected import Connected, order
from tests.platforms.onebot.conftest import EVERY_PROFILE
from tests.platforms.onebot.running import Running
from tests.platforms.onebot.world import ACCOUNT, ADA, BOB, EVE
from tests.platforms.synapse import until

Run = Callable[..., Running]
Connect = Callable[..., Connected]

TEA = 700_001
EVERY_WAY = pytest.mark.parametrize("way", ["socket", "http"])

DELETE, WARN, MUTE, UNMUTE = ActionKind.DELETE, ActionKind.WARN, ActionKind.MUTE, ActionKind.UNMUTE
REMOVE, BAN, SEND = ActionKind.REMOVE, ActionKind.BAN, ActionKind.SEND
DONE, FAILED, UNKNOWN, WAITING = ActionState.DONE, ActionState.FAILED, ActionState.UNKNOWN, ActionState.WAITING


class Act:
    """Vigil connected over one of the two ways, in a group, told to do things to bob."""

    def __init__(self, run: Run, connect: Connect, profile: str, way: str, role: str = "admin", **more: object) -> None:
        self.running = run(profile)
        self.world = self.running.world
        self.world.group(TEA, "Tea", role)
        http = self.running.over_http() if way == "http" else {}
        self.vigil = connect(self.running, **http, **more).begun()

    def do(self, kind: ActionKind, member: int | str = BOB, **more: object) -> Receipt:
        return self.vigil.perform(order(kind, str(TEA), str(member), **more))  # type: ignore[arg-type]

    def said(self, text: str = "an ad", user: int = BOB) -> str:
        """Let somebody write; returns the message's id as Vigil knows it."""
        self.world.say(TEA, user, text)
        until(lambda: any(message.text == text for message in self.vigil.messages))
        return next(message.id for message in self.vigil.messages if message.text == text)

    def recalled(self) -> int:
        return len(self.world.rows("SELECT id FROM messages WHERE recalled = 1"))


@EVERY_PROFILE
@EVERY_WAY
def test_every_action_has_its_effect_once(run: Run, connect: Connect, profile: str, way: str) -> None:
    act = Act(run, connect, profile, way)
    world = act.world
    message = act.said()
    assert act.do(DELETE, message=message) == Receipt(DONE)
    assert act.recalled() == 1
    assert act.do(WARN, text="no ads [CQ:at,qq=all] & such") == Receipt(DONE)
    assert world.texts(TEA) == [f"@{BOB} no ads [CQ:at,qq=all] & such"]
    private = world.effects("send_private_msg")
    assert [one["user_id"] for _, one in private] == [BOB]
    assert private[0][1]["message"] == [{"type": "text", "data": {"text": "Tea: no ads [CQ:at,qq=all] & such"}}]
    assert act.do(SEND, "", text="welcome") == Receipt(DONE)
    assert world.texts(TEA)[1:] == ["welcome"]
    assert act.do(MUTE, seconds=600) == Receipt(DONE)
    assert 590 < world.muted(TEA, BOB) <= 600
    assert act.do(UNMUTE) == Receipt(DONE)
    assert world.muted(TEA, BOB) == 0
    assert act.do(REMOVE) == Receipt(DONE)
    assert BOB not in world.members(TEA)
    assert act.do(BAN, EVE) == Receipt(DONE)
    assert EVE not in world.members(TEA)
    assert [one["reject_add_request"] for _, one in world.effects("set_group_kick")] == [False, True]
    names = [action for action, _ in world.effects()]
    assert names == [
        "delete_msg", "send_group_msg", "send_private_msg", "send_group_msg", "set_group_ban", "set_group_ban",
        "set_group_kick", "set_group_kick",
    ]  # fmt: skip
    assert act.vigil.platform.can == frozenset(ActionKind) - {ActionKind.UNBAN}


@EVERY_PROFILE
def test_a_mute_without_end_is_the_longest_there_is_and_never_lifts_one(
    run: Run, connect: Connect, profile: str
) -> None:
    act = Act(run, connect, profile, "socket")
    for seconds in (0, 10**9):
        receipt = act.do(MUTE, seconds=seconds)
        assert receipt.state is DONE
        assert "30 days" in receipt.words
        assert act.world.muted(TEA, BOB) > 29 * 86_400
    assert act.do(MUTE, seconds=30 * 86_400) == Receipt(DONE)
    # A minute less than 30 days: some implementations refuse 30 days.
    assert [one["duration"] for _, one in act.world.effects("set_group_ban")] == [2_591_940] * 3


@EVERY_PROFILE
@pytest.mark.parametrize("approve", [True, False])
def test_requests_are_answered_after_a_restart_too(run: Run, connect: Connect, profile: str, approve: bool) -> None:
    act = Act(run, connect, profile, "socket")
    act.world.knock(TEA, 30_003, "let me in")
    until(lambda: act.vigil.messages)
    knock = act.vigil.messages[0]
    act.vigil.close()
    again = connect(act.running).begun()
    kind = ActionKind.ADMIT if approve else ActionKind.REFUSE
    receipt = again.perform(order(kind, str(TEA), "30003", knock.id, "not now"))
    assert receipt == Receipt(DONE)
    assert (30_003 in act.world.members(TEA)) is approve
    _, params = act.world.effects("set_group_add_request")[0]
    assert params["approve"] is approve
    assert params.get("reason") == (None if approve else "not now")
    second = again.perform(order(kind, str(TEA), "30003", knock.id))
    assert second.state is FAILED
    assert "No such request" in second.words


def test_an_invitation_can_be_followed(run: Run, connect: Connect) -> None:
    act = Act(run, connect, "napcat", "socket")
    act.world.db.execute("INSERT INTO groups VALUES (900009, 'Far')")
    act.world.knock(900_009, ADA, "come", "invite")
    until(lambda: act.vigil.messages)
    receipt = act.vigil.perform(order(ActionKind.ADMIT, "900009", str(ADA), act.vigil.messages[0].id))
    assert receipt == Receipt(DONE)
    assert act.world.members(900_009) == {ACCOUNT}


def test_a_message_that_a_restarted_napcat_forgot_is_deleted_all_the_same(run: Run, connect: Connect) -> None:
    act = Act(run, connect, "napcat", "socket")
    message = act.said()
    for number in range(250):
        act.world.say(TEA, EVE, f"later {number}")
    act.running.kill()
    act.running.start()
    until(lambda: act.do(DELETE, message=message).state is DONE)
    assert act.recalled() == 1
    gone = act.do(DELETE, message=message)
    assert gone.state is FAILED
    assert "Recall failed" in gone.words


@EVERY_WAY
def test_an_answer_that_is_not_true_is_not_believed(run: Run, connect: Connect, way: str) -> None:
    act = Act(run, connect, "napcat", way, check_seconds=(0.01, 0.02))
    act.world.fault("set_group_kick", "lie", 1)
    receipt = act.do(REMOVE)
    assert receipt.state is FAILED
    assert receipt.words == f"the answer was yes, but {BOB} is still in the group"
    act.world.set_role(TEA, EVE, "admin")
    other = act.do(REMOVE, EVE)
    assert (other.state, other.words) == (
        FAILED, f"the answer was yes, but {EVE} is still in the group; {EVE} is an administrator of the group",
    )  # fmt: skip


def test_removing_who_has_left_is_done(run: Run, connect: Connect) -> None:
    act = Act(run, connect, "llbot", "socket")
    act.world.leave(TEA, BOB)
    assert act.do(REMOVE) == Receipt(DONE, "was so already")
    assert act.do(BAN).state is FAILED


@EVERY_PROFILE
@EVERY_WAY
def test_what_cannot_be_done_fails_in_the_programs_words_with_what_to_do(
    run: Run, connect: Connect, profile: str, way: str
) -> None:
    act = Act(run, connect, profile, way, role="member")
    message = act.said()
    advice = f"{ACCOUNT} is no administrator of the group: its owner can make it one"
    for kind, more in ((DELETE, {"message": message}), (MUTE, {"seconds": 60})):
        receipt = act.do(kind, **more)
        assert receipt.state is FAILED
        assert "ERR_NOT_GROUP_ADMIN" in receipt.words
        assert advice in receipt.words
    assert act.world.effects() == []
    # There is no member list to ask for a join that is none.
    assert act.do(DELETE, message="join.30001.1700000000").state is FAILED
    assert act.do(ActionKind.ADMIT, message=message).state is FAILED


def test_a_warning_that_cannot_be_said_alone_is_said_in_the_group(run: Run, connect: Connect) -> None:
    act = Act(run, connect, "napcat", "socket")
    act.world.fact(f"deaf {BOB}", "yes")
    receipt = act.do(WARN, text="no ads")
    assert receipt.state is DONE
    assert receipt.words.startswith("told in the group, but not alone: 无法获取用户信息")


def test_a_warning_waits_for_its_second_half(run: Run, connect: Connect) -> None:
    act = Act(run, connect, "llbot", "socket")
    act.world.fault("send_private_msg", "busy", 2)
    assert act.do(WARN, text="no ads") == Receipt(DONE)
    assert len(act.world.effects("send_private_msg")) == 1
    assert act.world.texts(TEA) == [f"@{BOB} no ads"]


@EVERY_WAY
@pytest.mark.parametrize("fault", ["late", "no answer", "timeout", "truncated", "wrong types", "html", "empty", "huge"])
def test_what_got_no_good_answer_is_unknown_and_asked_for_once(
    run: Run, connect: Connect, way: str, fault: str
) -> None:
    act = Act(run, connect, "napcat", way, answer_seconds=1.0)
    act.world.fault("send_group_msg", fault, 1)
    receipt = act.do(SEND, "", text="once")
    assert receipt.state is UNKNOWN, receipt
    assert "has to be looked up" in receipt.words
    assert act.world.texts(TEA) == ["once"]
    until(lambda: act.do(SEND, "", text="twice").state is DONE)
    assert act.world.texts(TEA) == ["once", "twice"]


@EVERY_WAY
def test_what_surely_was_not_carried_out_waits(run: Run, connect: Connect, way: str) -> None:
    act = Act(run, connect, "llbot", way)
    act.world.fault("send_group_msg", "busy", 1)
    busy = act.do(SEND, "", text="later")
    assert busy.state is WAITING
    assert 0 < busy.retry_after <= 1
    act.running.kill()
    until(lambda: act.vigil.platform.health == "not reachable")
    down = act.do(SEND, "", text="later")
    assert down.state is WAITING
    assert act.world.texts(TEA) == []
    act.running.start()
    until(lambda: act.do(SEND, "", text="later").state is DONE)
    assert act.world.texts(TEA) == ["later"]


def test_a_refused_token_lets_actions_wait(run: Run, connect: Connect) -> None:
    running = run("napcat")
    running.world.group(TEA)
    running.token_file.write_text("another\n")
    vigil = connect(running)
    until(lambda: vigil.platform.health == "token refused")
    receipt = vigil.perform(order(SEND, str(TEA), text="x"))
    assert receipt.state is WAITING
    assert "token" in receipt.words
    assert "another" not in receipt.words


@EVERY_WAY
def test_sixty_actions_at_two_a_second_with_a_burst_of_five_go_out_in_order(
    run: Run, connect: Connect, way: str
) -> None:
    """At 40 a second and a burst of 5, so that it does not take half a minute."""
    act = Act(run, connect, "spec", way)
    act.world.fact("limit", "40 5")
    texts = [f"notice {number}" for number in range(60)]
    waits = 0
    for text in texts:
        while (receipt := act.do(SEND, "", text=text)).state is WAITING:
            waits += 1
        assert receipt.state is DONE
    assert waits
    assert act.world.texts(TEA) == texts


def test_vigil_keeps_its_own_pace(run: Run, connect: Connect) -> None:
    act = Act(run, connect, "spec", "socket", per_second=40.0)
    act.world.fact("limit", "45 6")
    for number in range(30):
        assert act.do(SEND, "", text=f"notice {number}") == Receipt(DONE)


@EVERY_PROFILE
def test_members_have_level_title_and_times(run: Run, connect: Connect, profile: str) -> None:
    act = Act(run, connect, profile, "socket")
    act.said()
    platform = act.vigil.platform
    assert isinstance(platform, OneBot)
    members = asyncio.run_coroutine_threadsafe(platform.members(str(TEA)), act.vigil._loop).result(20)
    found = {member.member: member for member in members}
    assert str(ACCOUNT) not in found
    ada, bob = found[str(ADA)], found[str(BOB)]
    assert (ada.name, ada.level, ada.title) == ("ada", str(ADA % 10), "hat")
    assert (ada.joined, ada.spoke) == (1_700_000_000 + ADA, None)
    assert bob.spoke is not None


@EVERY_PROFILE
def test_looking_around_names_groups_and_what_is_lacking(run: Run, connect: Connect, profile: str) -> None:
    running = run(profile)
    running.world.group(TEA, "Tea", "member")
    running.world.group(TEA + 1, "Chess", "owner")
    vigil = connect(running)
    access = vigil.access()
    assert access.account == f"{ACCOUNT} (vigil)"
    chess, tea = access.groups
    assert (chess.name, chess.key, chess.lacking) == ("Chess", str(TEA + 1), ())
    assert [kind for kind, _ in tea.lacking] == [DELETE, MUTE, REMOVE, BAN, ActionKind.ADMIT, ActionKind.REFUSE]
    assert "its owner can make it one" in tea.lacking[0][1]
    assert f"treated as {profile}" in access.remarks[0]
    assert any("keeps no history" in remark for remark in access.remarks) is (profile == "spec")


def test_looking_around_where_nobody_is_says_so(run: Run) -> None:
    running = run()
    running.kill()
    platform = OneBot("qq", running.options(), meet_seconds=5.0)

    async def look() -> None:
        try:
            await platform.access()
        finally:
            await platform.close()

    with pytest.raises(PlatformError, match=r"ws://127\.0\.0\.1:.*no connection"):
        asyncio.run(look())
