"""What was not carried out, or perhaps was: the list, and one of it with the platform's words and what to do."""

from __future__ import annotations

from typing import ClassVar

from store.records import ActionState
from store.undelivered import Undelivered
from widgets.language import say
from widgets.lines import Line, Page, clock, cut, day, fit, fit_right
from widgets.listing import Listing
from widgets.safe import safe
from widgets.words import step_word
from widgets.wrapping import wrap


class FailureList(Listing[Undelivered]):
    """Actions: sign of the state, case, what and to whom, in which group, when."""

    def key_of(self, row: Undelivered) -> int:
        """An action's id."""
        return row.id

    def header(self, width: int) -> Line:
        """The names of the columns."""
        what, where = failure_columns(width)
        text = "  " + fit_right(say("case"), 5) + " " + fit(say("what"), what) + " " + fit(say("group"), where)
        return [(fit(text + " " + say("time"), width), "listing--header")]

    def paint_row(self, row: Undelivered, width: int) -> Line:
        """One action."""
        what, where = failure_columns(width)
        sign, style = ("?", "state--open") if row.state is ActionState.UNKNOWN else ("×", "listing--error")
        case = "–" if row.case_id is None else str(row.case_id)
        return [
            (sign + " ", style),
            (fit_right(case, 5) + " ", "listing--dim"),
            (fit(step_word(row.kind), 7) + " ", "listing--strong"),
            (fit(whom(row), what - 8) + " ", "listing--name"),
            (fit(f"{safe(row.group, 60)} · {safe(row.platform, 40)}", where) + " ", ""),
            (clock(row.at), "listing--dim"),
        ]


def failure_columns(width: int) -> tuple[int, int]:
    """The widths of what was to be done, and of the group."""
    what = max(16, (width - 18) * 45 // 100)
    return what, max(8, width - 18 - what)


def whom(row: Undelivered) -> str:
    """The member or the message an action was for."""
    named = say("message {id}", id=safe(row.message, 60)) if row.message else ""
    return safe(row.member, 60) or named


class FailureView(Page):
    """One action: what it was, what the platform said, and what to do about it."""

    DEFAULT_CSS = """
    FailureView {
        & > .failure--head { text-style: bold; }
        & > .failure--dim { text-style: dim; }
        & > .failure--words { color: $text-error; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"failure--head", "failure--dim", "failure--words"}

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.row: Undelivered | None = None

    def show(self, row: Undelivered | None) -> None:
        """Show this action, or nothing."""
        if row != self.row:
            same = row is not None and self.row is not None and row.id == self.row.id
            self.row = row
            self.rebuild(None if same else 0)

    def build(self, width: int) -> list[Line]:
        """Its lines: whom, when, the platform's words, the advice."""
        row = self.row
        if row is None:
            return []
        unknown = row.state is ActionState.UNKNOWN
        head = f"{step_word(row.kind)} {whom(row)} · {safe(row.group, 60)} · {safe(row.platform, 40)}"
        state = say("perhaps carried out") if unknown else say("failed")
        words = safe(row.words, 600) or say("the worker ended while it was sent")
        lines: list[Line] = [
            [(cut(head, width), "failure--head")],
            [(cut(f"{state} {day(row.at)} {clock(row.at)}", width), "failure--dim")],
        ]
        lines += [[(words[a:b], "failure--words")] for a, b in wrap(words, width - 2, 12)]
        advice = "→ " + advice_words(row)
        return lines + [[(advice[a:b], "")] for a, b in wrap(advice, width - 2, 4)]


def advice_words(row: Undelivered) -> str:
    """What to do about an action, by the keys of its window."""
    unknown = row.state is ActionState.UNKNOWN
    if row.grant_id is not None and not unknown:
        return say("the perk came back: give it again, then d gives this up")
    if unknown:
        return say("look whether it arrived, then press a (it arrived) or l (it was lost)")
    return say("once its cause is cured, r tries again; d gives it up")
