"""Likeness to templates: fuzzy matching of a message against texts the community does not want."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from rules import match_loops
from rules.fold import Codes, codes_of, fold_batch, text_of
from rules.kinds import SimilarRule
from rules.prepared import Prepared
from rules.records import Evidence, Finding
from rules.scratch import Scratch
from rules.template_index import indexed
from rules.weaker import Whole, put_together, sounds

SOUND_COST = 8
"""Taken off the score of a match by sound."""
SHORTEST_SOUND = 8
"""Folded characters. Shorter templates are not compared by sound: too much chat sounds alike."""

_BATCH = 1_024
# A long text is sifted in pieces that overlap by half, so that none holds bigrams of templates by mere length.
_PIECE = 256
_PIECED_TEMPLATE = _PIECE // 2


@dataclass(frozen=True, slots=True)
class Hit:
    """The template (its index) a text is most like, the score from 0 to 100, and where in the folded text."""

    template: int
    score: float
    start: int
    end: int


class Templates:
    """Folded templates, and the one nearest to each of a batch of folded texts.

    A text at least as long as a template is compared by `partial_ratio`, so that a template is found inside a
    longer message; a shorter text by `ratio`, so that a few words out of a template do not count as the
    template. Both are rapidfuzz's, normalised Indel similarity. Compared by sound, what is alike scores SOUND_COST
    less, and the higher score counts. Of templates with the same score the shortest counts, then the first.

    Only pairs that `match_loops.likely_templates` leaves are compared at all; it loses none. Not for two
    threads at once.
    """

    def __init__(self, templates: Sequence[str], threshold: float) -> None:
        self._threshold = threshold
        by_length = sorted(((one.text, index) for index, one in enumerate(fold_batch(templates))), key=_length)
        self._texts = [text for text, _ in by_length]
        self._indices = [index for _, index in by_length]
        codes = codes_of(self._texts)
        self._lengths = np.diff(codes.bounds)
        codes = Codes(sounds(codes.codes), codes.bounds)
        self._sound_texts = codes.texts()
        # As many keys as would leave most of them to one template.
        self._scratch = Scratch(min(max(int(4 * len(codes.codes)).bit_length(), 12), 20))
        self._index = indexed(codes, threshold / 100, self._scratch)

    def nearest(self, folded: Sequence[str]) -> list[Hit | None]:
        """For each folded text its best hit at or above the threshold, or None."""
        hits: list[Hit | None] = []
        for start in range(0, len(folded), _BATCH):
            hits.extend(self._nearest(folded[start : start + _BATCH]))
        return hits

    def _nearest(self, folded: Sequence[str]) -> list[Hit | None]:
        written = codes_of(folded)
        whole = put_together(written)
        forms = Codes(
            sounds(np.concatenate((written.codes, whole.texts.codes))),
            np.concatenate((written.bounds, len(written.codes) + whole.texts.bounds[1:])),
        )
        rows, form_of = _rows(forms.bounds)
        scratch = self._scratch
        found, templates = match_loops.likely_templates(
            forms.codes, rows, self._index, self._threshold / 100, scratch.mask, scratch.seen, scratch.letter_of
        )
        hits: list[Hit | None] = [None] * len(folded)
        if not len(found):
            return hits
        # A pair may be found in several pieces of a long text.
        numbers, places = np.divmod(np.unique(form_of[found] * len(self._texts) + templates), len(self._texts))
        form_texts = _Texts(forms)
        scores, by_sound = self._scores(folded, form_texts, numbers, places)
        for best in _best(scores, numbers, places, whole, len(folded)):
            number, place = int(numbers[best]), int(places[best])
            if by_sound[best]:
                start, end = _place(self._sound_texts[place], form_texts[number])
                start, end = _origin(number, start, end, whole, folded)
            else:
                start, end = _place(self._texts[place], folded[number])
            text = _source(number, whole, len(folded))
            hits[text] = Hit(self._indices[place], float(scores[best]), start, end)
        return hits

    def _scores(
        self, folded: Sequence[str], forms: _Texts, numbers: NDArray[np.int64], templates: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The score of each pair, -1 below the threshold, and whether it is one by sound."""
        scores = np.full(len(numbers), -1.0)
        longer = forms.lengths[numbers] >= self._lengths[templates]
        written = numbers < len(folded)
        for scorer, ours in ((fuzz.partial_ratio, longer & written), (fuzz.ratio, ~longer & written)):
            scores[ours] = _compared(scorer, folded, numbers[ours], self._texts, templates[ours], self._threshold)
        weaker = np.full(len(numbers), -1.0)
        if self._threshold + SOUND_COST <= 100:
            unsure = (scores < 100 - SOUND_COST) & (self._lengths[templates] >= SHORTEST_SOUND)
            cutoff = self._threshold + SOUND_COST
            for scorer, ours in ((fuzz.partial_ratio, longer & unsure), (fuzz.ratio, ~longer & unsure)):
                weaker[ours] = _compared(scorer, forms, numbers[ours], self._sound_texts, templates[ours], cutoff)
            weaker[weaker >= 0] -= SOUND_COST
        by_sound: NDArray[np.bool_] = weaker > scores
        scores = np.maximum(scores, weaker)
        return scores, by_sound


class _Texts:
    """Texts of which few will be asked for."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes.codes
        self._bounds = codes.bounds
        self.lengths = np.diff(codes.bounds)

    def __getitem__(self, place: int) -> str:
        return text_of(self._codes[self._bounds[place] : self._bounds[place + 1]])


def _length(template: tuple[str, int]) -> int:
    return len(template[0])


def _rows(bounds: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows `likely_templates` takes for texts, and of which text each is."""
    starts, ends = bounds[:-1], bounds[1:]
    rows = np.column_stack((starts, ends, np.zeros_like(starts), np.full_like(starts, np.iinfo(np.int64).max)))
    forms = np.arange(len(starts))
    rows, forms = rows[ends > starts], forms[ends > starts]
    long = np.flatnonzero(rows[:, 1] - rows[:, 0] > _PIECE)
    if not len(long):
        return rows, forms
    rows[long, 2] = _PIECED_TEMPLATE + 1
    pieces, sources = [], []
    for form, (first, last) in zip(forms[long].tolist(), rows[long, :2].tolist(), strict=True):
        for start in range(first, last - _PIECED_TEMPLATE, _PIECE - _PIECED_TEMPLATE):
            pieces.append((start, min(start + _PIECE, last), 0, _PIECED_TEMPLATE))
            sources.append(form)
    return np.concatenate((rows, np.array(pieces, np.int64))), np.concatenate((forms, np.array(sources)))


def _compared(
    scorer: Callable[..., float],
    texts: Sequence[str] | _Texts,
    numbers: NDArray[np.int64],
    others: Sequence[str],
    places: NDArray[np.int64],
    cutoff: float,
) -> NDArray[np.float64]:
    """The scores of pairs by `scorer`, -1 below `cutoff`."""
    if not len(numbers):
        return np.empty(0)
    chosen: Any = process.cpdist(
        [others[place] for place in places.tolist()],
        [texts[number] for number in numbers.tolist()],
        scorer=scorer,
        score_cutoff=cutoff,
        dtype=np.float64,
        workers=1,
    )
    scores: NDArray[np.float64] = np.where(chosen >= cutoff, chosen, -1.0)
    return scores


def _source(number: int, whole: Whole, count: int) -> int:
    """Which of the `count` texts the form of that number is one of."""
    return number if number < count else int(whole.which[number - count])


def _best(
    scores: NDArray[np.float64],
    numbers: NDArray[np.int64],
    templates: NDArray[np.int64],
    whole: Whole,
    count: int,
) -> Iterator[int]:
    """For each text that has any, its pair with the highest score; of several the first template's."""
    best: dict[int, int] = {}
    for pair in np.flatnonzero(scores >= 0).tolist():
        text = _source(int(numbers[pair]), whole, count)
        known = best.setdefault(text, pair)
        if (scores[pair], -templates[pair]) > (scores[known], -templates[known]):
            best[text] = pair
    yield from best.values()


def _place(template: str, text: str) -> tuple[int, int]:
    """Where in `text` the template is."""
    if len(text) < len(template):
        return 0, len(text)
    found = fuzz.partial_ratio_alignment(template, text)
    return (0, len(text)) if found is None else (found.dest_start, max(found.dest_end, found.dest_start + 1))


def _origin(number: int, start: int, end: int, whole: Whole, folded: Sequence[str]) -> tuple[int, int]:
    """The place `start` to `end` of a form, in the text it is one of."""
    made = number - len(folded)
    if made < 0:
        return start, end
    origin = whole.origin[whole.texts.bounds[made] : whole.texts.bounds[made + 1]]
    last = int(origin[end]) if end < len(origin) else len(folded[whole.which[made]])
    return int(origin[start]), last


class Similar:
    """A rule of kind similar at work. `floor`: results are wanted from this score on, though it be below the cut."""

    def __init__(self, rule: SimilarRule, floor: float | None = None) -> None:
        self._rule = rule
        self.cut = rule.threshold
        self._templates = Templates(rule.templates, self.cut if floor is None else min(floor, self.cut))

    def judge(self, batch: Sequence[Prepared]) -> list[Finding | None]:
        """A finding or None for each message."""
        hits = self._templates.nearest([prepared.folded.text for prepared in batch])
        return [
            None if hit is None else self._finding(prepared, hit) for prepared, hit in zip(batch, hits, strict=True)
        ]

    def _finding(self, prepared: Prepared, hit: Hit) -> Finding:
        template = self._rule.templates[hit.template]
        start, end = prepared.folded.span(hit.start, hit.end)
        rule = self._rule
        return Finding(rule.name, rule.kind, rule.mode, hit.score, (Evidence(start, end, template),), template)
