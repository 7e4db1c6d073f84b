"""What those are called who join or ask to be let in: OneBot tells of them by number, and is asked for the name."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from console.platforms.base import PlatformError
from console.platforms.http import HttpError
from console.platforms.onebot_calls import Calls, Failed
from console.platforms.onebot_members import member_of, stranger_of
from rules.records import Message

PATIENCE_SECONDS = 2.0
"""Reading waits for names no longer than this, for all that came at once."""
REST_SECONDS = 60.0
"""So long nothing is asked after a question that got no answer."""
MOST_ASKED = 20
"""So many are asked for at once; of more, who come together, the others keep their numbers."""
REMEMBERED = 2_000

_KINDS = ("join", "knock")


class Names:
    """Asks for each member once."""

    def __init__(
        self, calls: Calls, patience: float = PATIENCE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._calls = calls
        self._patience = patience
        self._clock = clock
        self._known: OrderedDict[str, str] = OrderedDict()
        self._rests_until = float("-inf")

    async def named(self, messages: Sequence[Message]) -> list[Message]:
        """The messages, with the names of who joined or asks, as far as they are to be had now."""
        nameless = {message.member: message for message in messages if message.kind in _KINDS and not message.name}
        unknown = [message for member, message in nameless.items() if member not in self._known]
        if unknown and self._calls.reachable and self._clock() >= self._rests_until:
            await self._ask(unknown[:MOST_ASKED])
        if not nameless:
            return list(messages)
        return [
            replace(message, name=self._known.get(message.member, ""))
            if message.kind in _KINDS and not message.name
            else message
            for message in messages
        ]

    async def _ask(self, messages: Sequence[Message]) -> None:
        asked = [asyncio.create_task(self._name(message)) for message in messages]
        try:
            _, late = await asyncio.wait(asked, timeout=self._patience)
            if late:
                self._rest()
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    async def _name(self, message: Message) -> None:
        name = ""
        try:
            if message.kind == "join":
                try:
                    name = (await member_of(self._calls, message.group, message.member)).name
                except Failed:
                    # Who has only just come in may not be on the program's list yet.
                    name = ""
            name = name or (await stranger_of(self._calls, message.member)).name
        except Failed:
            name = ""
        except (HttpError, PlatformError):
            self._rest()
            return
        self._known[message.member] = name

    def _rest(self) -> None:
        self._rests_until = self._clock() + REST_SECONDS
