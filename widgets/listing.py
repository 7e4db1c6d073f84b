"""A list of records whose selection is held by id, so that no row is ever decided on by mistake."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from widgets.cursor_list import CursorList
from widgets.lines import Line

R = TypeVar("R")

SETTLED = 0.5
"""For so many seconds a row that has just changed under the cursor takes no decision."""


class Listing(CursorList, Generic[R]):
    """Rows with ids, one line each, below a header; a cursor, and marks for several at once.

    `show` replaces the rows and keeps the cursor and the marks on the ids they stand on. A subclass says
    how a row is painted. No key decides anything here: what acts asks `selected_id`, `marked` and
    `settled`.
    """

    DEFAULT_CSS = """
    Listing {
        & > .listing--strong { text-style: bold; }
        & > .state--dim { text-style: dim; }
        & > .state--open { text-style: bold; color: $text-warning; }
        & > .state--proposed { text-style: bold; color: $text-accent; }
        & > .state--done { color: $text-success; }
        & > .listing--error { color: $text-error; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "listing--strong",
        "state--dim",
        "state--open",
        "state--proposed",
        "state--done",
        "listing--error",
    }

    def __init__(
        self,
        *,
        empty: Callable[[], str] = str,
        now: Callable[[], float] = time.monotonic,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`empty` gives the text of a list without rows; it is asked when that is painted. `now` is a
        clock.
        """
        super().__init__(empty=empty, name=name, id=id, classes=classes)
        self.rows: Sequence[R] = ()
        self._now = now
        self._versions: dict[int, int] = {}
        self._changed: dict[int, float] = {}  # when a row's version changed, while that counts
        self._moved = self._shuffled = float("-inf")  # when the row under the cursor, or the order, last changed

    # --- what a subclass says of its rows ---

    def key_of(self, row: R) -> int:
        """Return the id a row keeps for ever."""
        raise NotImplementedError

    def version_of(self, row: R) -> int:
        """Return a number that differs once the row says something else."""
        return hash(row)

    def paint_row(self, row: R, width: int) -> Line:
        """Return a row's line, without the two cells of the cursor and the mark."""
        raise NotImplementedError

    # --- rows and selection ---

    @property
    def selected(self) -> R | None:
        """The row under the cursor."""
        return self.rows[self._index] if self._selected is not None else None

    def show(self, rows: Sequence[R]) -> None:
        """Show these rows instead. The cursor stays on its id; where that is gone, the row in its place has
        it.
        """
        before, old_top, old_selected = self.rows, self.top, self._selected
        now = self._now()
        order = [self.key_of(row) for row in rows]
        versions = {key: self.version_of(row) for key, row in zip(order, rows, strict=True)}
        recent = {key: at for key, at in self._changed.items() if now - at < SETTLED and key in versions}
        known = self._versions
        recent |= {key: now for key, version in versions.items() if known.get(key, version) != version}
        if order != self.ids:
            self._shuffled = now
        line = self._index - self.top
        self.rows, self.ids, self._versions, self._changed = rows, order, versions, recent
        if old_selected is not None and old_selected in versions:
            self._index = order.index(old_selected)
            self.top = self._index - line  # the row stays where the eye is
        else:
            self._index = max(0, min(self._index, len(order) - 1))
            self._selected = order[self._index] if order else None
            if old_selected is not None:
                self._moved = now
        self._keep_visible()
        self._change_marks(self.marked - versions.keys())
        self._refresh_changed(before, old_top, old_selected)
        if self._selected != old_selected:
            self.post_message(self.Highlighted(self, self._selected))

    def settled(self, id: int) -> bool:
        """Whether row `id` is under the cursor and was there, saying the same, for the last half second."""
        since = max(self._moved, self._changed.get(id, float("-inf")))
        return id == self._selected and self._now() - since >= SETTLED

    def select(self, id: int) -> bool:
        """Put the cursor on row `id`; False when there is none."""
        if id not in self._versions:
            return False
        self._go(self.ids.index(id))
        return True

    def _go(self, index: int) -> None:
        before = self._index
        super()._go(index)
        if self._index != before and self._now() - self._shuffled < SETTLED:
            self._moved = self._shuffled  # the reader may have aimed at what stood there before

    # --- painting ---

    def _refresh_changed(self, before: Sequence[R], old_top: int, old_selected: int | None) -> None:
        """Repaint the lines that show something else than before, and no other."""
        if not before or not self.rows:
            self.refresh()
            return
        for y in range(self._height):
            old = before[old_top + y] if old_top + y < len(before) else None
            new = self.rows[self.top + y] if self.top + y < len(self.rows) else None
            if old != new or (
                old_selected != self._selected and new and self.key_of(new) in (old_selected, self._selected)
            ):
                self._refresh_rows(self.top + y)

    def line_at(self, index: int, width: int) -> Line:
        """The line of a row as the subclass paints it."""
        return self.paint_row(self.rows[index], width)
