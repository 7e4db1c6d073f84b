"""Shows a secret to one person: on the terminal's alternate screen, until a key is pressed, and nowhere after."""

from __future__ import annotations

import os
import signal
import sys
import termios
import tty

from console.arguments import UserError
from store.secret import Secret
from widgets.safe import safe

_ENTER = "\x1b[?1049h\x1b[2J\x1b[H"
_LEAVE = "\x1b[2J\x1b[H\x1b[?1049l"


def check_terminal() -> None:
    """Raises UserError where a code would be written to a file or stay on the screen."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError("a code is shown on a terminal only, never in a pipe or a file")
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        raise UserError("this terminal has no second screen; a code shown on it would stay in its scroll-back")


def show(title: str, secret: Secret) -> None:
    """Show it until a key is pressed. What was on the screen before comes back, and the scroll-back holds nothing."""
    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    # Who ends the process ends the showing first.
    ended = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        tty.setcbreak(handle)
        # Past Python's buffers: nothing of it waits there to be written later.
        shown = f"{_ENTER}{safe(title)}\n\n    {safe(secret.reveal(), 1_000)}\n\nany key hides it again"
        os.write(sys.stdout.fileno(), shown.encode())
        os.read(handle, 1)
    finally:
        os.write(sys.stdout.fileno(), _LEAVE.encode())
        termios.tcsetattr(handle, termios.TCSAFLUSH, before)
        signal.signal(signal.SIGTERM, ended)
