"""What a message is learned by: hashed grams of its letters, its surface, its sound and words, and its shape.

The letters are those of the folded text, so most disguises change nothing there; the surface has the separators too;
the sound is that of the ideographs, split ones put together, so that homophones are alike; the shape is how the
text was written: how long, how many digits, marks, lines, scripts, disguised letters. Each kind of gram has the same
say whatever the length of the text, and a kind that a disguise makes unreadable says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules import gram_loops
from rules.fold import Folded, codes_of
from rules.gram_loops import KINDS, LETTERS, SHAPE, SIZE, SOUND, Texts
from rules.records import Evidence
from rules.tables import tables
from rules.weaker import Whole, put_together, sounds

HEFT = np.array([1.0, 0.5, 1.0, 0.8, 0.2])
"""The length of a text's grams of each kind together; of the shape, what each trait counts."""

_WARM = 0.2
"""Characters that speak for spam as strongly as this, by the strongest, are evidence."""
_GAP = 2
"""Stretches so many characters apart are shown as one."""
_WORD = re.compile(r"[^\W\u2e80-\uabff\U00020000-\U0003ffff]+")
"""Letters and digits of scripts that set words apart (so no ideographs, no kana)."""
_LAST_NUMBER = np.iinfo(np.int32).max


class Rows(NamedTuple):
    """Texts as rows of grams: those of kind `k` of row `r` are `indices[starts[r, k]:ends[r, k]]`.

    `shares[r, k]` is what each of them counts.
    """

    indices: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    shares: NDArray[np.float64]


def rows_of(texts: Sequence[str], folded: Sequence[Folded]) -> Rows:
    """The grams of texts; `folded` are the same texts folded."""
    read, _ = _read(texts, folded)
    found = gram_loops.gather(read, gram_loops.shapes(read), np.zeros(SIZE, np.int32), 0, False)
    counts = np.maximum(np.diff(found.ends).reshape(len(texts), KINDS), 1)
    starts, ends = found.ends[:-1].reshape(-1, KINDS), found.ends[1:].reshape(-1, KINDS)
    return Rows(found.indices, starts.copy(), ends.copy(), _shares(counts))


class Reader:
    """Weights of grams, and what texts come to by them. Not for two threads at once."""

    __slots__ = ("_number", "_seen", "weights")

    def __init__(self, weights: NDArray[np.float32]) -> None:
        self.weights = weights
        self._seen = np.zeros(SIZE, np.int32)
        self._number = 0

    def margins(self, texts: Sequence[str], folded: Sequence[Folded]) -> NDArray[np.float64]:
        """The sum of the weights of each text's grams, each kind by its share."""
        read, _ = _read(texts, folded)
        found = gram_loops.gather(read, gram_loops.shapes(read), self._seen, self._numbers(len(texts)), False)
        return gram_loops.margins(found.indices, found.ends, self.weights, HEFT)

    def telling(self, text: str, folded: Folded, most: int) -> tuple[Evidence, ...]:
        """The stretches of `text` whose grams weigh most, at most `most` of them, in their order.

        A word is taken as a whole, ideographs one by one; a single character only where there is nothing longer.
        """
        heat = self._heat(text, folded)
        warm = np.flatnonzero(heat > _WARM * heat.max(initial=0.0))
        if not len(warm):
            return ()
        every = np.split(warm, np.flatnonzero(np.diff(warm) > _GAP) + 1)
        longer = [stretch for stretch in every if stretch[-1] > stretch[0]] or every
        longer.sort(key=lambda stretch: (-heat[stretch].sum(), stretch[0]))
        spans = sorted(_trimmed(text, int(stretch[0]), int(stretch[-1]) + 1) for stretch in longer[:most])
        return tuple(Evidence(start, end, text[start:end]) for start, end in spans)

    def _heat(self, text: str, folded: Folded) -> NDArray[np.float64]:
        """What each character of the text adds to its margin, the weight of a gram shared among its characters."""
        read, whole = _read([text], [folded])
        out = gram_loops.gather(read, gram_loops.shapes(read), self._seen, self._numbers(1), True)
        shares = _shares(np.maximum(np.diff(out.ends), 1)[np.newaxis])[0]
        steps = np.zeros(len(text) + 1)
        for kind in range(SHAPE):
            chosen = slice(out.ends[kind], out.ends[kind + 1])
            firsts, lasts = out.firsts[chosen], out.lasts[chosen]
            if kind == SOUND and len(whole.which):
                reach = np.append(whole.origin[1:], len(folded.text)) - 1
                firsts, lasts = whole.origin[firsts], reach[lasts]
            if kind in (LETTERS, SOUND) and len(folded.text):
                firsts, lasts = folded.origin[firsts], folded.origin[lasts]
            if len(text):
                weights = self.weights[out.indices[chosen]] * shares[kind] / (lasts - firsts + 1)
                np.add.at(steps, firsts, weights)
                np.add.at(steps, lasts + 1, -weights)
        heat = np.cumsum(steps)[:-1]
        for start, end in _words(folded):
            heat[start:end] = heat[start:end].mean()
        return heat

    def _numbers(self, count: int) -> int:
        """The number before `count` ones that mark no gram yet."""
        if self._number > _LAST_NUMBER - count:
            self._seen[:] = 0
            self._number = 0
        first = self._number
        self._number += count
        return first


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """What each of so many grams of each kind counts."""
    shares = HEFT / np.sqrt(counts)
    shares[:, SHAPE] = HEFT[SHAPE]
    return np.asarray(shares, np.float64)


def _read(texts: Sequence[str], folded: Sequence[Folded]) -> tuple[Texts, Whole]:
    """The texts as the compiled loops take them, and their split characters put together."""
    originals, letters = codes_of(texts), codes_of([each.text for each in folded])
    whole = put_together(letters)
    sounded = sounds(np.concatenate((letters.codes, whole.texts.codes)))
    sounded[(sounded >= ord("0")) & (sounded <= ord("9"))] = ord("0")
    starts, ends = letters.bounds[:-1].copy(), letters.bounds[1:].copy()
    starts[whole.which] = len(letters.codes) + whole.texts.bounds[:-1]
    ends[whole.which] = len(letters.codes) + whole.texts.bounds[1:]
    read = Texts(originals.codes, originals.bounds, letters.codes, letters.bounds, sounded, starts, ends, *_folding())
    return read, whole


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch without what stands around its letters, where it has any."""
    inside = [place for place in range(start, end) if text[place].isalnum()]
    return (inside[0], inside[-1] + 1) if inside else (start, end)


def _words(folded: Folded) -> Iterator[tuple[int, int]]:
    """Where the words of letters stand in the original."""
    bounds = [0, *folded.starts.tolist(), len(folded.text)]
    for start, end in pairwise(bounds):
        for found in _WORD.finditer(folded.text, start, end):
            yield folded.span(found.start(), found.end())


@cache
def _folding() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    parts = tables()
    return np.array(parts.page_of, np.int32), np.array(parts.pages, np.int32)
