"""The recorded-message shape: one JSON object a line, read leniently, every objection named by its line."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from rules.records import Message

LONGEST_LINE = 8 * 1024 * 1024
"""Bytes; a longer line is reported and passed over."""

FUTURE_SECONDS = 86_400.0
"""A time further ahead of the clock than this is taken for an error."""

LONGEST_ID = 500
LONGEST_NAME = 200
LONGEST_KIND = 40
"""Characters. An id that is longer makes a line bad; a name or kind is cut."""

_KNOWN = frozenset(
    {"id", "group", "user", "text", "ts", "name", "group_name", "kind", "reply_to", "mentions", "inviter"}
)
_decode = msgspec.json.Decoder().decode


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A line as nearly all are: with the keys that are known, each of the type it should have."""

    id: str
    group: str
    text: str
    user: str = ""
    ts: float | str | None = None
    name: str = ""
    group_name: str = ""
    kind: str = "text"
    reply_to: str = ""
    mentions: tuple[str, ...] = ()
    inviter: str = ""


_decode_plain = msgspec.json.Decoder(_Plain).decode


class BadLine(ValueError):
    """A line that is no message; the text says what is wrong with which key and what is allowed there."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A message, and what was odd about its line though it was taken in."""

    message: Message
    remarks: tuple[str, ...]


def parse_line(line: bytes, platform: str, now: float) -> Parsed | None:
    """One line as a message, None for a blank one. Raises BadLine.

    Required are `id`, `group` and, for the kind "text", `text`; they and `user` must be of the right type.
    Unknown keys are kept in `extra`. Broken UTF-8, lone surrogates and NUL become U+FFFD, an impossible time
    None, another key of a wrong type is left out: all of it is remarked on.
    """
    return _plain(line, platform, now) or _lenient(line, platform, now)


def _plain(line: bytes, platform: str, now: float) -> Parsed | None:
    """As `_lenient`, several times faster; None for a line that takes a closer look."""
    try:
        found = _decode_plain(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    short = max(map(len, (found.id, found.group, found.user, found.reply_to, found.inviter))) <= LONGEST_ID
    shown = max(len(found.name), len(found.group_name)) <= LONGEST_NAME and len(found.kind) <= LONGEST_KIND
    if not (found.id and found.group and found.kind and short and shown) or b"\\u0000" in line:
        return None
    if found.mentions and max(map(len, found.mentions)) > LONGEST_ID:
        return None
    remarks: list[str] = []
    time = _time(found.ts, now, remarks)
    if remarks:
        return None
    message = Message(
        platform, found.group, found.id, found.user, found.text, time, found.kind, found.name, found.group_name,
        found.reply_to, found.mentions, inviter=found.inviter,
    )  # fmt: skip
    return Parsed(message, ())


def _lenient(line: bytes, platform: str, now: float) -> Parsed | None:
    """`parse_line`, whatever the line is like."""
    remarks: list[str] = []
    try:
        source = line.decode()
    except UnicodeDecodeError as error:
        source = line.decode(errors="replace")
        remarks.append(f"broken UTF-8 at byte {error.start + 1}, shown as U+FFFD")
    source = source.removeprefix("\ufeff").strip()
    if not source:
        return None
    found = as_object(source)
    kind = _optional(found, "kind", remarks, LONGEST_KIND) or "text"
    if kind == "text" and "text" not in found:
        raise BadLine('no "text"; a message of another kind says so, e.g. "kind": "image"')
    message = Message(
        platform=platform,
        group=_required(found, "group"),
        id=_required(found, "id"),
        member=_identifier(found, "user"),
        text=_sound(_string(found, "text"), remarks),
        time=_time(found.get("ts"), now, remarks),
        kind=kind,
        name=_optional(found, "name", remarks, LONGEST_NAME),
        group_name=_optional(found, "group_name", remarks, LONGEST_NAME),
        reply_to=_optional(found, "reply_to", remarks, LONGEST_ID),
        mentions=_mentions(found.get("mentions"), remarks),
        extra=_extra(found),
        inviter=_optional(found, "inviter", remarks, LONGEST_ID),
    )
    return Parsed(message, tuple(remarks))


def as_object(source: str) -> dict[str, Any]:
    """A line's JSON object. Raises BadLine."""
    try:
        found = _decode(source)
    except msgspec.DecodeError as error:
        # msgspec refuses lone surrogates, which real exports hold; json reads them.
        try:
            found = json.loads(source, parse_constant=lambda name: None)
        except (ValueError, RecursionError):
            raise BadLine(f"not JSON: {error}") from None
    except RecursionError:
        raise BadLine("not JSON: nested too deeply") from None
    if not isinstance(found, dict):
        raise BadLine(f'a JSON {_kind(found)}, where an object like {{"id": …, "group": …, "text": …}} belongs')
    return found


def _required(found: dict[str, Any], key: str) -> str:
    value = _identifier(found, key)
    if not value:
        raise BadLine(f'no "{key}"')
    return value


def _identifier(found: dict[str, Any], key: str) -> str:
    value = found.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    elif value is not None and not isinstance(value, str):
        raise BadLine(f'"{key}" is a {_kind(value)}, where a string belongs')
    if value and len(value) > LONGEST_ID:
        raise BadLine(f'"{key}" is longer than {LONGEST_ID} characters')
    return _whole(value or "").replace("\x00", "\ufffd")


def as_text(found: dict[str, Any], key: str) -> str:
    """The string at a key as any store can hold it, but for NUL; "" for none. Raises BadLine."""
    return _whole(_string(found, key))


def _string(found: dict[str, Any], key: str) -> str:
    value = found.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadLine(f'"{key}" is a {_kind(value)}, where a string belongs')
    return value


def _optional(found: dict[str, Any], key: str, remarks: list[str], longest: int) -> str:
    """A string that a message can do without: what is wrong with it is remarked on, and it is left out."""
    value = found.get(key)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        remarks.append(f'"{key}" is a {_kind(value)}, where a string belongs; left out')
        return ""
    text = _sound(value, remarks)
    if len(text) > longest:
        remarks.append(f'"{key}" is longer than {longest} characters; cut')
    return text[:longest]


def _whole(text: str) -> str:
    """The text with lone surrogates, which neither UTF-8 nor SQLite can hold, as U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _sound(text: str, remarks: list[str]) -> str:
    whole = _whole(text)
    if whole != text:
        remarks.append("half a surrogate pair, shown as U+FFFD")
    if "\x00" in whole:
        remarks.append("NUL characters, shown as U+FFFD")
        return whole.replace("\x00", "\ufffd")
    return whole


def _mentions(value: Any, remarks: list[str]) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or any(isinstance(item, bool) or not isinstance(item, str | int) for item in value):
        remarks.append('"mentions" is no list of users; left out')
        return ()
    return tuple(_whole(str(item)[:LONGEST_ID]) for item in value)


def _time(value: Any, now: float, remarks: list[str]) -> float | None:
    if value is None:
        return None
    written = ascii(value)[:40]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        remarks.append('"ts" is no epoch seconds, ISO 8601 time or null; taken without a time')
        return None
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    except ValueError:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            remarks.append(f'"ts" {written} is no ISO 8601 time, e.g. "2026-05-16T19:00:03Z"; taken without a time')
            return None
        try:
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (OverflowError, ValueError):
            seconds = math.nan
    if math.isnan(seconds) or seconds < 0:
        remarks.append(f'"ts" {written} lies before 1970; taken without a time')
        return None
    if seconds > now + FUTURE_SECONDS:
        hint = " (milliseconds? seconds belong here)" if 1e12 < seconds < 1e14 else ""
        remarks.append(f'"ts" {written} lies in the future{hint}; taken without a time')
        return None
    return seconds


def _extra(found: dict[str, Any]) -> str:
    unknown = {key: value for key, value in found.items() if key not in _KNOWN}
    if not unknown:
        return ""
    try:
        return msgspec.json.encode(unknown).decode()
    except (UnicodeEncodeError, RecursionError, TypeError, ValueError):
        # Read back once more, because an infinite number is no JSON: null, as msgspec writes it.
        return json.dumps(json.loads(json.dumps(unknown), parse_constant=lambda name: None))


def _kind(value: Any) -> str:
    return {dict: "object", list: "list", str: "string", bool: "true or false", type(None): "null"}.get(
        type(value), "number"
    )
