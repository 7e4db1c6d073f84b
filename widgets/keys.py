"""The key line: which keys work here, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.strip import Strip

from widgets.lines import Painted, Part
from widgets.safe import safe

Key = tuple[str, str, bool]
"""A key, what it does, and whether it works now."""


class KeyLine(Painted):
    """Keys and what they do. Those that do not fit are left out whole, and `…` says so."""

    DEFAULT_CSS = """
    KeyLine {
        width: 1fr; height: 1;
        & > .keys--key { text-style: bold; color: $text-accent; }
        & > .keys--off { text-style: dim; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--off"}

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.keys: Sequence[Key] = ()

    def show(self, keys: Sequence[Key]) -> None:
        """Show these keys, in this order."""
        if list(keys) != list(self.keys):
            self.keys = tuple(keys)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line; a key that does not work now is dim."""
        width = self.size.width
        if y:
            return self.paint((), width)
        parts: list[Part] = []
        room = width
        for at, (key, label, works) in enumerate(self.keys):
            key, label = safe(key, 20), safe(label, 40)
            gap = "  " if parts else ""
            needed = cell_len(gap + key + " " + label)
            more = 2 if at < len(self.keys) - 1 else 0
            if needed + more > room:
                parts.append((" …"[-room:] if room else "", "keys--off"))
                break
            room -= needed
            parts += [
                (gap + key, "keys--key" if works else "keys--off"),
                (" " + label, "" if works else "keys--off"),
            ]
        return self.paint(parts, width)
