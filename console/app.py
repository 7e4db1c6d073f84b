"""The Textual application: wiring only."""

from __future__ import annotations

import gettext
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter

from console.child import Child
from console.screens.closed import ForgetsClosed
from console.screens.link import PacedFrames
from console.screens.main import MainScreen
from console.screens.members import MembersScreen
from console.screens.place import Place
from console.screens.typed_ahead import TypedAhead
from store import staff
from store.database import Database
from widgets.feed import Feed
from widgets.language import install
from widgets.listing import Listing
from widgets.net import SafeFilter


class VigilApp(TypedAhead, ForgetsClosed, PacedFrames, App[None]):
    """The console of one staff member."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        db: Database,
        place: Place,
        child: Child | None,
        keys: Mapping[str, str],
        moves: Mapping[str, str],
        translation: gettext.NullTranslations,
        notice: str = "",
    ) -> None:
        super().__init__()
        install(translation)
        self.title = "Vigil"
        self._main = MainScreen(db, place, child, keys, notice)
        self.install_screen(MembersScreen(db, place, keys, self._main.go_to), "members")
        self._db = db
        self._safe = SafeFilter()
        self.set_keymap(dict(moves))

    @property
    def alone(self) -> bool:
        """Whether the store has one staff member only."""
        return staff.is_single(self._db)

    def on_mount(self) -> None:
        self.push_screen(self._main)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._safe]


def moves() -> list[tuple[str, str]]:
    """Ids and keys of the moves in lists, which settings may change as they may a command's."""
    found = [*Feed.BINDINGS, *Listing.BINDINGS]
    return [(binding.id, binding.key) for binding in found if isinstance(binding, Binding) and binding.id]
