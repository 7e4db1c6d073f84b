"""Power levels of a Matrix room: who may do what, and in plain words what it takes.

After the room's authorization rules (Matrix specification, room versions 1 to 12).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from console.platforms.matrix_shapes import Create
from store.records import ActionKind
from widgets.language import mark, say

CREATORS_APART = 12
"""From this room version on creators stand above all power levels, and may not be listed among them."""

SPOKEN = ("m.room.message", "m.room.encrypted", "m.sticker", "m.reaction", "m.poll.start")
"""What a muted member must not be able to send."""

DOINGS: dict[ActionKind, str] = {
    ActionKind.DELETE: mark("delete messages of others"),
    ActionKind.WARN: mark("write in the group"),
    ActionKind.MUTE: mark("mute members, that is change the group's permissions"),
    ActionKind.REMOVE: mark("remove members"),
    ActionKind.BAN: mark("ban members"),
    ActionKind.SEND: mark("write in the group"),
    ActionKind.UNMUTE: mark("unmute members, that is change the group's permissions"),
    ActionKind.UNBAN: mark("unban members"),
    ActionKind.ADMIT: mark("let people in who ask"),
    ActionKind.REFUSE: mark("turn people away who ask"),
}

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Power:
    """The permissions of one room. `content` is that of m.room.power_levels, None where there is none; `creators`
    are those above all levels, `founder` who has level 100 where nothing says otherwise."""

    content: Mapping[str, Any] | None
    creators: frozenset[str] = frozenset()
    founder: str = ""

    def level(self, user: str) -> float:
        """A member's power; infinite for a creator."""
        if user in self.creators:
            return math.inf
        if self.content is None:
            return 100 if user == self.founder else 0
        own = _integer(self._table("users").get(user))
        return self._number("users_default", 0) if own is None else own

    def listed(self, user: str) -> int | None:
        """The level the member has by name, None for none."""
        return _integer(self._table("users").get(user))

    def needed(self, kind: ActionKind) -> float:
        """The power that an action takes."""
        match kind:
            case ActionKind.DELETE:
                return max(self._number("redact", 50), self.to_send("m.room.redaction"))
            case ActionKind.WARN | ActionKind.SEND:
                return self.to_send("m.room.message")
            case ActionKind.MUTE | ActionKind.UNMUTE:
                return self.to_set("m.room.power_levels")
            case ActionKind.REMOVE | ActionKind.REFUSE:
                return self._number("kick", 50)
            case ActionKind.BAN:
                return self._number("ban", 50)
            case ActionKind.UNBAN:
                return max(self._number("ban", 50), self._number("kick", 50))
            case ActionKind.ADMIT:
                return self._number("invite", 0)

    def to_send(self, kind: str) -> float:
        own = _integer(self._table("events").get(kind))
        return self._number("events_default", 0) if own is None else own

    def to_set(self, kind: str) -> float:
        own = _integer(self._table("events").get(kind))
        if own is not None:
            return own
        return 0 if self.content is None else self._number("state_default", 50)

    def silent(self) -> int:
        """The highest level at which a member cannot say anything."""
        return int(min(map(self.to_send, SPOKEN))) - 1

    def lack(self, kind: ActionKind, account: str) -> str:
        """Why the account may not do this, and what to do about it; "" when it may."""
        own, needed = self.level(account), self.needed(kind)
        if own >= needed:
            return ""
        return say(
            "to {do} takes power level {needed:g}, and {account} has {own:g}: an admin of the group gives it {given} in"
            " the group's settings, under roles and permissions",
            do=say(DOINGS[kind]), needed=needed, account=account, own=own, given=advised(needed),
        )  # fmt: skip

    def out_of_reach(self, member: str, account: str) -> str:
        """Why the account can do nothing to this member, or ""."""
        if self.level(account) > self.level(member):
            return ""
        if member in self.creators:
            return say("{member} has created the group: nothing can be done to its creators", member=member)
        theirs, own = self.level(member), self.level(account)
        return say(
            "{member} has power level {theirs:g} and {account} {own:g}: it takes more than the member has; an admin of"
            " the group gives it that, or does it",
            member=member, theirs=theirs, account=account, own=own,
        )  # fmt: skip

    def with_level(self, user: str, level: int | None) -> dict[str, Any]:
        """The permissions with another level for a member; None takes what is listed away."""
        users = dict(self._table("users"))
        if level is None:
            users.pop(user, None)
        else:
            users[user] = level
        if self.content is None and not self.creators:
            users.setdefault(self.founder, 100)
        return {**(self.content or _NOTHING), "users": users}

    def _table(self, key: str) -> Mapping[str, Any]:
        found = (self.content or _NOTHING).get(key)
        return found if isinstance(found, dict) else _NOTHING

    def _number(self, key: str, default: int) -> int:
        found = _integer((self.content or _NOTHING).get(key))
        return default if found is None else found


def power(create: Create, creator: str, content: Mapping[str, Any] | None) -> Power:
    """The permissions of a room from its m.room.create, who sent that, and its m.room.power_levels."""
    if is_at_least(create.room_version, CREATORS_APART):
        return Power(content, frozenset([creator, *create.additional_creators]), creator)
    return Power(content, founder=creator)


def is_at_least(version: str, number: int) -> bool:
    """Whether a room's version is this one or later. Versions of other names count as earlier."""
    return version.isascii() and version.isdigit() and int(version[:9]) >= number


def advised(needed: float) -> str:
    """A level to give, in the words of the clients where they have one."""
    if needed <= 50:
        return say("50 (moderator)")
    return say("100 (admin)") if needed <= 100 else f"{needed:g}"


def _integer(value: Any) -> int | None:
    """A level; early room versions allow it to be written as a text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        try:
            return int(value.strip())
        except ValueError:
            return None
    return None
