"""The texts of a window, and for each that comes the one before it that is most like it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rules import match_loops
from rules.fold import codes_of, text_of
from rules.loop_arrays import Lists
from rules.scratch import Scratch

_T = TypeVar("_T", bound=np.generic)

_FEWEST_BITS = 12
_MOST_BITS = 18
_MOST_DEAD = 4_096
# Texts whose entries stand apart from the others' of their lists.
_MOST_LOOSE = 1_024
_NEVER = float("inf")


class Copies:
    """Different texts by number, each with the time it was first and last seen.

    `like` finds by rapidfuzz's `ratio` and loses nothing. Numbers are given in order of coming; `compacted` gives
    new ones. Not for two threads at once.
    """

    def __init__(self, threshold: float, reach: float) -> None:
        self._threshold = threshold
        self._reach = reach
        self._count = 0
        self._entries = 0
        self._scratch = Scratch(_FEWEST_BITS)
        self._codes = np.empty(1 << 12, np.uint32)
        self._bounds = np.zeros(1 << 8, np.int64)
        self._hits = np.zeros(1 << 8, np.int32)
        self._signatures = np.empty((1 << 8, 4), np.uint64)
        self._ordered = 0
        self.earliest = np.empty(1 << 8, np.float64)
        self.latest = np.empty(1 << 8, np.float64)
        self._lists = self._empty_lists()

    def __len__(self) -> int:
        """How many numbers are given, forgotten texts' among them."""
        return self._count

    def like(self, new: Sequence[str], numbers: Sequence[int], times: Sequence[float]) -> tuple[list[int], list[float]]:
        """For each message the most similar text before it, -1 for none, and the score.

        Message `i` has text `numbers[i]` and came at `times[i]`; `new` are the texts not known before, which get
        the next numbers in the order in which they appear. Only texts count that were seen no more than the reach
        away, as far as first and last time tell; of several the one last seen, the shortest, the first by its
        letters. Where the message's own text does, it gets UNSOUGHT.
        """
        first = self._count
        self._hold(new)
        best, scores, self._entries = match_loops.nearest_copies(
            self._codes,
            self._bounds,
            first,
            self._count,
            np.array(numbers, np.int64),
            np.array(times, np.float64),
            self._reach,
            self._threshold,
            self.earliest,
            self.latest,
            self._lists,
            self._entries,
            self._scratch.mask,
            self._scratch.seen,
            self._scratch.letter_of,
            self._hits,
            self._signatures,
        )
        if self._count - self._ordered > max(_MOST_LOOSE, self._count // 4):
            self._order()
        return best.tolist(), scores.tolist()

    def forget(self, number: int) -> None:
        """Text `number` is not to be found any more. It keeps its number until `compacted`."""
        self.earliest[number] = _NEVER
        self.latest[number] = -_NEVER

    def text(self, number: int) -> str:
        """Text `number`."""
        return text_of(self._codes[self._bounds[number] : self._bounds[number + 1]])

    def compacted(self, living: int, keep: Callable[[int], bool]) -> list[int] | None:
        """Makes the index anew when most of it is forgotten or it has grown: the kept numbers in their order.

        `living` is how many those are. None when there was nothing to do.
        """
        crowded = self._entries > 2 << self._scratch.bits and self._scratch.bits < _MOST_BITS
        if self._count - living <= max(living, _MOST_DEAD) and not crowded:
            return None
        kept = [number for number in range(self._count) if keep(number)]
        chosen = np.array(kept, np.int64)
        texts = [self.text(number) for number in kept]
        self._signatures[: len(kept)] = self._signatures[chosen]
        self.earliest[: len(kept)] = self.earliest[chosen]
        self.latest[: len(kept)] = self.latest[chosen]
        self._count = 0
        self._entries = 0
        wanted = min(max((2 * sum(map(len, texts))).bit_length(), _FEWEST_BITS), _MOST_BITS)
        if wanted != self._scratch.bits:
            self._scratch = Scratch(wanted)
        self._lists = self._empty_lists()
        self._hold(texts)
        self._order()
        return kept

    def _order(self) -> None:
        """Lays the lists out anew, so that each is read in one go."""
        self._entries = match_loops.index_texts(
            self._codes, self._bounds, self._count, self._lists, self._scratch.mask, self._scratch.seen
        )
        self._ordered = self._count

    def _hold(self, texts: Sequence[str]) -> None:
        """Makes room for the texts and puts their letters behind the others."""
        codes, bounds = codes_of(texts)
        size = int(self._bounds[self._count])
        self._codes = _grown(self._codes, size, size + len(codes))
        self._codes[size : size + len(codes)] = codes
        count = self._count + len(texts)
        self._bounds = _grown(self._bounds, self._count + 1, count + 1)
        self._bounds[self._count + 1 : count + 1] = size + bounds[1:]
        self._hits = _grown(self._hits, self._count, count)
        self._signatures = _grown(self._signatures, self._count, count)
        self.earliest = _grown(self.earliest, self._count, count)
        self.latest = _grown(self.latest, self._count, count)
        links, owners = (_grown(each, self._entries, self._entries + len(codes)) for each in self._lists[2:])
        self._lists = Lists(self._lists.heads, self._lists.counts, links, owners)
        self._count = count

    def _empty_lists(self) -> Lists:
        keys = self._scratch.mask + 1
        return Lists(
            np.full(keys, -1, np.int32), np.zeros(keys, np.int32), np.empty(keys, np.int32), np.empty(keys, np.int32)
        )


def _grown(array: NDArray[_T], used: int, wanted: int) -> NDArray[_T]:
    """The array with room for `wanted` elements, the first `used` kept and noughts behind them."""
    if wanted <= len(array):
        return array
    grown = np.zeros((max(wanted, 2 * len(array)), *array.shape[1:]), array.dtype)
    grown[:used] = array[:used]
    return grown
