"""Lines painted by hand: cut and padded by cells, in few segments, scrolled without a reflow."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widget import Widget

from widgets.safe import Stretch, joined

Part = tuple[str, str]
"""A piece of a line: safe text, and the component style it is painted in ("" for the widget's own)."""

Line = Sequence[Part]


def cut(text: str, width: int) -> str:
    """Return safe `text` in at most `width` cells, with `…` where something is left out."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 0 else ""


def fit(text: str, width: int) -> str:
    """Return safe `text` in exactly `width` cells."""
    text = cut(text, width)
    return text + " " * (width - cell_len(text))


def fit_right(text: str, width: int) -> str:
    """Return safe `text` in exactly `width` cells, at their right end."""
    text = cut(text, width)
    return " " * (width - cell_len(text)) + text


def marked(text: str, spans: Iterable[Stretch], plain: str, mark: str, signs: tuple[str, str] = ("", "")) -> list[Part]:
    """Return `text` in parts, what `spans` cover in the style `mark` and between `signs`."""
    parts: list[Part] = []
    at = 0
    for start, end in joined(spans):
        if at < start:
            parts.append((text[at:start], plain))
        parts.append((signs[0] + text[start:end] + signs[1], mark))
        at = end
    if at < len(text) or not parts:
        parts.append((text[at:], plain))
    return parts


@lru_cache(4096)
def _clock(second: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(second))


def clock(at: float | None) -> str:
    """Return the local time of day, `--:--:--` where there is none."""
    try:
        return "--:--:--" if at is None else _clock(int(at))
    except (OverflowError, OSError, ValueError):  # a platform may say anything
        return "--:--:--"


def day(at: float | None) -> str:
    """Return the local date, `----------` where there is none."""
    try:
        return "----------" if at is None else time.strftime("%Y-%m-%d", time.localtime(at))
    except (OverflowError, OSError, ValueError):
        return "----------"


class Painted(Widget):
    """A widget that paints its lines itself, in the styles of its components."""

    ALLOW_SELECT = False  # there is no text behind the lines that the mouse could take

    def paint(self, line: Line, width: int, over: Style | None = None) -> Strip:
        """Return the parts of `line` as a strip of `width` cells, painted over the style `over`."""
        base = self.rich_style if over is None else over
        segments: list[Segment] = []
        room = width
        text, style = "", base
        for piece, name in line:
            if not piece or room <= 0:
                continue
            piece = cut(piece, room)
            room -= cell_len(piece)
            own = base + self.get_component_rich_style(name, partial=True) if name else base
            if own is not style and own != style and text:
                segments.append(Segment(text, style))
                text = ""
            text, style = text + piece, own
        blank = style.bgcolor == base.bgcolor and not (style.underline or style.reverse or style.strike)
        if room > 0 and (blank or style == base):
            text += " " * room  # one segment less for the line to the terminal
        if text:
            segments.append(Segment(text, style))
        if room > 0 and not (blank or style == base):
            segments.append(Segment(" " * room, base))
        return Strip(segments, width)


MOVES: list[BindingType] = [
    Binding("up,k", "move(-1)", "Up", show=False, id="list.up"),
    Binding("down,j", "move(1)", "Down", show=False, id="list.down"),
    Binding("pageup", "page(-1)", "Page up", show=False, id="list.page-up"),
    Binding("pagedown", "page(1)", "Page down", show=False, id="list.page-down"),
    Binding("home", "first", "First", show=False, id="list.first"),
    Binding("end", "last", "Last", show=False, id="list.last"),
]
"""The keys that move about, the same ids in every widget: who remaps one remaps it everywhere."""


class Page(Painted, can_focus=True):
    """A page of lines, longer than the widget is high. A subclass says what stands on it."""

    DEFAULT_CSS = """
    Page {
        width: 1fr; height: 1fr;
        & > .page--more { text-style: bold; color: $text-accent; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"page--more"}
    BINDINGS: ClassVar[list[BindingType]] = MOVES

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.top = 0
        self._lines: list[Line] = []

    def build(self, width: int) -> list[Line]:
        """Return the lines of the page for a widget of `width` cells."""
        raise NotImplementedError

    def rebuild(self, top: int | None = None) -> None:
        """Paint the page anew, from line `top` on: by default from where the reader is."""
        self._lines = self.build(self.size.width) if self.size.width else []
        self.top = max(0, min(self.top if top is None else top, self._bottom))
        self.refresh()

    @property
    def _bottom(self) -> int:
        return max(0, len(self._lines) - self.size.height)

    def scroll_lines(self, lines: int) -> None:
        """Move the page by so many lines."""
        top = max(0, min(self.top + lines, self._bottom))
        if top != self.top:
            self.top = top
            self.refresh()

    def scroll_pages(self, pages: int) -> None:
        """Move the page by so many heights of the widget, less one line to hold on to."""
        self.scroll_lines(pages * max(1, self.size.height - 1))

    def action_move(self, lines: int) -> None:
        self.scroll_lines(lines)

    def action_page(self, pages: int) -> None:
        self.scroll_pages(pages)

    def action_first(self) -> None:
        self.scroll_lines(-self.top)

    def action_last(self) -> None:
        self.scroll_lines(self._bottom)

    def on_mouse_scroll_up(self) -> None:
        self.scroll_lines(-3)

    def on_mouse_scroll_down(self) -> None:
        self.scroll_lines(3)

    def on_resize(self) -> None:
        self.rebuild()

    def render_line(self, y: int) -> Strip:
        """One line of the page; an arrow at the right says that there is more above or below."""
        width = self.size.width
        at = self.top + y
        line: Line = self._lines[at] if at < len(self._lines) else ()
        arrow = ""
        if y == 0 and self.top:
            arrow = "↑"
        elif y == self.size.height - 1 and self.top < self._bottom:
            arrow = "↓"
        if not arrow or width < 4:
            return self.paint(line, width)
        return Strip.join([self.paint(line, width - 2), self.paint([(" ", ""), (arrow, "page--more")], 2)])
