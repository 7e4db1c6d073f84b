"""The arrays the compiled loops of matching work on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
SmallInts = NDArray[np.int32]
Floats = NDArray[np.float64]
Codes = NDArray[np.uint32]

SLACK = 1e-6
"""Taken off before rounding up, so that an inexact product loses no match."""
STRIDE = 64
"""Counts looked at together: `Templates.needed` has a multiple of it."""
NEVER = 0xFFFF
"""In `Templates.needed`: not to be found by keys, being in `always` or no template at all."""
BLOCK = 64
"""Texts of a window looked at together."""


class Templates(NamedTuple):
    """Templates, ascending by length, and their index.

    Key `k` is in the templates `listed[ends[k]:ends[k + 1]]`, ascending. Template `t` needs `needed[t]` keys in
    common with a text, and a common subsequence of `least[t]`; those in `always` need no key.
    """

    codes: Codes
    bounds: Ints
    ends: SmallInts
    listed: NDArray[np.uint16] | SmallInts
    needed: NDArray[np.uint16]
    least: SmallInts
    always: SmallInts


class Lengths(NamedTuple):
    """The kind of each length of text, rising with it, and the longest length of each kind."""

    kind_of: SmallInts
    longest: SmallInts


class Texts(NamedTuple):
    """Different texts by number, each with its letters' place and how many there are of which.

    `counts` is by block, kind of letter, and text in the block; `bits` sums it up (`copy_loops.sign`).
    `newest` and `oldest` are its entries last and first by time, -1 where a number is free. `heads` holds the first
    number with a hash, plus one, and `following` the next, 0 for none. `likely` holds noughts between calls.
    """

    bits: NDArray[np.uint64]
    counts: NDArray[np.uint8]
    starts: Ints
    lengths: SmallInts
    hashes: Ints
    following: SmallInts
    newest: SmallInts
    oldest: SmallInts
    likely: SmallInts
    heads: SmallInts


class Entries(NamedTuple):
    """What was said, by place: when, which text (-1 for none), in which run (0 for none).

    `newer` and `older` are those next to it by time of the same text, -1 for none. The lower half is a ring of
    messages, the upper half one of what was joined.
    """

    times: Floats
    texts: SmallInts
    runs: Ints
    newer: SmallInts
    older: SmallInts


class Blocks(NamedTuple):
    """Blocks of texts of one kind of length (-1 for none), a bit for each free number, and the time they span.

    `open` is the block of each kind of length that was taken from last, -1 for none.
    """

    kinds: SmallInts
    free: NDArray[np.uint64]
    earliest: Floats
    latest: Floats
    open: SmallInts


class Found(NamedTuple):
    """Texts that may be alike, the entry of each that counts, and by how much their counts of letters differ."""

    texts: SmallInts
    entries: SmallInts
    gaps: SmallInts
