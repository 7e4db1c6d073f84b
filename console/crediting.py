"""Reading who gets how many points for an event from a CSV file, every bad line named."""

from __future__ import annotations

import csv
from pathlib import Path

from console.arguments import UserError
from console.points_desk import MOST_POINTS
from store import member_lookup
from store.database import Database
from store.errors import NotFound

COLUMNS = ("member", "points")


def read_credits(db: Database, path: Path) -> tuple[list[tuple[int, int]], list[tuple[int, str]]]:
    """Pairs of member and points, and what is wrong with which line. Raises UserError for a file that is no such
    table, OSError."""
    rows: list[tuple[int, int]] = []
    problems: list[tuple[int, str]] = []
    lines: dict[int, int] = {}
    try:
        # newline="": line ends within quotation marks are the csv module's to read.
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            named = {(name or "").strip().casefold(): name for name in reader.fieldnames or ()}
            if not set(COLUMNS) <= set(named):
                raise UserError(f"{path}: its first line must name the columns member and points")
            for row in reader:
                if not any(value for value in row.values()):
                    continue
                try:
                    member = _member(db, row[named["member"]])
                    if member in lines:
                        raise ValueError(f"the member stands on line {lines[member]} already")
                    rows.append((member, _points(row[named["points"]])))
                    lines[member] = reader.line_num
                except ValueError as error:
                    problems.append((reader.line_num, str(error)))
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8") from None
    except csv.Error as error:
        raise UserError(f"{path}: is not CSV: {error}") from None
    if not rows and not problems:
        raise UserError(f"{path}: holds no line below the names of the columns")
    return rows, problems


def _member(db: Database, written: str | None) -> int:
    if not written or not written.strip():
        raise ValueError("no member")
    try:
        return member_lookup.find(db, written)
    except NotFound as error:
        raise ValueError(str(error)) from None


def _points(written: str | None) -> int:
    text = (written or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 12 and 0 < int(text) <= MOST_POINTS):
        raise ValueError(f"points must be a whole number from 1 to {MOST_POINTS}, not {text[:40]!r}")
    return int(text)
