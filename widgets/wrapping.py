"""Where a text is broken into lines, counted in cells: Chinese anywhere, other words at spaces."""

from __future__ import annotations

from rich.cells import cell_len

from widgets.safe import Stretch

_CLOSING = "，。！？、；：）】》」』”’,.!?;:)"
"""What must not begin a line."""


def wrap(text: str, width: int, rows: int) -> list[Stretch]:
    """Return where to break safe `text` into at most `rows` lines of `width` cells, at spaces if it can."""
    lines: list[Stretch] = []
    start = 0
    while start < len(text) and len(lines) < rows:
        stop, room, space = start, width, 0
        while stop < len(text) and (room := room - cell_len(text[stop])) >= 0:
            stop += 1
            if text[stop - 1] == " ":
                space = stop
        stop = max(stop, start + 1)
        # Only a word of narrow letters is kept whole; Chinese and Japanese break anywhere.
        if stop < len(text) and space > start + (stop - start) // 2 and _narrow(text[stop - 1 : stop + 1]):
            stop = space
        if stop < len(text) and text[stop] in _CLOSING and stop > start + 1:
            stop -= 1
        lines.append((start, stop))
        start = stop
        while start < len(text) and text[start] == " ":
            start += 1
    return lines


def _narrow(text: str) -> bool:
    return " " not in text and cell_len(text) == len(text)
