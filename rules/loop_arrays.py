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

UNSOUGHT = -2
"""In place of a text's number: the message's own text came already, so none like it was sought."""


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


class Lists(NamedTuple):
    """Texts by key: of each key the newest entry (-1 for none) and how many; of each entry the next and its text."""

    heads: SmallInts
    counts: SmallInts
    links: SmallInts
    owners: SmallInts
