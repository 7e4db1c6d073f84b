"""Learning: from what files and decisions taught to the knowledge the rules judge by."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz import fuzz, process

from rules.fold import fold_batch
from rules.kinds import LearnedRule
from rules.knowledge import NOTHING_KNOWN, Knowledge
from rules.learned import Example, Model, fit
from rules.learned_rule import telling
from rules.records import Mode
from rules.rulebook import Rulebook
from store import lessons, staff
from store.database import Database
from store.lessons import Label, Lesson, StoredModel

MOST_BACKGROUND = 20_000
"""The newest stored messages that are taken for the community's everyday talk."""
GROWN = 1.25
"""How many times the background must have grown for the model to be fitted anew without new lessons."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What the rules go by now, and what it rests on.

    `fingerprint` changes when it has to be made anew. `left_out` counts by person the texts beyond what one may
    teach alone. `outgrown`: the background has grown so much that the model is to be fitted anew.
    """

    knowledge: Knowledge
    fingerprint: str
    spam: int
    ham: int
    background: int
    left_out: dict[str, int]
    outgrown: bool = False


def learned_rule(rulebook: Rulebook) -> LearnedRule | None:
    """The rule that says how to learn: the first of kind learned that is not off."""
    return next((rule for rule in rulebook.rules if isinstance(rule, LearnedRule) and rule.mode is not Mode.OFF), None)


def fingerprint(db: Database, rule: LearnedRule) -> str:
    """Changes with the lessons that are stored and with the settings they are learned by."""
    settings = f"{rule.alarms_in} {rule.per_person} {rule.like} {staff.is_single(db)} {lessons.fingerprint(db)}"
    return hashlib.sha256(settings.encode()).hexdigest()


def learn(db: Database, rule: LearnedRule, now: float, *, keep: bool) -> Learned:
    """What the store's lessons come to. The same lessons and messages give the same knowledge.

    A model fitted before is taken from the store while the lessons are the same and the background has not grown
    much; else it is fitted, and with `keep` stored. Raises StoreUnavailable when it cannot be.
    """
    gathered = _gather(db, rule)
    learned = _as_before(gathered, rule)
    if learned is not None and not learned.outgrown:
        return learned
    talk, until = lessons.background(db, MOST_BACKGROUND)
    talk += [lesson.text for lesson in gathered.kept if lesson.label is Label.BACKGROUND]
    labelled = [*gathered.of(Label.SPAM), *gathered.of(Label.HAM)]
    model = fit(_examples(labelled), talk, alarms=1 / rule.alarms_in)
    taught = sorted({lesson.text for lesson in gathered.of(Label.SPAM)})
    templates = telling(taught, [*talk, *(lesson.text for lesson in gathered.of(Label.HAM))], rule.like)
    if keep:
        data = None if model is None else model.to_bytes()
        lessons.keep_model(db, StoredModel(gathered.fingerprint, len(talk), until, data, templates), now)
    return _learned(gathered, model, templates, rule, outgrown=False)


def learned_before(db: Database, rule: LearnedRule) -> Learned | None:
    """As `learn` with the model fitted last, also one the background has outgrown; None where none will do."""
    return _as_before(_gather(db, rule), rule)


def _as_before(gathered: _Gathered, rule: LearnedRule) -> Learned | None:
    stored = gathered.stored
    if not gathered.of(Label.SPAM):
        return _learned(gathered, None, (), rule, outgrown=False)
    if stored is None or stored.lessons != gathered.fingerprint:
        return None
    try:
        model = None if stored.model is None else Model.from_bytes(stored.model)
    except (ValueError, TypeError, AttributeError):
        # Of another version, or damaged: it can always be fitted anew.
        return None
    outgrown = gathered.background > max(stored.background, 40) * GROWN
    return _learned(gathered, model, stored.templates, rule, outgrown=outgrown)


class _Gathered(NamedTuple):
    """The lessons that count, the model fitted last, and how many messages of everyday talk there are."""

    fingerprint: str
    stored: StoredModel | None
    kept: list[Lesson]
    background: int
    left_out: dict[str, int]

    def of(self, label: Label) -> list[Lesson]:
        """The lessons with that label."""
        return [lesson for lesson in self.kept if lesson.label is label]


def _gather(db: Database, rule: LearnedRule) -> _Gathered:
    with db.snapshot():
        print_now = fingerprint(db, rule)
        stored = lessons.model(db)
        everything = lessons.lessons(db)
        single = staff.is_single(db)
        talk = lessons.background_size(db, MOST_BACKGROUND)
    kept, left_out = counted(everything, 0 if single else rule.per_person)
    talk += sum(lesson.label is Label.BACKGROUND for lesson in kept)
    return _Gathered(print_now, stored, kept, talk, left_out)


def _learned(
    gathered: _Gathered, model: Model | None, templates: tuple[str, ...], rule: LearnedRule, *, outgrown: bool
) -> Learned:
    spam, ham = gathered.of(Label.SPAM), gathered.of(Label.HAM)
    knowledge = Knowledge(model, templates, _protected(ham, spam, rule.like))
    return Learned(
        knowledge, gathered.fingerprint, len(spam), len(ham), gathered.background, gathered.left_out, outgrown
    )


def known_to(db: Database, rulebook: Rulebook) -> Knowledge:
    """What the store taught, as far as the rulebook has a rule that goes by it. Nothing is stored."""
    rule = learned_rule(rulebook)
    return NOTHING_KNOWN if rule is None else learn(db, rule, 0.0, keep=False).knowledge


def counted(taught: Sequence[Lesson], limit: int) -> tuple[list[Lesson], dict[str, int]]:
    """The lessons that count, and how many of each person do not.

    What one person decides alone counts up to as many texts as all others taught and `limit` more, of each label:
    so nobody turns a rule round alone. The oldest count first. 0: everything counts.
    """
    if not limit:
        return list(taught), {}
    others: dict[str, Counter[Label]] = {}
    totals = Counter(lesson.label for lesson in taught)
    for lesson in taught:
        if lesson.alone:
            others.setdefault(lesson.people[0], Counter())[lesson.label] += 1
    room = {person: {label: totals[label] - own[label] + limit for label in Label} for person, own in others.items()}
    kept: list[Lesson] = []
    left_out: dict[str, int] = {}
    for lesson in taught:
        person = lesson.people[0]
        if lesson.alone:
            if not room[person][lesson.label]:
                left_out[person] = left_out.get(person, 0) + 1
                continue
            room[person][lesson.label] -= 1
        kept.append(lesson)
    return kept, left_out


def _examples(labelled: Sequence[Lesson]) -> list[Example]:
    """Every text once; one that people disagree about with the share that takes it for spam."""
    votes: dict[str, Counter[Label]] = {}
    for lesson in labelled:
        votes.setdefault(lesson.text, Counter())[lesson.label] += 1
    examples = []
    for text in sorted(votes):
        spam, ham = votes[text][Label.SPAM], votes[text][Label.HAM]
        examples += [Example(text, True, spam / (spam + ham))] if spam else []
        examples += [Example(text, False, ham / (spam + ham))] if ham else []
    return examples


def _protected(ham: Sequence[Lesson], spam: Sequence[Lesson], like: float) -> tuple[str, ...]:
    """The dismissed texts, but for those whose like more people confirmed than dismissed."""
    dismissed: dict[str, set[str]] = {}
    for lesson in ham:
        if lesson.decided:
            dismissed.setdefault(lesson.text, set()).update(lesson.people)
    if not dismissed:
        return ()
    texts = sorted(dismissed)
    forms = [one.text for one in fold_batch(texts)]
    confirmed = [one.text for one in fold_batch([lesson.text for lesson in spam])]
    protected = []
    for text, form in zip(texts, forms, strict=True):
        alike = process.extract(form, confirmed, scorer=fuzz.ratio, score_cutoff=like, limit=None)
        people = {person for _, _, place in alike for person in spam[place].people}
        if len(people) <= len(dismissed[text]):
            protected.append(text)
    return tuple(protected)
