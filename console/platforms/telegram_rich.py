"""The words of a rich message: headings, lists, tables and the like, one within the other, as the Bot API nests them.

Read by the names of the parts rather than by the kinds of blocks, so that blocks not known yet are read, too. How deep
they are nested is bounded by what was decoded: everything here may raise RecursionError.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_LINE = ("summary", "label", "text", "expression", "performer", "title", "file_name", "credit")
"""Each holds a line, in pieces where parts of it are bold, a link and so on."""
_BLOCKS = ("blocks", "items", "cells", "buttons", "audio", "document", "caption", "copy_text")
_PIECE = ("text", "expression", "alternative_text", "button")


def lines_of(rich: Any) -> Iterator[str]:
    """The lines of a block, or of blocks."""
    if isinstance(rich, str):
        yield rich
    elif isinstance(rich, list):
        for one in rich:
            yield from lines_of(one)
    elif isinstance(rich, dict):
        for name in _LINE:
            yield _joined(rich.get(name))
        for name in _BLOCKS:
            yield from lines_of(rich.get(name))


def links_of(rich: Any) -> Iterator[str]:
    """The addresses that lie behind words and buttons."""
    for one in _parts(rich):
        if isinstance(one.get("url"), str):
            yield one["url"]


def mentioned_in(rich: Any) -> Iterator[str]:
    """Whom it mentions: ids, or "@name" where it does not tell the id."""
    for one in _parts(rich):
        user, name = one.get("user"), one.get("username")
        if one.get("type") == "text_mention" and isinstance(user, dict) and isinstance(user.get("id"), int):
            yield str(user["id"])
        elif one.get("type") == "mention" and isinstance(name, str):
            yield f"@{name}"[:100]


def _parts(rich: Any) -> Iterator[dict[str, Any]]:
    if isinstance(rich, dict):
        yield rich
    if isinstance(rich, (dict, list)):
        for one in rich.values() if isinstance(rich, dict) else rich:
            yield from _parts(one)


def _joined(pieces: Any) -> str:
    if isinstance(pieces, str):
        return pieces
    if isinstance(pieces, list):
        return "".join(map(_joined, pieces))
    if isinstance(pieces, dict):
        return "".join(_joined(pieces.get(name)) for name in _PIECE)
    return ""
