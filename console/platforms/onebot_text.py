"""The text of a QQ message: its segments, or the CQ codes it is written in, as its readers see it.

A message that is one picture, voice message, card or the like has that for its kind, and as its text what that says.
In a message of several parts those that are no text stand as marks such as "[image]" or "[card: …]".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from console.platforms.onebot_cards import json_card, xml_card
from console.platforms.onebot_shapes import Segment, spelled

LONGEST = 20_000
"""Characters of a text."""
MOST_SEGMENTS = 1_000
DEEPEST = 3
"""So many forwards within forwards are opened."""
MOST_FORWARDED = 100

_CODE = re.compile(r"\[CQ:([A-Za-z0-9_.-]+)((?:,[^\[\],]*)*)\]")
"""No bracket stands in a code unescaped; that it ends at the next one keeps the search linear."""
_KINDS = {
    "image": "image", "record": "voice", "video": "video", "file": "file", "mface": "sticker", "marketface": "sticker",
    "bface": "sticker", "sface": "sticker", "dice": "sticker", "rps": "sticker", "json": "card", "xml": "card",
    "miniapp": "card", "share": "card", "music": "card", "contact": "card", "cardimage": "image", "forward": "forward",
    "node": "forward", "location": "location", "poke": "poke", "shake": "poke", "redbag": "red packet",
    "onlinefile": "file", "flashtransfer": "file", "keyboard": "buttons",
}  # fmt: skip
"""What segments that are no text are called."""
_SPOKEN = frozenset(["text", "at", "face", "reply", "markdown", "anonymous", "rich"])
_FACE = "🙂"
"""Stands for QQ's own faces: between two letters of a word a face is as a picture, no word of its own."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says, whom it mentions by id and which message it answers, "" for none."""

    kind: str
    text: str
    mentions: tuple[str, ...] = ()
    reply_to: str = ""


def said(message: object, name: Callable[[str], str] = lambda user: "", depth: int = 0) -> Said:
    """What the `message` of an event says, whichever of its forms it has. `name` gives a member's name, "" for none.

    Raises msgspec.ValidationError for what is no message.
    """
    parts = segments(message)
    mentions: dict[str, None] = {}
    reply_to = ""
    pieces: list[tuple[Segment, str]] = []
    for part in parts[:MOST_SEGMENTS]:
        data = part.data or {}
        if part.type == "reply":
            reply_to = reply_to or spelled(data.get("id"))[:255]
            continue
        if part.type == "at" and (user := spelled(data.get("qq"))):
            mentions[user[:255]] = None
        pieces.append((part, _text(part.type, data, name, depth)))
    others = [part for part, _ in pieces if part.type not in _SPOKEN]
    written = any(text.strip() for part, text in pieces if part.type in _SPOKEN)
    kinds = {_KINDS.get(part.type, part.type[:40]) for part in others}
    if others and not written and len(kinds) == 1:
        text = " ".join(text for part, text in pieces if text and part.type not in _SPOKEN)
        return Said(kinds.pop(), _sound(text), tuple(mentions), reply_to)
    text = "".join(text if part.type in _SPOKEN else _mark(part.type, text) for part, text in pieces)
    return Said("text", _sound(text.strip() if others and not written else text), tuple(mentions), reply_to)


def segments(message: object) -> Sequence[Segment]:
    """The segments of a message in any form. Raises msgspec.ValidationError."""
    if isinstance(message, str):
        return from_codes(message)
    if isinstance(message, dict):
        message = [message]
    if not isinstance(message, list):
        raise msgspec.ValidationError("the message is neither a text nor a list of segments")
    found = []
    for part in message:
        try:
            found.append(msgspec.convert(part, Segment))
        except msgspec.ValidationError:
            # One that is strange must not hide the others.
            found.append(Segment("unknown"))
    return found


def from_codes(message: str) -> list[Segment]:
    """The segments of a message written with CQ codes."""
    found: list[Segment] = []
    end = 0
    for code in _CODE.finditer(message):
        if code.start() > end:
            found.append(Segment("text", {"text": unescaped(message[end : code.start()])}))
        pairs = (pair.partition("=") for pair in code[2].split(",") if pair)
        found.append(Segment(code[1], {key: unescaped(value) for key, _, value in pairs}))
        end = code.end()
    if end < len(message):
        found.append(Segment("text", {"text": unescaped(message[end:])}))
    return found


def unescaped(text: str) -> str:
    """A text as it was before it was put into a message with CQ codes."""
    return text.replace("&#91;", "[").replace("&#93;", "]").replace("&#44;", ",").replace("&amp;", "&")


def one_line(text: object, longest: int = 200) -> str:
    """A name of a stranger's making on one line; "" for what is no text."""
    return _sound(" ".join(text.split())[:longest]) if isinstance(text, str) else ""


def _text(kind: str, data: dict[str, Any], name: Callable[[str], str], depth: int) -> str:
    match kind:
        case "text":
            return _string(data.get("text"))
        case "at":
            user = spelled(data.get("qq"))
            shown = "all" if user == "all" else one_line(data.get("name")).lstrip("@") or name(user) or "member"
            return f"@{shown} "
        case "face":
            return _FACE
        case "markdown":
            return _string(data.get("content"))
        case "json" | "miniapp":
            return json_card(data.get("data"))
        case "xml":
            return xml_card(data.get("data"))
        case "share" | "music" | "location":
            return _listed(data, "title", "content", "url")
        case "contact":
            return _listed(data, "type", "id")
        case "file" | "onlinefile":
            return one_line(data.get("name") or data.get("fileName") or data.get("file_name") or data.get("file"))
        case "mface":
            return one_line(data.get("summary")).strip("[]")
        case "forward":
            return _forwarded(data, name, depth)
        case "node":
            return _forwarded({"content": [{"type": "node", "data": data}]}, name, depth)
    return ""


def _forwarded(data: dict[str, Any], name: Callable[[str], str], depth: int) -> str:
    """What forwarded messages say, a line each, where the implementation sends them along."""
    content = data.get("content") or data.get("messages")
    if depth >= DEEPEST or not content:
        return ""
    lines = []
    for one in content[:MOST_FORWARDED] if isinstance(content, list) else [content]:
        inner = one
        if isinstance(one, dict) and "type" not in one:
            inner = one.get("message") or one.get("content")
        elif isinstance(one, dict) and one["type"] == "node" and isinstance(one.get("data"), dict):
            inner = one["data"].get("content")
        try:
            line = said(inner, name, depth + 1)
        except msgspec.ValidationError:
            continue
        lines.append(line.text or f"[{line.kind}]")
    return "\n".join(lines)


def _mark(kind: str, text: str) -> str:
    shown = _KINDS.get(kind) or one_line(kind, 40) or "unknown"
    return f"[{shown}: {text}]" if text else f"[{shown}]"


def _listed(data: dict[str, Any], *names: str) -> str:
    return " ".join(filter(None, (one_line(spelled(data.get(name)), 500) for name in names)))


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _sound(text: str) -> str:
    """The text as any store can hold it."""
    return text[:LONGEST].replace("\x00", "\ufffd")
