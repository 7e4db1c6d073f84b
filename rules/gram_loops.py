"""The compiled loops that read a text's grams and add up their weights.

None calls a function of another file, because numba's cache looks only at the file a function stands in. And few
call one another: what is called is compiled once more for each caller.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.compiled import compiled
from rules.tables import DROPPED, SEPARATES

Ints = NDArray[np.int64]
SmallInts = NDArray[np.int32]
Floats = NDArray[np.float64]
Codes = NDArray[np.uint32]

LETTERS, SOUND, SURFACE, WORDS, SHAPE = range(5)
KINDS = 5
TRAITS = 22
LEVELS = 16
"""How many traits a shape has, and how many levels each."""

_BITS = (18, 17, 18, 17)
_FROM = (0, 1 << 18, (1 << 18) + (1 << 17), (2 << 18) + (1 << 17))
_SHAPE_FROM = (2 << 18) + (2 << 17)
_LONGEST = (4, 3, 3)
_LONGEST_WORD = 24
SIZE = _SHAPE_FROM + TRAITS * LEVELS
"""How many indices there are: of each kind but the shape a power of two, so that grams may share one."""

_LEET = tuple(ord(letter) for letter in "oizeasbtbg")
"""What the digits from 0 look like among letters."""
_EDGE = 1
_SPACE = 32
_NINE = 57
_NOUGHT = 48
_START = np.uint64(0xCBF29CE484222325)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_THREE = np.uint64(3)
_HALF = np.uint64(29)
_TOP = np.uint64(20)


class Texts(NamedTuple):
    """Texts to take grams of, text `i` from `bounds[i]` to `bounds[i + 1]` of the codes before those bounds.

    `originals` are as written, `folded` folded; `sounded` holds what they sound like, text `i` from
    `sound_starts[i]` to `sound_ends[i]`. `page_of` and `pages` are the tables of folding.
    """

    originals: Codes
    original_bounds: Ints
    folded: Codes
    folded_bounds: Ints
    sounded: Codes
    sound_starts: Ints
    sound_ends: Ints
    page_of: SmallInts
    pages: SmallInts


class Gathered(NamedTuple):
    """Grams of texts: those of kind `k` of text `t` are those before `ends[t * KINDS + k + 1]`, each index once.

    `firsts` and `lasts` are the first and the last character of each, empty where nobody asked for them: in the
    folded text for LETTERS, in the sounded one for SOUND, in the original for SURFACE and WORDS; 0 and -1 for SHAPE.
    """

    indices: SmallInts
    ends: Ints
    firsts: SmallInts
    lasts: SmallInts


@compiled
def shapes(texts: Texts) -> SmallInts:
    """How each text was written: `shapes[text, trait]` is the index of that trait's level in it."""
    count = len(texts.original_bounds) - 1
    made = np.empty((count, TRAITS), np.int32)
    levels = np.empty(TRAITS, np.int64)
    for text in range(count):
        start, end = texts.original_bounds[text], texts.original_bounds[text + 1]
        latin = cyrillic = ideographs = kana = others = 0
        upper = lower = digits = longest = run = odd = mixed = single = 0
        invisible = lines = exclaimed = asked = ats = dots = slashes = money = marks = signs = 0
        scripts = 0  # of the word so far, as bits
        length = 0
        for place in range(start, end + 1):
            code = np.int64(texts.originals[place]) if place < end else np.int64(_SPACE)
            value = texts.pages[texts.page_of[code >> 8] * 256 + (code & 255)]
            if value == DROPPED:
                invisible += 1
                continue
            if value == SEPARATES:
                single += length == 1
                mixed += scripts == 3 or scripts == 5 or scripts == 6
                dots += length > 0 and code == 46
                lines += code == 10
                exclaimed += code == 33 or code == 0xFF01
                asked += code == 63 or code == 0xFF1F
                ats += code == 64
                slashes += code == 47
                money += bool(code == 36 or 0xA2 <= code <= 0xA5 or 0x20A0 <= code < 0x20D0)
                if code > _SPACE:
                    mark = bool(code < 0x2070 or 0x3000 <= code < 0x3040 or 0xFF00 <= code < 0xFFF0)
                    marks += mark
                    signs += not mark
                scripts = length = run = 0
                continue
            length += 1
            if _NOUGHT <= (value if value else code) <= _NINE:
                odd += value > 0
                digits += 1
                run += 1
                longest = max(longest, run)
                continue
            run = 0
            upper += bool(65 <= code <= 90 or 0x400 <= code < 0x430)
            lower += bool(97 <= code <= 122 or 0x430 <= code < 0x460)
            if code < 0x250:
                latin += 1
                scripts |= 1
            elif 0x400 <= code < 0x530:
                cyrillic += 1
                scripts |= 2
            elif 0x370 <= code < 0x400:
                others += 1
                scripts |= 4
            elif 0x3400 <= code < 0xA000 or code >= 0x20000:
                ideographs += 1
            elif 0x3040 <= code < 0x3100:
                kana += 1
            else:
                others += 1
                # An ASCII letter in another guise: full-width, circled, mathematical, ...
                odd += 97 <= value <= 122
        letters = max(1, latin + cyrillic + ideographs + kana + others)
        levels[0] = texts.folded_bounds[text + 1] - texts.folded_bounds[text]
        levels[1] = end - start
        levels[2] = digits
        levels[3] = signs
        levels[4] = marks
        levels[5] = odd
        levels[6] = single
        for trait in range(7):
            # 0, 1, 2, 3, 4-5, 6-8 and so on, growing by half.
            if levels[trait] > 3:
                levels[trait] = int(1.7 * math.log(levels[trait]) + 1.2)
        levels[7] = upper * 8 // max(1, upper + lower)
        levels[8] = latin * 5 // letters
        levels[9] = cyrillic * 5 // letters
        levels[10] = ideographs * 5 // letters
        levels[11] = kana * 5 // letters
        levels[12] = longest
        levels[13] = min(mixed, 3)
        levels[14] = min(invisible, 3)
        levels[15] = min(lines, 6)
        levels[16] = min(slashes, 6)
        levels[17] = min(exclaimed, 4)
        levels[18] = min(asked, 3)
        levels[19] = min(ats, 3)
        levels[20] = min(dots, 4)
        levels[21] = min(money, 3)
        for trait in range(TRAITS):
            made[text, trait] = _SHAPE_FROM + trait * LEVELS + min(levels[trait], LEVELS - 1)
    return made


@compiled
def gather(texts: Texts, shape: SmallInts, seen: SmallInts, number: int, placed: bool) -> Gathered:
    """All grams of texts of those shapes; where they stand only if `placed`.

    `seen` has SIZE numbers, none above `number`; afterwards none is above `number` and the texts' count.
    """
    count = len(texts.original_bounds) - 1
    room = 0
    for text in range(count):
        room = max(room, texts.original_bounds[text + 1] - texts.original_bounds[text])
        room = max(room, texts.folded_bounds[text + 1] - texts.folded_bounds[text])
    room += 2
    most = room * 12 + TRAITS
    codes, places = np.empty(room, np.uint32), np.empty(room, np.int32)
    ends = np.zeros(count * KINDS + 1, np.int64)
    indices = np.empty(len(texts.originals) * 8 + most, np.int32)
    firsts, lasts = np.empty(len(indices) if placed else 0, np.int32), np.empty(len(indices) if placed else 0, np.int32)
    leet = np.array(_LEET, np.uint32)
    found = 0
    for text in range(count):
        if found + most > len(indices):
            indices = np.concatenate((indices, np.empty(len(indices), np.int32)))
            if placed:
                firsts = np.concatenate((firsts, np.empty(len(firsts), np.int32)))
                lasts = np.concatenate((lasts, np.empty(len(lasts), np.int32)))
        mark = number + text + 1
        size = 0
        for kind in range(SURFACE + 1):
            if kind == SOUND:
                size = texts.sound_ends[text] - texts.sound_starts[text]
                for place in range(size):
                    codes[place] = texts.sounded[texts.sound_starts[text] + place]
                    places[place] = place
            else:
                whole, bounds = (
                    (texts.folded, texts.folded_bounds) if kind == LETTERS else (texts.originals, texts.original_bounds)
                )
                start, end = bounds[text], bounds[text + 1]
                codes[0] = _EDGE
                places[0] = 0
                size = 1
                for place in range(start, end):
                    code = whole[place]
                    # Folding twice changes nothing: so both are looked up.
                    value = texts.pages[texts.page_of[code >> 8] * 256 + (code & 255)]
                    if value == DROPPED:
                        continue
                    letter = np.uint32(value) if value > 0 else code
                    if value == SEPARATES and code != 10 and (code <= _SPACE or code == 0xA0 or code == 0x3000):
                        letter = np.uint32(_SPACE)
                        if codes[size - 1] == _SPACE:
                            continue
                    codes[size] = letter
                    places[size] = place - start
                    size += 1
                codes[size] = _EDGE
                places[size] = max(end - start - 1, 0)
                size += 1
                run = 0
                for place in range(1, size):
                    if _NOUGHT <= codes[place] <= _NINE:
                        run += 1
                        continue
                    # One or two digits between letters are letters in disguise; of all others only how many counts.
                    before, after = codes[place - run - 1], codes[place]
                    inside = run <= 2 and before >= 97 and after >= 97 and max(before, after) < 0x530
                    for digit in range(place - run, place):
                        codes[digit] = leet[codes[digit] - _NOUGHT] if inside else _NOUGHT
                    run = 0
            mask = np.uint64((1 << _BITS[kind]) - 1)
            for place in range(size):
                mixed = _START
                telling = kind != SOUND
                for last in range(place, min(place + _LONGEST[kind], size)):
                    telling = telling or 0x3400 <= codes[last] < 0xA000
                    mixed = (mixed ^ np.uint64(codes[last])) * _MIX
                    mixed ^= mixed >> _HALF
                    index = _FROM[kind] + np.int64((mixed >> _TOP) & mask)
                    if telling and seen[index] != mark:
                        seen[index] = mark
                        indices[found] = index
                        if placed:
                            firsts[found] = places[place]
                            lasts[found] = places[last]
                        found += 1
            ends[text * KINDS + kind + 1] = found
        # Of the surface that is left in `codes`, the words and each two neighbours.
        mask = np.uint64((1 << _BITS[WORDS]) - 1)
        word = former = _START
        length = began = 0
        began_before = -1
        for place in range(1, size):
            code = codes[place]
            if place < size - 1 and texts.pages[texts.page_of[code >> 8] * 256 + (code & 255)] >= 0:
                if length == 0:
                    began = place
                    word = _START
                word = (word ^ np.uint64(code)) * _MIX
                word ^= word >> _HALF
                length += 1
                continue
            if length > _LONGEST_WORD:
                began_before = -1
            elif length:
                for pair in range(2 if began_before >= 0 else 1):
                    mixed = word
                    if pair:
                        mixed = (former ^ (word * _THREE)) * _MIX
                        mixed ^= mixed >> _HALF
                    index = _FROM[WORDS] + np.int64((mixed >> _TOP) & mask)
                    if seen[index] != mark:
                        seen[index] = mark
                        indices[found] = index
                        if placed:
                            firsts[found] = places[began_before if pair else began]
                            lasts[found] = places[place - 1]
                        found += 1
                former = word
                began_before = began
            length = 0
        ends[text * KINDS + WORDS + 1] = found
        for trait in range(TRAITS):
            indices[found] = shape[text, trait]
            if placed:
                firsts[found] = 0
                lasts[found] = -1
            found += 1
        ends[text * KINDS + SHAPE + 1] = found
    return Gathered(indices[:found].copy(), ends, firsts, lasts)


@compiled
def margins(indices: SmallInts, ends: Ints, weights: NDArray[np.float32], heft: Floats) -> Floats:
    """For each text the sum of its grams' weights, each kind's by its share of `heft`."""
    count = (len(ends) - 1) // KINDS
    made = np.empty(count, np.float64)
    for text in range(count):
        margin = 0.0
        for kind in range(KINDS):
            total = 0.0
            first, last = ends[text * KINDS + kind], ends[text * KINDS + kind + 1]
            for gram in range(first, last):
                total += weights[indices[gram]]
            if last > first:
                margin += total * (heft[kind] if kind == SHAPE else heft[kind] / math.sqrt(last - first))
        made[text] = margin
    return made
