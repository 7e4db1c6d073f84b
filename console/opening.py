"""Opening the console: who sits there, the worker beside it, signals, and the way out."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from console.access import is_forced_session, sit_down
from console.child import Child
from console.commands import COMMANDS, resolve
from console.language import translation
from console.settings import Settings
from store import lease
from store.database import open_database

if TYPE_CHECKING:
    from console.app import VigilApp

# Read by Textual when it is imported: no animations on a slow line, no keyboard protocol that input methods
# for Chinese lose text with, and frames at the rate the feed needs.
ENVIRONMENT = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_DISABLE_KITTY_KEY": "1", "TEXTUAL_FPS": "30"}

LEAVE_SECONDS = 10.0
"""How long the console may take to leave once it was told to."""


def open_console(
    settings: Settings, name: str | None, *, notice: str = "", beside: Callable[[], Callable[[], None]] | None = None
) -> int:
    """Run the console until the person leaves or the connection drops; returns the process's exit code.

    `beside` starts something that lives as long as the console and returns what ends it. Raises StoreError,
    SettingsError, KeysError.
    """
    # Blocked before Textual makes its threads, which inherit it: the watcher alone takes these signals.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGTERM})
    with ExitStack() as stack:
        db = open_database(settings.store, create=True)
        stack.callback(db.close)
        desk = sit_down(db, settings, name)
        for variable, value in ENVIRONMENT.items():
            os.environ.setdefault(variable, value)
        from console.app import VigilApp, moves
        from console.screens.place import Place

        keys = resolve(settings.keys, moves())
        child = None if is_forced_session(name) else Child(settings)
        if child is not None:
            stack.callback(child.stop)
            child.tend(lease.holder(db, time.time()), at_once=True)
        if beside is not None:
            stack.callback(beside())
        place = Place(settings, desk.name)
        stack.callback(place.close)
        own = {command.id for command in COMMANDS}
        moved: Mapping[str, str] = {key: value for key, value in settings.keys.items() if key not in own}
        app = VigilApp(db, place, child, keys, moved, translation(settings.language), notice)
        threading.Thread(target=_leave_on_signal, args=(app,), daemon=True).start()
        app.run()
        return app.return_code or 0


def _leave_on_signal(app: VigilApp) -> None:
    """A dropped connection (SIGHUP) or a request to end leaves the console as the key for it does."""
    signal.sigwait({signal.SIGHUP, signal.SIGTERM})
    # A loop that is stuck writing to a dead line cannot leave by itself.
    stuck = threading.Timer(LEAVE_SECONDS, os._exit, (1,))
    stuck.daemon = True
    stuck.start()
    app.call_from_thread(app.exit)
