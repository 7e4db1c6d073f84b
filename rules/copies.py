"""What was said in a window, and for each text that comes what is most like it."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rules import copy_loops
from rules.fold import Codes
from rules.loop_arrays import BLOCK, Blocks, Entries, Floats, Ints, Lengths, Texts
from rules.scratch import Scratch
from rules.window_loops import ARENA, LIVING, USED, packed

_T = TypeVar("_T", bound=np.generic)

LONGEST = 1_000
"""Letters of the longest text that can be held."""
BUDGET = 2_000_000
"""Steps (letters by words of 64) one text may take to compare: some milliseconds."""
_KINDS_BY_OCTAVE = 8
_FEWEST_LETTERS = 1 << 12


class Coming(NamedTuple):
    """Texts as `Copies.nearest` takes them, an element for each.

    `places` are those of the entries they become, `leaving` the entries that go for them, `replaced` those that go
    before, -1 for none, and `runs` numbers of runs, 0 for none.
    """

    texts: Codes
    times: Floats
    places: Ints
    leaving: Ints
    replaced: Ints
    runs: Ints


class Copies:
    """Entries by place in two rings: `most` places of messages, and from `most` on as many of what was joined.

    Likeness is rapidfuzz's `ratio`, and nothing is lost against comparing everything with everything, as long as
    that is affordable: see `copy_loops.nearest_entries`. Not for two threads at once.
    """

    def __init__(self, most: int) -> None:
        self._lengths = _lengths()
        self._scratch = Scratch(0)
        self._rest = Scratch(0)
        self._sizes = np.zeros(5, np.int64)
        self._arena = np.empty(_FEWEST_LETTERS, np.uint32)
        self._entries = Entries(
            np.zeros(2 * most, np.float64),
            np.full(2 * most, -1, np.int32),
            np.zeros(2 * most, np.int64),
            np.empty(2 * most, np.int32),
            np.empty(2 * most, np.int32),
        )
        kinds = len(self._lengths.longest)
        self._blocks = Blocks(
            np.full(0, -1, np.int32),
            np.zeros(0, np.uint64),
            np.zeros(0, np.float64),
            np.zeros(0, np.float64),
            np.full(kinds, -1, np.int32),
        )
        self._texts = Texts(
            np.zeros(0, np.uint64),
            np.zeros((0, 32, BLOCK), np.uint8),
            np.zeros(0, np.int64),
            np.zeros(0, np.int32),
            np.zeros(0, np.int64),
            np.zeros(0, np.int32),
            np.full(0, -1, np.int32),
            np.full(0, -1, np.int32),
            np.zeros(0, np.int32),
            np.zeros(1 << max((2 * most).bit_length() - 1, 4), np.int32),
        )

    def nearest(self, coming: Coming, threshold: float, reach: float) -> tuple[list[int], list[float]]:
        """For each text the entry before it most like it, no more than `reach` seconds away, and the score.

        -1 and 0 where none scores `threshold`. Of several texts with one score it is the one seen last, then the
        shortest, then the first by its letters; of its entries the last by time. What was joined matches nothing
        of its own run, and no message of that run matches it.
        """
        self._make_room(coming.texts)
        best, scores = copy_loops.nearest_entries(
            coming.texts.codes,
            coming.texts.bounds,
            coming.times,
            coming.places,
            coming.leaving,
            coming.replaced,
            coming.runs,
            reach,
            threshold,
            BUDGET,
            self._lengths,
            self._texts,
            self._entries,
            self._blocks,
            self._sizes,
            self._arena,
            self._scratch.letter_of,
            self._rest.letter_of,
        )
        return best.tolist(), scores.tolist()

    def _make_room(self, texts: Codes) -> None:
        letters, used = int(self._sizes[ARENA]), int(self._sizes[USED])
        wanted = letters + len(texts.codes)
        if wanted > len(self._arena):
            room = np.empty(max(2 * (int(self._sizes[LIVING]) + len(texts.codes)), _FEWEST_LETTERS), np.uint32)
            self._sizes[ARENA] = packed(self._arena, self._texts, used * BLOCK, room)
            self._arena = room
        # A block is begun where those of its kind of length are full: once a kind, and then for every 64 texts.
        blocks = used + len(self._lengths.longest) + (len(texts.bounds) - 1) // BLOCK + 1
        if blocks > len(self._blocks.kinds):
            self._grow(2 * blocks)

    def _grow(self, blocks: int) -> None:
        """Makes room for so many blocks."""
        held, known, numbers = self._blocks, self._texts, blocks * BLOCK
        self._blocks = Blocks(
            _grown(held.kinds, blocks, -1),
            _grown(held.free, blocks, 0),
            _grown(held.earliest, blocks, 0),
            _grown(held.latest, blocks, 0),
            held.open,
        )
        self._texts = Texts(
            _grown(known.bits, numbers, 0),
            _grown(known.counts, blocks, 0),
            _grown(known.starts, numbers, 0),
            _grown(known.lengths, numbers, 0),
            _grown(known.hashes, numbers, 0),
            _grown(known.following, numbers, 0),
            _grown(known.newest, numbers, -1),
            _grown(known.oldest, numbers, -1),
            _grown(known.likely, numbers, 0),
            known.heads,
        )


def _grown(array: NDArray[_T], wanted: int, empty: int) -> NDArray[_T]:
    """The array with `wanted` elements, the further ones `empty`."""
    grown = np.full((wanted, *array.shape[1:]), empty, array.dtype)
    grown[: len(array)] = array
    return grown


def _lengths() -> Lengths:
    kind_of = np.zeros(LONGEST + 1, np.int32)
    kind_of[1:] = np.floor(_KINDS_BY_OCTAVE * np.log2(np.arange(1, LONGEST + 1)))
    longest = np.zeros(int(kind_of[-1]) + 1, np.int32)
    longest[kind_of] = np.arange(LONGEST + 1)
    return Lengths(kind_of, longest)
