"""Groups that were replaced by another one, as an upgrade does: Vigil comes along where it may."""

from __future__ import annotations

from console.platforms.http import HttpError, Refusal, Unreachable
from console.platforms.matrix_client import Client
from console.platforms.matrix_text import one_line


async def follow(client: Client, room: str, successor: str, by: str) -> str:
    """Come into the room that has taken another's place, said so by the member `by`; returns what is to be said of it
    after the group's name, "" for nothing new. The old room's own state must name it, which takes a right there, and
    the new room must say the same. Raises LoginRefused, HttpError."""
    place = f"has moved to a new group ({one_line(successor)})"
    try:
        if successor == room or await client.successor(room) != successor or await _is_in(client, successor):
            return ""
        await client.join(successor, by.partition(":")[2])
        if await client.predecessor(successor) != room:
            await client.leave(successor)
            return f"{place}, says {one_line(by)}, but that one is not its successor: Vigil has left it again"
    except HttpError as error:
        if is_trouble(error):
            raise
        return f"{place}, but Vigil cannot come in there: {error}; one of the inviters in vigil.toml has to invite it"
    return f"{place}, and Vigil has come along; there it is a new group, what is stored so far stays with the old one"


async def _is_in(client: Client, room: str) -> bool:
    try:
        own = await client.member(room, client.user)
    except Refusal as error:
        if is_trouble(error):
            raise
        return False
    return own is not None and own.membership == "join"


def is_trouble(error: HttpError) -> bool:
    """Whether the server as a whole is out of reach or wants to be left alone, or somebody before it answers in its
    place: the same question is answered later. Other errors may last as long as the room does."""
    if isinstance(error, Refusal):
        return not error.code or error.status == 429
    return isinstance(error, Unreachable)
