"""How long members have been in their groups, and how much they wrote there: who is new."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from rules.records import Message


class Membership(NamedTuple):
    """What is known of a member in a group from before: messages written, epoch seconds of the joining and of the
    first message, None where nobody knows."""

    platform: str
    group: str
    member: str
    messages: int
    joined: float | None
    first: float | None


@dataclass(slots=True)
class _Place:
    messages: int
    joined: float | None
    first: float | None


class Newness(NamedTuple):
    """How new a message's member is.

    `number` is the message's among the member's in that group, from 1; 0 where no member is known. `since` is when
    the member came, by the joining or else the first message; None where no time is known. `in_group` is the
    message's number in the group.
    """

    number: int
    since: float | None
    in_group: int


NOBODY = Newness(0, None, 0)


class Standing:
    """Counts messages by membership, in the order they come in."""

    def __init__(self) -> None:
        # By hash: names would take most of the memory, and one process keeps to one hash.
        self._memberships: dict[int, _Place] = {}
        self._groups: dict[tuple[str, str], int] = {}

    def know(self, memberships: Iterable[Membership]) -> None:
        """Goes on from what was counted before. Of a member who has been counted here already only the joining is
        taken, if it is a later one."""
        for one in memberships:
            key = hash((one.platform, one.group, one.member))
            place = self._memberships.get(key)
            if place is not None:
                if one.joined is not None and (place.joined is None or place.joined < one.joined):
                    place.joined = one.joined
                continue
            self._memberships[key] = _Place(one.messages, one.joined, one.first)
            group = (one.platform, one.group)
            self._groups[group] = self._groups.get(group, 0) + one.messages

    def count(self, message: Message, *, written: bool) -> Newness:
        """Counts a message; one that nobody wrote (`written` false) is only looked at for a joining."""
        group = (message.platform, message.group)
        time = message.time if message.time is not None and math.isfinite(message.time) else None
        if written:
            self._groups[group] = self._groups.get(group, 0) + 1
        if not message.member:
            return NOBODY
        key = hash((*group, message.member))
        place = self._memberships.get(key)
        if place is None:
            place = self._memberships[key] = _Place(0, None, None)
        if written:
            place.messages += 1
            if place.first is None:
                place.first = time
        elif message.kind == "join":
            place.joined = time
        return Newness(
            place.messages, place.first if place.joined is None else place.joined, self._groups.get(group, 0)
        )

    def looked_up(self, message: Message) -> Newness:
        """How new the member of a message was that has been counted before."""
        place = self._memberships.get(hash((message.platform, message.group, message.member)))
        if place is None or not message.member:
            return NOBODY
        is_first = place.first is not None and message.time == place.first
        since = place.first if place.joined is None else place.joined
        return Newness(1 if is_first else 2, since, self._groups.get((message.platform, message.group), 0))
