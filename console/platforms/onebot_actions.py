"""Actions on OneBot: what each one asks for, how its effect is checked, and what is said of a failure.

Nothing is asked for twice: there is no way to tell an implementation that a question is the same as before. What got
no answer is UNKNOWN, for a person to look at.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from console.platforms.base import PlatformError, Receipt, original_id
from console.platforms.http import HttpError
from console.platforms.onebot_calls import Calls, Failed
from console.platforms.onebot_events import is_anonymous, is_written, knock_of
from console.platforms.onebot_history import remind
from console.platforms.onebot_line import TokenRefused
from console.platforms.onebot_members import GroupMember, member_of, members_of
from console.platforms.onebot_shapes import number
from console.platforms.onebot_text import one_line
from store.records import ActionKind, ActionState, Order
from widgets.language import say
from widgets.words import step_word

LONGEST_MUTE = 2_592_000 - 60
"""Seconds, 30 days but for a minute: the longest that every implementation accepts, some of them refuse 30 days."""
TROUBLE_SECONDS = 5.0
TOKEN_SECONDS = 60.0
CHECK_SECONDS = (0.1, 0.4, 1.0, 2.0, 4.0)
"""How long to wait before each look at the member list: some implementations answer from memory at first."""
BURST = 5
TOLD_TRIES = 4
"""How often it is tried to tell a member alone what the group was told already, while that is surely not done."""


class _Failed(Exception):
    """Cannot be done, however often it is tried: the text says why and what to do."""


class Pace:
    """At most `per_second` actions a second, of which BURST may come at once after a pause."""

    def __init__(self, per_second: float) -> None:
        self._every = 1 / per_second
        self._free = 0.0

    async def wait(self) -> None:
        now = time.monotonic()
        self._free = max(self._free, now - self._every * (BURST - 1))
        wait = self._free - now
        self._free += self._every
        if wait > 0:
            await asyncio.sleep(wait)


class Actions:
    """Carries out orders, one after the other. `group_name` says what a group is called."""

    def __init__(
        self, calls: Calls, group_name: Callable[[str], str], per_second: float, check_seconds: Sequence[float]
    ) -> None:
        self._calls = calls
        self._group_name = group_name
        self._pace = Pace(per_second)
        self._check_seconds = check_seconds

    async def perform(self, order: Order, ready: Callable[[], Awaitable[None]]) -> Receipt:
        """`ready` makes sure that actions can be asked for."""
        try:
            await ready()
        except HttpError as error:
            return _later(error)
        except PlatformError as error:
            return Receipt(ActionState.WAITING, str(error), TOKEN_SECONDS)
        await self._pace.wait()
        try:
            return Receipt(ActionState.DONE, await self._do(order))
        except _Failed as error:
            return Receipt(ActionState.FAILED, str(error))
        except HttpError as error:
            if error.uncertain:
                words = say("{said}: whether it was carried out has to be looked up in QQ", said=error.said)
                return Receipt(ActionState.UNKNOWN, words)
            if error.again:
                return _later(error)
            return Receipt(ActionState.FAILED, await self._with_advice(order, error.said))

    async def _do(self, order: Order) -> str:
        """Returns what is worth saying of an action that was carried out."""
        if is_anonymous(order.member) and order.kind not in (ActionKind.DELETE, ActionKind.WARN):
            raise _Failed(
                say("it was written anonymously: QQ does not say by whom, so only the message can be deleted")
            )
        match order.kind:
            case ActionKind.DELETE:
                await self._delete(order)
            case ActionKind.WARN:
                return await self._warn(order)
            case ActionKind.SEND if order.member:
                await self._tell(order, order.text)
            case ActionKind.SEND:
                await self._ask("send_group_msg", group_id=number(order.group), message=[_text(order.text)])
            case ActionKind.MUTE:
                return await self._mute(order)
            case ActionKind.UNMUTE:
                await self._silence(order, 0)
            case ActionKind.REMOVE | ActionKind.BAN:
                return await self._remove(order)
            case ActionKind.ADMIT | ActionKind.REFUSE:
                await self._answer(order)
            case _:
                raise _Failed(say("{platform} cannot {step}", platform="OneBot", step=step_word(order.kind)))
        return ""

    async def _ask(self, action: str, **params: Any) -> None:
        await self._calls.do(action, params, msgspec.Raw)

    async def _delete(self, order: Order) -> None:
        message = original_id(order.message)
        if not is_written(message):
            raise _Failed(say("it is no message that can be deleted: QQ only tells of it"))
        try:
            await self._ask("delete_msg", message_id=number(message))
        except Failed as error:
            if error.uncertain or error.again or self._calls.profile != "napcat":
                raise
            # It forgets what it knew of messages when it is restarted, and learns it again from history.
            if not await _sure(remind(self._calls, order.group, message)):
                raise _Failed(
                    say(
                        "{said}; the message is not in the group's history any more: it may be deleted already",
                        said=error.said,
                    )
                ) from None
            await self._ask("delete_msg", message_id=number(message))

    async def _warn(self, order: Order) -> str:
        if is_anonymous(order.member):
            await self._ask("send_group_msg", group_id=number(order.group), message=[_text(order.text)])
            return say("told in the group, but not alone: it was written anonymously")
        mention = {"type": "at", "data": {"qq": order.member}}
        await self._ask("send_group_msg", group_id=number(order.group), message=[mention, _text(f" {order.text}")])
        for left in reversed(range(TOLD_TRIES)):
            await self._pace.wait()
            try:
                await self._tell(order, f"{self._group_name(order.group)}: {order.text}")
                break
            except HttpError as error:
                if left and error.again and not error.uncertain:
                    await asyncio.sleep(min(error.wait or 1.0, 5.0))
                    continue
                if error.uncertain:
                    return say("told in the group, whether alone is not known: {why}", why=error.said)
                return say("told in the group, but not alone: {why}", why=error.said)
        return ""

    async def _tell(self, order: Order, text: str) -> None:
        """Say something to the member alone; the group is where a member who is no friend can be reached."""
        user, group = number(order.member), number(order.group)
        await self._ask("send_private_msg", user_id=user, group_id=group, message=[_text(text)])

    async def _mute(self, order: Order) -> str:
        seconds = min(order.seconds or LONGEST_MUTE, LONGEST_MUTE)
        await self._silence(order, seconds)
        return "" if 0 <= order.seconds - seconds <= 60 else say("muted for 30 days, the longest QQ knows")

    async def _silence(self, order: Order, seconds: int) -> None:
        # Always with its duration: without one NapCat lifts a mute, and others mute for half an hour.
        await self._ask("set_group_ban", group_id=number(order.group), user_id=number(order.member), duration=seconds)

    async def _remove(self, order: Order) -> str:
        """Remove a member; the implementation's word is not taken for it, the member list's is."""
        try:
            await self._ask(
                "set_group_kick",
                group_id=number(order.group),
                user_id=number(order.member),
                reject_add_request=order.kind is ActionKind.BAN,
            )
        except Failed as error:
            if error.uncertain or error.again or order.kind is ActionKind.BAN or await _sure(self._is_there(order)):
                raise
            return say("was so already")
        for seconds in self._check_seconds:
            await asyncio.sleep(seconds)
            try:
                if not await self._is_there(order):
                    return ""
            except HttpError as error:
                error.uncertain = True
                raise
        raise _Failed(
            await self._with_advice(
                order, say("the answer was yes, but {member} is still in the group", member=order.member)
            )
        )

    async def _is_there(self, order: Order) -> bool:
        return any(member.user == order.member for member in await members_of(self._calls, order.group))

    async def _answer(self, order: Order) -> None:
        knock = knock_of(order.message)
        if knock is None:
            raise _Failed(say("it is no request to be let in"))
        params = {"flag": knock.flag, "sub_type": knock.kind, "type": knock.kind}
        approve = order.kind is ActionKind.ADMIT
        reason = {} if approve else {"reason": one_line(order.text)}
        await self._ask("set_group_add_request", **params, approve=approve, **reason)

    async def _with_advice(self, order: Order, said: str) -> str:
        """What is said of a failure, with what it takes."""
        advice = await self._lack(order)
        return say("{said}; {advice}", said=said, advice=advice) if advice else said

    async def _lack(self, order: Order) -> str:
        """What stands in the way of an action on a member, "" where nothing is known to."""
        if order.kind in (ActionKind.SEND, ActionKind.WARN):
            return ""
        try:
            own = await member_of(self._calls, order.group, self._calls.account)
            other = await member_of(self._calls, order.group, order.member) if order.member else None
        except (HttpError, PlatformError):
            return ""
        return lack(own) or (out_of_reach(own, other) if other else "")


async def _sure(question: Awaitable[bool]) -> bool:
    """The answer to a question after an action that surely was not carried out: without one that is still sure."""
    try:
        return await question
    except HttpError as error:
        error.uncertain = False
        raise


def lack(own: GroupMember) -> str:
    """What Vigil's account lacks to act on others in a group, "" for nothing."""
    if own.role in ("owner", "admin", ""):
        return ""
    return say("{account} is no administrator of the group: its owner can make it one", account=own.user)


def out_of_reach(own: GroupMember, other: GroupMember) -> str:
    """Why nothing can be done to a member, "" where it can."""
    if other.role == "owner":
        return say("{member} is the owner of the group", member=other.user)
    if other.role == "admin" and own.role != "owner":
        return say("{member} is an administrator of the group", member=other.user)
    return ""


def _text(text: str) -> dict[str, Any]:
    """A text that is taken as it stands: nothing in it is a CQ code."""
    return {"type": "text", "data": {"text": text}}


def _later(error: HttpError) -> Receipt:
    wait = TOKEN_SECONDS if isinstance(error, TokenRefused) else TROUBLE_SECONDS
    return Receipt(ActionState.WAITING, error.said, wait if error.wait is None else error.wait)
