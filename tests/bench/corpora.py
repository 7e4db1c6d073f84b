"""Corpora of real messages to measure on: files of one JSON object a line, in a folder that is no part of this one."""

from __future__ import annotations

import json
import math
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from rapidfuzz import fuzz, process

NEAR = 80
"""rapidfuzz's ratio, digits as noughts, from which on an ad counts as a near copy of another."""

_DIGITS = {ord(digit): "0" for digit in "123456789"}
_Z = 1.96


class Row(NamedTuple):
    """A message; `spam` is None where nobody said, `copies` how often the source held it, `time` epoch seconds."""

    id: str
    text: str
    spam: bool | None
    time: float | None
    user: str
    group: str
    copies: int


class Rate(NamedTuple):
    """So many of so many, with the 95 % Wilson interval of the share."""

    hits: int
    total: int

    @property
    def share(self) -> float:
        return self.hits / self.total if self.total else math.nan

    def interval(self) -> tuple[float, float]:
        """Raises ZeroDivisionError when there are none at all."""
        square = _Z * _Z / self.total
        middle = self.share + square / 2
        reach = math.sqrt(square * (self.share * (1 - self.share) + square / 4))
        return max(0.0, (middle - reach) / (1 + square)), (middle + reach) / (1 + square)


def load(folder: Path) -> dict[str, list[Row]]:
    """Every corpus of the folder by its name, in its order."""
    return {path.stem: _rows(path) for path in sorted(folder.glob("*.jsonl"))}


def labelled(corpora: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The labelled rows of the corpora that have both labels."""
    return {
        name: [row for row in rows if row.spam is not None]
        for name, rows in corpora.items()
        if len({row.spam for row in rows} - {None}) == 2
    }


def halves(rows: list[Row], salt: str = "") -> tuple[list[Row], list[Row]]:
    """The rows parted by the parity of sha256(id), or of another hash for another salt."""
    parts: tuple[list[Row], list[Row]] = ([], [])
    for row in rows:
        parts[sha256((salt + row.id).encode()).digest()[-1] & 1].append(row)
    return parts


def near_copies(rows: list[Row], known: list[Row]) -> list[bool]:
    """Which of the rows have a near copy among the known ones."""
    others = [row.text.translate(_DIGITS) for row in known]
    return [
        process.extractOne(row.text.translate(_DIGITS), others, scorer=fuzz.ratio, score_cutoff=NEAR) is not None
        for row in rows
    ]


def _rows(path: Path) -> list[Row]:
    rows = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            read = json.loads(line)
            label, stamp = read.get("label"), read.get("ts")
            rows.append(
                Row(
                    read["id"],
                    read["text"],
                    None if label is None else label == "spam",
                    None if not stamp else datetime.fromisoformat(stamp).timestamp(),
                    read.get("user") or "",
                    read.get("group") or "",
                    read.get("n") or 1,
                )
            )
    return rows
