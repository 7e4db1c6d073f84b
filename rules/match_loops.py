"""The compiled loops of matching: shared bigrams first, then the longest common subsequence.

A text t of m characters and one of w have a normalised Indel similarity (rapidfuzz's `ratio`) of at least c only
where their longest common subsequence has at least K = ceil(c (m + w) / 2) characters. It falls into pieces that
are whole in both, at most one more than the m + w - 2K characters left over: so they share at least
3K - m - w - 1 bigrams, each counted as often as both have it. And where two sets share at least T keys, any
g - T + k of the g keys of one hold k of the shared ones: it is enough to look up the rarest (prefix filtering:
Chaudhuri et al. 2006, Bayardo et al. 2007). Nothing is lost by either; hashing two bigrams to one key only adds.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rules.compiled import compiled
from rules.loop_arrays import SLACK, STRIDE, UNSOUGHT, Codes, Floats, Ints, Lists, SmallInts, Templates
from rules.text_loops import apart, bigram_keys, common_length, mark_letters, sign, unmark_letters

_SHORT_LIST = 16


@compiled
def shorter_than(bounds: Ints, length: int) -> int:
    """How many texts, ascending by length, have at most `length` characters."""
    low, high = 0, len(bounds) - 1
    while low < high:
        middle = (low + high) // 2
        if bounds[middle + 1] - bounds[middle] <= length:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def likely_templates(
    codes: Codes, rows: Ints, index: Templates, cutoff: float, mask: int, seen: NDArray[np.uint16],
    letter_of: SmallInts,
) -> tuple[SmallInts, SmallInts]:  # fmt: skip
    """Pairs of row and template that may be alike: none that is, is missing.

    A row is (start, end, shortest, longest): part of `codes`, and the lengths of the templates to compare.
    """
    templates, bounds, ends, listed = index.codes, index.bounds, index.ends, index.listed
    needed, least, always = index.needed, index.least, index.always
    longest = 1
    for row in range(len(rows)):
        longest = max(longest, rows[row, 1] - rows[row, 0])
    keys = np.empty(longest, np.int32)
    masks = np.empty((longest + 1, (longest + 63) // 64), np.uint64)
    state = np.empty((longest + 63) // 64, np.uint64)
    hits = np.zeros(len(needed), np.uint16)
    found = np.empty(len(needed), np.int32)
    out_rows = np.empty(1024, np.int32)
    out_templates = np.empty(1024, np.int32)
    size = 0
    for row in range(len(rows)):
        start, end = rows[row, 0], rows[row, 1]
        length = end - start
        found_count = len(always)
        found[:found_count] = always
        # Templates stand by length, and none much longer than the text can be alike.
        fitting = shorter_than(bounds, min(rows[row, 3], np.int64(length * (2 - cutoff) / cutoff + 1)))
        for place in range(bigram_keys(codes, start, end, mask, seen, keys)):
            key = keys[place]
            for entry in range(ends[key], ends[key + 1]):
                if listed[entry] >= fitting:
                    break
                hits[listed[entry]] += 1
        # Counting without a condition, then looking for the few in strides: the processor does several at once.
        for stride in range(0, fitting, STRIDE):
            reached = False
            for place in range(stride, stride + STRIDE):
                reached |= hits[place] >= needed[place]
            if reached:
                for place in range(stride, stride + STRIDE):
                    if hits[place] >= needed[place]:
                        found[found_count] = place
                        found_count += 1
        hits[: min(fitting + STRIDE, len(hits))] = 0
        marked = False
        for place in range(found_count):
            template = found[place]
            first, last = bounds[template], bounds[template + 1]
            other = last - first
            if other < rows[row, 2] or other > rows[row, 3]:
                continue
            common = int(least[template])
            if other > length:
                common = math.ceil(cutoff * (length + other) / 2 - SLACK)
            if common > length:
                continue
            if not marked:
                mark_letters(codes, start, end, letter_of, masks)
                marked = True
            if common_length(length, letter_of, masks, templates, first, last, state) >= common:
                if size == len(out_rows):
                    out_rows = np.concatenate((out_rows, np.empty(size, np.int32)))
                    out_templates = np.concatenate((out_templates, np.empty(size, np.int32)))
                out_rows[size] = row
                out_templates[size] = template
                size += 1
        if marked:
            unmark_letters(codes, start, end, letter_of)
    return out_rows[:size], out_templates[:size]


@compiled
def add_text(
    codes: Codes, start: int, end: int, slot: int, lists: Lists, size: int, mask: int, seen: NDArray[np.uint16],
    keys: SmallInts,
) -> int:  # fmt: skip
    """Puts text `slot` into lists of so many entries; returns how many there are then."""
    for place in range(bigram_keys(codes, start, end, mask, seen, keys)):
        key = keys[place]
        lists.links[size] = lists.heads[key]
        lists.owners[size] = slot
        lists.heads[key] = size
        lists.counts[key] += 1
        size += 1
    return size


@compiled
def distance(length: int, other: int, cutoff: float) -> int:
    """How many insertions and deletions texts of two lengths may be apart at most."""
    return length + other - 2 * math.ceil(cutoff * (length + other) / 2 - SLACK)


@compiled
def likely_copies(
    codes: Codes, start: int, end: int, bounds: Ints, slots: int, cutoff: float, lists: Lists, mask: int,
    seen: NDArray[np.uint16], keys: SmallInts, hits: SmallInts, found: SmallInts, signatures: NDArray[np.uint64],
    own: NDArray[np.uint64],
) -> int:  # fmt: skip
    """Writes which of the first `slots` texts may be as like `codes[start:end]` as `cutoff`; returns how many.

    None that is, is missing. `hits` holds noughts and is left so.
    """
    length = end - start
    shortest = math.ceil(cutoff * length / (2 - cutoff) - SLACK)
    longest = math.floor(length * (2 - cutoff) / cutoff + SLACK)
    shared = math.ceil((1.5 * cutoff - 1) * (length + shortest) - 1 - SLACK) if cutoff > 2 / 3 else 0
    count = bigram_keys(codes, start, end, mask, seen, keys)
    frequency = np.empty(count, np.int32)
    for place in range(count):
        frequency[place] = lists.counts[keys[place]]
    order = np.argsort(frequency)
    sought = count - shared + 1
    steps = 0
    for place in order[: max(sought, 0)]:
        steps += frequency[place]
    size = 0
    sign(codes, start, end, own)
    if shared <= 0 or steps > slots:
        for slot in range(slots):
            other = bounds[slot + 1] - bounds[slot]
            if shortest <= other <= longest and apart(own, signatures[slot]) <= distance(length, other, cutoff):
                found[size] = slot
                size += 1
        return size
    # Further keys cost a look each and spare many a comparison.
    while sought < count and frequency[order[sought]] <= _SHORT_LIST:
        sought += 1
    for place in order[:sought]:
        entry = lists.heads[keys[place]]
        while entry >= 0:
            slot = lists.owners[entry]
            if hits[slot] == 0:
                found[size] = slot
                size += 1
            hits[slot] += 1
            entry = lists.links[entry]
    kept = 0
    for place in range(size):
        slot = found[place]
        other = bounds[slot + 1] - bounds[slot]
        needed = 3 * math.ceil(cutoff * (length + other) / 2 - SLACK) - length - other - 1
        if (
            shortest <= other <= longest
            and hits[slot] >= needed - (count - sought)
            and apart(own, signatures[slot]) <= distance(length, other, cutoff)
        ):
            found[kept] = slot
            kept += 1
        hits[slot] = 0
    return kept


@compiled
def precedes(codes: Codes, bounds: Ints, one: int, other: int) -> bool:
    """Whether a text is shorter than another, or before it by its letters: an order that no restart changes."""
    length = bounds[one + 1] - bounds[one]
    if length != bounds[other + 1] - bounds[other]:
        return bool(length < bounds[other + 1] - bounds[other])
    for place in range(length):
        letter, rival = codes[bounds[one] + place], codes[bounds[other] + place]
        if letter != rival:
            return bool(letter < rival)
    return False


@compiled
def index_texts(
    codes: Codes, bounds: Ints, slots: int, lists: Lists, mask: int, seen: NDArray[np.uint16]
) -> int:  # fmt: skip
    """Makes the lists anew, of the first `slots` texts; returns how many entries there are then."""
    longest = int(np.max(np.diff(bounds[: slots + 1]))) if slots else 0
    keys = np.empty(max(longest, 1), np.int32)
    lists.counts[:] = 0
    for slot in range(slots):
        for place in range(bigram_keys(codes, bounds[slot], bounds[slot + 1], mask, seen, keys)):
            lists.counts[keys[place]] += 1
    # Entries of a list stand one after the other: walking through it reads memory in order.
    size = 0
    for key in range(mask + 1):
        lists.heads[key] = size if lists.counts[key] else -1
        size += lists.counts[key]
    filled = lists.heads.copy()
    for slot in range(slots):
        for place in range(bigram_keys(codes, bounds[slot], bounds[slot + 1], mask, seen, keys)):
            entry = filled[keys[place]]
            filled[keys[place]] += 1
            lists.owners[entry] = slot
            lists.links[entry] = entry + 1
    for key in range(mask + 1):
        if lists.counts[key]:
            lists.links[filled[key] - 1] = -1
    return size


@compiled
def nearest_copies(
    codes: Codes, bounds: Ints, first: int, last: int, known: Ints, times: Floats, reach: float, threshold: float,
    earliest: Floats, latest: Floats, lists: Lists, size: int, mask: int, seen: NDArray[np.uint16],
    letter_of: SmallInts, hits: SmallInts, signatures: NDArray[np.uint64],
) -> tuple[Ints, Floats, int]:  # fmt: skip
    """For each message the most similar text before it, -1 for none, and the score; adds new texts one by one.

    Message `i` is text `known[i]`: one that came before, or the next new one; those from `first` to `last` are new
    and stand in `codes` already. A text counts that was seen, from `earliest` to `latest`, no more than `reach`
    seconds away; where the message's own does, it is UNSOUGHT. Of several with one score it is the one seen
    last, then the shortest, then the first by its letters.
    """
    longest = 1
    for text in known:
        longest = max(longest, bounds[text + 1] - bounds[text])
    keys = np.empty(longest, np.int32)
    masks = np.empty((longest + 1, (longest + 63) // 64), np.uint64)
    state = np.empty((longest + 63) // 64, np.uint64)
    found = np.empty(last, np.int32)
    best = np.full(len(known), -1, np.int64)
    scores = np.zeros(len(known), np.float64)
    own = np.empty(4, np.uint64)
    added = first
    for message in range(len(known)):
        text, time = known[message], times[message]
        if text < added:
            near = earliest[text] <= time + reach and latest[text] >= time - reach
            earliest[text] = min(earliest[text], time)
            latest[text] = max(latest[text], time)
            if near:
                best[message] = UNSOUGHT
                continue
        start, end = bounds[text], bounds[text + 1]
        length = end - start
        likely = likely_copies(
            codes, start, end, bounds, added, threshold / 100, lists, mask, seen, keys, hits, found, signatures, own
        )
        if likely:
            mark_letters(codes, start, end, letter_of, masks)
            for place in range(likely):
                slot = found[place]
                if earliest[slot] > time + reach or latest[slot] < time - reach or slot == text:
                    continue
                total = length + bounds[slot + 1] - bounds[slot]
                common = common_length(length, letter_of, masks, codes, bounds[slot], bounds[slot + 1], state)
                score = (1 - (total - 2 * common) / total) * 100
                if score < threshold or score < scores[message]:
                    continue
                rival = best[message]
                if rival < 0 or score > scores[message] or latest[slot] > latest[rival] or (
                    latest[slot] == latest[rival] and precedes(codes, bounds, slot, rival)
                ):  # fmt: skip
                    best[message] = slot
                    scores[message] = score
            unmark_letters(codes, start, end, letter_of)
        if text == added:
            size = add_text(codes, start, end, text, lists, size, mask, seen, keys)
            signatures[text] = own
            earliest[text] = latest[text] = time
            added += 1
    return best, scores, size
