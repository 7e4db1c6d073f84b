"""A list of records whose selection is held by id, so that no row is ever decided on by mistake."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from widgets.lines import MOVES, Line, Painted, cut

R = TypeVar("R")

SETTLED = 0.5
"""For so many seconds a row that has just changed under the cursor takes no decision."""


class Listing(Painted, Generic[R], can_focus=True):
    """Rows with ids, one line each, below a header; a cursor, and marks for several at once.

    `show` replaces the rows and keeps the cursor and the marks on the ids they stand on. A subclass says
    how a row is painted. No key decides anything here: what acts asks `selected_id`, `marked` and
    `settled`.
    """

    DEFAULT_CSS = """
    Listing {
        width: 1fr; height: 1fr;
        & > .listing--header { text-style: dim underline; }
        & > .listing--dim { text-style: dim; }
        & > .listing--strong { text-style: bold; }
        & > .listing--mark { text-style: bold; color: $text-accent; }
        & > .state--dim { text-style: dim; }
        & > .state--open { text-style: bold; color: $text-warning; }
        & > .state--proposed { text-style: bold; color: $text-accent; }
        & > .state--done { color: $text-success; }
        & > .listing--error { color: $text-error; }
        & > .listing--name { color: $text-secondary; }
        & > .listing--cursor { text-style: bold; background: $primary 30%; }
        &:focus > .listing--cursor { background: $primary 45%; }
        &:ansi > .listing--cursor { background: transparent; text-style: bold; }
        &:ansi:focus > .listing--cursor { text-style: reverse; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "listing--header",
        "listing--dim",
        "listing--strong",
        "listing--mark",
        "state--dim",
        "state--open",
        "state--proposed",
        "state--done",
        "listing--error",
        "listing--name",
        "listing--cursor",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *MOVES,
        Binding("space", "mark", "Mark", show=False, id="list.mark"),
    ]

    class Highlighted(Message):
        """The cursor stands on another row, or on none."""

        def __init__(self, listing: Listing[Any], id: int | None) -> None:
            super().__init__()
            self.listing = listing
            self.id = id

        @property
        def control(self) -> Listing[Any]:
            return self.listing

    class Marked(Message):
        """Other rows are marked than before."""

        def __init__(self, listing: Listing[Any], marked: frozenset[int]) -> None:
            super().__init__()
            self.listing = listing
            self.marked = marked

        @property
        def control(self) -> Listing[Any]:
            return self.listing

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
        super().__init__(name=name, id=id, classes=classes)
        self.rows: Sequence[R] = ()
        self.top = 0
        self.marked: frozenset[int] = frozenset()
        self._empty = empty
        self._now = now
        self._index = 0
        self._selected: int | None = None
        self._order: list[int] = []
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

    def header(self, width: int) -> Line:
        """Return the line above the rows, without the two cells of the cursor and the mark; () for none."""
        return ()

    def paint_row(self, row: R, width: int) -> Line:
        """Return a row's line, without the two cells of the cursor and the mark."""
        raise NotImplementedError

    # --- rows and selection ---

    @property
    def selected(self) -> R | None:
        """The row under the cursor."""
        return self.rows[self._index] if self._selected is not None else None

    @property
    def selected_id(self) -> int | None:
        """The id of the row under the cursor."""
        return self._selected

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
        if order != self._order:
            self._shuffled = now
        line = self._index - self.top
        self.rows, self._order, self._versions, self._changed = rows, order, versions, recent
        if old_selected is not None and old_selected in versions:
            self._index = order.index(old_selected)
            self.top = self._index - line  # the row stays where the eye is
        else:
            self._index = max(0, min(self._index, len(order) - 1))
            self._selected = order[self._index] if order else None
            if old_selected is not None:
                self._moved = now
        self._keep_visible()
        if self.marked - versions.keys():
            self._set_marked(self.marked & versions.keys())
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
        self._go(self._order.index(id))
        return True

    def move(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self._go(self._index + rows)

    def clear_marks(self) -> None:
        """Take every mark off."""
        self._set_marked(frozenset())

    def _go(self, index: int) -> None:
        if not self._order:
            return
        index = max(0, min(index, len(self._order) - 1))
        if index == self._index:
            return
        now = self._now()
        if now - self._shuffled < SETTLED:
            self._moved = self._shuffled  # the reader may have aimed at what stood there before
        old_line, old_top = self._index, self.top
        self._index, self._selected = index, self._order[index]
        self._keep_visible()
        if self.top != old_top:
            self.refresh()
        else:
            self._refresh_rows(old_line, index)
        self.post_message(self.Highlighted(self, self._selected))

    def _set_marked(self, marked: frozenset[int]) -> None:
        changed = marked ^ self.marked
        if changed:
            self.marked = marked
            self._refresh_rows(*(index for index, key in enumerate(self._order) if key in changed))
            self.post_message(self.Marked(self, marked))

    # --- keys and mouse ---

    def action_move(self, rows: int) -> None:
        self.move(rows)

    def action_page(self, pages: int) -> None:
        self.move(pages * max(1, self._height - 1))

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(len(self._order) - 1)

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark off, and go on to the next."""
        if self._selected is not None:
            self._set_marked(self.marked ^ {self._selected})
            self.move(1)

    def on_mouse_scroll_up(self) -> None:
        self.move(-1)

    def on_mouse_scroll_down(self) -> None:
        self.move(1)

    def on_click(self, event: events.Click) -> None:
        index = self.top + event.y - self._head
        if event.y >= self._head and index < len(self._order):
            self._go(index)

    def on_resize(self) -> None:
        self._keep_visible()
        self.refresh()

    # --- painting ---

    @property
    def _head(self) -> int:
        return 1 if self.header(self.size.width) else 0

    @property
    def _height(self) -> int:
        return max(1, self.size.height - self._head)

    def _keep_visible(self) -> None:
        height = self._height
        self.top = max(min(self.top, self._index, len(self._order) - height), self._index - height + 1, 0)

    def _refresh_rows(self, *indexes: int) -> None:
        for index in indexes:
            if 0 <= index - self.top < self._height:
                self.refresh(Region(0, index - self.top + self._head, self.size.width, 1))

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

    def render_line(self, y: int) -> Strip:
        """The header, or a row with its cursor and mark."""
        width = self.size.width
        header = self.header(width - 2)
        if header:
            if y == 0:
                return self.paint([("  ", "listing--header"), *header], width)
            y -= 1
        index = self.top + y
        if index >= len(self.rows):
            if y == 0 and not self.rows:
                return self.paint([("  " + cut(self._empty(), width - 2), "listing--dim")], width)
            return self.paint((), width)
        row = self.rows[index]
        here = index == self._index
        over = self.get_component_rich_style("listing--cursor") if here else None
        marked = self.key_of(row) in self.marked
        signs = [("›" if here else " ", ""), ("*" if marked else " ", "listing--mark" if marked else "")]
        return self.paint([*signs, *self.paint_row(row, width - 2)], width, over)
