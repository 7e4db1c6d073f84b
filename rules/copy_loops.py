"""The compiled loops of near duplicates: who is near by time and letters, then the longest common subsequence.

A text t of m characters and one of w have a normalised Indel similarity (rapidfuzz's `ratio`) of at least c only
where their longest common subsequence has at least K = ceil(c (m + w) / 2) characters: where m + w - 2K insertions
and deletions make one of the other. Each changes the count of one letter by one, so no two texts are alike whose
counts of letters differ by more (frequency distance: Kahveci and Singh 2001). That is looked up for a whole block
of texts at once: in a bit for each kind of letter that is there, another where there are two, and then in the
counts. Nothing is lost by either.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rules.compiled import compiled
from rules.loop_arrays import BLOCK, SLACK, Blocks, Codes, Entries, Floats, Found, Ints, Lengths, SmallInts, Texts
from rules.text_loops import common_at_least, mark_letters, ones, unmark_letters
from rules.window_loops import (
    ARENA,
    LAST,
    LAST_JOINED,
    LIVING,
    USED,
    hashed,
    link,
    number_for,
    number_of,
    shared_start,
    unlink,
    within,
)

_ONE = np.uint64(1)
_NOTHING = np.uint64(0)
_PER_COMPARISON = 64


@compiled
def sign(codes: Codes, start: int, end: int, counts: NDArray[np.uint8]) -> np.uint64:
    """How many letters of each of 32 kinds a text has, up to 255; returns a bit for each there is, and are two of.

    The kinds tell the letters of an alphabet apart, Latin or Cyrillic.
    """
    counts[:] = 0
    for place in range(start, end):
        kind = codes[place] & 31
        if counts[kind] < 255:
            counts[kind] += 1
    bits = _NOTHING
    for kind in range(32):
        if counts[kind] >= 1:
            bits |= _ONE << np.uint64(kind)
        if counts[kind] >= 2:
            bits |= _ONE << np.uint64(kind + 32)
    return bits


@compiled
def gaps_of(block: NDArray[np.uint8], counts: NDArray[np.uint8], far: np.uint16, gaps: NDArray[np.uint16]) -> bool:
    """Writes by how much the counts of each text of a block differ, and returns whether it is up to `far` for any.

    Where it is not after half of the kinds, the rest is left out.
    """
    gaps[:] = 0
    for kind in range(0, 32, 4):
        # Four at a time in a form the compiler makes a few instructions of, for all the texts at once.
        one, two, three, four = counts[kind], counts[kind + 1], counts[kind + 2], counts[kind + 3]
        ones_of, twos_of, threes_of, fours_of = block[kind], block[kind + 1], block[kind + 2], block[kind + 3]
        for text in range(BLOCK):
            gaps[text] += (
                np.uint16(np.uint8(max(ones_of[text], one) - min(ones_of[text], one)))
                + np.uint16(np.uint8(max(twos_of[text], two) - min(twos_of[text], two)))
                + np.uint16(np.uint8(max(threes_of[text], three) - min(threes_of[text], three)))
                + np.uint16(np.uint8(max(fours_of[text], four) - min(fours_of[text], four)))
            )
        if kind == 12 or kind == 28:
            near = False
            for text in range(BLOCK):
                near |= gaps[text] <= far
            if not near:
                return False
    return True


@compiled
def distance(total: int, cutoff: float) -> int:
    """How many insertions and deletions two texts of `total` letters may be apart at most."""
    return total - 2 * math.ceil(cutoff * total / 2 - SLACK)


@compiled
def precedes(codes: Codes, one: int, length: int, other: int, rival: int) -> bool:
    """Whether a text is shorter than another, or before it by its letters: an order that no restart changes."""
    if length != rival:
        return bool(length < rival)
    for place in range(length):
        if codes[one + place] != codes[other + place]:
            return bool(codes[one + place] < codes[other + place])
    return False


@compiled
def likely_texts(
    counts: NDArray[np.uint8], bits: np.uint64, length: int, own: int, time: float, run: int, joined: bool,
    reach: float, cutoff: float, lengths: Lengths, texts: Texts, entries: Entries, blocks: Blocks, used: int,
    found: Found,
) -> tuple[int, int]:  # fmt: skip
    """Writes the texts within reach that may be alike; returns how many, and the steps to compare them.

    `counts`, `bits`, `length` and the number `own` are the text's they may be like.
    """
    shortest = max(math.ceil(cutoff * length / (2 - cutoff) - SLACK), 1)
    longest = min(math.floor(length * (2 - cutoff) / cutoff + SLACK), len(lengths.kind_of) - 1)
    low, high = lengths.kind_of[min(shortest, longest)], lengths.kind_of[longest]
    block_gaps = np.empty(BLOCK, np.uint16)
    looked = 0
    near_blocks = 0
    size = 0
    steps = 0
    for block in range(used):
        kind = blocks.kinds[block]
        if (
            kind < low
            or kind > high
            or blocks.latest[block] < time - reach
            or blocks.earliest[block] > time + reach
        ):  # fmt: skip
            continue
        far = math.floor((length + min(lengths.longest[kind], longest)) * (1 - cutoff) + 2 * SLACK)
        # The bits are half the work, as long as they spare the rest of it.
        if 2 * near_blocks <= looked + 2:
            looked += 1
            near = False
            for text in range(block * BLOCK, block * BLOCK + BLOCK):
                near |= ones(texts.bits[text] ^ bits) <= far
            if not near:
                continue
            near_blocks += 1
        if not gaps_of(texts.counts[block], counts, np.uint16(far), block_gaps):
            continue
        for place in range(BLOCK):
            gap = np.int64(block_gaps[place])
            text = block * BLOCK + place
            if gap > far or texts.newest[text] < 0 or text == own:
                continue
            other = texts.lengths[text]
            if other < shortest or other > longest or gap > distance(length + other, cutoff):
                continue
            entry = within(texts, entries, text, time, reach, run, joined)
            if entry >= 0:
                found.texts[size] = text
                found.entries[size] = entry
                found.gaps[size] = gap
                size += 1
                steps += other * ((length + 63) // 64) + _PER_COMPARISON
    return size, steps


@compiled
def ends_alike(
    codes: Codes, start: int, end: int, arena: Codes, first: int, last: int
) -> tuple[int, int]:  # fmt: skip
    """How many letters two texts have the same at their start, and then at their end."""
    fewer = min(end - start, last - first)
    before = shared_start(codes, start, arena, first, fewer)
    after = 0
    while after < fewer - before and codes[end - 1 - after] == arena[last - 1 - after]:
        after += 1
    return before, after


@compiled
def nearest_entries(
    codes: Codes, bounds: Ints, times: Floats, places: Ints, leaving: Ints, replaced: Ints, runs: Ints, reach: float,
    threshold: float, budget: int, lengths: Lengths, texts: Texts, entries: Entries, blocks: Blocks, sizes: Ints,
    arena: Codes, letter_of: SmallInts, letter_of_rest: SmallInts,
) -> tuple[Ints, Floats]:  # fmt: skip
    """For each text the entry before it that is most like it, -1 for none, and the score; each becomes an entry then.

    Text `i` came at `times[i]` and gets the entry `places[i]`; `replaced[i]` goes before, `leaving[i]` after (-1 for
    none). Entries in the upper half are what was joined. Of several texts with one score it is the one seen last,
    then the shortest, then the first by its letters; of its entries the last. Where comparing all that may be alike
    would take more than `budget` steps (letters by words of 64), those that came last are compared, as far as it
    goes.
    """
    longest_text = 1
    for text in range(len(times)):
        longest_text = max(longest_text, bounds[text + 1] - bounds[text])
    words = (longest_text + 63) // 64
    masks = np.empty((longest_text + 1, words), np.uint64)
    masks_rest = np.empty((longest_text + 1, words), np.uint64)
    state = np.empty(words, np.uint64)
    room = len(texts.newest)
    found = Found(np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32))
    likely = texts.likely
    counts = np.empty(32, np.uint8)
    half = len(entries.times) // 2
    best = np.full(len(times), -1, np.int64)
    scores = np.zeros(len(times), np.float64)
    for message in range(len(times)):
        start, end, time, run = bounds[message], bounds[message + 1], times[message], runs[message]
        length = end - start
        joined = places[message] >= half
        if replaced[message] >= 0:
            unlink(texts, entries, blocks, sizes, replaced[message])
        value = hashed(codes, start, end)
        own = number_of(texts, arena, codes, start, length, value)
        if own >= 0:
            best[message] = within(texts, entries, own, time, reach, run, joined)
            scores[message] = 100.0 if best[message] >= 0 else 0.0
        if best[message] < 0:
            bits = sign(codes, start, end, counts)
            size, needed = likely_texts(
                counts, bits, length, own, time, run, joined, reach, threshold / 100, lengths, texts, entries, blocks,
                sizes[USED], found,
            )  # fmt: skip
            bounded = needed > budget
            if bounded:
                for place in range(size):
                    likely[found.texts[place]] = place + 1
            marked = False
            champion = -1
            left = budget
            place = 0
            for step in range(2 * half if bounded else size):
                if bounded:
                    if left <= 0:
                        break
                    # Backwards through both rings by turns.
                    entry = (sizes[LAST + (step & 1)] - step // 2) % half + (step & 1) * half
                    text = entries.texts[entry]
                    if text < 0 or likely[text] == 0 or not time - reach <= entries.times[entry] <= time + reach:
                        continue
                    place = likely[text] - 1
                    likely[text] = 0
                else:
                    place = step
                    text = found.texts[place]
                first, other = texts.starts[text], texts.lengths[text]
                last = first + other
                total = length + other
                common = math.ceil(max(threshold, scores[message]) / 100 * total / 2 - SLACK)
                if found.gaps[place] > total - 2 * common:
                    continue
                left -= _PER_COMPARISON
                before, after = 0, 0
                if length > 64:
                    before, after = ends_alike(codes, start, end, arena, first, last)
                shared = before + after
                if 2 * shared <= min(length, other):
                    if not marked:
                        mark_letters(codes, start, end, letter_of, masks)
                        marked = True
                    left -= other * ((length + 63) // 64)
                    shared = common_at_least(length, letter_of, masks, arena, first, last, state, common)
                elif length > shared and other > shared:
                    rest = length - shared
                    left -= (other - shared) * ((rest + 63) // 64) + rest
                    mark_letters(codes, start + before, end - after, letter_of_rest, masks_rest)
                    shared += common_at_least(
                        rest, letter_of_rest, masks_rest, arena, first + before, last - after, state, common - shared
                    )
                    unmark_letters(codes, start + before, end - after, letter_of_rest)
                if shared < common:
                    continue
                score = (1 - (total - 2 * shared) / total) * 100
                if score < threshold or score < scores[message]:
                    continue
                if champion >= 0 and score == scores[message]:
                    latest, rival = entries.times[texts.newest[text]], entries.times[texts.newest[champion]]
                    if latest < rival or (
                        latest == rival
                        and not precedes(arena, first, other, texts.starts[champion], texts.lengths[champion])
                    ):
                        continue
                champion = text
                scores[message] = score
                best[message] = found.entries[place]
            if marked:
                unmark_letters(codes, start, end, letter_of)
            if bounded:
                for place in range(size):
                    likely[found.texts[place]] = 0
        if own < 0:
            own = number_for(lengths, blocks, texts, length, sizes)
            bucket = value & (len(texts.heads) - 1)
            texts.counts[own // BLOCK, :, own % BLOCK] = counts
            texts.bits[own] = bits
            texts.lengths[own] = length
            texts.hashes[own] = value
            texts.following[own] = texts.heads[bucket]
            texts.heads[bucket] = own + 1
            texts.newest[own] = texts.oldest[own] = -1
            texts.starts[own] = sizes[ARENA]
            arena[sizes[ARENA] : sizes[ARENA] + length] = codes[start:end]
            sizes[ARENA] += length
            sizes[LIVING] += length
        link(texts, entries, blocks, own, places[message], time, run)
        sizes[LAST_JOINED if joined else LAST] = places[message] % half
        if leaving[message] >= 0:
            unlink(texts, entries, blocks, sizes, leaving[message])
    return best, scores
