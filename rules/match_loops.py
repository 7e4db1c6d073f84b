"""The compiled loops of matching: shared bigrams first, then the longest common subsequence.

A text t of m characters and one of w have a normalised Indel similarity (rapidfuzz's `ratio`) of at least c only
where their longest common subsequence has at least K = ceil(c (m + w) / 2) characters. It falls into pieces that
are whole in both, at most one more than the m + w - 2K characters left over: so they share at least
3K - m - w - 1 bigrams, each counted as often as both have it. And where two sets share at least T keys, any
g - T + k of the g keys of one hold k of the shared ones: it is enough to look up the rarest (prefix filtering:
Chaudhuri et al. 2006, Bayardo et al. 2007). Nothing is lost by either; hashing two bigrams to one key only adds.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rules.compiled import compiled
from rules.loop_arrays import SLACK, STRIDE, Codes, Ints, SmallInts, Templates
from rules.text_loops import bigram_keys, common_at_least, mark_letters, unmark_letters


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
    codes: Codes, rows: Ints, index: Templates, cutoff: float, mask: int, seen: NDArray[np.uint16],
    letter_of: SmallInts,
) -> tuple[SmallInts, SmallInts]:  # fmt: skip
    """Pairs of row and template that may be alike: none that is, is missing.

    A row is (start, end, shortest, longest): part of `codes`, and the lengths of the templates to compare.
    """
    templates, bounds, ends, listed = index.codes, index.bounds, index.ends, index.listed
    needed, least, always = index.needed, index.least, index.always
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
        for stride in range(0, fitting, STRIDE):
            reached = False
            for place in range(stride, stride + STRIDE):
                reached |= hits[place] >= needed[place]
            if reached:
                for place in range(stride, stride + STRIDE):
                    if hits[place] >= needed[place]:
                        found[found_count] = place
                        found_count += 1
        hits[: min(fitting + STRIDE, len(hits))] = 0
        marked = False
        for place in range(found_count):
            template = found[place]
            first, last = bounds[template], bounds[template + 1]
            other = last - first
            if other < rows[row, 2] or other > rows[row, 3]:
                continue
            common = int(least[template])
            if other > length:
                common = math.ceil(cutoff * (length + other) / 2 - SLACK)
            if common > length:
                continue
            if not marked:
                mark_letters(codes, start, end, letter_of, masks)
                marked = True
            if common_at_least(length, letter_of, masks, templates, first, last, state, common) >= common:
                if size == len(out_rows):
                    out_rows = np.concatenate((out_rows, np.empty(size, np.int32)))
                    out_templates = np.concatenate((out_templates, np.empty(size, np.int32)))
                out_rows[size] = row
                out_templates[size] = template
                size += 1
        if marked:
            unmark_letters(codes, start, end, letter_of)
    return out_rows[:size], out_templates[:size]
