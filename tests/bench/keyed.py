"""Keys pressed in a real terminal, and the seconds until the screen shows what they do.

The terminal's server is talked to over one connection that stays open: a command costs less than a millisecond, however
busy the machine is with starting programs.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from textual.app import App, ComposeResult
from textual.widgets import Static

from tests.terminal.tmux import Tmux

LOOK_SECONDS = 0.001
LONGEST_SECONDS = 5.0
"""Without an effect for so long a key counts as lost."""

Shown = Callable[[list[str]], bool]


class Lost(Exception):
    """A key had no effect."""


class Keyed:
    """A connection to the pane of `terminal`."""

    def __init__(self, terminal: Tmux) -> None:
        self._process = subprocess.Popen(
            ["tmux", "-S", str(terminal.socket), "-C", "attach", "-f", "no-output,ignore-size"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._answer()

    def __enter__(self) -> Keyed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def screen(self) -> list[str]:
        return self._command("capture-pane -p")

    def press(self, key: str) -> None:
        """By tmux's names: `Up`, `a`."""
        self._command(f"send-keys -- '{key}'")

    def timed(self, key: str, shows: Shown) -> float:
        """Seconds from a key to the screen that shows its effect. Raises Lost."""
        began = time.perf_counter()
        self.press(key)
        while not shows(found := self.screen()):
            if time.perf_counter() - began > LONGEST_SECONDS:
                raise Lost(f"{key} had no effect in {LONGEST_SECONDS:.0f} s:\n" + "\n".join([*found[:6], *found[-2:]]))
            time.sleep(LOOK_SECONDS)
        return time.perf_counter() - began

    def _command(self, command: str) -> list[str]:
        assert self._process.stdin is not None
        self._process.stdin.write(command.encode() + b"\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> list[str]:
        assert self._process.stdout is not None
        found: list[str] = []
        within = False
        for line in self._process.stdout:
            text = line.decode("utf-8", "replace").rstrip("\n")
            if not within:
                within = text.startswith("%begin ")
            elif text.startswith(("%end ", "%error ")):
                return found
            else:
                found.append(text)
        raise Lost("the terminal has ended")


class Plain(App[None]):
    """Next to nothing: shows how many keys were pressed."""

    pressed = 0

    def compose(self) -> ComposeResult:
        yield Static("pressed 0")

    def on_key(self) -> None:
        self.pressed += 1
        self.query_one(Static).update(f"pressed {self.pressed}")


PLAIN: Sequence[str] = (sys.executable, "-P", "-m", "tests.bench.keyed")


if __name__ == "__main__":
    Plain().run()
