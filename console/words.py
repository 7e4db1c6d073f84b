"""What the status line says of decisions, refusals and the worker, in the reader's language."""

from __future__ import annotations

import msgspec

from console.child import Child
from console.desk import Taken
from store.decisions import Undone
from store.lease import Holder
from store.records import Decision
from widgets.language import say
from widgets.words import decision_word, step_word, steps_words


def taken_words(taken: Taken, undo_key: str, undo_seconds: float) -> str:
    """What a decision did, and for how long it can be taken back."""
    if taken.decision is Decision.DISMISS:
        return say("case {id} dismissed; {key} takes it back", id=taken.case_id, key=undo_key)
    steps = (("delete", taken.deletes), *taken.steps) if taken.deletes else taken.steps
    values = {"id": taken.case_id, "decision": decision_word(taken.decision), "steps": steps_words(steps)}
    if taken.approved:
        return say(
            "case {id} {decision}: {steps}; carried out in {seconds:.0f} s, {key} takes it back",
            **values, seconds=undo_seconds, key=undo_key,
        )  # fmt: skip
    return say("case {id} proposed {decision}: {steps}; waits for approval", **values)


def undone_words(undone: Undone) -> str:
    """What an undo took back, and what it could not."""
    words = [say("{n} not sent", n=undone.withdrawn)] if undone.withdrawn else []
    words += [f"{step_word(kind)} {count}" for kind, count in undone.inverses]
    lasting = ", ".join(f"{step_word(kind)} {count}" for kind, count in undone.lasting)
    words += [say("stays done: {steps}", steps=lasting)] if lasting else []
    told = "; ".join(words)
    return say("taken back, case {id} is open again", id=undone.case_id) + (f": {told}" if told else "")


def worker_words(holder: Holder | None, child: Child | None) -> tuple[str, bool]:
    """Which worker serves the store, and whether that is a reason for alarm."""
    if holder is not None and holder.alive:
        kinds = {
            "serve": say("worker: service"),
            "child": say("worker: console's"),
            "replay": say("worker: replay"),
        }
        return f"{kinds.get(holder.kind, holder.kind)} {holder.pid}{_health(holder.note)}", False
    if child is None:
        return say("no worker: the service is down, tell who runs this server"), True
    if child.failure:
        return say("no worker: {error}", error=child.failure), True
    return say("no worker: starting one"), False


def _health(note: str) -> str:
    try:
        platforms = msgspec.json.decode(note or "{}", type=dict[str, str])
    except msgspec.MsgspecError:
        return ""
    return "".join(f" · {name} {health}" for name, health in platforms.items())
