"""The members of a QQ group, as the implementation lists them."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from console.platforms.onebot_calls import Calls, sound
from console.platforms.onebot_shapes import Member, number, spelled
from console.platforms.onebot_text import one_line

_LATEST = 1e11


@dataclass(frozen=True, slots=True)
class GroupMember:
    """`role` is "owner", "admin" or "member", "" where it is not said; `level` the group's own. `joined` and `spoke`
    are epoch seconds, None where they are not known."""

    user: str
    name: str
    role: str
    level: str
    title: str
    joined: float | None
    spoke: float | None


async def members_of(calls: Calls, group: str) -> tuple[GroupMember, ...]:
    """All members, as they are now. Raises HttpError, PlatformError."""
    params = {"group_id": number(group), "no_cache": True}
    return tuple(map(_member, sound(await calls.read("get_group_member_list", params, list[msgspec.Raw]), Member)))


async def member_of(calls: Calls, group: str, user: str) -> GroupMember:
    """One member, as it is now. Raises HttpError, PlatformError."""
    params = {"group_id": number(group), "user_id": number(user), "no_cache": True}
    return _member(await calls.read("get_group_member_info", params, Member))


async def stranger_of(calls: Calls, user: str) -> GroupMember:
    """Somebody who is in no group of the account's. Raises HttpError, PlatformError."""
    return _member(await calls.do("get_stranger_info", {"user_id": number(user), "no_cache": False}, Member))


def _member(found: Member) -> GroupMember:
    return GroupMember(
        spelled(found.user_id),
        one_line(found.card) or one_line(found.nickname),
        one_line(found.role),
        one_line(spelled(found.level)),
        one_line(found.title),
        _moment(found.join_time),
        _moment(found.last_sent_time),
    )


def _moment(value: object) -> float | None:
    """Epoch seconds, None for 0 and what is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    sound_time = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _LATEST
    return float(value) if sound_time and isinstance(value, int | float) else None
