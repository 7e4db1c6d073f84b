"""What is said of a decision before it is taken: why it would reach nobody, and what the ladder proposes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.planning import CanOf, Plan, everything, ladder_steps
from rules.kinds import Step
from rules.reading import spelled_duration
from rules.rulebook import Rulebook
from store.cases import CasePart
from store.records import ANSWERS, Decision
from widgets.language import say
from widgets.words import step_word


def without_effect(decision: Decision, planned: Plan, parts: Sequence[CasePart]) -> str:
    """Why a decision would reach nobody, or ""."""
    if decision is Decision.DISMISS or planned.steps():
        return ""
    requests = [part.request for part in parts]
    if decision in ANSWERS:
        answered = say("the request was answered, or taken back")
        return answered if any(requests) else say("nobody asks to be let in here")
    if requests and all(requests):
        match decision:
            case Decision.DELETE:
                return say("there is nothing to delete: a request to join")
            case Decision.LADDER:
                return say("there is no ladder for a request to join")
            case _:
                return say("who asks to join is no member yet")
    if decision not in (Decision.DELETE, Decision.LADDER):
        return say("no member is known")
    return "" if planned.actions else say("nothing is left to delete")


def ladder_words(
    rulebook: Rulebook, parts: Sequence[CasePart], strikes: Mapping[int, int], can_of: CanOf = everything
) -> str:
    """What the ladder proposes for a case's members: "warn", or "warn, mute 10m" where they differ; "" for who only
    asks to be let in."""
    parts, asked = [part for part in parts if not part.request], parts
    if asked and not parts:
        return ""
    steps = dict.fromkeys(ladder_steps(rulebook, parts, strikes, can_of).values())
    return say(", ").join(map(_step_words, steps)) or step_word("delete")


def _step_words(step: Step) -> str:
    return f"{step_word(step.kind)} {spelled_duration(step.seconds)}" if step.seconds else step_word(step.kind)
