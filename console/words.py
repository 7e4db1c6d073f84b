"""What the status line says of decisions and of what is taken back, in the reader's language."""

from __future__ import annotations

from console.desk import PerkUndone, Taken
from store.decisions import Undone
from store.perk_records import Sent
from store.records import Decision
from widgets.language import say, say_n
from widgets.safe import safe
from widgets.words import decision_word, step_word, steps_words

TOLD_SECONDS = 8.0
"""How long the status line shows what a key did."""

LEAST_SECONDS = 2.0
"""For so long at least, however soon it is carried out."""


def told_seconds(undo_seconds: float) -> float:
    """How long to show what says that it is carried out in `undo_seconds`: no longer than that is true."""
    return min(TOLD_SECONDS, max(LEAST_SECONDS, undo_seconds))


def taken_words(taken: Taken, undo_key: str, undo_seconds: float) -> str:
    """What a decision did, and for how long it can be taken back."""
    if taken.decision is Decision.DISMISS:
        return say("case {id} dismissed; {key} takes it back", id=taken.case_id, key=undo_key)
    steps = (("delete", taken.deletes), *taken.steps) if taken.deletes else taken.steps
    values = {"id": taken.case_id, "decision": decision_word(taken.decision), "steps": steps_words(steps)}
    left_out = "".join(f"; {remark}" for remark in taken.remarks)
    if taken.approved:
        return say(
            "case {id} {decision}: {steps}; carried out in {seconds:.0f} s, {key} takes it back",
            **values, seconds=undo_seconds, key=undo_key,
        ) + left_out  # fmt: skip
    return say("case {id} proposed {decision}: {steps}; waits for approval", **values) + left_out


def sent_words(sent: Sent, undo_key: str, undo_seconds: float) -> str:
    """What became of a perk that was given."""
    members = say_n("{n} member", "{n} members", sent.members)
    values = {"perk": safe(sent.perk, 60), "members": members}
    if sent.known:
        return say("{perk}: was given already, nothing is given twice", **values)
    left_out = say(", ").join(f"{why} {count}" for why, count in sent.refused)
    refused = "; " + say("not {n}: {why}", n=sum(count for _, count in sent.refused), why=left_out) if left_out else ""
    if not sent.approved:
        return say("{perk} proposed for {members}; waits for approval", **values) + refused
    return refused.removeprefix("; ") if not sent.members else say(
        "{perk} to {members}: sent in {seconds:.0f} s, {key} takes it back",
        **values, seconds=undo_seconds, key=undo_key,
    ) + refused  # fmt: skip


def undone_words(undone: Undone | PerkUndone) -> str:
    """What an undo took back, and what it could not."""
    if isinstance(undone, PerkUndone):
        back = say_n("{n} grant taken back, with code, stock and points",
                      "{n} grants taken back, with codes, stock and points", undone.returned)  # fmt: skip
        return back + ("; " + say("{n} were sent already and stay", n=undone.staying) if undone.staying else "")
    words = [say("{n} not sent", n=undone.withdrawn)] if undone.withdrawn else []
    words += [f"{step_word(kind)} {count}" for kind, count in undone.inverses]
    lasting = say(", ").join(f"{step_word(kind)} {count}" for kind, count in undone.lasting)
    words += [say("stays done: {steps}", steps=lasting)] if lasting else []
    told = say("; ").join((*words, *undone.by_hand))
    return say("taken back, case {id} is open again", id=undone.case_id) + (f": {told}" if told else "")
