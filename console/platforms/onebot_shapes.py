"""The shapes of what a OneBot v11 implementation sends: only what is used, each part of the type it should have."""

from __future__ import annotations

from typing import Any

import msgspec

Id = int | str
"""A group's, member's or message's id: the specification has numbers, some implementations send strings."""


class Frame(msgspec.Struct):
    """What every packet over a WebSocket has: an event its post_type, an answer the echo of its question."""

    post_type: str | None = None
    echo: Any = None
    status: Any = None
    retcode: Any = None
    message: Any = None
    wording: Any = None


class Envelope(msgspec.Struct):
    """The answer to an action. People's words stand in one of three places."""

    status: str = ""
    retcode: float | str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")
    message: Any = None
    wording: Any = None
    msg: Any = None

    @property
    def words(self) -> str:
        return next((one for one in (self.wording, self.message, self.msg) if one and isinstance(one, str)), "")


class Event(msgspec.Struct):
    """An event, or a message of history. Anybody may have put anything into what is Any."""

    post_type: str = "message"
    time: float = 0.0
    self_id: Id | None = None
    message_type: str | None = None
    notice_type: str | None = None
    request_type: str | None = None
    meta_event_type: str | None = None
    sub_type: str | None = None
    group_id: Id | None = None
    user_id: Id | None = None
    operator_id: Id | None = None
    message_id: Id | None = None
    flag: Id | None = None
    message_seq: Any = None
    real_seq: Any = None
    message: Any = None
    raw_message: Any = None
    sender: Any = None
    anonymous: Any = None
    group_name: Any = None
    comment: Any = None
    file: Any = None
    status: Any = None


class Segment(msgspec.Struct):
    """A part of a message."""

    type: str
    data: dict[str, Any] | None = None


class Login(msgspec.Struct):
    user_id: Id
    nickname: Any = None


class Version(msgspec.Struct):
    app_name: str = ""
    app_version: Any = None


class Status(msgspec.Struct):
    online: bool | None = None


class Group(msgspec.Struct):
    group_id: Id
    group_name: Any = None


class History(msgspec.Struct):
    """A page of history; its messages are decoded one by one, so that a strange one takes no other along."""

    messages: list[msgspec.Raw] = []


class Member(msgspec.Struct):
    """A member of a group, as get_group_member_list and get_group_member_info describe one. Times are epoch seconds,
    0 where they are not known."""

    user_id: Id
    nickname: Any = None
    card: Any = None
    role: Any = None
    level: Any = None
    title: Any = None
    join_time: Any = None
    last_sent_time: Any = None


class SystemMessages(msgspec.Struct):
    """What administrators of groups are asked; decoded one by one, as history is."""

    join_requests: list[msgspec.Raw] | None = None
    invited_requests: list[msgspec.Raw] | None = None
    InvitedRequest: list[msgspec.Raw] | None = None


class Requested(msgspec.Struct):
    """A request to be let in, or an invitation. NapCat names whoever asks `invitor` in both."""

    request_id: Id
    group_id: Id
    requester_uin: Id | None = None
    invitor_uin: Id | None = None
    requester_nick: Any = None
    invitor_nick: Any = None
    message: Any = None
    group_name: Any = None
    checked: Any = None


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The newest message of a group that was taken in."""

    time: float
    message: str = ""


class Position(msgspec.Struct, frozen=True):
    """Up to where the groups were read, and with whose account. Nothing older than `begun` is read."""

    account: str
    begun: float
    groups: dict[str, Mark] = {}


def spelled(value: object) -> str:
    """An id as Vigil stores it; "" for what is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def number(value: str) -> Id:
    """An id as the specification wants it: a number where it is one."""
    return int(value) if value.isascii() and value.lstrip("-").isdigit() and len(value) < 19 else value


def sequence(event: Event) -> int | None:
    """A message's place in its group, None where the implementation does not say. NapCat's message_seq is no place
    but the message's id again."""
    for value in (event.real_seq, event.message_seq):
        written = spelled(value)
        if written.isascii() and written.isdigit() and written != spelled(event.message_id):
            return int(written)
    return None
