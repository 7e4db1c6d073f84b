"""Rooms in which Vigil talks to one member alone: found again, or made once."""

from __future__ import annotations

import asyncio
from typing import Any

from console.platforms.http import Refusal
from console.platforms.matrix_client import Client

LISTED = "m.direct"
MARK = "vigil.direct"


class Declined(Exception):
    """The member has turned down, or left, the room in which Vigil talks to them alone."""


class Direct:
    """The direct rooms of the account, by member: those listed in its account data, and those that bear Vigil's mark.

    A worker that is killed between making a room and listing it comes upon the mark with the events it reads next.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._rooms: dict[str, list[str]] = {}
        self._lock = asyncio.Lock()

    def is_direct(self, room: str) -> bool:
        return any(room in rooms for rooms in self._rooms.values())

    async def load(self) -> None:
        """Raises LoginRefused, HttpError."""
        self.take(await self._client.account_data(LISTED, dict[str, Any]) or {})

    def take(self, listed: dict[str, Any]) -> None:
        """Go by this list, whatever wrote it."""
        rooms = {user: [one for one in several if isinstance(one, str)]
                 for user, several in listed.items() if isinstance(several, list)}  # fmt: skip
        self._rooms = rooms

    async def add(self, user: str, room: str) -> None:
        """List a room. Raises LoginRefused, HttpError."""
        async with self._lock:
            if room in self._rooms.get(user, []):
                return
            # Another client of the account may have written to the list.
            listed = await self._client.account_data(LISTED, dict[str, Any]) or {}
            known = listed.get(user)
            listed[user] = [room, *(known if isinstance(known, list) else [])]
            await self._client.set_account_data(LISTED, listed)
            self.take(listed)

    async def room(self, user: str, *, insist: bool) -> str:
        """A room with the member in it, or invited to it. Who has left the last one is invited to another if Vigil is
        to `insist`. Raises Declined, LoginRefused, HttpError."""
        tried: set[str] = set()
        declined = False
        for again in (False, True):
            if again:
                # What was read last may be older than the list is.
                await self.load()
            for room in self._rooms.get(user, []):
                if room in tried:
                    continue
                tried.add(room)
                own, other = await self._memberships(room, user)
                if own == "join" and other in ("join", "invite"):
                    return room
                declined |= own == "join" and other == "leave"
        if declined and not insist:
            raise Declined
        made = await self._client.create_room(
            {
                "preset": "private_chat",
                "is_direct": True,
                "invite": [user],
                "creation_content": {MARK: user},
            }
        )
        await self.add(user, made)
        return made

    async def _memberships(self, room: str, user: str) -> tuple[str, str]:
        """What Vigil and the member are in a room, "" for nothing."""
        try:
            own, other = await self._client.member(room, self._client.user), await self._client.member(room, user)
        except Refusal as error:
            if error.again or not error.code:
                raise
            return "", ""
        return own.membership if own else "", other.membership if other else ""
