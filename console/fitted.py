"""Lines that commands print: broken at their words on a terminal, whole to a file or a pipe."""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TextIO

import click

NARROWEST = 20
_WIDE = "\u2e80-\uffef\U00020000-\U0003ffff"
_CLOSING = "，。！？、；：）】》」』”’"
# A command in backticks is one piece, to be copied whole; Chinese may break anywhere, but not before a closing mark.
_PIECE = re.compile(rf"( *)(`[^`]+`[^\s{_WIDE}]*|[{_WIDE}][{_CLOSING}]*|[^\s{_WIDE}]+[{_CLOSING}]*)")


def print_fitted(text: str, *, further: int | None = None, err: bool = False) -> None:
    """Print one line of safe text. What does not fit goes on in lines that are indented by `further` cells: else by two
    more than the first."""
    stream = sys.stderr if err else sys.stdout
    if not stream.isatty():
        click.echo(text, err=err)
        return
    further = len(text) - len(text.lstrip()) + 2 if further is None else further
    for line in fitted(text, width_of(stream), further):
        click.echo(line, err=err)


def fitted(text: str, width: int, further: int = 2) -> list[str]:
    """The lines of at most `width` cells that a line of safe text is broken into; a word or a command that is longer
    stays whole."""
    # Most commands print nothing that is fitted, and start sooner without.
    from widgets.safe import cells

    if cells(text) <= width:
        return [text]
    lines, line, room = [], "", width
    for space, piece in _PIECE.findall(text):
        taken = cells(piece)
        if line.strip() and len(space) + taken > room:
            lines.append(line)
            line, space = " " * further, ""
            room = width - further
        line += space + piece
        room -= len(space) + taken
    return [*lines, line]


def width_of(stream: TextIO) -> int:
    """How many cells a line of a terminal has."""
    try:
        columns = int(os.environ.get("COLUMNS", 0)) or os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = shutil.get_terminal_size().columns
    return max(columns or 80, NARROWEST)
