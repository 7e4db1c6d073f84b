"""The compiled loops of folding: looking up, joining, putting split characters together.

None calls a function of another file, because numba's cache looks only at the file a function stands in: a
function that had compiled in another file's code would go on with it after that file changed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rules.compiled import compiled
from rules.tables import FIRST_EXPANSION, SEPARATES

_SPACE = 32
FIRST_PART = 0x2E80

Ints = NDArray[np.int64]
SmallInts = NDArray[np.int32]
Codes = NDArray[np.uint32]


@compiled
def fold_codes(
    codes: Codes,
    bounds: Ints,
    page_of: SmallInts,
    pages: SmallInts,
    expansion_ends: SmallInts,
    expansions: SmallInts,
    join_pages: NDArray[np.uint8],
    join_seconds: Ints,
    join_keys: Ints,
    joined: SmallInts,
) -> tuple[Codes, Ints, SmallInts, SmallInts, Ints]:
    """Folds texts by the tables: letters and where each text's end, their origins, starts and where those end."""
    room = len(codes)
    for code in codes:
        value = pages[page_of[code >> 8] * 256 + (code & 255)]
        if value <= FIRST_EXPANSION:
            number = FIRST_EXPANSION - value
            room += 2 * (expansion_ends[number] - (expansion_ends[number - 1] if number else 0))
    out = np.empty(room, np.uint32)
    origin = np.empty(room, np.int32)
    starts = np.empty(room, np.int32)
    ends = np.zeros(len(bounds), np.int64)
    start_ends = np.zeros(len(bounds), np.int64)
    size = 0
    words = 0
    single = np.zeros(1, np.int32)
    for text in range(len(bounds) - 1):
        first = size
        apart = False
        for place in range(bounds[text], bounds[text + 1]):
            code = codes[place]
            value = pages[page_of[code >> 8] * 256 + (code & 255)]
            if value < 0 and value > FIRST_EXPANSION:
                apart = apart or value == SEPARATES
                continue
            if value >= 0:
                single[0] = value if value else code
                pieces, begin, end = single, 0, 1
            else:
                number = FIRST_EXPANSION - value
                pieces, begin, end = expansions, (expansion_ends[number - 1] if number else 0), expansion_ends[number]
            for piece in range(begin, end):
                letter = pieces[piece]
                if letter == _SPACE:
                    apart = True
                    continue
                if size > first and join_pages[letter >> 8]:
                    among = np.searchsorted(join_seconds, letter)
                    if among < len(join_seconds) and join_seconds[among] == letter:
                        key = (np.int64(out[size - 1]) << 32) | np.int64(letter)
                        pair = np.searchsorted(join_keys, key)
                        if pair < len(join_keys) and join_keys[pair] == key:
                            out[size - 1] = joined[pair]
                            continue
                if apart:
                    apart = False
                    if size > first:
                        starts[words] = size - first
                        words += 1
                out[size] = letter
                origin[size] = place - bounds[text]
                size += 1
        ends[text + 1] = size
        start_ends[text + 1] = words
    return out[:size], ends, origin[:size], starts[:words], start_ends


@compiled
def looked_up(codes: Codes, page_of: SmallInts, pages: SmallInts) -> Codes:
    """Each code point's value in a table of pages, or itself where that is 0."""
    out = np.empty(len(codes), np.uint32)
    for place in range(len(codes)):
        code = codes[place]
        value = pages[page_of[code >> 8] * 256 + (code & 255)]
        out[place] = value if value > 0 else code
    return out


@compiled
def put_together(
    codes: Codes, bounds: Ints, firsts: SmallInts, seconds: SmallInts, wholes: SmallInts
) -> tuple[Codes, Ints, Ints, SmallInts]:
    """The texts in which pairs of parts stand for a character, with those characters in their place.

    Pairs are taken from left to right; those of the first part `c` are those from `firsts[c - FIRST_PART]` to
    before `firsts[c - FIRST_PART + 1]`. Returns the letters of those texts alone, where each ends, which texts
    they are, and for every letter the place in its text of the first character it stands for.
    """
    out = np.empty(len(codes), np.uint32)
    origin = np.empty(len(codes), np.int32)
    ends = np.zeros(len(bounds), np.int64)
    which = np.empty(len(bounds), np.int64)
    size = 0
    made = 0
    for text in range(len(bounds) - 1):
        first = size
        any_pair = False
        place = bounds[text]
        while place < bounds[text + 1]:
            code = codes[place]
            out[size] = code
            origin[size] = place - bounds[text]
            size += 1
            place += 1
            if code < FIRST_PART or code - FIRST_PART >= len(firsts) - 1 or place == bounds[text + 1]:
                continue
            for pair in range(firsts[code - FIRST_PART], firsts[code - FIRST_PART + 1]):
                if seconds[pair] == codes[place]:
                    out[size - 1] = wholes[pair]
                    any_pair = True
                    place += 1
                    break
        if any_pair:
            which[made] = text
            made += 1
            ends[made] = size
        else:
            size = first
    return out[:size], ends[: made + 1], which[:made], origin[:size]
