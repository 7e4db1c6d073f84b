"""Requests to be let in that wait for an answer, and those that were answered: what nobody was told of meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from console.platforms.onebot_calls import Calls, sound
from console.platforms.onebot_events import Knock
from console.platforms.onebot_shapes import Event, Requested, SystemMessages, spelled

ACTION = "get_group_system_msg"
ASKED_FOR = 50
"""The newest so many, which is what implementations give at most."""
_NOTICE_TYPES = {"add": 7, "invite": 1}
"""QQ's own numbers for them, which LLBot's flags hold."""


@dataclass(slots=True)
class Requests:
    """Requests as the events that tell of them, and the group and knock of each that was answered."""

    waiting: list[Event] = field(default_factory=list)
    answered: list[tuple[str, Knock]] = field(default_factory=list)


async def requests_of(calls: Calls) -> Requests:
    """The newest requests. Raises HttpError; Failed with `unsupported` where the implementation does not list them."""
    answer = await calls.read(ACTION, {"count": ASKED_FOR}, SystemMessages)
    found = Requests()
    for kind, one in _each(answer):
        group = spelled(one.group_id)
        knock = Knock(kind, _flag(calls.profile, kind, group, spelled(one.request_id)))
        if one.checked is True:
            found.answered.append((group, knock))
        elif one.checked is False:
            found.waiting.append(_event(group, knock, one))
    # Oldest first: their numbers rise.
    found.waiting.sort(key=lambda event: event.time)
    return found


def _each(answer: SystemMessages) -> Iterator[tuple[str, Requested]]:
    invited: Sequence[msgspec.Raw] = answer.invited_requests or answer.InvitedRequest or []
    for kind, parts in (("add", answer.join_requests or []), ("invite", invited)):
        for one in sound(parts, Requested):
            yield kind, one


def _flag(profile: str, kind: str, group: str, request: str) -> str:
    """The flag as the event has it: with LLBot the request's number is a part of it."""
    if profile != "llbot" or "|" in request or not request:
        return request
    return f"{group}|{request}|{_NOTICE_TYPES[kind]}|0"


def _event(group: str, knock: Knock, one: Requested) -> Event:
    asking = one.requester_uin if knock.kind == "add" and one.requester_uin else one.invitor_uin
    return Event(
        post_type="request",
        time=_moment(spelled(one.request_id)),
        request_type="group",
        sub_type=knock.kind,
        group_id=group,
        user_id=asking,
        flag=knock.flag,
        group_name=one.group_name,
        comment=one.message,
        sender={"nickname": one.requester_nick if knock.kind == "add" else one.invitor_nick},
    )


def _moment(request: str) -> float:
    """When a request was made, 0 where its number does not tell: QQ numbers them by microseconds."""
    return int(request) / 1e6 if len(request) == 16 and request.isascii() and request.isdigit() else 0.0
