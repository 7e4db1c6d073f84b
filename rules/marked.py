"""Texts with their letters folded and their punctuation kept: what numbers, addresses and links are read from.

Letters and digits are as `rules.fold` makes them; of what separates them, each character becomes the ASCII sign it
stands for, so that a full-width colon is a colon. What nobody sees is left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.fold import codes_of, text_of
from rules.tables import DROPPED, FIRST_EXPANSION, SEPARATES, tables

SYMBOL = "\u2022"
"""Stands for every symbol that means nothing here."""
FULL_STOP = "。"
BETWEEN = "\n"
"""Stands behind each text in `MarkedBatch.squeezed`, and in no squeezed text."""

_KEPT = f"{FULL_STOP}¥€£₽¢₤₳₰₲₴₵"
# Signs that say something, and what they become.
_SIGNS = {
    "\n": "\n", "\r": "\n", "\v": "\n", "\f": "\n", "\x1c": "\n", "\x1d": "\n", "\x1e": "\n", "\x85": "\n",
    "\u2028": "\n", "\u2029": "\n", "｡": FULL_STOP, "︒": FULL_STOP, "⁄": "/", "∕": "/", "⧸": "/", "╱": "/",
    "：": ":", "∶": ":", "꞉": ":", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "﹘": "-",
    "➖": "-", "➕": "+", "✚": "+", "✙": "+", "✛": "+", "✜": "+", "᛭": "+", "《": "<", "》": ">", "〈": "<", "〉": ">",
    "【": "[", "】": "]", "「": "[", "」": "]", "『": "[", "』": "]", "〔": "[", "〕": "]", "︰": ":",
    "ꓸ": ".", "․": ".", "﹒": ".", "、": ",",
    "➡": ">", "→": ">", "👉": ">", "⇒": ">", "➔": ">", "➜": ">", "▶": ">", "»": ">", "👇": ">", "⬇": ">", "↓": ">",
    "❤": "心", "♥": "心", "♡": "心", "💗": "心", "💓": "心", "💕": "心", "💖": "心", "💚": "心", "💛": "心", "💙": "心",
    "💜": "心", "🖤": "心", "🧡": "心", "🤍": "心", "❣": "心", "💌": "信", "✉": "信", "📧": "信", "📨": "信",
    "🐧": "🐧", "✈": "✈", "🛩": "✈", "🛫": "✈", "📱": "📱", "📞": "📱", "☎": "📱", "☏": "📱", "🛰": "🛰",
}  # fmt: skip
# These stand in squeezed texts too: they are read as parts of words.
_SPOKEN = "+心信🐧✈📱🛰"


class _Arrays(NamedTuple):
    """By code point: what it becomes (DROPPED, or an expansion's number as in `Tables`), and whether it is a letter."""

    signs: NDArray[np.int32]
    letters: NDArray[np.bool_]
    expansions: tuple[NDArray[np.int32], ...]


class Marked:
    """One text of a batch. `text` is the marked form, `squeezed` its letters and digits, "+" and a few pictures."""

    __slots__ = ("_batch", "_place", "squeezed", "text")

    def __init__(self, batch: MarkedBatch, place: int) -> None:
        self._batch = batch
        self._place = place
        start, end = batch.bounds[place : place + 2]
        self.text = batch.whole[start:end]
        self.squeezed = batch.squeezed[slice(*batch.squeezed_span(place))]

    @property
    def places(self) -> NDArray[np.int64]:
        """Of each character of `squeezed`, where in `text` it stands."""
        first, last = self._batch.squeezed_span(self._place)
        return self._batch.places[first:last] - self._batch.bounds[self._place]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]`, which must not be empty, stands in the original: code points, end exclusive."""
        first = self._batch.bounds[self._place]
        origin = self._batch.origin
        return int(origin[first + start]), int(origin[first + end - 1]) + 1


class MarkedBatch:
    """Many texts in their marked form.

    Text `i` is `whole[bounds[i]:bounds[i + 1]]`; `origin` says where in its original each character of `whole`
    stood. `squeezed` holds the squeezed texts, BETWEEN behind each; its character `j` stands at `places[j]` of `whole`.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        arrays = _arrays()
        codes, bounds = codes_of(texts)
        signs = arrays.signs[codes]
        counts = (signs != DROPPED).astype(np.int64)
        long = np.flatnonzero(signs <= FIRST_EXPANSION)
        for place in long.tolist():
            counts[place] = len(arrays.expansions[FIRST_EXPANSION - signs[place]])
        ends = np.concatenate(([0], np.cumsum(counts)))
        out = np.repeat(signs, counts)
        for place in long.tolist():
            out[ends[place] : ends[place + 1]] = arrays.expansions[FIRST_EXPANSION - signs[place]]
        first_of = np.repeat(bounds[:-1], np.diff(bounds))
        self.codes: NDArray[np.uint32] = out.astype(np.uint32)
        self.origin: NDArray[np.int64] = np.repeat(np.arange(len(codes)) - first_of, counts)
        self._ends = ends[bounds]
        self.bounds: list[int] = self._ends.tolist()
        self.whole = text_of(self.codes)
        self._squeeze(arrays.letters)

    def _squeeze(self, letters: NDArray[np.bool_]) -> None:
        kept = np.flatnonzero(letters[self.codes])
        ends = np.searchsorted(kept, self._ends[1:])
        self.places: NDArray[np.int64] = np.insert(kept, ends, self._ends[1:])
        codes = np.insert(self.codes[kept], ends, ord(BETWEEN))
        self.squeezed_ends: NDArray[np.int64] = ends + np.arange(1, len(ends) + 1)
        self.squeezed_codes: NDArray[np.uint32] = codes
        self.squeezed = text_of(codes)

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, place: int) -> Marked:
        if not 0 <= place < len(self):
            raise IndexError(place)
        return Marked(self, place)

    def squeezed_span(self, place: int) -> tuple[int, int]:
        """Where in `squeezed` a text's letters are."""
        start = int(self.squeezed_ends[place - 1]) if place else 0
        return start, int(self.squeezed_ends[place]) - 1

    def count(self, wanted: NDArray[np.bool_]) -> list[int]:
        """How many characters of each text are `wanted`: a flag for each code point."""
        sums = np.concatenate(([0], np.cumsum(wanted[self.codes])))
        counts: list[int] = (sums[self._ends[1:]] - sums[self._ends[:-1]]).tolist()
        return counts


def marked(text: str) -> Marked:
    """The marked form of one text."""
    return MarkedBatch([text])[0]


def flags(characters: str) -> NDArray[np.bool_]:
    """A flag for each code point: whether it is one of `characters`."""
    wanted = np.zeros(len(_arrays().letters), np.bool_)
    wanted[codes_of([characters]).codes] = True
    return wanted


@cache
def _arrays() -> _Arrays:
    parts = tables()
    pages = np.array(parts.pages, np.int32).reshape(-1, 256)
    values = pages[np.array(parts.page_of, np.int32)].reshape(-1)
    codes = np.arange(len(values), dtype=np.int32)
    signs = np.where(values == 0, codes, values)
    letters = np.zeros(len(values), np.bool_)
    letters[signs[signs > 0]] = True
    separating = np.flatnonzero(values == SEPARATES)
    for code in separating.tolist():
        signs[code] = ord(_sign(chr(code)))
    ends = [0, *parts.expansion_ends]
    expansions = tuple(np.array(parts.expansions[start:end], np.int32) for start, end in pairwise(ends))
    # Letters for some, signs in chat.
    for char, sign in _SIGNS.items():
        signs[ord(char)] = ord(sign)
    for offset in range(26):
        signs[0x1F1E6 + offset] = ord("a") + offset
    for char in _SPOKEN:
        letters[ord(char)] = True
    letters[ord(" ")] = False
    return _Arrays(signs, letters, expansions)


def _sign(char: str) -> str:
    if char in _KEPT:
        return char
    if char.isspace():
        return " "
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 and (plain.isascii() or plain in _KEPT) else SYMBOL
