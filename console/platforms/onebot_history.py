"""History of a group, page by page: gaps are filled from it, and ids an implementation forgot become known again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from console.platforms.onebot_calls import Calls, Failed
from console.platforms.onebot_events import BAD_EVENT, decoded, in_order
from console.platforms.onebot_shapes import Event, History, Mark, number, sequence, spelled

ACTION = "get_group_msg_history"
FIRST_PAGE, PAGE = 20, 100
MOST_PAGES = 100
SEARCHED_PAGES = 50
"""As much as NapCat remembers at all."""
SLACK_SECONDS = 60.0
"""So much before the newest known message history is read as well: times are whole seconds of several clocks, and
what is known already is stored once all the same."""
_NOT_THERE = "不存在"


class NoHistory(Exception):
    """This implementation has none."""


@dataclass(slots=True)
class Gap:
    """What was written in a group since a mark, the oldest first, and what could not be read."""

    events: list[Event] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def gap(calls: Calls, group: str, mark: Mark, count: int = PAGE) -> Gap:
    """Everything since the mark that the implementation still has, in pages of `count`. Raises NoHistory, HttpError."""
    found = Gap()
    pages: list[list[Event]] = []
    seen: set[str] = set()
    since = mark.time - SLACK_SECONDS if mark.message else mark.time
    start: Event | None = None
    for turn in range(MOST_PAGES):
        try:
            page = await _page(calls, group, start, count if turn else min(count, FIRST_PAGE), found.problems)
        except Failed as error:
            if error.unsupported:
                raise NoHistory from None
            # Where nothing was ever written there that it knows of, NapCat calls that a failure.
            nothing = calls.profile == "napcat" and _NOT_THERE in error.words
            if error.again or error.uncertain or (start is None and not nothing):
                raise
            if start is not None:
                found.problems.append(f"what was missed cannot be read further back: {error}")
            break
        fresh = [event for event in page if spelled(event.message_id) not in seen]
        if not fresh:
            break
        seen.update(spelled(event.message_id) for event in fresh)
        pages.append(fresh)
        if fresh[0].time < since or mark.message in seen:
            break
        start = fresh[0]
    else:
        found.problems.append("too much was missed; what is older is left out")
    found.events = [event for page in reversed(pages) for event in page if event.time >= since]
    return found


async def remind(calls: Calls, group: str, message: str) -> bool:
    """Page back until a message comes by, which makes its id known again to an implementation that was restarted.

    Returns whether it did. Raises HttpError.
    """
    start: Event | None = None
    seen: set[str] = set()
    for _ in range(SEARCHED_PAGES):
        try:
            page = await _page(calls, group, start, PAGE, [])
        except Failed:
            return False
        numbers = {spelled(event.message_id) for event in page}
        if message in numbers:
            return True
        if not numbers - seen:
            return False
        seen |= numbers
        start = page[0]
    return False


async def _page(calls: Calls, group: str, start: Event | None, count: int, problems: list[str]) -> list[Event]:
    """The messages up to and with `start`, or the newest, the oldest first. Raises HttpError.

    Implementations call the parameter and its meaning by several names: NapCat takes the message's id as message_seq
    and goes forward in time unless told otherwise, LLBot takes the message's number in the group, others message_id.
    """
    params: dict[str, Any] = {"group_id": number(group), "count": count}
    if start is not None:
        own = number(spelled(start.message_id))
        place = sequence(start)
        params["message_id"] = own
        params["message_seq"] = own if calls.profile == "napcat" or place is None else place
        if calls.profile == "napcat":
            params |= {"reverseOrder": True, "reverse_order": True}
    answer = await calls.read(ACTION, params, History)
    events = []
    for raw in answer.messages:
        try:
            event = decoded(bytes(raw))
        except BAD_EVENT as error:
            problems.append(f"a message of history of another shape: {error}")
            continue
        if spelled(event.group_id) in ("", group):
            events.append(msgspec.structs.replace(event, group_id=group))
    return in_order(events)
