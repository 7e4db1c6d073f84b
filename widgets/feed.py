"""The live feed: one line a message, painted without ever asking for a layout."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from store.records import FeedRow, Mark
from widgets.lines import MOVES, Painted, Part, clock, cut, fit, marked
from widgets.safe import safe
from widgets.words import kind_word
from widgets.wrapping import wrap

_REMEMBERED = 512  # strips kept, of 3 KB each or more: some pages either way


class Source(Protocol):
    """Where a feed takes its rows from, by position: from `first` up to, not including, `end`.

    Positions are absolute and only grow, and message ids grow with them. A source that forgets old rows
    raises `first`. A filter is another source.
    """

    @property
    def first(self) -> int: ...

    @property
    def end(self) -> int: ...

    def rows(self, start: int, stop: int) -> Sequence[FeedRow]:
        """Return the rows of these positions that exist."""
        ...


class NoRows:
    """A source without rows."""

    first = 0
    end = 0

    def rows(self, start: int, stop: int) -> Sequence[FeedRow]:
        """Return nothing."""
        return ()


class Feed(Painted, can_focus=True):
    """The messages of a source as they come.

    It follows the newest until the reader moves up; from then on a cursor stands on a message and the lines
    stay where they are, whatever arrives or is forgotten. End follows again. Give it no border and no
    padding: it paints its whole region.
    """

    DEFAULT_CSS = """
    Feed {
        width: 1fr; height: 1fr;
        & > .feed--dim { text-style: dim; }
        & > .feed--name { color: $text-secondary; }
        & > .feed--flag { text-style: bold; color: $text-warning; }
        & > .feed--deleted { text-style: bold; color: $text-error; }
        & > .feed--match { text-style: bold underline; }
        & > .feed--cursor { text-style: bold; background: $primary 30%; }
        &:focus > .feed--cursor { background: $primary 45%; }
        &:ansi > .feed--cursor { background: transparent; text-style: bold; }
        &:ansi:focus > .feed--cursor { text-style: reverse; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "feed--dim",
        "feed--name",
        "feed--flag",
        "feed--deleted",
        "feed--match",
        "feed--cursor",
    }
    BINDINGS: ClassVar[list[BindingType]] = MOVES

    class Unread(Message):
        """So many messages have come that the reader has not seen: 0 once the feed follows again."""

        def __init__(self, feed: Feed, count: int) -> None:
            super().__init__()
            self.feed = feed
            self.count = count

        @property
        def control(self) -> Feed:
            return self.feed

    class Selected(Message):
        """The cursor stands on another message, or, when the feed follows, on none."""

        def __init__(self, feed: Feed, row: FeedRow | None) -> None:
            super().__init__()
            self.feed = feed
            self.row = row

        @property
        def control(self) -> Feed:
            return self.feed

    def __init__(
        self,
        source: Source | None = None,
        *,
        hz: float = 12,
        jump: bool = False,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`hz`: how often the feed looks for new rows. `jump`: fill half a page, then jump, for a slow
        line.
        """
        super().__init__(name=name, id=id, classes=classes)
        self.source: Source = source if source is not None else NoRows()
        self.hz = hz
        self.jump = jump
        self.paused = False
        """While true nothing new is painted: the line to the terminal is behind. Keys still work."""
        self.follow = True
        self.top = 0
        """The position on the first line."""
        self.unread = 0
        self.selected: FeedRow | None = None
        """The message under the cursor."""
        self._empty: Callable[[], Sequence[str]] = tuple
        self._told: list[str] = []
        self._highlight = ""
        self._cursor = 0  # its position; means something only while `selected` is set
        self._end = 0  # the position after the last row on screen
        self._seen = 0  # the position after the last row that ever was on screen
        self._window: list[FeedRow] = []
        self._strips: dict[int, tuple[FeedRow, Strip]] = {}

    @property
    def highlight(self) -> str:
        """What is underlined wherever a text holds it."""
        return self._highlight

    @highlight.setter
    def highlight(self, text: str) -> None:
        if text != self._highlight:
            self._highlight = text
            self.repaint()

    def say_empty(self, empty: Callable[[], Sequence[str]]) -> None:
        """Where there are no messages say these lines; they are asked for again and again, and broken where they are
        too long."""
        self._empty = empty

    def set_source(self, source: Source, keep: int | None = None) -> None:
        """Show another source: following it, or with the cursor on message `keep`, or the nearest one it
        has.
        """
        line = self._cursor - self.top if self.selected else self.size.height // 2
        last = self.source.rows(self._seen - 1, self._seen) if self._seen > self.source.first else ()
        self.source = source
        self._strips.clear()
        if keep is None or source.first >= source.end:
            self._follow()
            return
        self._seen = _position(source, last[0].id + 1) if last else source.end
        self.follow = False
        cursor = min(_position(source, keep), source.end - 1)
        self._place(cursor, top=cursor - max(0, min(line, self.size.height - 1)))

    def recheck(self) -> None:
        """Rows of the source may have changed, a mark on them for instance: repaint the lines that did."""
        before = self._window
        self._fetch()
        for y, row in enumerate(self._window):
            if y >= len(before) or (row is not before[y] and row != before[y]):
                self._refresh_lines(y)
            if self.selected is not None and row.id == self.selected.id:
                self.selected = row

    def repaint(self) -> None:
        """Paint every line anew."""
        self._strips.clear()
        self.refresh()

    # --- following and staying ---

    def on_mount(self) -> None:
        self.set_interval(1 / self.hz, self.tick)

    def on_resize(self) -> None:
        self._strips.clear()
        if self.selected is None:
            self._follow()
        else:
            self._place(self._cursor)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    def tick(self) -> None:
        """Take in what the source has gained or forgotten. Nothing is painted where nothing changed."""
        height = self.size.height
        if self.paused or not height:
            return
        source = self.source
        told = [] if source.first < source.end else self._broken(self._empty())
        if told != self._told:
            self._told = told
            self.refresh()
        if self.selected is not None and source.first >= source.end:
            self._follow()
        if self.top < source.first:  # the page, or its beginning, is forgotten
            if self.selected is not None and self._cursor < source.first:
                self._place(source.first)
            else:
                self._show(source.first)
        end = source.end
        if end > self._end:
            if end <= self.top + height or (not self.follow and self._end < self.top + height):
                self._paint_more()
            elif self.follow:
                self._show(end - (max(1, height // 2) if self.jump else height))
        self._count()

    def _paint_more(self) -> None:
        """Room is left below the last line: paint the new lines only."""
        start = self._end - self.top
        self._fetch()
        if start < len(self._window):
            self._refresh_lines(start, len(self._window) - start)

    def _count(self) -> None:
        self._seen = max(self._seen, self._end)
        unread = 0 if self.follow else max(0, self.source.end - self._seen)
        if unread != self.unread:
            self.unread = unread
            self.post_message(self.Unread(self, unread))

    def _fetch(self) -> None:
        height = self.size.height
        self._window = list(self.source.rows(self.top, self.top + height))
        self._end = self.top + len(self._window)

    def _show(self, top: int) -> None:
        self.top = max(self.source.first, min(top, self.source.end - 1))
        self._fetch()
        self.refresh()

    def _follow(self) -> None:
        self.follow = True
        self._seen = self.source.end
        self._show(self.source.end - self.size.height)
        self._select(None)
        self._count()

    def _place(self, cursor: int, top: int | None = None) -> None:
        """Put the cursor on a position, and the page where it shows it."""
        source, height = self.source, max(1, self.size.height)
        cursor = max(source.first, min(cursor, source.end - 1))
        before = self._cursor if self.selected is not None else -1
        page = self.top if top is None else top
        page = max(min(page, cursor), cursor - height + 1, source.first)
        self.follow = False
        self._cursor = cursor
        if top is not None or page != self.top or self._end - self.top > height:
            self._show(page)
        else:
            self._paint_more()
            for position in (before, cursor):
                if self.top <= position < self.top + height:
                    self._refresh_lines(position - self.top)
        rows = source.rows(cursor, cursor + 1)
        self._select(rows[0] if rows else None)
        self._count()

    def _select(self, row: FeedRow | None) -> None:
        before, self.selected = self.selected, row
        if (before and before.id) != (row and row.id):
            self.post_message(self.Selected(self, row))

    # --- keys and mouse ---

    def move(self, rows: int) -> None:
        """Move the cursor. The first step up from following puts it on the newest message."""
        source = self.source
        if source.first >= source.end:
            return
        if self.selected is None:
            if rows < 0:
                self._place(self._end + rows)
        elif rows > 0 and self._cursor >= source.end - 1:
            self._follow()
        else:
            self._place(self._cursor + rows)

    def action_move(self, rows: int) -> None:
        self.move(rows)

    def action_page(self, pages: int) -> None:
        self.move(pages * max(1, self.size.height - 1))

    def action_first(self) -> None:
        if self.source.first < self.source.end:
            self._place(self.source.first)

    def action_last(self) -> None:
        self._follow()

    def on_mouse_scroll_up(self) -> None:
        self.move(-3)

    def on_mouse_scroll_down(self) -> None:
        self.move(3)

    def on_click(self, event: events.Click) -> None:
        if 0 <= event.y < len(self._window):
            self._place(self.top + event.y)

    # --- painting ---

    def _refresh_lines(self, y: int, count: int = 1) -> None:
        self.refresh(Region(0, y, self.size.width, count))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of `crop`. Goes round the styles cache: a strip, and what the terminal is sent
        for it, is made once and survives scrolling.
        """
        width, window, base = self.size.width, self._window, self.rich_style
        selected = self.selected.id if self.selected else None
        if len(self._strips) > _REMEMBERED:
            self._strips.clear()
        lines: list[Strip] = []
        for y in crop.line_range:
            if y >= len(window):
                said = self._told[y] if y < len(self._told) and not window else ""
                lines.append(self._filtered(self.paint([(said, "feed--dim")] if said else (), width, base)))
                continue
            row = window[y]
            if row.id == selected:
                cursor = self.get_component_rich_style("feed--cursor")
                lines.append(self._filtered(self._paint_row(row, width, cursor, "›")))
                continue
            known = self._strips.get(row.id)
            if known is None or (known[0] is not row and known[0] != row):
                known = self._strips[row.id] = (row, self._filtered(self._paint_row(row, width, base, " ")))
            lines.append(known[1])
        return lines if crop.column_span == (0, width) else [line.crop(*crop.column_span) for line in lines]

    def _broken(self, said: Sequence[str]) -> list[str]:
        """Lines that fit, between a cell of margin either side."""
        lines: list[str] = []
        for one in map(safe, said):
            lines += [" " + one[a:b] for a, b in wrap(one, max(1, self.size.width - 2), 4)]
        return lines

    def _filtered(self, strip: Strip) -> Strip:
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, self.background_colors[1])
        return strip

    def _paint_row(self, row: FeedRow, width: int, base: Style, sign: str) -> Strip:
        """One message: time, mark, group, name, and last, because it may be anything, its text."""
        group, name = columns(width)
        match row.mark:
            case Mark.FLAG:
                mark: list[Part] = [("!", "feed--flag")]
            case Mark.DELETED:
                mark = [("×", "feed--deleted")]
            case Mark.NONE:
                mark = [(" ", "feed--dim")]
        before = f"{sign}{clock(row.time)} " if width >= 40 else sign
        place = f" {fit(safe(row.group, 60), group)} " if group else " "
        text_style = "feed--dim" if row.mark is Mark.DELETED or row.kind != "text" else ""
        parts: list[Part] = [(before, "feed--dim"), *mark, (place, "feed--dim")]
        parts.append((fit(safe(row.name, 60), name) + " ", "feed--name"))
        text = safe(row.text)
        if row.kind != "text":
            text = f"[{kind_word(row.kind)}] {text}"
        text = cut(text, width - len(before) - 1 - (group + 2 if group else 1) - name - 1)
        parts += marked(text, occurrences(text, self._highlight), text_style, "feed--match")
        return self.paint(parts, width, base)


def columns(width: int) -> tuple[int, int]:
    """How many cells a feed of `width` gives the group and the name; a narrow one shows no group."""
    if width < 56:
        return 0, max(4, min(10, width // 5))
    return max(8, min(20, width // 7)), max(8, min(22, width // 7))


def occurrences(text: str, sought: str) -> list[tuple[int, int]]:
    """Return where `text` holds `sought`, letter case apart."""
    if not sought:
        return []
    lower, sought = text.lower(), safe(sought).lower()
    if len(lower) != len(text):  # a letter that grows when made small: positions would be off
        lower = text
    found: list[tuple[int, int]] = []
    at = lower.find(sought)
    while at >= 0 and sought:
        found.append((at, at + len(sought)))
        at = lower.find(sought, at + len(sought))
    return found


def _position(source: Source, message: int) -> int:
    """The position of the first row whose id is `message` or higher."""
    places = range(source.first, source.end)
    return source.first + bisect_left(places, message, key=lambda place: source.rows(place, place + 1)[0].id)
