"""Members as a file: CSV for a spreadsheet, NDJSON for programs; made anew, for its owner alone."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from console.printing import to_json
from store import roster
from store.database import Database
from store.errors import StoreError
from store.roster_records import MemberRow
from widgets.language import say
from widgets.safe import safe

COLUMNS = (
    "id", "platform", "key", "name", "remark", "tier", "layer", "points", "last", "strikes", "groups", "joined",
)  # fmt: skip

_AT_ONCE = 2_000
# A spreadsheet takes a cell that begins so for a formula; in their wide forms, too, where it is set to Chinese.
_FORMULA = tuple("=+-@＝＋－＠\t\r\n|%")


class ExportError(StoreError):
    """The file cannot be written: the text says why."""


def as_csv(db: Database, ids: Sequence[int], now: float) -> Iterator[str]:
    """Lines of CSV, a header first. Names are as they are shown; one that a spreadsheet would take for a formula has
    an apostrophe before it. Times are UTC."""
    yield _csv_line(COLUMNS)
    for row in _rows(db, ids, now):
        free = (_cell(text) for text in (row.platform, row.key, row.name, row.remark, row.tier, row.layer))
        yield _csv_line((row.id, *free, row.balance, _time(row.last_at), row.strikes, row.groups, _time(row.joined_at)))


def as_ndjson(db: Database, ids: Sequence[int], now: float) -> Iterator[str]:
    """One JSON object a line, with the same keys; names are as the platform gave them, times epoch seconds or null."""
    for row in _rows(db, ids, now):
        yield to_json(shape(row)) + "\n"


def shape(row: MemberRow) -> dict[str, object]:
    """A member as JSON, here and in what commands print."""
    values = (row.id, row.platform, row.key, row.name, row.remark, row.tier, row.layer, row.balance, row.last_at,
              row.strikes, row.groups, row.joined_at)  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


Writer = Callable[[Database, Sequence[int], float], Iterator[str]]

FORMATS: dict[str, Writer] = {"csv": as_csv, "ndjson": as_ndjson}


def format_of(name: str) -> str:
    """The format that a file's name asks for: CSV by .csv, else NDJSON."""
    return "csv" if name.lower().endswith(".csv") else "ndjson"


def export(db: Database, ids: Sequence[int], path: Path, form: str, now: float) -> None:
    """Write these members to a new file. What cannot be written whole is not left behind. Raises ExportError."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise ExportError(say("{path}: is there already and was left as it is; another name", path=path)) from None
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror}") from None
    try:
        # With a byte order mark: without it spreadsheets take Chinese for something else.
        with os.fdopen(handle, "w", encoding="utf-8-sig" if form == "csv" else "utf-8", newline="") as file:
            file.writelines(FORMATS[form](db, ids, now))
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ExportError(f"{path}: {error.strerror}") from None
        raise


def export_beside(db: Database, ids: Sequence[int], name: str, now: float) -> Path:
    """Write these members to a new file of this plain name, in the folder exports beside the store: who sits at a
    console over SSH is to reach no other place. Returns its path. Raises ExportError."""
    if not name or name.startswith(".") or "/" in name or not name.isprintable() or len(name.encode()) > 200:
        raise ExportError(say("{name!r} is no plain file name", name=name))
    folder = db.path.parent / "exports"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{folder}: {error.strerror}") from None
    export(db, ids, folder / name, format_of(name), now)
    return folder / name


def _rows(db: Database, ids: Sequence[int], now: float) -> Iterator[MemberRow]:
    for start in range(0, len(ids), _AT_ONCE):
        yield from roster.rows(db, ids[start : start + _AT_ONCE], now)


def _csv_line(values: Sequence[object]) -> str:
    line = StringIO(newline="")
    csv.writer(line).writerow(values)
    return line.getvalue()


def _cell(text: str) -> str:
    shown = safe(text)
    return "'" + shown if shown.lstrip().startswith(_FORMULA) else shown


def _time(at: float | None) -> str:
    try:
        return "" if at is None else datetime.fromtimestamp(at, UTC).isoformat(sep=" ", timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return ""
