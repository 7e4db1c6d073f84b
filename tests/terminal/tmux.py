"""Drives a program in a real terminal: a private tmux server with one pane."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

AVAILABLE = shutil.which("tmux") is not None

_BEAT = 0.05


class Tmux:
    """One pane in a server of its own. Used as a context manager it leaves nothing behind."""

    def __init__(self, term: str = "tmux-256color") -> None:
        """`term` is what the program finds in TERM."""
        self._folder = Path(tempfile.mkdtemp(prefix="tmux-"))
        self.socket = self._folder / "socket"
        self._term = term
        self._log = self._folder / "output"

    def __enter__(self) -> Tmux:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def command(self, *words: str) -> str:
        """Run a tmux command in this server and return what it prints."""
        done = subprocess.run(
            ["tmux", "-S", str(self.socket), "-f", "/dev/null", *words],
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=20,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"tmux {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def start(
        self,
        command: Sequence[str],
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Run `command` in a pane of that size. The pane stays when the command ends; `ended` then says so."""
        settings = {"LANG": "C.UTF-8", **(env or {})}
        # COLUMNS and LINES, which test runners set, would hide every resize from the program.
        unset = [word for name in ("TMUX", "NO_COLOR", "COLUMNS", "LINES") for word in ("-u", name)]
        words = ["env", *unset, *(f"{name}={value}" for name, value in settings.items())]
        self._log.touch()
        # One command line, so that nothing the program says is said before it is recorded.
        self.command(
            *("start-server", ";"),
            *("set-option", "-g", "default-terminal", self._term, ";"),
            *("set-option", "-s", "set-clipboard", "on", ";"),
            *("set-option", "-g", "status", "off", ";"),
            *("set-option", "-g", "remain-on-exit", "on", ";"),
            *("new-session", "-d", "-x", str(columns), "-y", str(rows), shlex.join([*words, *command]), ";"),
            *("pipe-pane", f"cat >> {shlex.quote(str(self._log))}"),
        )

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names: `Up`, `PageDown`, `C-c`, `a`."""
        self.command("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type a text as it stands."""
        self.command("send-keys", "-l", "--", text)

    def screen(self, *, blanks: bool = False) -> list[str]:
        """Return the lines on screen, with `blanks` those at their ends too."""
        return self.command("capture-pane", "-p", *(["-N"] if blanks else [])).split("\n")[:-1]

    def wait_for(
        self, what: str | Callable[[list[str]], bool], timeout: float = 15, *, blanks: bool = False
    ) -> list[str]:
        """Return the screen as soon as it holds a text, or satisfies a predicate; fail after `timeout` seconds."""
        end = time.monotonic() + timeout
        while True:
            lines = self.screen(blanks=blanks)
            if any(what in line for line in lines) if isinstance(what, str) else what(lines):
                return lines
            if time.monotonic() > end:
                raise AssertionError(f"not on screen after {timeout} s: {what!r}\n" + "\n".join(lines))
            time.sleep(_BEAT)

    def wait_until(self, condition: Callable[[], bool], timeout: float = 15) -> None:
        """Return as soon as `condition` holds; fail after `timeout` seconds."""
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"did not come to hold in {timeout} s\n" + "\n".join(self.screen()))
            time.sleep(_BEAT)

    def value(self, name: str) -> str:
        """Return a tmux variable of the pane: `pane_title`, `pane_width`, `pane_dead`, `cursor_flag`."""
        return self.command("display-message", "-p", f"#{{{name}}}").rstrip("\n")

    def buffers(self) -> list[str]:
        """Return what stands in tmux's paste buffers, where a program's clipboard goes."""
        return self.command("list-buffers", "-F", "#{buffer_sample}").splitlines()

    @property
    def ended(self) -> bool:
        """Whether the program has ended."""
        return self.value("pane_dead") == "1"

    def output(self) -> bytes:
        """Return every byte the program has written to its terminal so far."""
        return self._log.read_bytes()

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self.command("resize-window", "-x", str(columns), "-y", str(rows))

    def kill(self) -> None:
        """End the program and the server."""
        if self.socket.exists():
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self.command("kill-server")
        shutil.rmtree(self._folder, ignore_errors=True)
