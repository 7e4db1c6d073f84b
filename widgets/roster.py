"""The list of all members: one scrolled list over an array of ids, of which only the rows in sight are read."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from typing import ClassVar

from store.roster_records import MemberRow, Sort
from widgets.cursor_list import CursorList
from widgets.language import say
from widgets.lines import Line, Part, day, fit, fit_right
from widgets.safe import safe
from widgets.words import AGE_CELLS, ago, layer_word

_REMEMBERED = 1_000

Read = Callable[[Sequence[int]], Sequence[MemberRow]]
"""Gives the rows of some ids, in their order, without those that are gone."""


class MemberList(CursorList):
    """Members, a line each, below a header that says what they are sorted by.

    The cursor and the marks keep to ids: marks stay on members who are not shown. Keys decide nothing here.
    """

    DEFAULT_CSS = """
    MemberList {
        & > .roster--sorted { text-style: bold underline; }
        & > .roster--alarm { text-style: bold; color: $text-error; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"roster--sorted", "roster--alarm"}
    WHEEL_ROWS: ClassVar[int] = 3

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
        super().__init__(empty=empty, name=name, id=id, classes=classes)
        self.ids: array[int] = array("q")
        self.sort = Sort.LAST
        self.reverse = False
        self._read = read
        self._now = now
        self._marked_last: int | None = None
        self._rows: dict[int, MemberRow] = {}

    # --- members, cursor and marks ---

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
            self.post_message(self.Highlighted(self, self._selected))

    def recheck(self) -> None:
        """Read the rows in sight again, and paint those that say something else."""
        before, self._rows = self._rows, {}
        self._fetch()
        for at in self._in_sight():
            if before.get(self.ids[at]) != self._rows.get(self.ids[at]):
                self._refresh_rows(at)

    def mark_all(self) -> None:
        """Mark everybody who is shown; once they are, take their marks off."""
        shown = set(self.ids)
        self._change_marks(shown - self.marked or shown)

    def mark_to_here(self) -> None:
        """Mark everybody from whom was marked last to the member under the cursor."""
        if not self.ids:
            return
        start = self._index
        if self._marked_last in self.marked:
            start = self.ids.index(self._marked_last) if self._marked_last in self.ids else start
        first, last = sorted((start, self._index))
        self._marked_last = self._selected
        self._change_marks(set(self.ids[first : last + 1]) - self.marked)

    def action_mark(self) -> None:
        """Mark the member under the cursor, or take their mark off, and go on to the next."""
        if self._selected is not None:
            self._marked_last = self._selected
        super().action_mark()

    def marked_in_order(self) -> tuple[int, ...]:
        """Everybody who is marked: those shown in their order, then the others."""
        shown = [number for number in self.ids if number in self.marked]
        return (*shown, *sorted(self.marked.difference(shown)))

    # --- painting ---

    def _fetch(self) -> None:
        """Read what is in sight and not known: all of it at once."""
        in_sight = self.ids[self.top : self.top + self._height]
        wanted = [number for number in in_sight if number not in self._rows]
        if wanted:
            if len(self._rows) > _REMEMBERED:
                self._rows.clear()
                wanted = list(in_sight)
            self._rows.update((row.id, row) for row in self._read(wanted))

    def _row(self, number: int) -> MemberRow | None:
        if number not in self._rows:
            self._rows.update((row.id, row) for row in self._read([number]))
        return self._rows.get(number)

    def header(self, width: int) -> Line:
        """The names of the columns there is room for."""
        return Columns.of(width, self.sort).header(self.sort, self.reverse)

    def line_at(self, index: int, width: int) -> Line:
        """A member, or the number of one who cannot be read."""
        number = self.ids[index]
        if number not in self._rows:
            self._fetch()
        row = self._rows.get(number)
        return Columns.of(width, self.sort).line(row, self._now()) if row else ((f"#{number}", "listing--dim"),)


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
        left = width - tier - 26 - AGE_CELLS - (11 if joined else 0)
        name = max(10, min(32, left * 3 // 5))
        return cls(tier, joined, name, max(0, left - name - 1))

    def header(self, sort: Sort, reverse: bool) -> Line:
        """The names of the columns, and an arrow at the one that sorts."""
        up = sort in (Sort.NAME, Sort.LAYER)
        arrow = "▲" if up != reverse else "▼"

        def titled(by: Sort | None, title: str, cells: int, right: bool = False) -> Part:
            title = title + arrow if by is sort else title
            return ((fit_right if right else fit)(title, cells), "roster--sorted" if by is sort else "listing--header")

        gap = (" ", "listing--header")
        line: list[Part] = [titled(Sort.TIER, say("tier"), self.tier), gap]
        line += [titled(Sort.LAYER, say("layer"), 6), gap, titled(Sort.POINTS, say("points"), 7, True), gap]
        line += [titled(Sort.LAST, say("last"), AGE_CELLS, True), gap, titled(Sort.STRIKES, say("str"), 4, True)]
        line += [titled(None, say("grp"), 4, True), gap]
        line += [titled(Sort.JOINED, say("joined"), 10), gap] if self.joined else []
        line += [titled(Sort.NAME, say("name"), self.name), gap, (fit(say("remark"), self.remark), "listing--header")]
        return line

    def line(self, row: MemberRow, now: float) -> Line:
        """One member."""
        gone = "listing--dim" if row.layer == "gone" else ""
        strikes = f"!{row.strikes}" if row.strikes else "–"
        parts: list[Part] = [
            (fit(safe(row.tier, 40) or "–", self.tier) + " " + fit(layer_word(row.layer) or "–", 6) + " ", gone),
            (fit_right(f"{row.balance:,}", 7) + " ", gone),
            (fit_right(ago(row.last_at, now), AGE_CELLS) + " ", "listing--dim"),
            (fit_right(strikes, 4), "roster--alarm" if row.strikes else "listing--dim"),
            (fit_right(str(row.groups), 4) + " ", "listing--dim"),
        ]
        if self.joined:
            parts.append((day(row.joined_at) + " ", "listing--dim"))
        parts.append((fit(safe(row.called, 100), self.name) + " ", "listing--name"))
        parts.append((safe(row.remark, 100), "listing--dim"))
        return parts
