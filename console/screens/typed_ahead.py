"""Keys typed before a window was open go to that window, as they would have a moment later."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING
from weakref import ref

from textual import events

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen

    _Base = App[None]
else:
    _Base = object

LOOK_SECONDS = 0.02
MOST_LOOKS = 100
"""How often it is looked whether a window has its focus, before the keys go to it all the same."""

CLOSING = ("enter", "escape")
CLOSING_LOOKS = 5
"""How often it is looked whether one of these keys has closed a window."""

REMEMBERED = 256


class TypedAhead(_Base):
    """An app in which every key reaches the window that it was typed for.

    Keys that come in one go, as over a slow connection, have all been sent to the screen below by the time the first
    of them opens a window. What comes back from there unused, and what follows it, waits until the window has its
    focus, and is sent anew in the same order. What follows a key that may close a window waits as well.
    """

    def __init__(self) -> None:
        super().__init__()
        # A window that was closed is not kept for the keys that it was sent.
        self._sent_keys: deque[tuple[events.Key, ref[Screen[object]], int]] = deque(maxlen=REMEMBERED)
        # Each with its number in the order of typing.
        self._held_keys: dict[int, events.Key] = {}
        self._sent_anew: dict[int, events.Key] = {}
        self._answered: Screen[object] | None = None
        self._unfocused: Screen[object] | None = None
        self._typed_count = 0
        self._looks = 0
        self._looking = False

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or not self.screen_stack or not self._keeps(event):
            await super().on_event(event)

    def _keeps(self, event: events.Key) -> bool:
        """Whether this key has to wait."""
        if event.is_forwarded:
            number = self._number_of_missed(event)
            if number is None:
                return False
        else:
            number = next((number for number, key in self._sent_anew.items() if key is event), 0)
            busy = bool(self._answered) or self._is_opening()
            if number:
                del self._sent_anew[number]
                busy = busy or any(held < number for held in self._held_keys)
            else:
                self._typed_count = number = self._typed_count + 1
                busy = busy or bool(self._held_keys) or bool(self._sent_anew)
            if not busy:
                self._sent_keys.append((event, ref(self.screen), number))
                if event.key in CLOSING and self.screen.is_modal:
                    self._answered = self.screen
                    self._look()
                return False
        self._held_keys[number] = events.Key(event.key, event.character)
        self._look()
        return True

    def _number_of_missed(self, event: events.Key) -> int | None:
        """The number of a key that came back unused, where a window has opened above the screen it was sent to."""
        for key, sent_to, number in self._sent_keys:
            if key is event:
                screen = sent_to()
                missed = screen is not self.screen and self.screen.is_modal and screen in self.screen_stack
                return number if missed else None
        return None

    def _is_opening(self) -> bool:
        # A terminal that is not looked at takes the focus away; the next key gives it back.
        return self.screen.is_modal and self.focused is None and self.app_focus and self.screen is not self._unfocused

    def _look(self) -> None:
        self._looks = 0
        if not self._looking:
            self._looking = True
            self.set_timer(LOOK_SECONDS, self._hand_on)

    def _hand_on(self) -> None:
        if not self.screen_stack:
            return
        self._looks += 1
        closing = self._answered is self.screen and self._looks < CLOSING_LOOKS
        if self._looks >= MOST_LOOKS:
            self._unfocused = self.screen
        if self._sent_anew or closing or self._is_opening():
            self.set_timer(LOOK_SECONDS, self._hand_on)
            return
        self._looking, self._answered = False, None
        for number in sorted(self._held_keys):
            event = self._sent_anew[number] = self._held_keys.pop(number)
            self.post_message(event)
            if event.key in CLOSING:
                break
        if self._held_keys:
            self._look()
