"""Redemptions in a CSV file: which code or which member, and when; what is wrong is told by line, never by content."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from console.arguments import UserError

COLUMNS = ("code", "member")
TIMES = ("time", "redeemed_at")
LONGEST_FIELD = 500

_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file: its number, the code or member, and when in epoch seconds, None where it says nothing."""

    line: int
    what: str
    at: float | None


def read_redemptions(data: bytes, source: str, zone: str) -> tuple[str, list[Row]]:
    """Which of COLUMNS the file has, and its rows. It needs a head; a column headed by one of TIMES may be beside it,
    by the clock of `zone` where it names none. Blank lines are passed over.

    Raises UserError, which names the line and quotes nothing of it: the fields may be secret.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(f"{source}: line {line}: is not UTF-8; save it as CSV in UTF-8") from None
    first = text.lstrip().partition("\n")[0]
    sign = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
    column, rows = "", list[Row]()
    place, time_place, width, line = 0, -1, 0, 1
    try:
        for cells in reader:
            line, following = line, reader.line_num + 1
            fields = [cell.strip() for cell in cells]
            if any(fields) and not column:
                heads = [field.casefold() for field in fields]
                column, place = _column(heads, source)
                time_place = next((at for at, head in enumerate(heads) if head in TIMES), -1)
                width = len(heads)
            elif any(fields):
                if len(fields) != width or not fields[place] or len(fields[place]) > LONGEST_FIELD:
                    raise UserError(f"{source}: line {line}: needs {width} columns, and a {column} in its own")
                at = _time(fields[time_place], zone) if time_place >= 0 and fields[time_place] else None
                rows.append(Row(line, fields[place], at))
            line = following
    except csv.Error:
        raise UserError(f"{source}: line {line}: is no CSV, perhaps a quote is not closed") from None
    except (ValueError, OverflowError):
        raise UserError(f"{source}: line {line}: its time is none, such as 2027-03-31 or 2027-03-31 18:00") from None
    if not column:
        raise UserError(f"{source}: is empty")
    return column, rows


def _column(heads: list[str], source: str) -> tuple[str, int]:
    found = [(head, at) for at, head in enumerate(heads) if head in COLUMNS]
    if len(found) != 1:
        raise UserError(f"{source}: the first line names the columns: one of them is {' or '.join(COLUMNS)}")
    return found[0]


def _time(text: str, zone: str) -> float:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).timestamp()
