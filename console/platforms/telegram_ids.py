"""Ids of Telegram as Vigil stores them, and back to what the Bot API wants.

A message's id is its number. In a basic group it begins with "b": when the group becomes a supergroup its numbers begin
anew, and both stand under one group. The parts of an album make one id, "17+18+19". Who came, who left and who asks to
be let in has an id with a colon: before it the number of the message that told it, if one did.
"""

from __future__ import annotations

from collections.abc import Sequence

from console.platforms.base import original_id

_SUPERGROUPS = -1_000_000_000_000
"""Ids of supergroups are below, those of basic groups above."""


def is_basic(chat: int) -> bool:
    return chat > _SUPERGROUPS


def message_id(chat: int, number: int) -> str:
    return f"b{number}" if is_basic(chat) else str(number)


def album_id(parts: Sequence[str]) -> str:
    """The id of an album, of its parts' ids in their order."""
    return "+".join(parts)


def is_album(message: str) -> bool:
    return "+" in message


def change_id(date: int, update: int) -> str:
    """The id of a membership's change. Numbers of updates begin anew after a week without any."""
    return f"change:{date}.{update}"


def request_id(user: int, date: int) -> str:
    return f"knock:{user}:{date}"


def requester(message: str) -> str:
    """Who asks to be let in, by the id of the request; "" when it is none."""
    parts = message.split(":")
    return parts[1] if len(parts) == 3 and parts[0] == "knock" and parts[1].isdecimal() else ""


def numbers(message: str) -> tuple[bool, list[int]]:
    """Whether a message was written in a basic group, and the numbers of its parts; none where it is no message."""
    parts = original_id(message).split("+")
    plain = [part.removeprefix("b").partition(":")[0] for part in parts]
    if not all(part.isascii() and part.isdecimal() for part in plain):
        return False, []
    return parts[0].startswith("b"), [int(part) for part in plain]
