"""The line in which names are typed, while the arrows still move the list below it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from widgets.prompt import LineInput


class FindLine(LineInput):
    """Escape leaves it; up, down and the pages are for the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False, id="find.leave"),
        Binding("up", "move(-1)", "Up", show=False, id="find.up"),
        Binding("down", "move(1)", "Down", show=False, id="find.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="find.page-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="find.page-down"),
    ]

    class Left(Message):
        """What was typed is to count no more."""

    class Moved(Message):
        """The list is to move by rows or by pages."""

        def __init__(self, rows: int, pages: int) -> None:
            super().__init__()
            self.rows = rows
            self.pages = pages

    def __init__(self, *, id: str) -> None:
        super().__init__(max_length=60)
        self.id = id

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_move(self, rows: int) -> None:
        self.post_message(self.Moved(rows, 0))

    def action_page(self, pages: int) -> None:
        self.post_message(self.Moved(0, pages))
