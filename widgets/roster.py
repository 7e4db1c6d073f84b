"""The list of all members: one scrolled list over an array of ids, of which only the rows in sight are read."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from store.roster_records import MemberRow, Sort
from widgets.language import say
from widgets.lines import MOVES, Line, Painted, Part, cut, day, fit, fit_right
from widgets.safe import safe
from widgets.words import layer_word

_REMEMBERED = 1_000

Read = Callable[[Sequence[int]], Sequence[MemberRow]]
"""Gives the rows of some ids, in their order, without those that are gone."""


class MemberList(Painted, can_focus=True):
    """Members, a line each, below a header that says what they are sorted by.

    The cursor and the marks keep to ids: marks stay on members who are not shown. Keys decide nothing here.
    """

    DEFAULT_CSS = """
    MemberList {
        width: 1fr; height: 1fr;
        & > .roster--header { text-style: dim underline; }
        & > .roster--sorted { text-style: bold underline; }
        & > .roster--dim { text-style: dim; }
        & > .roster--mark { text-style: bold; color: $text-accent; }
        & > .roster--name { color: $text-secondary; }
        & > .roster--alarm { text-style: bold; color: $text-error; }
        & > .roster--cursor { text-style: bold; background: $primary 30%; }
        &:focus > .roster--cursor { background: $primary 45%; }
        &:ansi > .roster--cursor { background: transparent; text-style: bold; }
        &:ansi:focus > .roster--cursor { text-style: reverse; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "roster--header",
        "roster--sorted",
        "roster--dim",
        "roster--mark",
        "roster--name",
        "roster--alarm",
        "roster--cursor",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *MOVES,
        Binding("space", "mark", "Mark", show=False, id="list.mark"),
    ]

    class Highlighted(Message):
        """The cursor stands on another member, or on none."""

        def __init__(self, id: int | None) -> None:
            super().__init__()
            self.id = id

    class Marked(Message):
        """Other members are marked than before."""

    def __init__(
        self,
        read: Read,
        *,
        empty: Callable[[], str] = str,
        now: Callable[[], float] = time.time,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`empty` gives the text of a list without rows; `now` is a clock in epoch seconds, to tell how long ago."""
        super().__init__(name=name, id=id, classes=classes)
        self.ids: array[int] = array("q")
        self.top = 0
        self.sort = Sort.LAST
        self.reverse = False
        self.marked: set[int] = set()
        self._read = read
        self._empty = empty
        self._now = now
        self._index = 0
        self._selected: int | None = None
        self._marked_last: int | None = None
        self._rows: dict[int, MemberRow] = {}
        self._base: Style | None = None

    # --- members, cursor and marks ---

    @property
    def selected_id(self) -> int | None:
        """The id of the member under the cursor."""
        return self._selected

    @property
    def selected(self) -> MemberRow | None:
        """The member under the cursor, as the list shows them."""
        return None if self._selected is None else self._row(self._selected)

    def show(self, ids: array[int], sort: Sort, reverse: bool = False, *, stay: bool = True) -> None:
        """Show these members, in this order. The cursor stays on its member, in the same line; where they are gone,
        or unless `stay`, it stands on the first."""
        old = self._selected
        line = self._index - self.top
        self.ids, self.sort, self.reverse = ids, sort, reverse
        try:
            self._index = ids.index(old) if stay and old is not None else 0
            self.top = self._index - line
        except ValueError:
            self._index = self.top = 0
        self._selected = ids[self._index] if ids else None
        self._keep_visible()
        self._rows.clear()
        self.refresh()
        if self._selected != old:
            self.post_message(self.Highlighted(self._selected))

    def recheck(self) -> None:
        """Read the rows in sight again, and paint those that say something else."""
        before, self._rows = self._rows, {}
        self._fetch()
        for at in range(self.top, min(self.top + self._height, len(self.ids))):
            if before.get(self.ids[at]) != self._rows.get(self.ids[at]):
                self._refresh_rows(at)

    def move(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self._go(self._index + rows)

    def mark_all(self) -> None:
        """Mark everybody who is shown; once they are, take their marks off."""
        shown = set(self.ids)
        if shown <= self.marked:
            self.marked -= shown
        else:
            self.marked |= shown
        self._marks_changed()

    def mark_to_here(self) -> None:
        """Mark everybody from whom was marked last to the member under the cursor."""
        if not self.ids:
            return
        start = self._index
        if self._marked_last in self.marked:
            start = self.ids.index(self._marked_last) if self._marked_last in self.ids else start
        first, last = sorted((start, self._index))
        self.marked.update(self.ids[first : last + 1])
        self._marked_last = self._selected
        self._marks_changed()

    def clear_marks(self) -> None:
        """Take every mark off."""
        self.marked.clear()
        self._marks_changed()

    def marked_in_order(self) -> tuple[int, ...]:
        """Everybody who is marked: those shown in their order, then the others."""
        shown = [number for number in self.ids if number in self.marked]
        return (*shown, *sorted(self.marked.difference(shown)))

    def _marks_changed(self) -> None:
        self.refresh()
        self.post_message(self.Marked())

    def _go(self, index: int) -> None:
        if not self.ids:
            return
        index = max(0, min(index, len(self.ids) - 1))
        if index == self._index:
            return
        old_index, old_top = self._index, self.top
        self._index, self._selected = index, self.ids[index]
        self._keep_visible()
        if self.top != old_top:
            self.refresh()
        else:
            self._refresh_rows(old_index, index)
        self.post_message(self.Highlighted(self._selected))

    # --- keys and mouse ---

    def action_move(self, rows: int) -> None:
        self.move(rows)

    def action_page(self, pages: int) -> None:
        self.move(pages * max(1, self._height - 1))

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(len(self.ids) - 1)

    def action_mark(self) -> None:
        """Mark the member under the cursor, or take their mark off, and go on to the next."""
        if self._selected is None:
            return
        self.marked ^= {self._selected}
        self._marked_last = self._selected
        self._refresh_rows(self._index)
        self.post_message(self.Marked())
        self.move(1)

    def on_mouse_scroll_up(self) -> None:
        self.move(-3)

    def on_mouse_scroll_down(self) -> None:
        self.move(3)

    def on_click(self, event: events.Click) -> None:
        index = self.top + event.y - 1
        if event.y >= 1 and index < len(self.ids):
            self._go(index)

    def on_resize(self) -> None:
        self._keep_visible()
        self.refresh()

    # --- painting ---

    @property
    def _height(self) -> int:
        return max(1, self.size.height - 1)

    def _keep_visible(self) -> None:
        height = self._height
        self.top = max(min(self.top, self._index, len(self.ids) - height), self._index - height + 1, 0)

    def _refresh_rows(self, *indexes: int) -> None:
        for index in indexes:
            if 0 <= index - self.top < self._height:
                self.refresh(Region(0, index - self.top + 1, self.size.width, 1))

    def _fetch(self) -> None:
        """Read what is in sight and not known: all of it at once."""
        wanted = [number for number in self.ids[self.top : self.top + self._height] if number not in self._rows]
        if wanted:
            if len(self._rows) > _REMEMBERED:
                self._rows.clear()
                wanted = list(self.ids[self.top : self.top + self._height])
            self._rows.update((row.id, row) for row in self._read(wanted))

    def _row(self, number: int) -> MemberRow | None:
        if number not in self._rows:
            self._rows.update((row.id, row) for row in self._read([number]))
        return self._rows.get(number)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines of the list; the style below all of them is looked up once."""
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """The header, or a member with cursor and mark."""
        width, base = self.size.width, self._base
        columns = Columns.of(width - 2, self.sort)
        if y == 0:
            return self.paint([("  ", "roster--header"), *columns.header(self.sort, self.reverse)], width, base)
        index = self.top + y - 1
        if index >= len(self.ids):
            if y == 1 and not self.ids:
                return self.paint([("  " + cut(self._empty(), width - 2), "roster--dim")], width, base)
            return self.paint((), width, base)
        number = self.ids[index]
        if number not in self._rows:
            self._fetch()
        here = index == self._index
        over = self.get_component_rich_style("roster--cursor") if here else base
        marked = number in self.marked
        signs = [("›" if here else " ", ""), ("*" if marked else " ", "roster--mark" if marked else "")]
        row = self._rows.get(number)
        line: Line = columns.line(row, self._now()) if row else ((f"#{number}", "roster--dim"),)
        return self.paint([*signs, *line], width, over)


class Columns:
    """Which columns there is room for, and how wide they are. Names and remarks, free text, stand last."""

    def __init__(self, tier: int, joined: bool, name: int, remark: int) -> None:
        self.tier = tier
        self.joined = joined
        self.name = name
        self.remark = remark

    @classmethod
    def of(cls, width: int, sort: Sort) -> Columns:
        """The columns of a list `width` cells wide; the one it is sorted by is always there."""
        tier = max(6, min(12, width // 10))
        joined = width >= 100 or sort is Sort.JOINED
        left = width - tier - 31 - (11 if joined else 0)
        name = max(10, min(32, left * 3 // 5))
        return cls(tier, joined, name, max(0, left - name - 1))

    def header(self, sort: Sort, reverse: bool) -> Line:
        """The names of the columns, and an arrow at the one that sorts."""
        up = sort in (Sort.NAME, Sort.LAYER)
        arrow = "▲" if up != reverse else "▼"

        def titled(by: Sort | None, title: str, cells: int, right: bool = False) -> Part:
            title = title + arrow if by is sort else title
            return ((fit_right if right else fit)(title, cells), "roster--sorted" if by is sort else "roster--header")

        gap = (" ", "roster--header")
        line: list[Part] = [titled(Sort.TIER, say("tier"), self.tier), gap]
        line += [titled(Sort.LAYER, say("layer"), 6), gap, titled(Sort.POINTS, say("points"), 7, True), gap]
        line += [titled(Sort.LAST, say("last"), 5, True), gap, titled(Sort.STRIKES, say("str"), 4, True)]
        line += [titled(None, say("grp"), 4, True), gap]
        line += [titled(Sort.JOINED, say("joined"), 10), gap] if self.joined else []
        line += [titled(Sort.NAME, say("name"), self.name), gap, (fit(say("remark"), self.remark), "roster--header")]
        return line

    def line(self, row: MemberRow, now: float) -> Line:
        """One member."""
        gone = "roster--dim" if row.layer == "gone" else ""
        strikes = f"!{row.strikes}" if row.strikes else "–"
        parts: list[Part] = [
            (fit(safe(row.tier, 40) or "–", self.tier) + " " + fit(layer_word(row.layer) or "–", 6) + " ", gone),
            (fit_right(f"{row.balance:,}", 7) + " ", gone),
            (fit_right(ago(row.last_at, now), 5) + " ", "roster--dim"),
            (fit_right(strikes, 4), "roster--alarm" if row.strikes else "roster--dim"),
            (fit_right(str(row.groups), 4) + " ", "roster--dim"),
        ]
        if self.joined:
            parts.append((day(row.joined_at) + " ", "roster--dim"))
        parts.append((fit(safe(row.called, 100), self.name) + " ", "roster--name"))
        parts.append((safe(row.remark, 100), "roster--dim"))
        return parts


def ago(at: float | None, now: float) -> str:
    """How long ago, in at most five cells: `12m`, `5h`, `30d`; `–` for never."""
    if at is None:
        return "–"
    seconds = max(0.0, now - at)
    if not seconds < 1e9:
        return "?"
    for unit, length in (("d", 86_400), ("h", 3_600)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{int(seconds // 60)}m"
