"""What was learned from decisions: a model fitted to labelled messages, on the ground of a community's own."""

from __future__ import annotations

import math
import struct
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules import calibration, fit_loops, gram_loops
from rules.fold import Folded, fold_batch
from rules.grams import Reader, Rows, rows_of
from rules.records import Evidence

MOST_BACKGROUND = 20_000
"""Different texts of the background that are looked at; of more, a sample that is always the same."""
FITTED_CHARACTERS = 1_000
"""Code points of a text that are learned from, from its start."""

_FOLDS = 5
_COST = 10.0
_LEANING = 0.4
"""How much of a gram's scale is what it says of spam (the rest says how rare it is)."""
_SMOOTHING = 2.0
_BALANCE = 0.5
"""Spam counts as much more than ham as there is less of it, to this power."""
_WRITTEN = [gram_loops.LETTERS, gram_loops.SOUND]
_HEARD = [gram_loops.SOUND]
_WRITTEN_SAY, _HEARD_SAY = 0.25, 0.15
"""What an ad counts of which only the letters and their sound are left, or the sound alone."""
_FIRST_STEP = 0.01
_ENOUGH = 0.6
"""From so many messages on, times the share that may be flagged, the background is a ground to stand on."""
_DISMISSED = 0.01
_ROUNDS = 15
_TOLERANCE = 0.03
_MAGIC = b"vigil learned 1\n"
_HEAD = struct.Struct("<ddqqq")
_STORED = np.dtype("<f2")


class Example(NamedTuple):
    """A labelled message. One of weight 2 counts as two decisions about the same text."""

    text: str
    spam: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A fitted model.

    `threshold` is the score from which on at most the wanted share of harmless messages is flagged; it rests on
    `background` harmless messages. `examples` are the labelled texts it was fitted to: spam, ham. Not for two
    threads at once.
    """

    threshold: float
    background: int
    examples: tuple[int, int]
    _bias: float
    _reader: Reader

    def scores(self, texts: Sequence[str], folded: Sequence[Folded]) -> NDArray[np.float64]:
        """100 times the probability that a text is spam, for each of them: above 0, below 100.

        `folded` are the same texts folded. A score does not depend on the other texts.
        """
        return calibration.scores(self._reader.margins(texts, folded) + self._bias)

    def evidence(self, text: str, folded: Folded, most: int = 5) -> tuple[Evidence, ...]:
        """The stretches of `text` that speak most for spam, at most `most` of them, in their order."""
        return self._reader.telling(text, folded, most)

    def to_bytes(self) -> bytes:
        """The model in a form to keep, below 2 MB."""
        head = _HEAD.pack(self.threshold, self._bias, self.background, *self.examples)
        return _MAGIC + zlib.compress(head + self._reader.weights.astype(_STORED).tobytes(), 6)

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        """The model that `to_bytes` made `data` of. Raises ValueError when no model of this version did."""
        size = _HEAD.size + _STORED.itemsize * gram_loops.SIZE
        if not data.startswith(_MAGIC):
            raise ValueError("not a learned model of this version")
        unpacking = zlib.decompressobj()
        try:
            made = unpacking.decompress(data[len(_MAGIC) :], size + 1)
        except zlib.error as error:
            raise ValueError(f"a damaged model: {error}") from error
        if len(made) != size or not unpacking.eof or unpacking.unused_data:
            raise ValueError("a damaged model: it has another size")
        threshold, bias, background, spam, ham = _HEAD.unpack_from(made)
        weights = np.frombuffer(made, _STORED, offset=_HEAD.size).astype(np.float32)
        if not (np.isfinite(weights).all() and math.isfinite(bias) and 0 <= threshold <= 100):
            raise ValueError("a damaged model: a number is none")
        return cls(threshold, background, (spam, ham), bias, Reader(weights))


def fit(examples: Sequence[Example], background: Sequence[str], *, alarms: float = 0.001) -> Model | None:
    """A model of the examples, None where there is nothing to learn from: no spam, or nothing else.

    `background` are the community's own messages that nobody objected to: they count as ham, and at most the share
    `alarms` (above 0, below 1) of them is to reach the threshold. Labelled ham counts among them, but where they are
    enough to stand on (600 for one in a thousand) for no more than a hundredth of them: more can only be a collection,
    not what was flagged of them and dismissed. It is estimated by five-fold cross-validation, with a margin. A
    background message that reads like an example is left out.

    The model depends on what the examples and the background are, not on their order. It is logistic regression on
    hashed grams, each scaled by how rare it is and how far it leans to one side (after Wang and Manning, Baselines
    and bigrams, 2012).

    Raises ValueError for `alarms` out of range or a weight that is not above 0.
    """
    if not 0 < alarms < 1:
        raise ValueError(f"a share of alarms is above 0 and below 1, not {alarms}")
    ground = _ground(examples, background)
    if ground is None:
        return None
    rows = _with_disguised(rows_of(ground.texts, ground.folded), ground.spam)
    odds = np.empty(len(ground.texts))
    for fold in range(_FOLDS):
        held = ground.folds == fold
        if held.any():
            table, bias = _fitted(rows, ~held, ground)
            fit_loops.margins_of_rows(*rows.grams, np.flatnonzero(held), table, bias, odds)
    slope, offset = calibration.platt(odds, ground.spam, ground.amounts)
    odds = slope * odds + offset
    harmless = ~ground.spam
    threshold = calibration.cut(odds[harmless], _written(ground, alarms)[harmless], alarms)
    table, bias = _fitted(rows, np.ones(len(ground.texts), np.bool_), ground)
    # Rounded as they are kept, so that a model read back is the same one.
    weights = (slope * table[::2]).astype(_STORED).astype(np.float32)
    return Model(
        float(calibration.scores(np.array([threshold]))[0]),
        int(ground.counts[harmless].sum()),
        ground.examples,
        slope * bias + offset,
        Reader(weights),
    )


class _Ground(NamedTuple):
    """What a model is fitted to, in an order that is the same whatever order it came in.

    Of each text: its label, whether it is of the background, what it counts in the fit, how many harmless messages
    it stands for, and its fold.
    """

    texts: list[str]
    folded: list[Folded]
    spam: NDArray[np.bool_]
    own: NDArray[np.bool_]
    amounts: NDArray[np.float64]
    counts: NDArray[np.int64]
    folds: NDArray[np.int64]
    examples: tuple[int, int]


def _ground(examples: Iterable[Example], background: Iterable[str]) -> _Ground | None:
    weights: dict[tuple[str, bool], list[float]] = defaultdict(list)
    for text, spam, weight in examples:
        if not (weight > 0 and math.isfinite(weight)):
            raise ValueError(f"an example's weight is above 0, not {weight}")
        weights[text[:FITTED_CHARACTERS], spam].append(weight)
    labelled = sorted(weights, key=_digest)
    plain = Counter(text[:FITTED_CHARACTERS] for text in background)
    others = sorted(plain, key=lambda text: _digest((text, False)))[: 2 * MOST_BACKGROUND]
    texts = [text for text, _ in labelled] + others
    folded = fold_batch(texts)
    keys = [_reads(each) for each in folded]
    taught = set(keys[: len(labelled)])
    kept = [place for place in range(len(labelled), len(texts)) if keys[place] not in taught or not keys[place]]
    chosen = [*range(len(labelled)), *kept[:MOST_BACKGROUND]]
    chosen.sort(key=lambda place: _digest((texts[place], place < len(labelled) and labelled[place][1])))
    labels = [place < len(labelled) and labelled[place][1] for place in chosen]
    if not any(labels) or all(labels):
        return None
    amounts = [_amount(weights[labelled[place]]) if place < len(labelled) else 1.0 for place in chosen]
    counts = [plain[texts[place]] + (place < len(labelled)) for place in chosen]
    folds = [_digest((keys[place], False))[0] % _FOLDS for place in chosen]
    ham = [label for _, label in labelled].count(False)
    return _Ground(
        [texts[place] for place in chosen],
        [folded[place] for place in chosen],
        np.array(labels, np.bool_),
        np.array(chosen) >= len(labelled),
        np.array(amounts),
        np.array(counts, np.int64),
        np.array(folds, np.int64),
        (len(labelled) - ham, ham),
    )


_DIGITS = {ord(digit): "0" for digit in "123456789"}


def _reads(folded: Folded) -> str:
    """What texts that differ in their numbers only have in common."""
    return folded.text.translate(_DIGITS)


def _written(ground: _Ground, alarms: float) -> NDArray[np.float64]:
    """How many of the community's messages each harmless text stands for."""
    own = ground.counts[ground.own].sum()
    labelled = ~ground.own & ~ground.spam
    counts = ground.counts.astype(np.float64)
    if own * alarms >= _ENOUGH and labelled.any():
        counts[labelled] *= min(1.0, _DISMISSED * own / counts[labelled].sum())
    return counts


def _digest(labelled: tuple[str, bool]) -> bytes:
    text, spam = labelled
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, person=b"spam" if spam else b"ham").digest()


def _amount(weights: Iterable[float]) -> float:
    """What a text counts that was labelled so often: the tenth time says less than the first."""
    total = math.fsum(weights)
    return total if total <= 1 else 1 + math.log(total)


class _Rows(NamedTuple):
    """Rows to fit to: row `r` is one of the text `source[r]`, and what it says counts `say[r]`."""

    grams: Rows
    source: NDArray[np.int64]
    say: NDArray[np.float64]


def _with_disguised(rows: Rows, spam: NDArray[np.bool_]) -> _Rows:
    """A row for each text, and for the spam some more, without what disguises take away.

    So the letters alone must be enough to know an ad by, and the sound alone where it has any, and words set apart
    by dots or a homophone here and there hide little.
    """
    ads = np.flatnonzero(spam)
    heard = ads[rows.ends[ads, gram_loops.SOUND] > rows.starts[ads, gram_loops.SOUND]]
    starts, source, say = [rows.starts], [np.arange(len(spam))], [np.ones(len(spam))]
    for chosen, kept, share in ((ads, _WRITTEN, _WRITTEN_SAY), (heard, _HEARD, _HEARD_SAY)):
        # What is taken away begins where it ends.
        starts.append(np.where(np.isin(range(gram_loops.KINDS), kept), rows.starts[chosen], rows.ends[chosen]))
        source.append(chosen)
        say.append(np.full(len(chosen), share))
    every = np.concatenate(source)
    made = Rows(rows.indices, np.concatenate(starts), rows.ends[every], rows.shares[every])
    return _Rows(made, every, np.concatenate(say))


def _fitted(rows: _Rows, used: NDArray[np.bool_], ground: _Ground) -> tuple[NDArray[np.float32], float]:
    """The table of weights and squared scales fitted to the texts that are used, and the bias."""
    spam, amounts = ground.spam, ground.amounts
    scales = _scales(rows.grams, np.flatnonzero(used & spam), np.flatnonzero(used & ~spam), amounts)
    costs = _COST * amounts
    some, others = amounts[used & spam].sum(), amounts[used & ~spam].sum()
    if some and others:
        costs[spam] *= (others / some) ** _BALANCE
    costs = costs[rows.source] * rows.say
    signs = np.where(spam[rows.source], 1.0, -1.0)
    table, alphas = np.empty(2 * len(scales), np.float32), _FIRST_STEP * costs
    chosen = np.flatnonzero(used[rows.source])
    bias, _ = fit_loops.descend(*rows.grams, chosen, signs, costs, scales, _ROUNDS, _TOLERANCE, table, alphas)
    return table, bias


def _scales(
    rows: Rows, spams: NDArray[np.int64], hams: NDArray[np.int64], amounts: NDArray[np.float64]
) -> NDArray[np.float32]:
    """What each gram counts: the rarer, and the more it leans to spam or to ham, the more."""
    in_spam, in_ham = np.zeros(gram_loops.SIZE), np.zeros(gram_loops.SIZE)
    for chosen, counts in ((spams, in_spam), (hams, in_ham)):
        fit_loops.count_grams(rows.indices, rows.starts, rows.ends, chosen, amounts, counts)
    some, others = amounts[spams].sum(), amounts[hams].sum()
    whole = some + others
    rare = (np.log((whole + 1) / (in_spam + in_ham + 1)) + 1) / 3
    if not some or not others:
        return np.asarray(rare, np.float32)
    # Smoothed by the shares of spam and ham, so that a gram nobody wrote leans to neither.
    spam_share = (in_spam + _SMOOTHING * some / whole) / some
    ham_share = (in_ham + _SMOOTHING * others / whole) / others
    leaning = np.abs(np.log(spam_share / ham_share))
    return np.asarray(rare * (1 - _LEANING + _LEANING * leaning), np.float32)
