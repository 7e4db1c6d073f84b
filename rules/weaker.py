"""The weaker form of folded texts: what they sound like, and split characters put together.

It finds homophones and 拆字 and, being coarser, costs a match some of its score. Each ideograph becomes the
commonest one of its toneless sound (its own commonest reading): so the form is as long as the text, and two texts
alike as written are at least as alike by sound.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules import fold_loops
from rules.fold import Codes
from rules.tables import tables

_Arrays = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]


class Whole(NamedTuple):
    """Texts with their split characters put together: only those that hold any.

    Text `i` comes from the text `which[i]`; letter `j` of all of them from its character `origin[j]` on.
    """

    texts: Codes
    which: NDArray[np.int64]
    origin: NDArray[np.int32]


def sounds(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Of each folded character the one that stands for its sound, itself where it is no ideograph."""
    page_of, pages, *_ = _arrays()
    return fold_loops.looked_up(codes, page_of, pages)


def put_together(texts: Codes) -> Whole:
    """The folded texts in which two neighbours are the parts of a common character, with it in their place."""
    _, _, firsts, seconds, wholes = _arrays()
    codes, bounds, which, origin = fold_loops.put_together(texts.codes, texts.bounds, firsts, seconds, wholes)
    return Whole(Codes(codes, bounds), which, origin)


@cache
def _arrays() -> _Arrays:
    parts = tables()
    counts = np.bincount(np.array(parts.split_firsts) - fold_loops.FIRST_PART)
    return (
        np.array(parts.sound_page_of, np.int32),
        np.array(parts.sound_pages, np.int32),
        np.concatenate(([0], np.cumsum(counts))).astype(np.int32),
        np.array(parts.split_seconds, np.int32),
        np.array(parts.split_wholes, np.int32),
    )
