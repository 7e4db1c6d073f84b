"""Likeness to templates: fuzzy matching of a message against texts the community does not want."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from rules.fold import fold
from rules.prepared import Prepared
from rules.records import Evidence, Finding
from rules.rulebook import SimilarRule


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
    template. Both are rapidfuzz's, normalised Indel similarity.
    """

    def __init__(self, templates: Sequence[str], threshold: float) -> None:
        self._threshold = threshold
        by_length = sorted(((fold(text).text, index) for index, text in enumerate(templates)), key=_length)
        self._texts = [text for text, _ in by_length]
        self._indices = [index for _, index in by_length]
        # How many templates are no longer than a text of so many characters.
        self._fitting: list[int] = []
        for count, text in enumerate(self._texts):
            self._fitting.extend([count] * (len(text) - len(self._fitting)))
        self._fitting.append(len(self._texts))

    def nearest(self, folded: Sequence[str]) -> list[Hit | None]:
        """For each folded text its best hit at or above the threshold, or None."""
        return [self._nearest(text) for text in folded]

    def _nearest(self, text: str) -> Hit | None:
        if not text:
            return None
        fitting = self._fitting[min(len(text), len(self._fitting) - 1)]
        best: Hit | None = None
        cutoff = self._threshold
        inside = process.extractOne(text, self._texts[:fitting], scorer=fuzz.partial_ratio, score_cutoff=cutoff)
        if inside is not None:
            template, cutoff, place = inside
            found = fuzz.partial_ratio_alignment(template, text)
            if found is not None:
                end = max(found.dest_end, found.dest_start + 1)
                best = Hit(self._indices[place], cutoff, found.dest_start, end)
        whole = process.extractOne(text, self._texts[fitting:], scorer=fuzz.ratio, score_cutoff=cutoff)
        if whole is not None and (best is None or whole[1] > best.score):
            best = Hit(self._indices[fitting + whole[2]], whole[1], 0, len(text))
        return best


def _length(template: tuple[str, int]) -> int:
    return len(template[0])


class Similar:
    """A rule of kind similar at work."""

    def __init__(self, rule: SimilarRule) -> None:
        self._rule = rule
        self._templates = Templates(rule.templates, rule.threshold)

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
