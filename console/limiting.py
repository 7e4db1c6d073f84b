"""What the platforms do not do of a decision: left out of its plan, and said in words before the key is pressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from console.planning import LeftOut, Plan
from console.platforms.limits import Limits
from rules.reading import spelled_duration
from store.actions import PlannedAction
from store.cases import CasePart
from store.records import INVERSE, ActionKind, Decision
from widgets.language import say
from widgets.words import step_word

MARGIN_SECONDS = 120.0
"""What is promised to be deleted is sent at least so long before its platform would refuse that: other actions may have
to go first, and clocks differ."""

LimitsOf = Callable[[str], Limits]
"""What the platform of a name cannot do."""


def limited(planned: Plan, parts: Sequence[CasePart], limits_of: LimitsOf, sent_at: float) -> Plan:
    """The plan without what the platforms do not do when it is sent at `sent_at` (epoch seconds)."""
    platforms = {part.group_id: part.platform for part in parts}
    written = {part.message_id: part.time for part in parts}
    kept: list[PlannedAction] = []
    reached: dict[ActionKind, set[int | None]] = {}
    left: dict[tuple[str, ActionKind, bool], set[int | None]] = {}
    final: set[ActionKind] = set()
    for action in planned.actions:
        platform = platforms[action.group_id]
        limits = limits_of(platform)
        whom = action.message_id if action.kind is ActionKind.DELETE else action.member_id
        reached.setdefault(action.kind, set()).add(whom)
        aged = action.kind is ActionKind.DELETE and _too_old(written.get(action.message_id or 0), limits, sent_at)
        if action.kind not in limits.can or aged:
            left.setdefault((platform, action.kind, action.kind in limits.can), set()).add(whom)
            continue
        kept.append(action)
        if action.kind in INVERSE and INVERSE[action.kind] not in limits.can:
            final.add(action.kind)
    out = (
        LeftOut(platform, kind, len(whom), len(reached[kind]), aged)
        for (platform, kind, aged), whom in left.items()
    )  # fmt: skip
    return replace(planned, actions=tuple(kept), left_out=tuple(out), final=frozenset(final))


def _too_old(written: float | None, limits: Limits, sent_at: float) -> bool:
    if written is None or limits.delete_seconds is None:
        return False
    return sent_at + MARGIN_SECONDS - written > limits.delete_seconds


def refusal(decision: Decision, planned: Plan, limits_of: LimitsOf) -> str:
    """Why the platforms do nothing of what this decision is for, or "": to mute where nobody can be muted deletes, but
    is no mute."""
    if not planned.left_out:
        return ""
    own = None if decision in (Decision.DISMISS, Decision.LADDER) or not planned.actions else ActionKind(decision.value)
    missing = [one for one in planned.left_out if own in (None, one.kind)]
    carried_out = any(own in (None, action.kind) for action in planned.actions)
    return "" if carried_out or not missing else say("; ").join(_why(one, limits_of(one.platform)) for one in missing)


def remarks(planned: Plan, limits_of: LimitsOf) -> tuple[str, ...]:
    """What the platforms do not do of a decision, a line each."""
    return tuple(dict.fromkeys(_remark(one, limits_of(one.platform)) for one in planned.left_out))


def by_hand(staying: Sequence[tuple[str, ActionKind]], limits_of: LimitsOf) -> tuple[str, ...]:
    """Why what was done stays where it cannot be taken back, a line for each platform and kind of action."""
    return tuple(cannot_words(platform, INVERSE[kind], limits_of(platform)) for platform, kind in staying)


def cannot_words(platform: str, kind: ActionKind, limits: Limits) -> str:
    """That a platform has no such action, and what its kind says of that."""
    step = step_word(kind)
    if why := limits.words.get(kind, ""):
        return say("{platform} cannot {step}: {why}", platform=platform, step=step, why=say(why))
    return say("{platform} cannot {step}", platform=platform, step=step)


def age_words(platform: str, limits: Limits) -> str:
    """How old a message may be that a platform deletes; "" for any age."""
    if limits.delete_seconds is None:
        return ""
    if why := limits.words.get(ActionKind.DELETE, ""):
        return say(why)
    age = spelled_duration(int(limits.delete_seconds))
    return say("{platform} deletes nothing older than {age}", platform=platform, age=age)


def _why(one: LeftOut, limits: Limits) -> str:
    if one.aged:
        return say("too old: {why}", why=age_words(one.platform, limits))
    return cannot_words(one.platform, one.kind, limits)


def _remark(one: LeftOut, limits: Limits) -> str:
    if one.aged:
        why = age_words(one.platform, limits)
        return say("{n} of {all} too old: {why}", n=one.count, all=one.all, why=why)
    return cannot_words(one.platform, one.kind, limits)
