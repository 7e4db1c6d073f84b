"""Folding: a text's comparable form, with the way back to the characters that were really written.

Two texts that look or read alike fold to the same characters. A folded text is for comparing, never for
showing: it has no spaces, no punctuation, no emoji, and letters of other alphabets that look Latin are Latin.
Whole batches are folded at once, by a table over all code points (rules/tables); `rules.letters` does the same
one character after the other, and without numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules import fold_loops
from rules.tables import tables

_ENCODING = "utf-32-le"


class Folded:
    """A folded text, one of a batch."""

    __slots__ = ("_batch", "_place", "text")

    def __init__(self, text: str, batch: _Batch, place: int) -> None:
        self.text = text
        self._batch = batch
        self._place = place

    @property
    def origin(self) -> NDArray[np.int32]:
        """Where `text[i]` came from: the index in the original, in code points. It never falls."""
        ends = self._batch.ends
        return self._batch.origin[ends[self._place] : ends[self._place + 1]]

    @property
    def starts(self) -> NDArray[np.int32]:
        """The indices in `text`, ascending, where a new word begins: a separator stood before them.

        Index 0 is not among them.
        """
        ends = self._batch.start_ends
        return self._batch.starts[ends[self._place] : ends[self._place + 1]]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` stands in the original: code points, end exclusive.

        Raises IndexError when the slice is not inside the text or is empty.
        """
        if not 0 <= start < end <= len(self.text):
            raise IndexError(f"no characters {start} to {end} in a folded text of {len(self.text)}")
        origin = self.origin
        return int(origin[start]), int(origin[end - 1]) + 1


class _Batch(NamedTuple):
    """The origins and starts of a batch's texts, one after the other, and where each text's end."""

    origin: NDArray[np.int32]
    ends: list[int]
    starts: NDArray[np.int32]
    start_ends: list[int]


class Codes(NamedTuple):
    """Texts as one array: text `i` is `codes[bounds[i]:bounds[i + 1]]`, code points as uint32."""

    codes: NDArray[np.uint32]
    bounds: NDArray[np.int64]

    def texts(self) -> list[str]:
        """The texts as strings."""
        whole = text_of(self.codes)
        bounds = self.bounds.tolist()
        return [whole[start:end] for start, end in pairwise(bounds)]


def text_of(codes: NDArray[np.uint32]) -> str:
    """The string of those code points."""
    return codes.astype("<u4", copy=False).tobytes().decode(_ENCODING, "surrogatepass")


def codes_of(texts: Sequence[str]) -> Codes:
    """The texts as arrays; lone surrogates are code points as any other."""
    codes = np.frombuffer("".join(texts).encode(_ENCODING, "surrogatepass"), "<u4").astype(np.uint32, copy=False)
    bounds = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=bounds[1:])
    return Codes(codes, bounds)


def fold(text: str) -> Folded:
    """The comparable form of `text`, without separators. Linear in its length; folding twice changes nothing.

    Any string is accepted, lone surrogates among them (they fold to nothing).
    """
    return fold_batch([text])[0]


def fold_batch(texts: Sequence[str]) -> list[Folded]:
    """`fold` of each text: the way to fold many, at a small part of the cost of one by one."""
    codes, bounds = codes_of(texts)
    out, ends, origin, starts, start_ends = fold_loops.fold_codes(codes, bounds, *_arrays())
    batch = _Batch(origin, ends.tolist(), starts, start_ends.tolist())
    return [Folded(text, batch, place) for place, text in enumerate(Codes(out, ends).texts())]


class _Arrays(NamedTuple):
    """The tables as the kernel takes them, in the order it does."""

    page_of: NDArray[np.int32]
    pages: NDArray[np.int32]
    expansion_ends: NDArray[np.int32]
    expansions: NDArray[np.int32]
    join_pages: NDArray[np.uint8]
    join_seconds: NDArray[np.int64]
    join_keys: NDArray[np.int64]
    joined: NDArray[np.int32]


@cache
def _arrays() -> _Arrays:
    parts = tables()
    firsts, seconds = np.array(parts.join_firsts, np.int64), np.array(parts.join_seconds, np.int64)
    joining = np.unique(seconds)
    join_pages = np.zeros(len(parts.page_of), np.uint8)
    join_pages[joining >> 8] = 1
    return _Arrays(
        np.array(parts.page_of, np.int32),
        np.array(parts.pages, np.int32),
        np.array(parts.expansion_ends, np.int32),
        np.array(parts.expansions, np.int32),
        join_pages,
        joining,
        firsts << 32 | seconds,
        np.array(parts.joined, np.int32),
    )
