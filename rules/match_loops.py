"""The compiled loops of matching: shared bigrams first, then the longest common subsequence.

A text t of m characters and one of w have a normalised Indel similarity (rapidfuzz's `ratio`) of at least c only
where their longest common subsequence has at least K = ceil(c (m + w) / 2) characters. It falls into pieces that
are whole in both, at most one more than the m + w - 2K characters left over: so they share at least
3K - m - w - 1 bigrams, each counted as often as both have it. And where two sets share at least T keys, any
g - T + k of the g keys of one hold k of the shared ones: it is enough to look up the rarest (prefix filtering:
Chaudhuri et al. 2006, Bayardo et al. 2007). Nothing is lost by either; hashing two bigrams to one key only adds.

None calls a function of another file, because numba's cache looks only at the file a function stands in: a
function that had compiled in another file's code would go on with it after that file changed.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rules.compiled import compiled

Ints = NDArray[np.int64]
SmallInts = NDArray[np.int32]
Codes = NDArray[np.uint32]

_SLACK = 1e-6
"""Taken off before rounding up, so that an inexact product loses no match."""
_FEW = 48
_STRIDE = 64
_NEVER = 0xFFFF
"""More keys than any text has in common with a template."""


@compiled
def bigram_keys(codes: Codes, start: int, end: int, mask: int, seen: NDArray[np.uint16], keys: SmallInts) -> int:
    """Writes a key for each two neighbours of `codes[start:end]` and returns how many.

    A bigram's first, second and later occurrences have different keys, so that the keys two texts share are at
    least as many as the bigrams they share, each counted as often as both have it. `seen` holds `mask + 1`
    noughts and is left so.
    """
    count = max(end - start - 1, 0)
    for place in range(count):
        first = np.int64(codes[start + place])
        second = np.int64(codes[start + place + 1])
        mixed = ((first * 0x9E3779B1) ^ (second * 0x85EBCA77)) & 0xFFFFFFFF
        mixed = ((mixed ^ (mixed >> 15)) * 0x2C1B3C6D) & 0xFFFFFFFF
        keys[place] = (mixed ^ (mixed >> 13)) & mask
    # From the end, so that the keys before a place are still those of the bigrams.
    if count <= _FEW:
        for place in range(count - 1, 0, -1):
            key = keys[place]
            times = 0
            for other in range(place):
                times += keys[other] == key
            if times:
                keys[place] = (key + times * 0x2545F) & mask
        return count
    for place in range(count):
        seen[keys[place]] += 1
    for place in range(count - 1, -1, -1):
        key = keys[place]
        seen[key] -= 1
        keys[place] = (key + np.int64(seen[key]) * 0x2545F) & mask
    return count


_EVEN = np.uint64(0x5555555555555555)
_PAIRS = np.uint64(0x3333333333333333)
_NIBBLES = np.uint64(0x0F0F0F0F0F0F0F0F)
_BYTES = np.uint64(0x0101010101010101)
_FULL = np.uint64(0xFFFFFFFFFFFFFFFF)
_NOTHING = np.uint64(0)
_ONE = np.uint64(1)


@compiled
def mark_letters(codes: Codes, start: int, end: int, letter_of: SmallInts, masks: NDArray[np.uint64]) -> None:
    """Prepares `common_length`: `letter_of[c]` numbers the letters of `codes[start:end]` from 1.

    Row `l` of `masks` has a bit for each place of letter `l`. `letter_of` must hold noughts.
    """
    words = (end - start + 63) // 64
    letters = 0
    for place in range(end - start):
        code = codes[start + place]
        letter = letter_of[code]
        if letter == 0:
            letters += 1
            letter = letters
            letter_of[code] = letter
            for word in range(words):
                masks[letter, word] = _NOTHING
        masks[letter, place >> 6] |= _ONE << np.uint64(place & 63)


@compiled
def unmark_letters(codes: Codes, start: int, end: int, letter_of: SmallInts) -> None:
    """Undoes `mark_letters`."""
    for place in range(start, end):
        letter_of[codes[place]] = 0


@compiled
def common_length(
    length: int,
    letter_of: SmallInts,
    masks: NDArray[np.uint64],
    codes: Codes,
    start: int,
    end: int,
    state: NDArray[np.uint64],
) -> int:
    """The longest common subsequence of a marked text of `length` and `codes[start:end]`.

    Bit-parallel, after Hyyrö (2004), as rapidfuzz has it: a word of 64 places at a time.
    """
    words = (length + 63) // 64
    if words == 1:
        row = _FULL
        for place in range(start, end):
            letter = letter_of[codes[place]]
            if letter:
                mask = masks[letter, 0]
                row = (row + (row & mask)) | (row & ~mask)
        state[0] = row
    else:
        for word in range(words):
            state[word] = _FULL
        for place in range(start, end):
            letter = letter_of[codes[place]]
            if letter:
                carry = _NOTHING
                for word in range(words):
                    row = state[word]
                    mask = masks[letter, word]
                    added = row + (row & mask)
                    total = added + carry
                    carry = _ONE if added < row or total < added else _NOTHING
                    state[word] = total | (row & ~mask)
    common = 0
    for word in range(words):
        bits = ~state[word]
        if word == words - 1 and length & 63:
            bits &= (_ONE << np.uint64(length & 63)) - _ONE
        bits -= (bits >> _ONE) & _EVEN
        bits = (bits & _PAIRS) + ((bits >> np.uint64(2)) & _PAIRS)
        bits = (bits + (bits >> np.uint64(4))) & _NIBBLES
        common += np.int64((bits * _BYTES) >> np.uint64(56))
    return common


@compiled
def index_templates(
    codes: Codes, bounds: Ints, cutoff: float, mask: int, seen: NDArray[np.uint16]
) -> tuple[SmallInts, SmallInts, NDArray[np.uint16], SmallInts, SmallInts]:
    """An index of templates, for `likely_templates`.

    Returns where each key's templates end and those templates, how many keys in common each template needs, how
    long a common subsequence, and the templates that need no key.
    """
    count = len(bounds) - 1
    longest = max(1, int(np.max(np.diff(bounds)))) if count else 1
    keys = np.empty(longest, np.int32)
    needed = np.full((count + _STRIDE - 1) // _STRIDE * _STRIDE, _NEVER, np.uint16)
    least = np.zeros(count, np.int32)
    always = np.empty(count, np.int32)
    always_count = 0
    ends = np.zeros(mask + 2, np.int32)
    for template in range(count):
        length = int(bounds[template + 1] - bounds[template])
        shared = length
        fewest = length
        for window in range(1, length + 1):
            common = math.ceil(cutoff * (length + window) / 2 - _SLACK)
            if common <= window:
                fewest = min(fewest, common)
                shared = min(shared, 3 * common - length - window - 1)
        least[template] = fewest
        if shared <= 0:
            always[always_count] = template
            always_count += 1
        else:
            needed[template] = shared
            for place in range(bigram_keys(codes, bounds[template], bounds[template + 1], mask, seen, keys)):
                ends[keys[place] + 1] += 1
    ends = np.cumsum(ends).astype(np.int32)
    filled = ends.copy()
    listed = np.empty(ends[-1], np.int32)
    for template in range(count):
        if needed[template] != _NEVER:
            for place in range(bigram_keys(codes, bounds[template], bounds[template + 1], mask, seen, keys)):
                listed[filled[keys[place]]] = template
                filled[keys[place]] += 1
    return ends, listed, needed, least, always[:always_count]


@compiled
def shorter_than(bounds: Ints, length: int) -> int:
    """How many texts, ascending by length, have at most `length` characters."""
    low, high = 0, len(bounds) - 1
    while low < high:
        middle = (low + high) // 2
        if bounds[middle + 1] - bounds[middle] <= length:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def likely_templates(
    codes: Codes,
    rows: Ints,
    templates: Codes,
    bounds: Ints,
    ends: SmallInts,
    listed: SmallInts,
    needed: NDArray[np.uint16],
    least: SmallInts,
    always: SmallInts,
    cutoff: float,
    mask: int,
    seen: NDArray[np.uint16],
    letter_of: SmallInts,
) -> tuple[SmallInts, SmallInts]:
    """Pairs of row and template that may be alike: none that is, is missing.

    A row is (start, end, shortest, longest): part of `codes`, and the lengths of the templates to compare.
    """
    longest = 1
    for row in range(len(rows)):
        longest = max(longest, rows[row, 1] - rows[row, 0])
    keys = np.empty(longest, np.int32)
    masks = np.empty((longest + 1, (longest + 63) // 64), np.uint64)
    state = np.empty((longest + 63) // 64, np.uint64)
    hits = np.zeros(len(needed), np.uint16)
    found = np.empty(len(needed), np.int32)
    out_rows = np.empty(1024, np.int32)
    out_templates = np.empty(1024, np.int32)
    size = 0
    for row in range(len(rows)):
        start, end = rows[row, 0], rows[row, 1]
        length = end - start
        found_count = len(always)
        found[:found_count] = always
        # Templates stand by length, and none much longer than the text can be alike.
        fitting = shorter_than(bounds, min(rows[row, 3], np.int64(length * (2 - cutoff) / cutoff + 1)))
        for place in range(bigram_keys(codes, start, end, mask, seen, keys)):
            key = keys[place]
            for entry in range(ends[key], ends[key + 1]):
                if listed[entry] >= fitting:
                    break
                hits[listed[entry]] += 1
        # Counting without a condition, then looking for the few in strides: the processor does several at once.
        for stride in range(0, fitting, _STRIDE):
            reached = False
            for place in range(stride, stride + _STRIDE):
                reached |= hits[place] >= needed[place]
            if reached:
                for place in range(stride, stride + _STRIDE):
                    if hits[place] >= needed[place]:
                        found[found_count] = place
                        found_count += 1
        hits[: min(fitting + _STRIDE, len(hits))] = 0
        marked = False
        for place in range(found_count):
            template = found[place]
            first, last = bounds[template], bounds[template + 1]
            other = last - first
            if other < rows[row, 2] or other > rows[row, 3]:
                continue
            common = int(least[template])
            if other > length:
                common = math.ceil(cutoff * (length + other) / 2 - _SLACK)
            if common > length:
                continue
            if not marked:
                mark_letters(codes, start, end, letter_of, masks)
                marked = True
            if common_length(length, letter_of, masks, templates, first, last, state) >= common:
                if size == len(out_rows):
                    out_rows = np.concatenate((out_rows, np.empty(size, np.int32)))
                    out_templates = np.concatenate((out_templates, np.empty(size, np.int32)))
                out_rows[size] = row
                out_templates[size] = template
                size += 1
        if marked:
            unmark_letters(codes, start, end, letter_of)
    return out_rows[:size], out_templates[:size]
