"""A list with a cursor on one of its rows, marks on several, and a window that follows the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from widgets.lines import MOVES, Line, Painted, cut


class CursorList(Painted, can_focus=True):
    """Rows known by ids, one line each, below a header.

    Which rows there are, and where the cursor stands once they are others, is a subclass's: it sets `ids`, and says
    how a row is painted. No key decides anything here.
    """

    DEFAULT_CSS = """
    CursorList {
        width: 1fr; height: 1fr;
        & > .listing--header { text-style: dim underline; }
        & > .listing--dim { text-style: dim; }
        & > .listing--mark { text-style: bold; color: $text-accent; }
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
        "listing--mark",
        "listing--name",
        "listing--cursor",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *MOVES,
        Binding("space", "mark", "Mark", show=False, id="list.mark"),
    ]
    WHEEL_ROWS: ClassVar[int] = 1
    """By so many rows a notch of the mouse's wheel moves the cursor."""

    class Highlighted(Message):
        """The cursor stands on another row, or on none."""

        def __init__(self, listing: CursorList, id: int | None) -> None:
            super().__init__()
            self.listing = listing
            self.id = id

        @property
        def control(self) -> CursorList:
            return self.listing

    class Marked(Message):
        """Other rows are marked than before."""

        def __init__(self, listing: CursorList) -> None:
            super().__init__()
            self.listing = listing

        @property
        def control(self) -> CursorList:
            return self.listing

    def __init__(
        self,
        *,
        empty: Callable[[], str] = str,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`empty` gives the text of a list without rows; it is asked when that is painted."""
        super().__init__(name=name, id=id, classes=classes)
        self.ids: Sequence[int] = ()
        self.top = 0
        self.marked: set[int] = set()
        self._empty = empty
        self._index = 0
        self._selected: int | None = None
        self._base: Style | None = None

    def say_empty(self, empty: Callable[[], str]) -> None:
        """Say this from now on where there are no rows."""
        self._empty = empty
        self.refresh()

    # --- what a subclass says of its rows ---

    def header(self, width: int) -> Line:
        """Return the line above the rows, without the two cells of the cursor and the mark; () for none."""
        return ()

    def line_at(self, index: int, width: int) -> Line:
        """Return the line of a row, without the two cells of the cursor and the mark."""
        raise NotImplementedError

    # --- cursor and marks ---

    @property
    def selected_id(self) -> int | None:
        """The id of the row under the cursor."""
        return self._selected

    def move(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self._go(self._index + rows)

    def clear_marks(self) -> None:
        """Take every mark off."""
        self._change_marks(self.marked.copy())

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
        self.post_message(self.Highlighted(self, self._selected))

    def _change_marks(self, ids: set[int]) -> None:
        """Mark those of the ids that are not marked, take the marks off the others."""
        # In place: one more mark costs no more where everybody of a large community is marked.
        self.marked ^= ids
        if ids:
            self._refresh_rows(*(index for index in self._in_sight() if self.ids[index] in ids))
            self.post_message(self.Marked(self))

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
        """Mark the row under the cursor, or take its mark off, and go on to the next."""
        if self._selected is not None:
            self._change_marks({self._selected})
            self.move(1)

    def on_mouse_scroll_up(self) -> None:
        self.move(-self.WHEEL_ROWS)

    def on_mouse_scroll_down(self) -> None:
        self.move(self.WHEEL_ROWS)

    def on_click(self, event: events.Click) -> None:
        index = self.top + event.y - self._head
        if event.y >= self._head and index < len(self.ids):
            self._go(index)

    def on_resize(self) -> None:
        self._keep_visible()
        self.refresh()

    # --- window and painting ---

    @property
    def _head(self) -> int:
        return 1 if self.header(self.size.width) else 0

    @property
    def _height(self) -> int:
        return max(1, self.size.height - self._head)

    def _in_sight(self) -> range:
        return range(self.top, min(self.top + self._height, len(self.ids)))

    def _keep_visible(self) -> None:
        height = self._height
        self.top = max(min(self.top, self._index, len(self.ids) - height), self._index - height + 1, 0)

    def _refresh_rows(self, *indexes: int) -> None:
        head, height = self._head, self._height
        for index in indexes:
            if 0 <= index - self.top < height:
                self.refresh(Region(0, index - self.top + head, self.size.width, 1))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines of the list; the style below all of them is looked up once."""
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """The header, or a row with its cursor and mark."""
        width, base = self.size.width, self._base
        header = self.header(width - 2)
        if header:
            if y == 0:
                return self.paint([("  ", "listing--header"), *header], width, base)
            y -= 1
        index = self.top + y
        if index >= len(self.ids):
            if y == 0 and not self.ids:
                return self.paint([("  " + cut(self._empty(), width - 2), "listing--dim")], width, base)
            return self.paint((), width, base)
        here = index == self._index
        over = self.get_component_rich_style("listing--cursor") if here else base
        marked = self.ids[index] in self.marked
        signs = [("›" if here else " ", ""), ("*" if marked else " ", "listing--mark" if marked else "")]
        return self.paint([*signs, *self.line_at(index, width - 2)], width, over)
