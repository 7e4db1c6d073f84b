"""The status line: what is going on, in one line."""

from __future__ import annotations

from collections.abc import Sequence
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


def arranged(
    width: int,
    who: str,
    trouble: Sequence[str],
    pressing: Sequence[str],
    counts: Sequence[str],
    rest: Sequence[str],
    *,
    alarm: bool = False,
) -> StatusParts:
    """What a line of `width` cells has room for: `pressing` counts whole, then `trouble` as full as may be, as many of
    the other `counts` as fit, who it is (before them where nothing is in trouble), and last the `rest`. Of `trouble`
    and `rest` each entry says less than the one before."""
    who = cut(safe(who), width // 3)
    room = width - cell_len(" · ".join(pressing)) - 2 - (2 if alarm else 0)
    lefts = trouble or [who]
    left = cut(next((one for one in lefts if cell_len(one) <= room), lefts[-1]), max(0, room))
    named = f"{left}  {who}"
    if trouble and cell_len(named) + sum(cell_len(one) + 3 for one in counts) <= room:
        left = named
    room = width - cell_len(left) - 3 - (2 if alarm else 0)
    right = " · ".join(pressing)
    for one in counts:
        longer = f"{right} · {one}" if right else one
        right = longer if cell_len(longer) <= room else right
    room -= cell_len(right)
    return StatusParts(left, next((one for one in rest if cell_len(one) + 1 <= room), ""), right, alarm)


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
        # The right may take what the others leave free.
        free = width - cell_len(safe(parts.left)) - cell_len(safe(parts.middle)) - 6
        right = cut(safe(parts.right), max(width // 2, free))
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
