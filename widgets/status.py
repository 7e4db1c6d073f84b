"""The status line: what is going on, in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.strip import Strip

from widgets.lines import Painted, cut
from widgets.safe import safe


@dataclass(frozen=True, slots=True)
class StatusParts:
    """What a status line says at its left, in its middle and at its right; `alarm` if something is wrong."""

    left: str = ""
    middle: str = ""
    right: str = ""
    alarm: bool = False


class StatusLine(Painted):
    """One line. Where room is short the middle gives way first, then the left."""

    DEFAULT_CSS = """
    StatusLine {
        width: 1fr; height: 1; background: $panel;
        & > .status--left { text-style: bold; }
        & > .status--right { text-style: dim; }
        & > .status--alarm { text-style: bold reverse; color: $text-error; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"status--left", "status--right", "status--alarm"}

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.parts = StatusParts()

    def show(self, parts: StatusParts) -> None:
        """Say this from now on."""
        if parts != self.parts:
            self.parts = parts
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line; an alarm is reversed and has a sign before it."""
        width, parts = self.size.width, self.parts
        if y:
            return self.paint((), width)
        right = cut(safe(parts.right), width // 2)
        room = width - cell_len(right) - (1 if right else 0)
        left = cut(("! " if parts.alarm else "") + safe(parts.left), room)
        room -= cell_len(left)
        gap = "  " if left and parts.middle else ""
        middle = cut(safe(parts.middle), max(0, room - 2))
        filler = " " * (width - cell_len(left) - cell_len(gap) - cell_len(middle) - cell_len(right))
        if parts.alarm:
            return self.paint([(left + gap + middle + filler + right, "status--alarm")], width)
        return self.paint(
            [(left, "status--left"), (gap + middle + filler, ""), (right, "status--right")],
            width,
        )
