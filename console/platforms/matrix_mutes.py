"""Mutes on Matrix: a power level too low to write, given back when the time is over.

The server keeps who is muted, until when, and at which level before, in the account's own data: a restart forgets none.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from console.platforms.http import HttpError, Refusal
from console.platforms.matrix_client import Client
from console.platforms.matrix_login import LoginRefused
from console.platforms.matrix_shapes import Mute, Mutes
from store.records import ActionKind
from widgets.language import say

KEPT = "vigil.mutes"
LIFT_SECONDS = 1.0
AGAIN_SECONDS = 60.0


class CannotMute(Exception):
    """The permissions of the room do not allow it: the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class _Due:
    room: str
    user: str


class MuteKeeper:
    """Mutes and unmutes, and lifts what is over by `clock`."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock = clock
        self._mutes = Mutes()
        self._lock = asyncio.Lock()
        self._later: dict[_Due, float] = {}

    async def load(self) -> None:
        """Raises LoginRefused, HttpError."""
        self._mutes = await self._client.account_data(KEPT, Mutes) or Mutes()

    async def mute(self, room: str, user: str, seconds: int, key: str) -> None:
        """Silence a member for so many seconds, 0 for without end. Raises CannotMute, LoginRefused, HttpError."""
        async with self._lock:
            power = await self._client.power(room)
            account = self._client.user
            if why := power.lack(ActionKind.MUTE, account) or power.out_of_reach(user, account):
                raise CannotMute(why)
            silent = power.silent()
            if silent + 1 > power.level(account):
                raise CannotMute(say("{account} may not write there itself", account=account))
            known = self._mutes.rooms.get(room, {}).get(user)
            if known is None or known.key != key:
                until = self._clock() + seconds if seconds else 0.0
                if known is not None and (known.until == 0 or known.until > until > 0):
                    until = known.until
                level = power.listed(user) if known is None else known.level
                self._mutes.rooms.setdefault(room, {})[user] = Mute(level, until, key)
                # Before the level: what is not known to be muted would stay so.
                await self._client.set_account_data(KEPT, self._mutes)
            if power.level(user) > silent:
                await self._client.set_state(room, "m.room.power_levels", power.with_level(user, silent))

    async def unmute(self, room: str, user: str) -> None:
        """Give a member's level back. Raises CannotMute, LoginRefused, HttpError."""
        async with self._lock:
            power = await self._client.power(room)
            account = self._client.user
            known = self._mutes.rooms.get(room, {}).get(user)
            if power.level(user) <= power.silent() and (known is not None or power.listed(user) is not None):
                if why := power.lack(ActionKind.UNMUTE, account) or power.out_of_reach(user, account):
                    raise CannotMute(why)
                level = known.level if known is not None else None
                await self._client.set_state(room, "m.room.power_levels", power.with_level(user, level))
            if known is not None:
                del self._mutes.rooms[room][user]
                if not self._mutes.rooms[room]:
                    del self._mutes.rooms[room]
                await self._client.set_account_data(KEPT, self._mutes)

    async def lift_for_ever(self, tell: Callable[[str], None]) -> None:
        """Unmute whose time is over, now and from now on; `tell` is told a line of each that could not be."""
        while True:
            for due in self._due():
                try:
                    await self.unmute(due.room, due.user)
                    self._later.pop(due, None)
                except (CannotMute, Refusal) as error:
                    again = isinstance(error, Refusal) and (error.again or not error.code)
                    if due not in self._later and not again:
                        tell(f"{due.user} stays muted in {due.room}: {error}")
                    self._later[due] = self._clock() + AGAIN_SECONDS
                except (HttpError, LoginRefused):
                    self._later[due] = self._clock() + LIFT_SECONDS
            await asyncio.sleep(LIFT_SECONDS)

    def _due(self) -> list[_Due]:
        now = self._clock()
        over = [
            _Due(room, user)
            for room, users in self._mutes.rooms.items()
            for user, mute in users.items()
            if 0 < mute.until <= now
        ]
        return [due for due in over if self._later.get(due, 0.0) <= now]
