"""The index of templates that the candidates of a text are found by."""

from __future__ import annotations

import math

import numpy as np

from rules import text_loops
from rules.fold import Codes
from rules.loop_arrays import NEVER, SLACK, STRIDE, Templates
from rules.scratch import Scratch


def indexed(templates: Codes, cutoff: float, scratch: Scratch) -> Templates:
    """The index of `templates`, ascending by length, for likeness of at least `cutoff` (0 to 1).

    `scratch` must be the one the index is used with: its bits decide the keys.
    """
    lengths = np.diff(templates.bounds)
    count = len(lengths)
    needed = np.full(math.ceil(count / STRIDE) * STRIDE, NEVER, np.uint16)
    least = np.zeros(count, np.int32)
    for length in np.unique(lengths).tolist():
        shared, least[lengths == length] = bounds_of(length, cutoff)
        needed[:count][lengths == length] = min(shared, NEVER - 1) if shared > 0 else NEVER
    found = [np.empty(0, np.int32)]
    keys = np.empty(int(lengths.max(initial=1)), np.int32)
    for start, end in zip(templates.bounds[:-1].tolist(), templates.bounds[1:].tolist(), strict=True):
        size = text_loops.bigram_keys(templates.codes, start, end, scratch.mask, scratch.seen, keys)
        found.append(keys[:size].copy())
    sizes = [len(each) for each in found[1:]]
    owners = np.repeat(np.arange(count), np.array(sizes, np.int64))
    every = np.concatenate(found)
    indexable = needed[owners] != NEVER
    every, owners = every[indexable], owners[indexable]
    order = np.argsort(every, kind="stable")
    ends = np.searchsorted(every[order], np.arange(scratch.mask + 2)).astype(np.int32)
    # Half the memory is twice as fast: the list is walked through at random.
    listed = owners[order].astype(np.uint16) if count < 1 << 16 else owners[order].astype(np.int32)
    always = np.flatnonzero(needed[:count] == NEVER).astype(np.int32)
    return Templates(templates.codes, templates.bounds, ends, listed, needed, least, always)


def bounds_of(length: int, cutoff: float) -> tuple[int, int]:
    """How many bigrams at least, and how long a common subsequence, a template has in common with what is alike.

    That is a part of a text, no longer than the template: rapidfuzz's `partial_ratio` compares with no longer one.
    """
    shared, least = length, length
    for part in range(1, length + 1):
        common = math.ceil(cutoff * (length + part) / 2 - SLACK)
        if common <= part:
            least = min(least, common)
            shared = min(shared, 3 * common - length - part - 1)
    return shared, least
