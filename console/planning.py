"""What a decision on a case would do: its actions, counted for the eye or ready to be stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from rules.kinds import Step
from rules.rulebook import Rulebook
from store.actions import PlannedAction
from store.cases import CasePart
from store.records import ANSWERS, INVERSE, ActionKind, Decision


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Actions of one kind that a platform does not do: `count` messages or members of `all`, whom the decision would
    reach with this kind in every group. `aged` is whether it is only that the messages are too old."""

    platform: str
    kind: ActionKind
    count: int
    all: int
    aged: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The actions of a decision, in the order to carry them out; deletions first, since harm goes first.

    `left_out` is what the platforms do not do of it, `final` the kinds of action that one of them cannot take back.
    """

    actions: tuple[PlannedAction, ...]
    left_out: tuple[LeftOut, ...] = ()
    final: frozenset[ActionKind] = frozenset()

    def deletes(self) -> int:
        return sum(action.kind is ActionKind.DELETE for action in self.actions)

    def steps(self) -> tuple[tuple[str, int], ...]:
        """How many members each action on members reaches."""
        reached = {(action.kind, action.member_id) for action in self.actions if action.kind is not ActionKind.DELETE}
        counts: Counter[ActionKind] = Counter(kind for kind, _ in reached)
        return tuple((kind.value, counts[kind]) for kind in ActionKind if counts[kind])

    def groups(self) -> int:
        return len({action.group_id for action in self.actions})

    def lasting(self) -> tuple[str, ...]:
        """The kinds of action in it that nothing can take back."""
        kinds = {action.kind for action in self.actions}
        return tuple(kind.value for kind in ActionKind if kind in kinds and (kind not in INVERSE or kind in self.final))

    def needs(self, decision: Decision) -> tuple[Decision, ...]:
        """The decisions a person must be allowed to take alone to take this one alone: each thing it does."""
        kinds = {Decision(action.kind.value) for action in self.actions}
        return tuple(kinds if decision is Decision.LADDER else kinds | {decision})


CanOf = Callable[[str], Collection[ActionKind]]
"""The actions that the platform of a name can do."""


def everything(platform: str) -> Collection[ActionKind]:
    """What a platform can do of which nothing else is known."""
    return frozenset(ActionKind)


def step_for(rulebook: Rulebook, part: CasePart, strikes: int, can_of: CanOf = everything) -> Step:
    """The ladder's step for a message after so many strikes: the last one again when the ladder is at its end. Instead
    of one that the platform cannot do it is the one before, which counts a strike as well, so that the ladder goes on
    behind it; where the platform can do none of them, the step stays and comes to nothing."""
    steps = rulebook.steps(part.rule, *part.group)[: strikes + 1]
    can = can_of(part.platform)
    return next((step for step in reversed(steps) if step.kind in can), steps[-1])


def plan(
    parts: Sequence[CasePart],
    decision: Decision,
    strikes: Mapping[int, int],
    rulebook: Rulebook,
    language: str,
    mute_seconds: int,
    can_of: CanOf = everything,
) -> Plan:
    """The actions that `decision` on these messages takes.

    Messages go unless their rule says otherwise. Each member gets the step once: a warning in the group of
    their last message, anything stronger in every group they offended in. With Decision.LADDER the step is
    each member's own next one that the platform can do by `can_of`. Of who only asks to be let in, an answer is all
    there is to give, but for a ban, which refuses as well.
    """
    if decision is Decision.DISMISS:
        return Plan(())
    if decision in ANSWERS:
        return Plan(_answers(parts, ActionKind(decision.value)))
    refusals = _answers(parts, ActionKind.REFUSE) if decision is Decision.BAN else ()
    if decision is not Decision.BAN:
        parts = [part for part in parts if not part.request]
    by_member = _by_member(parts)
    ladder = ladder_steps(rulebook, parts, strikes, can_of)
    steps = {
        member_id: ladder[member_id]
        if decision is Decision.LADDER
        else _step(decision, rulebook, own[-1], mute_seconds)
        for member_id, own in by_member.items()
    }
    actions = [
        PlannedAction(ActionKind.DELETE, part.group_id, part.member_id, part.message_id)
        for part in parts
        if part.deletable
        and (
            decision is Decision.DELETE
            or _deletes(rulebook, part)
            or (part.member_id is not None and steps[part.member_id].kind == "delete")
        )
    ]
    actions += refusals
    for member_id, own in by_member.items():
        last, step = own[-1], steps[member_id]
        if step.kind == "delete":
            continue
        kind = ActionKind(step.kind)
        if kind is ActionKind.WARN:
            text = rulebook.shown(last.rule, language, *last.group)
            actions.append(PlannedAction(kind, last.group_id, member_id, text=text))
        else:
            groups = dict.fromkeys(part.group_id for part in own)
            actions += [PlannedAction(kind, group, member_id, seconds=step.seconds) for group in groups]
    return Plan(tuple(actions))


def _answers(parts: Sequence[CasePart], kind: ActionKind) -> tuple[PlannedAction, ...]:
    """One answer to whoever asks to be let into a group, by what they asked last."""
    latest = {(part.group_id, part.member_id): part for part in parts if part.pending}
    return tuple(PlannedAction(kind, part.group_id, part.member_id, part.message_id) for part in latest.values())


def ladder_steps(
    rulebook: Rulebook, parts: Sequence[CasePart], strikes: Mapping[int, int], can_of: CanOf = everything
) -> dict[int, Step]:
    """Each member's next step, by the ladder of the rule their last message broke."""
    return {
        member_id: step_for(rulebook, own[-1], strikes.get(member_id, 0), can_of)
        for member_id, own in _by_member(parts).items()
    }


def _by_member(parts: Sequence[CasePart]) -> dict[int, list[CasePart]]:
    by_member: dict[int, list[CasePart]] = {}
    for part in parts:
        if part.member_id is not None:
            by_member.setdefault(part.member_id, []).append(part)
    return by_member


def _step(decision: Decision, rulebook: Rulebook, part: CasePart, mute_seconds: int) -> Step:
    if decision is Decision.MUTE:
        steps = rulebook.steps(part.rule, *part.group)
        own = next((step.seconds for step in steps if step.kind == "mute"), mute_seconds)
        return Step("mute", own)
    return Step(decision.value)


def _deletes(rulebook: Rulebook, part: CasePart) -> bool:
    rule = rulebook.rule(part.rule, *part.group)
    return True if rule is None else rule.delete
