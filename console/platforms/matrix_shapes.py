"""The shapes of what a Matrix server answers: only what is used, each part of the type the specification gives it."""

from __future__ import annotations

from typing import Any

import msgspec

_EMPTY = msgspec.Raw(b"{}")


class Nothing(msgspec.Struct):
    """An answer of which nothing matters but that it is one."""


class WhoAmI(msgspec.Struct):
    user_id: str
    device_id: str = ""


class LoggedIn(msgspec.Struct):
    user_id: str
    access_token: str
    device_id: str = ""


class Sent(msgspec.Struct):
    event_id: str


class RoomId(msgspec.Struct):
    room_id: str


class ErrorBody(msgspec.Struct):
    errcode: str = ""
    error: str = ""
    retry_after_ms: float | None = None


class Member(msgspec.Struct):
    """The content of m.room.member. Anybody may have put anything into the name."""

    membership: str
    displayname: Any = None
    reason: Any = None
    is_direct: Any = None


class Events(msgspec.Struct):
    """Events that are decoded one by one: a strange one must not take the others along."""

    events: list[msgspec.Raw] = []


class Timeline(msgspec.Struct):
    events: list[msgspec.Raw] = []
    limited: bool = False
    prev_batch: str = ""


class Room(msgspec.Struct):
    """A room as /sync shows it."""

    timeline: Timeline = msgspec.field(default_factory=Timeline)
    state: Events = msgspec.field(default_factory=Events)


class Invited(msgspec.Struct):
    invite_state: Events = msgspec.field(default_factory=Events)


class Rooms(msgspec.Struct):
    join: dict[str, msgspec.Raw] = {}
    invite: dict[str, msgspec.Raw] = {}
    leave: dict[str, msgspec.Raw] = {}


class Sync(msgspec.Struct):
    next_batch: str
    rooms: Rooms = msgspec.field(default_factory=Rooms)
    account_data: Events = msgspec.field(default_factory=Events)


class Page(msgspec.Struct):
    """A page of /messages. Without `end` it is the last."""

    chunk: list[msgspec.Raw]
    end: str | None = None
    state: list[msgspec.Raw] = []


class Event(msgspec.Struct):
    """An event; `content` and `unsigned` are looked at as the type has them."""

    type: str
    event_id: str = ""
    sender: str = ""
    origin_server_ts: float = 0.0
    content: msgspec.Raw = _EMPTY
    unsigned: msgspec.Raw = _EMPTY
    state_key: str | None = None
    redacts: str = ""


class Before(msgspec.Struct):
    """Of `unsigned`: what a state event replaced."""

    prev_content: msgspec.Raw = _EMPTY
    prev_sender: str = ""
    replaces_state: str = ""


class InReplyTo(msgspec.Struct):
    event_id: str = ""


class Relation(msgspec.Struct, rename={"in_reply_to": "m.in_reply_to"}):
    rel_type: str = ""
    event_id: str = ""
    in_reply_to: InReplyTo | None = None


class Mentions(msgspec.Struct):
    user_ids: list[str] = []


class Content(
    msgspec.Struct,
    rename={"relates_to": "m.relates_to", "new_content": "m.new_content", "mentions": "m.mentions"},
):
    """The content of a message or sticker, empty where it was redacted. Clients show what they can make out: something
    odd beside the text must not hide the text."""

    body: str | None = None
    msgtype: Any = None
    filename: Any = None
    format: Any = None
    formatted_body: Any = None
    relates_to: Any = None
    new_content: msgspec.Raw = msgspec.Raw()
    mentions: Any = None


class Redaction(msgspec.Struct):
    redacts: str = ""


class Name(msgspec.Struct):
    name: str = ""


class Alias(msgspec.Struct):
    alias: str = ""


class Tombstone(msgspec.Struct):
    replacement_room: str = ""


class Predecessor(msgspec.Struct):
    """The group that a new one stands in for."""

    room_id: str = ""


class Create(msgspec.Struct, rename={"direct_with": "vigil.direct"}):
    """The content of m.room.create; `direct_with` is Vigil's own mark on the rooms it makes to talk to one member."""

    room_version: str = "1"
    additional_creators: list[str] = []
    predecessor: Any = None
    direct_with: str = ""


class Mute(msgspec.Struct):
    """A mute in force. `level` is the member's own power level before, None for none of their own; `until` epoch
    seconds, 0 for without end; `key` that of the order."""

    level: int | None
    until: float
    key: str


class Mutes(msgspec.Struct):
    rooms: dict[str, dict[str, Mute]] = {}
