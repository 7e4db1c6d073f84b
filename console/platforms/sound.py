"""What a platform's code hands over, made sound: another distribution's may be wrong in any way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from operator import attrgetter
from typing import Any

from console.platforms.base import Batch, Platform, Receipt
from console.platforms.healths import AWAITED, NOT_THERE, phrase
from rules.records import Message, MessageKey
from store.listed import ListedMember
from store.records import ActionState
from widgets.language import say

LONGEST_WORDS = 2_000
LONGEST_WAIT = 86_400.0
"""Seconds: whoever wants an action to wait for longer is asked again after so long."""
LONGEST_HEALTH = 100
LATEST = 1e11
"""Epoch seconds: what is later, or as long before 1970, is no time that anything can be shown at."""
MOST_NAMED = 5
"""So many messages of one batch that cannot be taken in are named, the others counted."""

_ENDS = (ActionState.DONE, ActionState.FAILED, ActionState.UNKNOWN, ActionState.WAITING)
_TEXTS = ("platform", "group", "id", "member", "text", "kind", "name", "group_name", "reply_to", "extra", "inviter")
_texts = attrgetter(*_TEXTS)


def sound_receipt(given: object) -> Receipt:
    """The receipt; UNKNOWN for what is none, because then nobody knows what became of the action."""
    if not isinstance(given, Receipt) or given.state not in _ENDS or not isinstance(given.words, str):
        words = say("an error in the platform's own code: a value of type {type} is no receipt", type=_kind(given))
        return Receipt(ActionState.UNKNOWN, words)
    wait = given.retry_after
    # Not a number is not greater than anything either.
    wait = min(wait, LONGEST_WAIT) if isinstance(wait, int | float) and wait > 0 else 0.0
    return Receipt(ActionState(given.state), sound_text(given.words)[:LONGEST_WORDS], wait)


def sound_batch(given: object, name: str) -> Batch:
    """The batch of the platform `name` without what cannot be stored; its problems say so. Raises TypeError for what
    is no batch at all, or does not say where to go on."""
    if not isinstance(given, Batch) or not isinstance(given.position, str):
        raise TypeError
    messages: list[Message] = []
    wrong: list[str] = []
    for one in given.messages:
        why = _wrong_with(one, name)
        if why:
            wrong.append(why)
        else:
            messages.append(_sound_message(one))
    problems = [sound_text(str(one))[:LONGEST_WORDS] for one in given.problems]
    problems += [f"a message that cannot be taken in: {why}" for why in wrong[:MOST_NAMED]]
    if len(wrong) > MOST_NAMED:
        problems.append(f"{len(wrong) - MOST_NAMED} more messages that cannot be taken in")
    gone = tuple(
        MessageKey(*map(sound_text, one))
        for one in given.gone
        if isinstance(one, MessageKey) and all(type(part) is str for part in one)
    )
    return Batch(tuple(messages), sound_text(given.position), tuple(problems), gone)


def sound_members(given: object) -> list[ListedMember]:
    """The members of a list that can be stored, without times that are none. Raises TypeError for what is no list."""
    if not isinstance(given, list | tuple):
        raise TypeError
    return [
        ListedMember(
            sound_text(one.member),
            sound_text(one.name),
            sound_text(one.level),
            sound_text(one.title),
            one.joined if _is_time(one.joined) else None,
            one.spoke if _is_time(one.spoke) else None,
        )
        for one in given
        if isinstance(one, ListedMember) and one.member and all(type(part) is str for part in one[:4])
    ]


def health_of(platform: Platform) -> str:
    """What the platform says of itself for the status line, on one short line."""
    try:
        given: object = platform.health
    except Exception:
        given = None
    return " ".join(sound_text(given).split())[:LONGEST_HEALTH] if isinstance(given, str) else "has failed"


def is_away(platform: Platform) -> bool:
    """Whether a platform says of itself that nothing comes from it now."""
    return phrase(health_of(platform)) in (*NOT_THERE, *AWAITED)


def is_cancelled() -> bool:
    """Whether it is the task that runs which is cancelled, and not something that a platform's code waited for."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def sound_text(text: str) -> str:
    """The text without half surrogate pairs, which no store takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _wrong_with(one: Any, name: str) -> str:
    """Why a message cannot be stored, or ""."""
    if not isinstance(one, Message):
        return f"{_shown(one)} is no message"
    for field, value in zip(_TEXTS, _texts(one), strict=True):
        if type(value) is not str:
            return f"its {field} is {_shown(value)}, not text"
    if one.time is not None and not _is_time(one.time):
        return "its time is no time"
    if type(one.mentions) is not tuple or any(type(mention) is not str for mention in one.mentions):
        return "its mentions are no tuple of texts"
    if one.platform != name:
        return "it says that it is of another platform"
    return "" if one.group and one.id else "it has no group or no id"


def _is_time(value: object) -> bool:
    # What is not finite is not smaller either; a whole number may be too large for a float, and for the store.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LATEST


def _sound_message(one: Message) -> Message:
    try:
        "".join((*_texts(one), *one.mentions)).encode()
    except UnicodeEncodeError:
        changed: dict[str, Any] = {field: sound_text(getattr(one, field)) for field in _TEXTS}
        return replace(one, **changed, mentions=tuple(map(sound_text, one.mentions)))
    return one


def _shown(value: object) -> str:
    return f"a value of type {_kind(value)}"


def _kind(value: object) -> str:
    # The type alone: what a value says may hold a token.
    return type(value).__name__
