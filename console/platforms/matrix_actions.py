"""Actions on Matrix: what each one asks of the server, how its effect is checked, and what is said of a failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

from console.platforms.base import Receipt, original_id, own_id
from console.platforms.http import HttpError, Refusal, Unreachable
from console.platforms.matrix_client import Client
from console.platforms.matrix_direct import Declined, Direct
from console.platforms.matrix_events import Reading
from console.platforms.matrix_login import LoginRefused
from console.platforms.matrix_moves import is_trouble
from console.platforms.matrix_mutes import CannotMute, MuteKeeper
from console.platforms.matrix_text import mention, one_line
from store.records import ActionKind, ActionState, Order
from widgets.language import mark, say

TROUBLE_SECONDS = (1.0, 20.0)
LOGIN_SECONDS = 60.0
"""How long an action waits before the next try: after trouble with the server, at first and at most, and when it
refuses the login."""
MOST_TRIES = 30
"""So often an action is tried that the server itself cannot carry out, which takes some ten minutes."""

_CHANGES = {
    ActionKind.REMOVE: ("kick", frozenset(["leave", "ban", ""])),
    ActionKind.BAN: ("ban", frozenset(["ban"])),
    ActionKind.UNBAN: ("unban", frozenset(["leave", "invite", "join", "knock", ""])),
    ActionKind.ADMIT: ("invite", frozenset(["invite", "join"])),
    ActionKind.REFUSE: ("kick", frozenset(["leave", "ban", ""])),
}
"""What changes a membership, and what the membership is afterwards; "" is none at all."""

_LEFT = mark("{member} does not ask to be let in any more: has left")
_NOW = {
    "join": mark("{member} does not ask to be let in any more: is in the group"),
    "invite": mark("{member} does not ask to be let in any more: is invited"),
    "ban": mark("{member} does not ask to be let in any more: is banned"),
}
_ON_MEMBERS = frozenset([ActionKind.REMOVE, ActionKind.BAN, ActionKind.UNBAN, ActionKind.REFUSE])


class _Failed(Exception):
    """Cannot be done, however often it is tried: the text says why and what to do."""


class Actions:
    """Carries out orders. Every request is one that has the same effect when it is made again."""

    def __init__(self, client: Client, reading: Reading, direct: Direct, mutes: MuteKeeper) -> None:
        self._client = client
        self._reading = reading
        self._direct = direct
        self._mutes = mutes
        self._troubles = 0
        self._tries: Counter[str] = Counter()

    async def perform(self, order: Order, load: Callable[[], Awaitable[None]], ready: Callable[[], bool]) -> Receipt:
        """`load` logs in and fetches what the server keeps; `ready` is whether all rooms made before are known."""
        receipt = await self._performed(order, load, ready)
        if order.secret:
            # A server may repeat what it refuses.
            receipt = replace(receipt, words=receipt.words.replace(order.secret, "…"))
        return receipt

    async def _performed(self, order: Order, load: Callable[[], Awaitable[None]], ready: Callable[[], bool]) -> Receipt:
        try:
            try:
                await load()
            except HttpError as error:
                return self._later(error)
            done = Receipt(ActionState.DONE, await self._do(order, ready))
            self._troubles = 0
            del self._tries[order.key]
            return done
        except (_Failed, CannotMute) as error:
            return Receipt(ActionState.FAILED, str(error))
        except LoginRefused as error:
            return Receipt(ActionState.WAITING, str(error), LOGIN_SECONDS)
        except HttpError as error:
            if error.again or is_trouble(error):
                return self._once_more(order, error)
            self._troubles = 0
            return await self._explained(order, error)

    def _once_more(self, order: Order, error: HttpError) -> Receipt:
        """Whether an action is tried again: what fails by itself, time after time, must not hold up all others."""
        if not is_trouble(error):
            self._tries[order.key] += 1
            if self._tries[order.key] >= MOST_TRIES:
                del self._tries[order.key]
                self._troubles = 0
                words = say(
                    "{said}; tried {n} times: look in the group whether it was done", said=error.said, n=MOST_TRIES
                )
                return Receipt(ActionState.UNKNOWN, words)
        return self._later(error)

    def _later(self, error: HttpError) -> Receipt:
        """When to try again: when the server says, else after longer and longer."""
        if error.wait is not None:
            return Receipt(ActionState.WAITING, error.said, max(error.wait, 0.1))
        first, longest = TROUBLE_SECONDS
        wait = min(first * 2 ** min(self._troubles, 10), longest)
        self._troubles += 1
        return Receipt(ActionState.WAITING, error.said, wait)

    async def _do(self, order: Order, ready: Callable[[], bool]) -> str:
        """Returns what is worth saying of an action that was carried out."""
        match order.kind:
            case ActionKind.DELETE:
                await self._delete(order)
            case ActionKind.WARN:
                return await self._warn(order, ready)
            case ActionKind.SEND if order.member:
                await self._tell(order, order.text, ready, insist=True)
            case ActionKind.SEND:
                content = {"msgtype": "m.text", "body": order.text, "m.mentions": {}}
                await self._client.send(order.group, f"{order.key}.send", content)
            case ActionKind.MUTE:
                await self._mutes.mute(order.group, order.member, order.seconds, order.key)
            case ActionKind.UNMUTE:
                await self._mutes.unmute(order.group, order.member)
            case _:
                return await self._change(order)
        return ""

    async def _delete(self, order: Order) -> None:
        edited, edit = original_id(order.message), own_id(order.message)
        if edited != edit:
            # Anybody can write an edit of another member's message; no client shows it, and that message stays.
            try:
                writer = (await self._client.event(order.group, edited)).sender
            except Refusal as error:
                if error.code not in ("M_NOT_FOUND", "M_FORBIDDEN"):
                    raise
                writer = ""
            if writer == order.member:
                await self._client.redact(order.group, edited, f"{order.key}.delete")
        await self._client.redact(order.group, edit, f"{order.key}.edit" if edited != edit else f"{order.key}.delete")

    async def _warn(self, order: Order, ready: Callable[[], bool]) -> str:
        member = await self._client.member(order.group, order.member)
        name = one_line(member.displayname) if member else ""
        content = mention(order.member, name, order.text)
        await self._client.send(order.group, f"{order.key}.warn", content)
        try:
            await self._tell(order, f"{await self._group(order.group)}: {order.text}", ready, insist=False)
        except Declined:
            return say("told in the group, but not alone: the member has left the room for that, or never entered it")
        except Refusal as error:
            if error.again or not error.code:
                raise
            return say("told in the group, but not alone: {why}", why=error.said)
        return ""

    async def _group(self, room: str) -> str:
        """What the group is called; not read since the start, it is asked for."""
        if room not in self._reading.groups:
            self._reading.learn(room, await self._client.names(room), {})
        return self._reading.group(room)

    async def _tell(self, order: Order, text: str, ready: Callable[[], bool], *, insist: bool) -> None:
        """Say something to the member alone. Raises Declined, where Vigil is not to `insist`."""
        if not ready():
            raise _NotReady(mark("what was read last is not known yet"))
        room = await self._direct.room(order.member, insist=insist)
        await self._client.send(room, f"{order.key}.direct", {"msgtype": "m.text", "body": text, "m.mentions": {}})

    async def _change(self, order: Order) -> str:
        """Change a membership; the server's word is not taken for it."""
        change, wanted = _CHANGES[order.kind]
        if order.kind in (ActionKind.ADMIT, ActionKind.REFUSE):
            # Somebody else of the group may have answered meanwhile.
            asking = await self._client.member(order.group, order.member)
            if asking is None or asking.membership != "knock":
                now = asking.membership if asking else ""
                if now in wanted:
                    return say("was so already")
                raise _Failed(say(_NOW.get(now, _LEFT), member=order.member))
        refused: Refusal | None = None
        try:
            await self._client.change_member(order.group, change, order.member, one_line(order.text, 300))
        except Refusal as error:
            if error.status not in (400, 403, 404) or not error.code:
                raise
            refused = error
        member = await self._client.member(order.group, order.member)
        if (member.membership if member else "") in wanted:
            return "" if refused is None else say("was so already")
        if refused is not None:
            raise refused
        raise _Failed(say("the server said yes, but nothing has changed for {member}", member=order.member))

    async def _explained(self, order: Order, error: HttpError) -> Receipt:
        """A failure in the platform's words, with what it takes."""
        advice = ""
        if isinstance(error, Refusal) and error.status in (403, 404):
            try:
                own = await self._client.member(order.group, self._client.user)
                if own is None or own.membership != "join":
                    advice = self._outside()
                else:
                    power = await self._client.power(order.group)
                    advice = power.lack(order.kind, self._client.user)
                    if not advice and order.kind in _ON_MEMBERS:
                        advice = power.out_of_reach(order.member, self._client.user)
            except Refusal as second:
                if second.status in (403, 404):
                    advice = self._outside()
            except (HttpError, LoginRefused):
                pass
        words = say("{said}; {advice}", said=error.said, advice=advice) if advice else error.said
        return Receipt(ActionState.FAILED, words)

    def _outside(self) -> str:
        return say("{account} is not in the group: invite it again", account=self._client.user)


class _NotReady(Unreachable):
    """Something else has to happen first."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.wait = 0.5
