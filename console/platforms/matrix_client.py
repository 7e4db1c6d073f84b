"""The requests that Vigil makes of a Matrix server, over one login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from console.platforms.http import BRIEF, ONCE, BadAnswer, Explained, Http, Patience, Refusal
from console.platforms.matrix_login import Login
from console.platforms.matrix_power import Power, power
from console.platforms.matrix_shapes import (
    Create,
    ErrorBody,
    Event,
    Member,
    Nothing,
    Page,
    Predecessor,
    RoomId,
    Sent,
    Sync,
    Tombstone,
)
from widgets.language import mark

Answer = TypeVar("Answer")

_CLIENT = "_matrix/client/v3"
NOT_FOUND = "M_NOT_FOUND"
UNKNOWN_TOKEN = ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN")


def explained(body: bytes) -> Explained:
    """What a server says of a refusal. Raises msgspec.MsgspecError."""
    said = msgspec.json.decode(body, type=ErrorBody)
    return Explained(said.errcode, said.error, None if said.retry_after_ms is None else said.retry_after_ms / 1000)


class Client:
    """All methods log in where that is needed, and raise LoginRefused and HttpError."""

    def __init__(self, http: Http, login: Login) -> None:
        self._http = http
        self._login = login
        self._founded: dict[str, tuple[Create, str]] = {}

    @property
    def user(self) -> str:
        """The account's own id, "" before the first login."""
        return self._login.user

    async def connect(self) -> None:
        await self._login.connect()

    async def sync(self, since: str, filter_: Mapping[str, Any], poll_seconds: float) -> Sync:
        """What happened since; "" for what is there."""
        query: dict[str, str | int] = {
            "filter": msgspec.json.encode(filter_).decode(),
            "timeout": int(poll_seconds * 1000),
            "set_presence": "offline",
        }
        if since:
            query["since"] = since
        return await self._ask("GET", "sync", Sync, query=query, poll_seconds=poll_seconds)

    async def messages(self, room: str, start: str, end: str, limit: int, filter_: Mapping[str, Any]) -> Page:
        """A page of a room's past, backwards from `start` to `end`."""
        query: dict[str, str | int] = {"dir": "b", "from": start, "to": end, "limit": limit}
        query["filter"] = msgspec.json.encode(filter_).decode()
        return await self._ask("GET", f"rooms/{_part(room)}/messages", Page, query=query, patience=BRIEF)

    async def event(self, room: str, event: str) -> Event:
        return await self._ask("GET", f"rooms/{_part(room)}/event/{_part(event)}", Event)

    async def member(self, room: str, user: str) -> Member | None:
        """A member's state in a room, None for somebody who never was there."""
        try:
            return await self._ask("GET", f"rooms/{_part(room)}/state/m.room.member/{_part(user)}", Member)
        except Refusal as error:
            if error.code == NOT_FOUND:
                return None
            raise

    async def power(self, room: str) -> Power:
        """The permissions of a room."""
        if room not in self._founded:
            self._founded[room] = await self._founding(room)
        try:
            content = await self._ask("GET", f"rooms/{_part(room)}/state/m.room.power_levels", dict[str, Any])
        except Refusal as error:
            if error.code != NOT_FOUND:
                raise
            content = None
        return power(*self._founded[room], content)

    async def names(self, room: str) -> list[msgspec.Raw]:
        """The events that say what a room is called."""
        found = []
        for kind in ("m.room.name", "m.room.canonical_alias"):
            try:
                content = await self._ask("GET", f"rooms/{_part(room)}/state/{kind}", msgspec.Raw)
            except Refusal as error:
                if error.code not in (NOT_FOUND, "M_FORBIDDEN"):
                    raise
            else:
                event = {"type": kind, "state_key": "", "content": content}
                found.append(msgspec.Raw(msgspec.json.encode(event)))
        return found

    async def _founding(self, room: str) -> tuple[Create, str]:
        """How a room was made, and by whom."""
        path = f"rooms/{_part(room)}/state"
        try:
            event = await self._ask("GET", f"{path}/m.room.create", Event, query={"format": "event"})
            return msgspec.json.decode(event.content, type=Create), event.sender
        except (BadAnswer, msgspec.MsgspecError):
            # A server that does not know of that format answers without the sender: it stands in the whole state.
            pass
        for raw in await self._ask("GET", path, list[msgspec.Raw]):
            try:
                event = msgspec.json.decode(raw, type=Event)
                if event.type == "m.room.create" and event.state_key == "":
                    return msgspec.json.decode(event.content, type=Create), event.sender
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue
        raise BadAnswer(mark("a group without a beginning"))

    async def send(self, room: str, transaction: str, content: Mapping[str, Any]) -> None:
        """Post a message; the same transaction posts it once."""
        path = f"rooms/{_part(room)}/send/m.room.message/{_part(transaction)}"
        await self._ask("PUT", path, Sent, body=content)

    async def redact(self, room: str, event: str, transaction: str) -> None:
        await self._ask("PUT", f"rooms/{_part(room)}/redact/{_part(event)}/{_part(transaction)}", Sent, body={})

    async def change_member(self, room: str, change: str, user: str, reason: str = "") -> None:
        """Kick, ban, unban or invite."""
        body = {"user_id": user, "reason": reason} if reason else {"user_id": user}
        await self._ask("POST", f"rooms/{_part(room)}/{change}", Nothing, body=body)

    async def set_state(self, room: str, kind: str, content: Mapping[str, Any]) -> None:
        await self._ask("PUT", f"rooms/{_part(room)}/state/{kind}", Sent, body=content)

    async def join(self, room: str, via: str = "") -> None:
        """Come into a room, of which the server `via` knows."""
        query = {"server_name": via, "via": via} if via else None
        await self._ask("POST", f"join/{_part(room)}", RoomId, query=query, body={}, patience=BRIEF)

    async def leave(self, room: str) -> None:
        await self._ask("POST", f"rooms/{_part(room)}/leave", Nothing, body={})

    async def successor(self, room: str) -> str:
        """The room that has taken this one's place, "" for none."""
        try:
            found = await self._ask("GET", f"rooms/{_part(room)}/state/m.room.tombstone", Tombstone)
        except Refusal as error:
            if error.code != NOT_FOUND:
                raise
            return ""
        return found.replacement_room

    async def predecessor(self, room: str) -> str:
        """The room whose place this one says it has taken, "" for none."""
        create = await self._ask("GET", f"rooms/{_part(room)}/state/m.room.create", Create)
        try:
            return msgspec.convert(create.predecessor, Predecessor).room_id
        except msgspec.ValidationError:
            return ""

    async def create_room(self, content: Mapping[str, Any]) -> str:
        """Returns the new room's id."""
        return (await self._ask("POST", "createRoom", RoomId, body=content)).room_id

    async def account_data(self, kind: str, shape: type[Answer]) -> Answer | None:
        """What is kept with the account under this name, None for nothing."""
        await self.connect()
        try:
            return await self._ask("GET", f"user/{_part(self.user)}/account_data/{kind}", shape, patience=BRIEF)
        except Refusal as error:
            if error.code == NOT_FOUND:
                return None
            raise

    async def set_account_data(self, kind: str, content: object) -> None:
        await self.connect()
        await self._ask("PUT", f"user/{_part(self.user)}/account_data/{kind}", Nothing, body=content)

    async def _ask(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        *,
        query: Mapping[str, str | int] | None = None,
        body: object = None,
        patience: Patience = ONCE,
        poll_seconds: float = 0.0,
    ) -> Answer:
        for again in (True, False):
            await self.connect()
            try:
                return await self._http.ask(
                    method, f"{_CLIENT}/{path}", answer,
                    query=query, body=body, headers=self._login.headers, patience=patience, poll_seconds=poll_seconds,
                )  # fmt: skip
            except Refusal as error:
                if error.code not in UNKNOWN_TOKEN:
                    raise
                self._login.forget()
                if not again:
                    raise
        raise AssertionError("unreachable")


def _part(text: str) -> str:
    """Text as one part of a path."""
    return quote(text, safe="")
