"""What the windows that were closed have painted is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual._styles_cache import StylesCache

if TYPE_CHECKING:
    from textual.app import App
    from textual.await_complete import AwaitComplete

    _Base = App[None]
else:
    _Base = object


class ForgetsClosed(_Base):
    """An app that does not grow with every window it opens.

    Textual keeps borders' colours by the cache of the widget that has them, for a thousand widgets, and with each
    cache all the lines that were painted: a quarter of a megabyte for every list of keys.
    """

    def pop_screen(self) -> AwaitComplete:
        closed = super().pop_screen()
        colours: Any = StylesCache.get_inner_outer
        colours.cache_clear()
        return closed
