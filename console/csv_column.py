"""One column of a CSV file, with the numbers of its lines; what is wrong is told by line, never by content."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections.abc import Collection

from console.arguments import UserError

LONGEST_FIELD = 500
DELIMITERS = ",;\t"


def read_column(data: bytes, source: str, names: Collection[str]) -> list[tuple[int, str]]:
    """The fields of the column that one of `names` heads, or of the only one, without blank lines; each with the
    number of its line. UTF-8 or UTF-16 with its mark; fields may be quoted.

    Raises UserError, which names the line and quotes nothing of it: the fields may be secret.
    """
    text = _decoded(data, source)
    headers = {name.casefold() for name in names}
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, headers), strict=True)
    found: list[tuple[int, str]] = []
    place: int | None = None
    width = 0
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                if place is None:
                    heads = [at for at, cell in enumerate(cells) if cell.casefold() in headers]
                    place, width = (heads[0] if heads else 0), len(cells)
                    if not heads and len(cells) > 1:
                        wanted = " or ".join(names)
                        raise UserError(f"{source}: has {len(cells)} columns, and none of them is headed {wanted}")
                    if not heads:
                        found.append((line, _field(cells, 0, width, line, source)))
                else:
                    found.append((line, _field(cells, place, width, line, source)))
            line = reader.line_num + 1
    except csv.Error:
        raise UserError(f"{source}: line {line}: is no CSV, perhaps a quote is not closed") from None
    if not found:
        raise UserError(f"{source}: holds nothing to read")
    return found


def _field(cells: list[str], place: int, width: int, line: int, source: str) -> str:
    if len(cells) != width:
        raise UserError(f"{source}: line {line}: has {len(cells)} columns where the first has {width}")
    field = cells[place]
    if not field:
        raise UserError(f"{source}: line {line}: the column is empty")
    if len(field) > LONGEST_FIELD:
        raise UserError(f"{source}: line {line}: is longer than {LONGEST_FIELD} characters")
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in field):
        raise UserError(f"{source}: line {line}: holds a control character or a line break")
    return field


def _decoded(data: bytes, source: str) -> str:
    encoding = "utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(f"{source}: line {line}: is not UTF-8; save it as CSV in UTF-8") from None


def _delimiter(text: str, headers: set[str]) -> str:
    """A comma, unless the first line names its columns with another sign between them."""
    first = text.lstrip().partition("\n")[0]
    for sign in DELIMITERS:
        cells = {cell.strip().strip('"').casefold() for cell in first.split(sign)}
        if len(cells) > 1 and cells & headers:
            return sign
    return ","
