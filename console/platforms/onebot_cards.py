"""What QQ's cards say: mini programs, shared links, recommended groups. Ads like to come as cards."""

from __future__ import annotations

import html
import re
from itertools import islice
from typing import Any

import msgspec

LONGEST = 4_000
"""Characters of a card that are read."""
LARGEST = 200_000
"""Characters of a card in JSON that is taken apart; QQ's own are a tenth of that."""
DEEPEST = 8
MOST_PARTS = 500
_SAID = frozenset(
    ["prompt", "title", "desc", "summary", "text", "content", "contact", "name", "nick", "nickname", "tag", "source",
     "brief", "url", "jumpurl", "jump_url", "qqdocurl", "musicurl", "pcjumpurl", "href", "tips", "address", "bottom"]
)  # fmt: skip
"""The names under which cards keep what is shown or opened, and not pictures, keys and sizes."""
_ATTRIBUTE = re.compile(r"\b(brief|title|summary|url|name|actionData)\s*=\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
"""Up to the next bracket of either kind, so that a text of nothing but brackets takes no longer than another."""


def json_card(data: object) -> str:
    """The text of a card in JSON, "" for what is none. Each piece comes once, in the card's order."""
    if isinstance(data, str):
        if len(data) > LARGEST:
            return data[:LONGEST]
        try:
            data = msgspec.json.decode(data, type=Any)
        except (msgspec.MsgspecError, RecursionError):
            return str(data)[:LONGEST]
    pieces: dict[str, None] = {}
    left = [MOST_PARTS]
    _gather(data, "", 0, pieces, left)
    return _joined(pieces)


def xml_card(data: object) -> str:
    """The text of a card in XML, with the words and addresses in its attributes."""
    if not isinstance(data, str):
        return ""
    source = data[: 8 * LONGEST]
    pieces = {html.unescape(value[1:-1]).strip(): None for _, value in _ATTRIBUTE.findall(source)}
    for line in _without_tags(source).splitlines():
        pieces[html.unescape(line).strip()] = None
    return _joined(pieces)


def _without_tags(source: str) -> str:
    first, *rest = source.split("<![CDATA[")
    lines = [_TAG.sub("\n", first)]
    for part in rest:
        plain, _, after = part.partition("]]>")
        lines += [plain, _TAG.sub("\n", after)]
    return "\n".join(lines)


def _gather(value: Any, name: str, depth: int, pieces: dict[str, None], left: list[int]) -> None:
    left[0] -= 1
    if left[0] < 0 or depth > DEEPEST:
        return
    if isinstance(value, dict):
        for key, inner in islice(value.items(), left[0]):
            _gather(inner, str(key).lower(), depth + 1, pieces, left)
    elif isinstance(value, list):
        for inner in islice(value, left[0]):
            _gather(inner, name, depth + 1, pieces, left)
    elif isinstance(value, str) and name in _SAID:
        pieces[" ".join(value.split())] = None


def _joined(pieces: dict[str, None]) -> str:
    return " ".join(piece for piece in pieces if piece)[:LONGEST]
