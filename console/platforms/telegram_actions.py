"""Actions on Telegram: what each one asks of the Bot API, and what is said of a failure.

To say something twice is worse than not to know whether it was said: whatever is sent is sent once, and UNKNOWN when no
answer came. Everything else has the same effect when it is done again.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from console.platforms.base import Receipt
from console.platforms.http import BRIEF, HttpError, Refusal
from console.platforms.telegram_access import SUPERGROUP, lack
from console.platforms.telegram_advice import NEVER_WROTE, advised
from console.platforms.telegram_client import Client, LoginRefused, Result, is_passing, moved_to
from console.platforms.telegram_deletions import Deletions
from console.platforms.telegram_events import Reading
from console.platforms.telegram_ids import is_basic, numbers, requester
from console.platforms.telegram_kind import TOO_OLD
from console.platforms.telegram_shapes import Chat, Member, Sent
from console.platforms.telegram_text import LONGEST_TEXT, mention, name_of, title_of, units
from store.records import ActionKind, ActionState, Order
from widgets.language import mark, say

SHORTEST_MUTE, LONGEST_MUTE = 60, 366 * 86_400
"""Seconds. What ends in less than 30 seconds or more than 366 days by Telegram's clock never ends."""
REMOVED_SECONDS = 120
"""How long a removal bans, in case that lifting the ban fails."""
TROUBLE_SECONDS = 2.0
TOO_MANY = 429
LONGEST_PAUSE = 60.0
"""Seconds for which an action stops in the middle when Telegram wants it to."""
LOGIN_SECONDS = 60.0
HALF_DONE = 1_000
"""So many removals of which one half is done are remembered."""

_RIGHTS = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
    "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
    "can_add_web_page_previews", "can_change_info", "can_invite_users", "can_pin_messages", "can_manage_topics",
    "can_react_to_messages", "can_edit_tag",
)  # fmt: skip
"""All there are: whoever is not given back one of them stays restricted."""
_OF_TELEGRAM = frozenset([777_000, 136_817_688, 1_087_968_824])
"""Telegram's own accounts: its service, and those that stand for all channels and all anonymous administrators."""


class _Failed(Exception):
    """Cannot be done, however often it is tried: the text says why and what to do."""


class _Uncertain(Exception):
    """Was sent, and no answer came."""


class Actions:
    """Carries out orders."""

    def __init__(self, client: Client, reading: Reading, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._reading = reading
        self._clock = clock
        self._half_done: OrderedDict[str, None] = OrderedDict()
        self._deletions = Deletions(self._delete_together, self.perform)

    async def perform(self, order: Order) -> Receipt:
        receipt = await self._performed(order)
        if not order.secret:
            return receipt
        return Receipt(receipt.state, receipt.words.replace(order.secret, "…"), receipt.retry_after)

    async def delete_many(self, orders: Sequence[Order]) -> list[Receipt]:
        """Delete messages of one group in few calls; a receipt each, in their order."""
        receipts: dict[int, Receipt] = {}
        parts: list[tuple[Order, list[int]]] = []
        for order in orders:
            try:
                parts.append((order, self._numbers(order)))
            except _Failed as error:
                receipts[order.id] = Receipt(ActionState.FAILED, str(error))
        receipts |= await self._deletions.perform(parts)
        return [receipts[order.id] for order in orders]

    async def _delete_together(self, group: str, numbers: list[int]) -> Receipt | None:
        """What became of them, None where Telegram refuses all because of one. Those that are gone it skips."""
        try:
            await self._client.connect()
            await self._in_chat("deleteMessages", bool, group, message_ids=numbers)
        except LoginRefused as error:
            return Receipt(ActionState.WAITING, str(error), LOGIN_SECONDS)
        except HttpError as error:
            if is_passing(error):
                return _later(error)
            lacking = await self._lacking(group, ActionKind.DELETE)
            words = say("{said}; {advice}", said=error.said, advice=lacking)
            return Receipt(ActionState.FAILED, words) if lacking else None
        except _Failed:
            return None
        return Receipt(ActionState.DONE)

    async def _performed(self, order: Order) -> Receipt:
        try:
            await self._client.connect()
            return Receipt(ActionState.DONE, await self._do(order))
        except _Failed as error:
            return Receipt(ActionState.FAILED, str(error))
        except _Uncertain as error:
            return Receipt(ActionState.UNKNOWN, say("{said}; look whether it is there", said=error))
        except LoginRefused as error:
            return Receipt(ActionState.WAITING, str(error), LOGIN_SECONDS)
        except HttpError as error:
            return _later(error) if is_passing(error) else await self._explained(order, error)

    async def _do(self, order: Order) -> str:
        """Returns what is worth saying of an action that was carried out."""
        match order.kind:
            case ActionKind.DELETE:
                return await self._delete(order)
            case ActionKind.WARN:
                return await self._warn(order)
            case ActionKind.SEND:
                if order.member:
                    await self._tell(order, order.text)
                else:
                    await self._send(order.group, {"text": order.text})
                return ""
            case ActionKind.ADMIT | ActionKind.REFUSE:
                return await self._answer(order)
        if order.member.startswith("-"):
            return await self._channel(order)
        return await self._change(order)

    async def _delete(self, order: Order) -> str:
        found = self._numbers(order)
        if not found:
            return say("it says who came or left, and is no message: there is nothing to delete")
        gone = 0
        for number in found:
            try:
                await self._in_chat("deleteMessage", bool, order.group, message_id=number)
            except Refusal as error:
                if "message to delete not found" not in str(error).casefold():
                    raise
                gone += 1
        return say("was deleted already") if gone == len(found) else ""

    def _numbers(self, order: Order) -> list[int]:
        """Raises _Failed."""
        basic, found = numbers(order.message)
        if basic and not is_basic(self._chat(order.group)):
            raise _Failed(
                say(
                    "it was written before the group became a supergroup, where a bot cannot reach it any more: an"
                    " administrator can still delete it by hand"
                )
            )
        return found

    async def _warn(self, order: Order) -> str:
        content: dict[str, object]
        if order.member.startswith("-"):
            await self._send(order.group, {"text": f"{await self._title(order.member)}: {order.text}"})
            return say("told in the group; a channel cannot be told alone")
        try:
            member = await self._member(order)
        except Refusal as error:
            if is_passing(error):
                raise
            member = None
        content = mention(order.member, name_of(member.user) if member else "", order.text)
        await self._send(order.group, content)
        group = self._reading.known.get(order.group, (0, ""))[1] or order.group
        try:
            await self._tell_in_time(order, f"{group}: {order.text}")
        except _Uncertain as error:
            return say("told in the group, whether alone is not known: {why}", why=error)
        except (HttpError, LoginRefused, _Failed) as error:
            said = error.said if isinstance(error, HttpError) else str(error)
            return say("told in the group, but not alone: {why}", why=advised(said, self._bot))
        return ""

    async def _tell_in_time(self, order: Order, text: str) -> None:
        """As `_tell`, after a pause where Telegram wants one: the action cannot wait, its first half is done."""
        try:
            await self._tell(order, text)
        except Refusal as error:
            if error.status != TOO_MANY or error.wait is None or error.wait > LONGEST_PAUSE:
                raise
            await asyncio.sleep(error.wait)
            await self._tell(order, text)

    async def _tell(self, order: Order, text: str) -> None:
        """Say something to the member alone."""
        if not order.member.isdecimal():
            raise _Failed(say("a channel, or an administrator who writes as the group, cannot be told anything alone"))
        try:
            await self._send("", {"text": text}, chat=int(order.member))
        except Refusal as error:
            if "chat not found" in str(error).casefold():
                advice = say(NEVER_WROTE, bot=self._bot)
                raise _Failed(say("{said}; {advice}", said=error.said, advice=advice)) from None
            raise

    async def _send(self, group: str, content: dict[str, object], *, chat: int = 0) -> None:
        """Once. Raises _Uncertain where it may have been sent."""
        if (length := units(str(content["text"]))) > LONGEST_TEXT:
            raise _Failed(
                say("the text has {n} characters; Telegram takes {most}: make it shorter", n=length, most=LONGEST_TEXT)
            )
        values: dict[str, Any] = {**content, "link_preview_options": {"is_disabled": True}}
        try:
            if chat:
                await self._client.ask("sendMessage", Sent, chat_id=chat, **values)
            else:
                await self._in_chat("sendMessage", Sent, group, **values)
        except HttpError as error:
            if error.uncertain:
                raise _Uncertain(error.said) from None
            raise

    async def _change(self, order: Order) -> str:
        """Ban, remove or mute, or take it back."""
        who = {"user_id": self._user(order)}
        if order.kind is ActionKind.BAN:
            await self._in_chat("banChatMember", bool, order.group, **who)
            if is_basic(self._chat(order.group)):
                return say(
                    "removed, but may come back: Telegram bans nobody from a basic group; {advice}",
                    advice=say(SUPERGROUP),
                )
            return ""
        if order.kind is ActionKind.UNBAN:
            # Without the condition it would remove a member who is in the group.
            await self._in_chat("unbanChatMember", bool, order.group, **who, only_if_banned=True)
            return ""
        member = await self._member(order)
        status = member.status if member else ""
        if order.kind is ActionKind.REMOVE:
            return await self._remove(order, status)
        if status == "kicked":
            # To restrict a banned member would lift the ban.
            return say("is banned, which stays")
        if order.kind is ActionKind.UNMUTE:
            rights = dict.fromkeys(_RIGHTS, True)
            await self._in_chat("restrictChatMember", bool, order.group, **who, permissions=rights)
            return ""
        rights = dict.fromkeys(_RIGHTS, False)
        seconds = max(order.seconds, SHORTEST_MUTE) if 0 < order.seconds <= LONGEST_MUTE else 0
        until = int(self._clock()) + seconds if seconds else 0
        await self._in_chat(
            "restrictChatMember", bool, order.group, **who, permissions=rights, until_date=until,
            use_independent_chat_permissions=True,
        )  # fmt: skip
        if not until:
            return say("without end: Telegram counts no further than 366 days") if order.seconds else ""
        try:
            muted = await self._member(order)
        except HttpError:
            return ""
        if muted and muted.status == "restricted" and not muted.until_date:
            return say(
                "muted, but without end: this machine's clock differs from Telegram's; set it, and unmute by hand"
            )
        if order.seconds >= SHORTEST_MUTE:
            return ""
        return say("for {n} seconds, the shortest that is safe", n=SHORTEST_MUTE)

    async def _remove(self, order: Order, status: str) -> str:
        """Ban, and lift the ban, which ends by itself where that fails. A ban that was there before stays."""
        who = {"user_id": self._user(order)}
        if order.key not in self._half_done:
            if status == "kicked":
                return say("is banned, which stays")
            if status == "left":
                return say("had left already")
            until = int(self._clock()) + REMOVED_SECONDS
            await self._in_chat("banChatMember", bool, order.group, **who, until_date=until)
            self._half_done[order.key] = None
            if len(self._half_done) > HALF_DONE:
                self._half_done.popitem(last=False)
        if not is_basic(self._chat(order.group)):
            # From a basic group people are removed without a ban.
            await self._in_chat("unbanChatMember", bool, order.group, patience=BRIEF, **who, only_if_banned=True)
        self._half_done.pop(order.key, None)
        return ""

    async def _channel(self, order: Order) -> str:
        """What can be done to a channel that writes in the group as itself."""
        methods = {ActionKind.BAN: "banChatSenderChat", ActionKind.UNBAN: "unbanChatSenderChat"}
        if int(order.member) == self._chat(order.group):
            raise _Failed(say("an administrator wrote it as the group itself: who, Telegram does not tell"))
        if order.kind not in methods:
            raise _Failed(say("a channel wrote it, which is no member: it can be banned, not muted or removed"))
        if order.kind is ActionKind.BAN:
            group = await self._in_chat("getChat", Chat, order.group, patience=BRIEF)
            if group.linked_chat_id == int(order.member):
                raise _Failed(say("it is the channel that belongs to the group, whose posts come into it: not banned"))
        await self._in_chat(methods[order.kind], bool, order.group, sender_chat_id=int(order.member))
        return ""

    async def _answer(self, order: Order) -> str:
        """Let somebody in who asked, or turn them away."""
        user = requester(order.message) or order.member
        admit = order.kind is ActionKind.ADMIT
        method = "approveChatJoinRequest" if admit else "declineChatJoinRequest"
        try:
            await self._in_chat(method, bool, order.group, user_id=self._user(order, user))
        except Refusal as error:
            said = str(error).casefold()
            if not any(one in said for one in ("hide_requester_missing", "user_already_participant")):
                raise
            member = await self._member(order, user)
            if (member is not None and member.within) == admit:
                return say("was so already")
            if admit:
                advice = say("the request is not there any more: ask them to make it again")
            else:
                advice = say("somebody let them in before: remove them instead")
            raise _Failed(say("{said}; {advice}", said=error.said, advice=advice)) from None
        return ""

    async def _member(self, order: Order, user: str = "") -> Member | None:
        """What the member is in the group, None for nothing. Raises HttpError."""
        try:
            return await self._in_chat(
                "getChatMember", Member, order.group, patience=BRIEF, user_id=self._user(order, user)
            )
        except Refusal as error:
            said = str(error).casefold()
            if any(one in said for one in ("user not found", "participant_id_invalid", "member not found")):
                return None
            raise

    async def _title(self, member: str) -> str:
        try:
            return title_of(await self._client.ask("getChat", Chat, chat_id=int(member))) or member
        except (HttpError, ValueError):
            return member

    async def _in_chat(self, method: str, shape: type[Result], group: str, **values: Any) -> Result:
        """A method on a group, wherever it is now. Raises _Failed, LoginRefused, HttpError."""
        chat = self._chat(group)
        try:
            return await self._client.ask(method, shape, chat_id=chat, **values)
        except Refusal as error:
            moved = moved_to(error)
            if moved is None or moved == chat:
                raise
        self._reading.move(chat, moved)
        if method == "deleteMessage" or method == "deleteMessages":
            raise _Moved(mark("the group became a supergroup"))
        return await self._client.ask(method, shape, chat_id=moved, **values)

    def _chat(self, group: str) -> int:
        """Raises _Failed."""
        try:
            return self._reading.chat(group)
        except ValueError:
            raise _Failed(say("{group}: is no group of Telegram's", group=group)) from None

    def _user(self, order: Order, user: str = "") -> int:
        """Raises _Failed."""
        wanted = user or order.member
        if not (wanted.isascii() and wanted.isdecimal()):
            raise _Failed(say("{member}: is no member of Telegram's", member=wanted or "–"))
        if int(wanted) in _OF_TELEGRAM:
            raise _Failed(say("it is Telegram's own account, by which channels and anonymous administrators write"))
        return int(wanted)

    async def _explained(self, order: Order, error: HttpError) -> Receipt:
        """A failure in the platform's words, with what to do."""
        said = error.said
        words = advised(said, self._bot)
        if words == said:
            advice = await self._lacking(order.group, order.kind)
            if not advice and order.kind is ActionKind.DELETE and "can't be deleted" in said.casefold():
                advice = say(TOO_OLD)
            words = say("{said}; {advice}", said=said, advice=advice) if advice else said
        return Receipt(ActionState.FAILED, words)

    async def _lacking(self, group: str, kind: ActionKind) -> str:
        """The right that the bot lacks for an action, "" where it lacks none or that cannot be found out."""
        try:
            chat = self._chat(group)
            own = await self._client.ask("getChatMember", Member, chat_id=chat, user_id=self._client.me.id)
        except (HttpError, LoginRefused, _Failed):
            return ""
        return lack(kind, own, chat)

    @property
    def _bot(self) -> str:
        return f"@{self._client.me.username}"


class _Moved(HttpError):
    """The group has another id now; the same action again finds out what that means for it."""

    def __init__(self, words: str) -> None:
        super().__init__(words, 0.0)


def _later(error: HttpError) -> Receipt:
    return Receipt(ActionState.WAITING, error.said, TROUBLE_SECONDS if error.wait is None else error.wait)
