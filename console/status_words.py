"""What the status line says of platforms, of the worker and of the outbox, what is in trouble before all else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from console.child import Child
from console.platform_health import health_words
from console.platforms.healths import AWAITED, NOT_THERE, phrase
from store.lease import Holder
from store.records import ActionState
from widgets.language import say, say_n
from widgets.safe import safe


def platforms_said(holder: Holder | None) -> dict[str, str]:
    """The health of each platform as the worker last said it; nothing without a worker."""
    if holder is None or not holder.alive:
        return {}
    try:
        return msgspec.json.decode(holder.note or "{}", type=dict[str, str])
    except msgspec.MsgspecError:
        return {}


def trouble_words(said: Mapping[str, str]) -> tuple[list[str], bool]:
    """What to say of the platforms that are not connected, in full first and then of fewer and fewer of them; and
    whether one of them is in trouble rather than awaited. Nothing where all are connected."""
    broken = [(name, health) for name, health in said.items() if phrase(health) in NOT_THERE]
    awaited = [(name, health) for name, health in said.items() if phrase(health) in AWAITED]
    away = broken + awaited
    return [_together(away[:count], len(away) - count) for count in range(len(away), 0, -1)], bool(broken)


def _together(away: Sequence[tuple[str, str]], more: int) -> str:
    """Platforms that are away for the same reason in one breath."""
    names: dict[str, list[str]] = {}
    for name, health in away:
        # What stands in parentheses is a detail for `vigil platform list`.
        names.setdefault(phrase(health), []).append(safe(name, 40))
    words = " · ".join(f"{', '.join(same)} {health_words(why)}" for why, same in names.items())
    return words + " · " + say("{n} more", n=more) if more else words


def worker_words(holder: Holder | None, child: Child | None) -> tuple[list[str], bool]:
    """Which worker serves the store, in full first and then shorter and shorter, and whether that is a reason for
    alarm."""
    if holder is not None and holder.alive:
        kinds = {
            "serve": say("worker: service"),
            "child": say("worker: console's"),
            "replay": say("worker: replay"),
        }
        kind = kinds.get(holder.kind, holder.kind)
        fine = [
            f" · {safe(name, 40)} {safe(health_words(health))}"
            for name, health in platforms_said(holder).items()
            if phrase(health) not in (*NOT_THERE, *AWAITED)
        ]
        full = [f"{kind} {holder.pid}{''.join(fine[:count])}" for count in range(len(fine), -1, -1)]
        return [*full, kind], False
    if child is None:
        return [say("no worker: the service is down, tell who runs this server")], True
    if child.stopped or child.seen:
        # One that ended as it was asked to, a replay's for instance, is no reason for alarm.
        stopped = say("worker stopped, starting again")
        return [f"{stopped}: {child.failure}" if child.failure else stopped], child.stopped
    return [say("no worker: starting one")], False


def pressing_counts(outbox: Counter[ActionState]) -> list[str]:
    """How many actions failed, and of how many nobody knows: what is never cut."""
    failed, unknown = outbox[ActionState.FAILED], outbox[ActionState.UNKNOWN]
    counts = [say("{n} failed", n=failed)] if failed else []
    return counts + ([say("{n} to settle", n=unknown)] if unknown else [])


def other_counts(outbox: Counter[ActionState], opened: int, proposed: int) -> list[str]:
    """How much there is to decide and to send, where there is any."""
    waiting = outbox[ActionState.WAITING] + outbox[ActionState.SENDING]
    counts = [say("{n} to send", n=waiting)] if waiting else []
    counts += [say("{n} open", n=opened)] if opened else []
    return counts + ([say("{n} proposed", n=proposed)] if proposed else [])


def no_cases_words(outbox: Counter[ActionState], key: str) -> str:
    """What the list of cases says where it has none."""
    failed, unknown = outbox[ActionState.FAILED], outbox[ActionState.UNKNOWN]
    if failed and unknown:
        return say("No open cases. {n} failed, {m} to settle: {key} shows them.", n=failed, m=unknown, key=key)
    if failed:
        return say_n("No open cases. {n} action failed: {key} shows it.",
                     "No open cases. {n} actions failed: {key} shows them.", failed, key=key)  # fmt: skip
    if unknown:
        return say_n("No open cases. {n} action to settle: {key} shows it.",
                     "No open cases. {n} actions to settle: {key} shows them.", unknown, key=key)  # fmt: skip
    return say("No open cases. Nothing to decide.")


def no_messages_words(names: Sequence[str], holder: Holder | None) -> list[str]:
    """What a feed without messages waits for, line by line; `names` are the platforms of the settings."""
    said = platforms_said(holder)
    rows = said or dict.fromkeys(names, "")
    if not rows:
        return [
            say("No messages yet: no platform is set up."),
            say("A table [platforms.NAME] in vigil.toml sets one up; docs/platforms.md says how."),
            say("vigil demo shows a sample community, vigil replay takes a recorded chat in."),
        ]
    lines = [say("No messages yet. They come from:")]
    for name, health in rows.items():
        words = health_words(health) if health else say("not looked at yet: the worker starts")
        lines.append(f"  {safe(name, 40)}: {safe(words)}")
    away, broken = trouble_words(said)
    if broken:
        lines.append(say("vigil platform test NAME says what is wrong and what to do."))
    elif said and not away:
        lines.append(say("What is written from now on in the groups that are followed appears here."))
    return lines
