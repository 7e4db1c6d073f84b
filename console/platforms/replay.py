"""The replay platform: a recorded file or standard input played back; actions go to a file of effects."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from console.platforms.base import Access, Batch, PlatformError, Receipt
from console.platforms.recorded import LONGEST_LINE, BadLine, Parsed, parse_line
from console.platforms.replay_kind import LIMITS
from rules.records import Message
from store.records import ActionState, Order
from store.secret import MASK
from widgets.language import mark

NAME = "replay"
BATCH_LINES = 500
_POLL_SECONDS = 0.05


class ReplayError(PlatformError):
    """The recorded file cannot be read: one line that names it and says why."""


class Position(msgspec.Struct, frozen=True):
    """Where reading goes on: `offset` bytes and `line` lines were read; `mark` is a hash of the last bytes
    before, which tells whether the file is still the same up to there."""

    offset: int
    line: int
    mark: str


class _Written(msgspec.Struct, frozen=True):
    """What is read again of a line of the file of effects."""

    key: str


def effects_path(store: Path) -> Path:
    """The file of effects beside a store."""
    return store.with_name(store.stem + ".effects.ndjson")


class Effects:
    """The append-only file of what was done on the replay platform, one JSON object a line.

    An action's key is written once, whoever tries, however often: readers and writers take a file lock, and
    a line cut short by a full disk is removed before the next. A secret is masked, and told by its SHA-256 alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys: set[str] = set()
        self._read_to = 0

    def write(self, order: Order, at: float) -> None:
        """Raises OSError."""
        with self._open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._catch_up(file)
            if order.key in self._keys:
                return
            effect: dict[str, object] = {
                "key": order.key,
                "action": order.kind,
                "group": order.group,
                "user": order.member or None,
                "message": order.message or None,
                "text": order.text or None,
                "seconds": order.seconds or None,
                "at": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
            }
            if order.secret:
                effect["text"] = order.text.replace(order.secret, MASK)
                effect["secret_sha256"] = hashlib.sha256(order.secret.encode()).hexdigest()
            line = msgspec.json.encode(effect)
            file.seek(self._read_to)
            file.write(line + b"\n")
            file.flush()
            self._read_to = file.tell()
            self._keys.add(order.key)

    def _open(self) -> BinaryIO:
        return os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")

    def _catch_up(self, file: BinaryIO) -> None:
        if os.fstat(file.fileno()).st_size < self._read_to:
            # Somebody removed or emptied it meanwhile.
            self._read_to = 0
        file.seek(self._read_to)
        for line in file:
            if not line.endswith(b"\n"):
                break
            self._read_to += len(line)
            # A line that is not ours stays, and says nothing.
            with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                self._keys.add(msgspec.json.decode(line, type=_Written).key)
        file.truncate(self._read_to)


class Replay:
    """Plays a recorded chat. `speed` is a factor on its own pace, None for no waiting at all.

    With `path` None standard input is read, which like any pipe has no position to go on from. Without either (`idle`)
    nothing is read and only actions are carried out.
    """

    can = LIMITS.can
    repeatable = True

    def __init__(
        self,
        effects: Path,
        *,
        path: Path | None = None,
        idle: bool = False,
        speed: float | None = 1.0,
        name: str = NAME,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.path = path
        self.idle = idle
        self.speed = speed
        self.health = mark("waiting")
        self.total = 0
        self.read = 0
        self.lines = 0
        self._clock = clock
        self._effects = Effects(effects)
        playing = mark("playing")
        self._playing = playing if speed is None else f"{playing} ({speed:g}x)"

    @property
    def source(self) -> str:
        return f"{self.name}:{self.path.absolute() if self.path else '-'}"

    async def batches(self, position: str | None) -> AsyncIterator[Batch]:
        """Raises ReplayError."""
        if self.idle:
            return
        try:
            # Not sys.stdin: the interpreter closes that at its end, and aborts where a thread still reads it.
            file = self.path.open("rb") if self.path else os.fdopen(0, "rb", closefd=False)
        except OSError as error:
            raise ReplayError(f"{self.path or 'standard input'}: {error.strerror}") from None
        # A pipe may have a path, too; the thread that reads it must not find it closed.
        lasting = bool(self.path) and file.seekable()
        try:
            if lasting:
                self.total = os.fstat(file.fileno()).st_size
                self._go_to(file, position)
            async for batch in self._read(_FileLines(file) if lasting else _PipeLines(file)):
                yield batch
        except OSError as error:
            raise ReplayError(f"{self.path or 'standard input'}: {error.strerror}") from None
        finally:
            if lasting:
                file.close()
        self.health = mark("played to the end")

    def _go_to(self, file: BinaryIO, position: str | None) -> None:
        if not position:
            return
        try:
            place = msgspec.json.decode(position, type=Position)
        except msgspec.MsgspecError:
            return
        if place.offset <= self.total and _mark(file, place.offset) == place.mark:
            self.read, self.lines = place.offset, place.line
        file.seek(self.read)

    async def _read(self, lines: _FileLines | _PipeLines) -> AsyncIterator[Batch]:
        messages: list[Message] = []
        problems: list[str] = []
        pace = _Pace(self.speed)
        while True:
            if not lines.ready and (messages or problems):
                yield Batch(tuple(messages), self._position(lines), tuple(problems))
                messages, problems = [], []
            line = await lines.read()
            if line and isinstance(lines, _FileLines) and self._is_unfinished(line):
                problems.append(f"line {self.lines + 1}: cut short at the end of the file; read again the next time")
                line = None
            parsed = self._parse(line, problems) if line else None
            wait = pace.wait(parsed.message.time) if parsed else 0.0
            if wait > 0 or not line or len(messages) >= BATCH_LINES or len(problems) >= BATCH_LINES:
                if messages or problems or not line:
                    yield Batch(tuple(messages), self._position(lines), tuple(problems))
                    messages, problems = [], []
                    # Without waiting anywhere, actions would get no turn until the end of the file.
                    await asyncio.sleep(0)
                while parsed and wait > 0:
                    self.health = self._playing
                    await asyncio.sleep(min(wait, _POLL_SECONDS))
                    wait = pace.wait(parsed.message.time)
            if not line:
                return
            self.health = self._playing
            self.read += line.size
            self.lines += 1
            if parsed:
                messages.append(parsed.message)

    def _is_unfinished(self, line: _Line) -> bool:
        """Whether a last line without an end is no message yet: somebody may still be writing it."""
        if line.data.endswith(b"\n") or line.size > len(line.data):
            return False
        try:
            parse_line(line.data, self.name, self._clock())
        except BadLine:
            return True
        return False

    def _parse(self, line: _Line, problems: list[str]) -> Parsed | None:
        if line.size > len(line.data):
            problems.append(f"line {self.lines + 1}: longer than {LONGEST_LINE} bytes; passed over")
            return None
        try:
            parsed = parse_line(line.data, self.name, self._clock())
        except BadLine as error:
            problems.append(f"line {self.lines + 1}: {error}")
            return None
        if parsed and parsed.remarks:
            problems.append(f"line {self.lines + 1}: {'; '.join(parsed.remarks)}")
        return parsed

    def _position(self, lines: _FileLines | _PipeLines) -> str:
        mark = _mark(lines.file, self.read) if isinstance(lines, _FileLines) else ""
        return msgspec.json.encode(Position(self.read, self.lines, mark)).decode()

    async def perform(self, order: Order) -> Receipt:
        try:
            self._effects.write(order, self._clock())
        except OSError as error:
            return Receipt(ActionState.WAITING, f"{self._effects.path}: {error.strerror}", retry_after=5.0)
        return Receipt(ActionState.DONE)

    async def access(self) -> Access:
        """Raises ReplayError."""
        try:
            if self.path:
                self.path.open("rb").close()
        except OSError as error:
            raise ReplayError(f"{self.path}: {error.strerror}") from None
        done = f"what is done there is written to {self._effects.path}"
        return Access(f"a recording, {self.path or 'standard input'}", (), (done,))

    async def close(self) -> None:
        """Nothing is held open between two calls."""


class _Line(NamedTuple):
    """A line without what exceeds the longest allowed; `size` counts all of its bytes."""

    data: bytes
    size: int


class _FileLines:
    """Lines of a file, which is always ready."""

    ready = True

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    async def read(self) -> _Line | None:
        return _read_line(self.file)


class _PipeLines:
    """Lines of a pipe or terminal, read in a thread of its own that ends with the process: a read that
    waits for input can be neither cancelled nor waited for."""

    def __init__(self, file: BinaryIO) -> None:
        self._queue: asyncio.Queue[_Line | None] = asyncio.Queue()
        self._room = threading.Semaphore(4 * BATCH_LINES)
        threading.Thread(target=self._fill, args=(file, asyncio.get_running_loop()), daemon=True).start()

    @property
    def ready(self) -> bool:
        return not self._queue.empty()

    async def read(self) -> _Line | None:
        line = await self._queue.get()
        self._room.release()
        return line

    def _fill(self, file: BinaryIO, loop: asyncio.AbstractEventLoop) -> None:
        line: _Line | None = _Line(b"", 0)
        # The loop closes when the worker stops, and nobody waits for lines any more.
        with contextlib.suppress(RuntimeError):
            while line:
                self._room.acquire()
                line = _read_line(file)
                loop.call_soon_threadsafe(self._queue.put_nowait, line)


def _read_line(file: BinaryIO) -> _Line | None:
    data = file.readline(LONGEST_LINE)
    size = len(data)
    part = data
    while part and len(part) == LONGEST_LINE and not part.endswith(b"\n"):
        part = file.readline(LONGEST_LINE)
        size += len(part)
    return _Line(data, size) if data else None


class _Pace:
    """How long to wait for a message of a given time. Time that goes back, as between two recordings put
    one after the other, starts the clock anew."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._zero: tuple[float, float] | None = None
        self._last = 0.0

    def wait(self, at: float | None) -> float:
        if self._speed is None or at is None:
            return 0.0
        now = time.monotonic()
        if self._zero is None or at < self._last:
            self._zero = (at, now)
        self._last = at
        return (at - self._zero[0]) / self._speed - (now - self._zero[1])


def _mark(file: BinaryIO, offset: int) -> str:
    here = file.tell()
    start = max(0, offset - 4096)
    file.seek(start)
    digest = hashlib.sha256(file.read(offset - start)).hexdigest()
    file.seek(here)
    return digest
