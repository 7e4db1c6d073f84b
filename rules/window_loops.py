"""The compiled loops that keep the texts and entries of a window.

numba's cache looks only at the file a function stands in: who changes this file saves copy_loops.py, which calls
it, anew as well.
"""

from __future__ import annotations

import numpy as np

from rules.compiled import compiled
from rules.loop_arrays import BLOCK, Blocks, Codes, Entries, Ints, Lengths, Texts
from rules.text_loops import ones

ARENA, USED, LIVING, LAST, LAST_JOINED = 0, 1, 2, 3, 4
"""Places in `sizes`: letters held, blocks begun, letters of texts that have an entry, the last place of each ring."""

_ONE = np.uint64(1)
_FULL = np.uint64(0xFFFFFFFFFFFFFFFF)


@compiled
def within(texts: Texts, entries: Entries, text: int, time: float, reach: float, run: int, joined: bool) -> int:
    """The last entry with that text no further from `time` than the reach, -1 for none.

    Entries of the same run count only where both are messages of it.
    """
    entry = texts.newest[text]
    half = len(entries.times) // 2
    while entry >= 0:
        when = entries.times[entry]
        if when < time - reach:
            break
        if when <= time + reach and not (run and entries.runs[entry] == run and (joined or entry >= half)):
            return int(entry)
        entry = entries.older[entry]
    return -1


@compiled
def hashed(codes: Codes, start: int, end: int) -> int:
    """A number for a text, the same for the same letters."""
    value = np.uint64(end - start)
    for place in range(start, end):
        value = (value ^ np.uint64(codes[place])) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(29)
    return np.int64(value >> np.uint64(1))  # type: ignore[return-value]


@compiled
def shared_start(one: Codes, start: int, other: Codes, first: int, most: int) -> int:
    """How many letters two stretches have the same from their start, up to `most`."""
    place = 0
    while place < most and one[start + place] == other[first + place]:
        place += 1
    return place


@compiled
def number_of(texts: Texts, arena: Codes, codes: Codes, start: int, length: int, value: int) -> int:
    """The number of the text that is `codes[start : start + length]`, hashed to `value`; -1 for none."""
    text = np.int64(texts.heads[value & (len(texts.heads) - 1)]) - 1
    while text >= 0 and not (
        texts.hashes[text] == value
        and texts.lengths[text] == length
        and shared_start(codes, start, arena, texts.starts[text], length) == length
    ):
        text = np.int64(texts.following[text]) - 1
    return int(text)


@compiled
def number_for(lengths: Lengths, blocks: Blocks, texts: Texts, length: int, sizes: Ints) -> int:
    """A free number in a block of texts about as long, begun where there is none."""
    kind = lengths.kind_of[length]
    block = int(blocks.open[kind])
    if block < 0 or blocks.kinds[block] != kind or not blocks.free[block]:
        used = int(sizes[USED])
        chosen = -1
        for step in range(1, used + 1):
            # Going round keeps those together that came together.
            other = (block + step) % used
            if blocks.kinds[other] == -1 or (blocks.kinds[other] == kind and blocks.free[other]):
                chosen = other
                break
        if chosen == -1:
            chosen = used
            sizes[USED] += 1
        block = chosen
        if blocks.kinds[block] != kind:
            blocks.kinds[block] = kind
            blocks.free[block] = _FULL
            blocks.latest[block] = -np.inf
            blocks.earliest[block] = np.inf
        blocks.open[kind] = block
    free = blocks.free[block]
    place = ones((free & (~free + _ONE)) - _ONE)
    blocks.free[block] = free & ~(_ONE << np.uint64(place))
    return block * BLOCK + place


@compiled
def unlink(texts: Texts, entries: Entries, blocks: Blocks, sizes: Ints, entry: int) -> None:
    """Takes the entry out; its text goes with its last one."""
    text = int(entries.texts[entry])
    if text < 0:
        return
    entries.texts[entry] = -1
    newer, older = entries.newer[entry], entries.older[entry]
    if newer >= 0:
        entries.older[newer] = older
    else:
        texts.newest[text] = older
    if older >= 0:
        entries.newer[older] = newer
    else:
        texts.oldest[text] = newer
    block = text // BLOCK
    if texts.newest[text] < 0:
        sizes[LIVING] -= texts.lengths[text]
        bucket = texts.hashes[text] & (len(texts.heads) - 1)
        if texts.heads[bucket] == text + 1:
            texts.heads[bucket] = texts.following[text]
        else:
            before = texts.heads[bucket] - 1
            while texts.following[before] != text + 1:
                before = texts.following[before] - 1
            texts.following[before] = texts.following[text]
        blocks.free[block] |= _ONE << np.uint64(text % BLOCK)
        if blocks.free[block] == _FULL:
            blocks.kinds[block] = -1
            return
    if entries.times[entry] >= blocks.latest[block]:
        latest = -np.inf
        for other in range(block * BLOCK, block * BLOCK + BLOCK):
            if texts.newest[other] >= 0:
                latest = max(latest, entries.times[texts.newest[other]])
        blocks.latest[block] = latest


@compiled
def link(texts: Texts, entries: Entries, blocks: Blocks, text: int, entry: int, time: float, run: int) -> None:
    """Puts the entry among those of its text, by time; of one time the one that came last is the last."""
    entries.texts[entry] = text
    entries.times[entry] = time
    entries.runs[entry] = run
    newer, older = -1, int(texts.newest[text])
    while older >= 0 and entries.times[older] > time:
        newer, older = older, int(entries.older[older])
    entries.newer[entry] = newer
    entries.older[entry] = older
    if newer >= 0:
        entries.older[newer] = entry
    else:
        texts.newest[text] = entry
    if older >= 0:
        entries.newer[older] = entry
    else:
        texts.oldest[text] = entry
    block = text // BLOCK
    blocks.latest[block] = max(blocks.latest[block], time)
    blocks.earliest[block] = min(blocks.earliest[block], time)


@compiled
def packed(arena: Codes, texts: Texts, slots: int, room: Codes) -> int:
    """Copies the letters of the living texts to `room`, one after the other; returns how many there are."""
    size = 0
    for text in range(slots):
        if texts.newest[text] >= 0:
            length, start = texts.lengths[text], texts.starts[text]
            room[size : size + length] = arena[start : start + length]
            texts.starts[text] = size
            size += length
    return size
