"""The compiled loops on one or two texts: keys of bigrams, longest common subsequences.

numba's cache looks only at the file a function stands in. So who changes this file saves match_loops.py and
copy_loops.py, which call it, anew as well; an installed Vigil has all its files made anew at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rules.compiled import compiled
from rules.loop_arrays import Codes, SmallInts

_FEW = 48
_PART = 32


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
    """Prepares `common_at_least`: `letter_of[c]` numbers the letters of `codes[start:end]` from 1.

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
def ones(bits: np.uint64) -> int:
    """How many bits are set (a form the compiler knows, and makes one instruction of)."""
    bits -= (bits >> _ONE) & _EVEN
    bits = (bits & _PAIRS) + ((bits >> np.uint64(2)) & _PAIRS)
    bits = (bits + (bits >> np.uint64(4))) & _NIBBLES
    return np.int64((bits * _BYTES) >> np.uint64(56))  # type: ignore[return-value]


@compiled
def common_at_least(
    length: int,
    letter_of: SmallInts,
    masks: NDArray[np.uint64],
    codes: Codes,
    start: int,
    end: int,
    state: NDArray[np.uint64],
    wanted: int,
) -> int:
    """The longest common subsequence of a marked text of `length` and `codes[start:end]`.

    Or -1, as soon as it shows that it is less than `wanted`. Bit-parallel, after Hyyrö (2004), as rapidfuzz has it: a
    word of 64 places at a time.
    """
    words = (length + 63) // 64
    for word in range(words):
        state[word] = _FULL
    last = _FULL
    if length & 63:
        last = (_ONE << np.uint64(length & 63)) - _ONE
    common = np.int64(0)
    for part in range(start, end, _PART):
        until = min(part + _PART, end)
        if words == 1:
            row = state[0]
            for place in range(part, until):
                letter = letter_of[codes[place]]
                mask = masks[letter, 0] if letter else _NOTHING
                row = (row + (row & mask)) | (row & ~mask)
            state[0] = row
        else:
            for place in range(part, until):
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
        common = np.int64(ones(~state[words - 1] & last))
        for word in range(words - 1):
            common += ones(~state[word])
        if common + end - until < wanted:
            return -1
    return int(common)
