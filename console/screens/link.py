"""The line to the terminal: frames are paced by it, so that on a slow one the feed waits, keys never do.

After each frame the terminal is asked where its cursor is; its answer proves that it has consumed all that
was written before, through however many buffers. This module alone uses private names of Textual.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual import events
from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen

    _Base = App[None]
else:
    _Base = object

ASK = "\x1b[6n"
PATIENCE_SECONDS = 3.0
"""A terminal that never answers is not waited for longer than this, and after three times not at all."""

SLOW_SECONDS = 0.3
"""Above this round trip the feed paints in pages instead of lines."""


class LastingWriter(WriterThread):
    """Writes to the terminal until it hangs up, and takes what is written then, too, until the console has left.

    Textual's own ends with an error, and whoever writes the thirtieth piece after that waits for ever: many
    come at once, since a process whose terminal hangs up is also woken, and takes that for its return from the
    background.
    """

    def run(self) -> None:
        try:
            super().run()
        except OSError:
            while self._queue.get() is not None:
                pass

    def stop(self) -> None:
        # Twice: the first end may have been taken by the write that failed.
        self._queue.put(None)
        super().stop()


linux_driver.WriterThread = LastingWriter  # type: ignore[attr-defined]


class PacedFrames(_Base):
    """An app that knows whether the terminal is still busy with what it was sent."""

    _asked_at = 0.0
    _asked = False
    _unanswered = 0
    round_trip = 0.0

    @property
    def terminal_is_busy(self) -> bool:
        """Whether the last frame has not arrived yet."""
        if self._asked and time.monotonic() - self._asked_at > PATIENCE_SECONDS:
            self._asked = False
            self._unanswered += 1
        return self._asked

    @property
    def line_is_slow(self) -> bool:
        return self.round_trip > SLOW_SECONDS

    def _display(self, screen: Screen[object], renderable: object) -> None:
        super()._display(screen, renderable)  # type: ignore[arg-type]
        if renderable is None or self._asked or self._unanswered > 2 or self.is_headless or self._batch_count:
            return
        if self._driver is not None:
            self._driver.write(ASK)
            self._asked, self._asked_at = True, time.monotonic()

    def on_cursor_position(self, event: events.CursorPosition) -> None:
        event.stop()
        if self._asked:
            took = time.monotonic() - self._asked_at
            self.round_trip = took if not self.round_trip else 0.7 * self.round_trip + 0.3 * took
            self._asked = False
            self._unanswered = 0
