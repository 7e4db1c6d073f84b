"""The rule that goes by what was learned: the model, confirmed advertisements, and what was dismissed."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz

from rules.fold import fold_batch
from rules.kinds import LearnedRule
from rules.knowledge import Knowledge
from rules.prepared import Prepared
from rules.records import Evidence, Finding, Mode
from rules.rulebook import Rulebook
from rules.similar import Templates

SHORTEST_CONFIRMED = 20
"""Letters, of which an ideograph counts two. Shorter confirmed messages teach the model, but are no templates."""
LIKE = 88.0
"""How like a dismissed message is left alone, where no rule of kind learned says otherwise."""

_SHOWN = 120
_IDEOGRAPHS = "\u2e80"


class _Known:
    """Texts by folded form, to find those like a message."""

    def __init__(self, texts: Sequence[str], like: float) -> None:
        kept = {one.text: text for one, text in zip(fold_batch(texts), texts, strict=True) if one.text}
        self.texts = list(kept.values())
        self.forms = list(kept)
        self.templates = Templates(self.forms, like) if kept else None


def telling(confirmed: Sequence[str], talk: Sequence[str], like: float) -> tuple[str, ...]:
    """The confirmed texts that tell an advertisement: long enough, and part of nothing that members say.

    A whole message like one is no reason to leave it out: copies may have passed before the first was confirmed.
    """
    forms = {one.text: text for one, text in zip(fold_batch(confirmed), confirmed, strict=True)}
    forms = {form: text for form, text in forms.items() if _length(form) >= SHORTEST_CONFIRMED}
    said = list(dict.fromkeys(one.text for one in fold_batch(talk)))
    while forms and said:
        known = list(forms)
        hits = [(text, hit) for text, hit in zip(said, Templates(known, like).nearest(said), strict=True) if hit]
        inside = {known[hit.template] for text, hit in hits if fuzz.ratio(text, known[hit.template]) < like}
        if not inside:
            break
        forms = {form: text for form, text in forms.items() if form not in inside}
        # Where one was found another may be hidden behind it.
        said = [text for text, _ in hits]
    return tuple(forms.values())


def _length(form: str) -> int:
    return len(form) + sum(char >= _IDEOGRAPHS for char in form)


class Learned:
    """A rule of kind learned at work.

    A message as like a confirmed advertisement as `like` scores that likeness, else the model's calibrated score.
    The cut is the rule's threshold or, where the community's own messages demand more, the model's. What the model
    finds only counts while it has seen too little of the community: the mode is shadow then.
    """

    def __init__(self, rule: LearnedRule, knowledge: Knowledge, floor: float | None = None) -> None:
        self._rule = rule
        self._model = knowledge.model
        self._confirmed = _Known(knowledge.confirmed, rule.like)
        self.cut = rule.threshold if self._model is None else max(rule.threshold, self._model.threshold)
        self._floor = self.cut if floor is None else min(floor, self.cut)
        grounded = self._model is not None and self._model.background >= rule.background
        self._model_mode = rule.mode if grounded else min(rule.mode, Mode.SHADOW, key=tuple(Mode).index)

    def judge(self, batch: Sequence[Prepared]) -> list[Finding | None]:
        """A result or None for each message, whatever its score."""
        results: list[Finding | None] = [None] * len(batch)
        texts = [prepared.folded.text for prepared in batch]
        if self._model is not None and batch:
            scores = self._model.scores([prepared.text for prepared in batch], [one.folded for one in batch]).tolist()
            results = [
                self._by_model(prepared, score) if text else None
                for prepared, score, text in zip(batch, scores, texts, strict=True)
            ]
        if self._confirmed.templates is None:
            return results
        for place, hit in enumerate(self._confirmed.templates.nearest(texts)):
            if hit is not None:
                results[place] = self._by_likeness(batch[place], hit.template, hit.score, hit.start, hit.end)
        return results

    def _by_model(self, prepared: Prepared, score: float) -> Finding:
        rule = self._rule
        if self._model is None or score < self._floor:
            return Finding(rule.name, rule.kind, self._model_mode, score, (), "")
        evidence = self._model.evidence(prepared.text, prepared.folded)
        matched = ", ".join(dict.fromkeys(one.matched for one in evidence))
        return Finding(rule.name, rule.kind, self._model_mode, score, evidence, matched)

    def _by_likeness(self, prepared: Prepared, confirmed: int, score: float, start: int, end: int) -> Finding:
        rule = self._rule
        text = self._confirmed.texts[confirmed]
        first, last = prepared.folded.span(start, end)
        evidence = (Evidence(first, last, text[:_SHOWN]),)
        return Finding(rule.name, rule.kind, rule.mode, max(score, self.cut), evidence, text[:_SHOWN])


class Protected:
    """What was dismissed: messages like it as a whole are left alone, those that hold it among more are not."""

    def __init__(self, rulebook: Rulebook, knowledge: Knowledge) -> None:
        self._like = max((rule.like for rule in rulebook.rules if isinstance(rule, LearnedRule)), default=LIKE)
        self._known = _Known(knowledge.dismissed, self._like)

    def __bool__(self) -> bool:
        return self._known.templates is not None

    def like(self, folded: Sequence[str]) -> list[bool]:
        """Whether each folded text is like one that was dismissed."""
        if self._known.templates is None:
            return [False] * len(folded)
        return [
            hit is not None and fuzz.ratio(text, self._known.forms[hit.template]) >= self._like
            for text, hit in zip(folded, self._known.templates.nearest(folded), strict=True)
        ]
