"""What every character folds to and sounds like: tables made by build.py, read here without numpy.

The file is one zlib stream of little-endian int32: a head with the length of each part, then the parts in their order.
Characters stand in pages of 256 code points (a two-stage table as in Unicode TR 5.1), so that all of Unicode
takes a few hundred kilobytes.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from functools import cache
from pathlib import Path
from typing import NamedTuple

DROPPED = -1
"""In `Tables.pages`: nobody sees the character."""
SEPARATES = -2
"""In `Tables.pages`: the character stands between words."""
FIRST_EXPANSION = -3
"""In `Tables.pages`: this and below, by `FIRST_EXPANSION - value`, the number of an expansion."""


class Tables(NamedTuple):
    """The tables, as arrays of int32.

    `page_of[c >> 8]` is the page of code point `c`; `pages[page * 256 + (c & 255)]` is what it folds to: 0 for
    itself, a code point, or one of the negative constants above. Expansion `e` is
    `expansions[expansion_ends[e - 1]:expansion_ends[e]]`, code points, a space for what separates.
    `join_firsts`, `join_seconds` and `joined` are pairs of folded characters, ascending, that are written as one,
    and that one (kana and their voicing, Hangul's letters). `sound_page_of` and `sound_pages` give, as the first
    two do, the character that stands for all of the same toneless sound, 0 for itself. `split_firsts`,
    `split_seconds` and `split_wholes` are pairs of parts, ascending, and the character they make.
    """

    page_of: array[int]
    pages: array[int]
    expansion_ends: array[int]
    expansions: array[int]
    join_firsts: array[int]
    join_seconds: array[int]
    joined: array[int]
    sound_page_of: array[int]
    sound_pages: array[int]
    split_firsts: array[int]
    split_seconds: array[int]
    split_wholes: array[int]


@cache
def tables() -> Tables:
    """The tables of this package, read once a process."""
    return unpacked(Path(__file__).with_name("characters.bin").read_bytes())


def packed(parts: Tables) -> bytes:
    """The bytes of a table file that holds `parts`."""
    numbers = array("i", map(len, parts))
    for part in parts:
        numbers.extend(part)
    if sys.byteorder == "big":
        numbers.byteswap()
    return zlib.compress(numbers.tobytes(), 9)


def unpacked(data: bytes) -> Tables:
    """The parts of the table file `data`. Raises ValueError when it is no such file."""
    try:
        numbers = array("i", zlib.decompress(data))
    except zlib.error as error:
        raise ValueError(f"not a table of characters: {error}") from error
    if sys.byteorder == "big":
        numbers.byteswap()
    count = len(Tables._fields)
    parts, start = [], count
    for length in numbers[:count]:
        parts.append(numbers[start : start + length])
        start += length
    if start != len(numbers):
        raise ValueError("not a table of characters: its lengths do not add up")
    return Tables(*parts)
