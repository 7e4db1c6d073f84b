"""The card of a case: all a moderator needs to decide, the most needed first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len

from rules.records import JOIN_REQUEST
from store.records import (
    INVERSE,
    ActionState,
    CaseCard,
    CaseMember,
    CaseMessage,
    CaseState,
    Decision,
    DecisionState,
    FeedRow,
    PastDecision,
    Reach,
)
from widgets.language import say, say_n
from widgets.lines import Line, Page, Part, clock, cut, day, fit, fit_right, marked
from widgets.safe import Stretch, joined, safe, safe_spans, window
from widgets.words import (
    action_state_word,
    decision_state_word,
    decision_word,
    kind_word,
    reason_words,
    rule_word,
    state_sign,
    state_word,
    step_word,
    steps_words,
)
from widgets.wrapping import wrap

_ROOMY = 20
"""From so many lines on the card spaces its parts; below, every line is needed."""

_WHOLE = 20_000  # code points of a message that are looked through for its evidence


class CaseCardView(Page):
    """Shows a `CaseCard`. At 80 columns and 12 lines the headline, the evidence and every reach are in
    sight.
    """

    DEFAULT_CSS = """
    CaseCardView {
        & > .card--dim { text-style: dim; }
        & > .card--strong { text-style: bold; }
        & > .card--key { text-style: bold; color: $text-accent; }
        & > .card--name { color: $text-secondary; }
        & > .card--evidence { text-style: bold underline; color: $text-warning; }
        & > .card--alarm { text-style: bold; color: $text-error; }
        & > .card--caution { color: $text-warning; }
        & > .card--good { color: $text-success; }
        & > .card--head { text-style: bold; color: $text-primary; }
        & > .state--open { text-style: bold; color: $text-warning; }
        & > .state--proposed { text-style: bold; color: $text-accent; }
        & > .state--done { color: $text-success; }
        & > .state--dim { text-style: dim; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "card--dim",
        "card--strong",
        "card--key",
        "card--name",
        "card--evidence",
        "card--alarm",
        "card--caution",
        "card--good",
        "card--head",
        "state--open",
        "state--proposed",
        "state--done",
        "state--dim",
    }

    def __init__(
        self,
        keys: Mapping[Decision, str] | None = None,
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`keys` says which key takes which decision, to show it beside the decision's reach."""
        super().__init__(name=name, id=id, classes=classes)
        self.card: CaseCard | None = None
        self._keys: Mapping[Decision, str] = keys or {}

    def show(self, card: CaseCard | None) -> None:
        """Show this card, or none. The same case again stays where the reader is."""
        if card == self.card:
            return
        same = card is not None and self.card is not None and card.case.id == self.card.case.id
        self.card = card
        self.rebuild(None if same else 0)

    def set_keys(self, keys: Mapping[Decision, str]) -> None:
        """Show other keys beside the decisions."""
        self._keys = keys
        self.rebuild()

    def build(self, width: int) -> list[Line]:
        """All lines of the card."""
        card = self.card
        if card is None:
            return [[(say("No case selected."), "card--dim")]]
        roomy = self.size.height >= _ROOMY
        gap: list[Line] = [()] if roomy else []
        # What a closed case can no longer get is of no use; what was decided takes its place.
        reaches = self._reaches(card.reaches, width) if card.case.state is CaseState.OPEN else []
        signs = ("‹", "›") if self.app.no_color else ("", "")
        lines: list[Line] = [self._headline(card)]
        rule = safe(card.rule_text, _WHOLE)
        step = _standing(card) + "  "
        rule_fits = cell_len(step) + cell_len(rule) + 2 <= width
        if step.strip() or rule:
            lines.append([(step.lstrip(), "card--strong"), (f"“{rule}”" if rule else "", "card--dim")])
        lines += gap
        if card.messages:
            # One line of text where room is short: the reaches have to stay in sight.
            spare = self.size.height - len(lines) - 1 - len(gap) - len(reaches)
            lines += _message(card.messages[0], width, max(1, min(3, spare)), signs)
        lines += gap
        lines += reaches
        if card.decisions:
            lines += _section(say("Decisions so far"), width)
            for decision in card.decisions:
                lines += _past(decision, width)
        if rule and not rule_fits:
            lines += _section(say("Rule, as members are told"), width)
            lines += [[("  " + rule[a:b], "")] for a, b in wrap(rule, width - 2, 12)]
        lines += _more_messages(card, width, signs)
        if card.members:
            lines += _section(say("Members"), width) + _members(card.members, width)
        if card.around:
            lines += _section(say("Around the first message"), width)
            lines += [_around(row, {m.id for m in card.messages}) for row in card.around]
        return lines

    def _headline(self, card: CaseCard) -> Line:
        case = card.case
        sign, style = state_sign(case.state)
        # Without a finding in what was written along, a request to join has no score.
        counts = [say("score {score}", score=f"{case.score:.0f}")] if case.score or case.rule != JOIN_REQUEST else []
        counts += [
            say_n("{n} message", "{n} messages", case.messages),
            say_n("{n} member", "{n} members", case.members),
            say_n("{n} group", "{n} groups", case.groups),
            state_word(case.state),
        ]
        return [
            (sign + " ", style),
            (f"#{case.id} ", "card--head"),
            (cut(rule_word(case.rule), 20), "card--head"),
            ("  " + " · ".join(counts), "card--strong"),
        ]

    def _reaches(self, reaches: Sequence[Reach], width: int) -> list[Line]:
        """What each decision would do: key, decision, how much, and what to beware of."""
        names = max((cell_len(decision_word(reach.decision)) for reach in reaches), default=0)
        keys = max((cell_len(key) for key in self._keys.values()), default=1)
        indent = keys + names + 4
        does = {reach.decision: _does(reach) for reach in reaches if not reach.refused}
        needed = [(cell_len(does[reach.decision]), _cautions(reach, False)) for reach in reaches if not reach.refused]
        # The cautions stand in one column: in full where every line has room for them, else in short.
        column = max((length for length, _ in needed), default=0)
        longest = max((_length(cautions) for _, cautions in needed), default=0)
        short = indent + column + 2 + longest > width
        if short:
            column = max(
                (
                    cell_len(text)
                    for reach in reaches
                    if (text := does.get(reach.decision))
                    and indent + cell_len(text) + 2 + _length(_cautions(reach, True)) <= width
                ),
                default=0,
            )
        lines: list[Line] = []
        for reach in reaches:
            key = fit(safe(self._keys.get(reach.decision, ""), 20), keys) + "  "
            name = fit(decision_word(reach.decision), names) + "  "
            if reach.refused:
                lines.append([(key + name + "× " + safe(reach.refused, 200), "card--dim")])
                continue
            line: list[Part] = [(key, "card--key"), (name, "card--strong")]
            text, cautions = does[reach.decision], _cautions(reach, short)
            place = min(column, width - indent - 2 - _length(cautions))
            if not cautions:
                lines.append([*line, (text, "")])
            elif cell_len(text) <= place:
                lines.append([*line, (fit(text, place) + "  ", ""), *cautions])
            else:  # too long for both: the cautions get a line of their own rather than be cut
                lines += [[*line, (text, "")], [(" " * indent, ""), *cautions]]
        # Once, however many decisions it is true of: it names the action.
        remarks = dict.fromkeys(
            remark for reach in reaches if not reach.refused for remark in (*reach.failing, *reach.remarks)
        )
        return [line for remark in remarks for line in _remark(remark, width)] + lines


def _standing(card: CaseCard) -> str:
    """The ladder's step of an open case; of another one what was decided, which must not be taken for what is next."""
    state = card.case.state
    if state is CaseState.OPEN:
        return f"→ {safe(card.step, 200)}" if card.step else ""
    last = card.in_force
    what = decision_word(last.decision) if last is not None else ""
    if what and state is CaseState.PROPOSED:
        return say("waits for approval: {decision}", decision=what)
    if what and state is CaseState.DECIDED:
        return say("decided: {decision}", decision=what)
    return ""


def _length(parts: Sequence[Part]) -> int:
    return sum(cell_len(text) for text, _ in parts)


def _cautions(reach: Reach, short: bool) -> list[Part]:
    """What to beware of in a decision: whether an admin must approve it, and what of it stays done."""
    parts: list[Part] = []
    if reach.needs_approval:
        parts.append((say("approval") if short else say("needs approval"), "card--key"))
    if reach.lasting:
        does = {step for step, count in reach.steps if count} | ({"delete"} if reach.deletes else set())
        all_of_it = short and does <= set(reach.lasting)
        steps = say(", ").join(step_word(step) for step in reach.lasting)
        parts += [(" · ", "card--dim")] if parts else []
        parts.append((say("no undo") if all_of_it else say("no undo: {steps}", steps=steps), "card--caution"))
    return parts


def _does(reach: Reach) -> str:
    if reach.decision is Decision.DISMISS:
        return say("nothing happens to anyone")
    parts = [f"{step_word('delete')} {reach.deletes}"] if reach.deletes else []
    if reach.steps:
        parts.append(steps_words(tuple(step for step in reach.steps if step[0] != "delete")))
    if reach.groups:
        parts.append(say_n("{n} group", "{n} groups", reach.groups))
    return " · ".join(part for part in parts if part)


def _remark(text: str, width: int, indent: str = "") -> list[Line]:
    """What a platform does not do of a decision, with a sign before it."""
    words = safe(text)
    room = width - len(indent) - 2
    return [
        [(indent + ("  " if a else "! "), "card--caution"), (words[a:b], "card--caution")]
        for a, b in wrap(words, room, 4)
    ]


def _section(title: str, width: int) -> list[Line]:
    rest = max(0, width - cell_len(title) - 4)
    return [(), [("─ ", "card--dim"), (title, "card--head"), (" " + "─" * rest, "card--dim")]]


def _message(message: CaseMessage, width: int, rows: int, signs: tuple[str, str]) -> list[Line]:
    """A message with its evidence marked: one line of who, where and why, and at most `rows` of text."""
    sign = ("× ", "card--alarm") if message.deleted else ("! ", "card--caution")
    # Of a request it is Vigil that says what it is.
    matched = say(message.matched) if message.matched and message.rule == JOIN_REQUEST else message.matched
    head: Line = [
        sign,
        (clock(message.time) + " ", "card--dim"),
        (cut(safe(message.group, 60), 24) + " · ", "card--dim"),
        (cut(safe(message.name, 60), 24), "card--name"),
        ("  " + rule_word(message.rule), "card--dim"),
        (f" {message.score:.0f}" if message.rule != JOIN_REQUEST else "", "card--dim"),
        (": " + safe(matched, 200) if matched else "", "card--dim"),
    ]
    spans = [(span.start, span.end) for span in message.spans]
    text, found = safe_spans(message.text, spans, _WHOLE)
    text, found = _signed(text, joined(found), signs)
    if rows * (width - 2) < cell_len(text):
        # A wrapped line may end early: leave what the longest word may cost.
        text, found = window(text, found, rows * (width - 2) - (12 if rows > 1 else 0))
    lines: list[Line] = [head]
    if message.rule == JOIN_REQUEST and not message.text:
        lines.append([("  " + say("nothing was written along with it"), "card--dim")])
    for start, end in wrap(text, width - 2, rows):
        inside = [(max(a, start) - start, min(b, end) - start) for a, b in found if a < end and b > start]
        lines.append([("  ", ""), *marked(text[start:end], inside, "", "card--evidence")])
    return lines


def _signed(text: str, spans: list[Stretch], signs: tuple[str, str]) -> tuple[str, list[Stretch]]:
    """The text with `signs` round every span, and the spans with their signs."""
    if not signs[0]:
        return text, spans
    pieces: list[str] = []
    moved: list[Stretch] = []
    at = shift = 0
    for start, end in spans:
        pieces += [text[at:start], signs[0], text[start:end], signs[1]]
        moved.append((start + shift, end + shift + 2))
        at, shift = end, shift + 2
    return "".join([*pieces, text[at:]]), moved


def _more_messages(card: CaseCard, width: int, signs: tuple[str, str]) -> list[Line]:
    lines: list[Line] = []
    if len(card.messages) > 1 or card.case.messages > len(card.messages):
        lines += _section(say("Messages"), width)
    for message in card.messages[1:]:
        lines += _message(message, width, 3, signs)
    left = card.case.messages - len(card.messages)
    if left > 0:
        lines.append([("  " + say_n("and {n} more", "and {n} more", left), "card--dim")])
    return lines


def _members(members: Sequence[CaseMember], width: int) -> list[Line]:
    name = max(8, min(24, (width - 44) // 2))
    titles = fit(say("member"), name) + fit_right(say("messages"), 10) + fit_right(say("strikes"), 9)
    titles += fit_right(say("earlier"), 9) + "  " + fit(say("first seen"), 10) + "  " + say("id")
    lines: list[Line] = [[("  " + titles, "card--dim")]]
    for member in members:
        strikes = fit_right(str(member.strikes), 9)
        lines.append(
            [
                ("  " + fit(safe(member.name, 60), name), "card--name"),
                (fit_right(str(member.messages), 10), ""),
                (strikes, "card--alarm" if member.strikes else ""),
                (fit_right(str(member.earlier), 9), "card--caution" if member.earlier else ""),
                ("  " + day(member.seen) + "  ", ""),
                (safe(member.key, 80), "card--dim"),
            ]
        )
    return lines


def _around(row: FeedRow, own: set[int]) -> Line:
    """A message before or after the first one; `▸` stands before those that belong to the case."""
    text = safe(row.text) if row.kind == "text" else f"[{kind_word(row.kind)}] {safe(row.text)}"
    ours = row.id in own
    return [
        ("▸ " if ours else "  ", "card--caution"),
        (clock(row.time) + " ", "card--dim"),
        (fit(safe(row.name, 60), 14) + " ", "card--name"),
        (text, "card--strong" if ours else ""),
    ]


def _past(decision: PastDecision, width: int) -> list[Line]:
    state = decision_state_word(decision.state)
    style = "card--good" if decision.state is DecisionState.APPROVED else "card--caution"
    if decision.approver:
        state += " " + say("by {name}", name=cut(safe(decision.approver, 60), 20))
    counts = steps_words(decision.steps)
    if any(kind is not ActionState.PROPOSED for kind, _ in decision.actions):
        counts += ": " + " · ".join(f"{action_state_word(kind)} {count}" for kind, count in decision.actions)
    lines: list[Line] = [
        [
            ("  " + day(decision.at) + " " + clock(decision.at) + " ", "card--dim"),
            (decision_word(decision.decision) + " ", "card--strong"),
            (say("by {name}", name=cut(safe(decision.by, 60), 20)) + " · ", "card--name"),
            (state, style),
        ]
    ]
    if counts:
        line: list[Part] = [("    " + counts, "")]
        lasting = [step_word(step) for step, _ in decision.steps if step not in INVERSE or step in decision.lasting]
        if decision.state is DecisionState.PROPOSED and lasting:
            line.append(("  " + say("no undo: {steps}", steps=say(", ").join(lasting)), "card--caution"))
        lines.append(line)
    for remark in (*decision.failing, *decision.remarks):
        lines += _remark(remark, width, "    ")
    for note, count in decision.notes:
        times = f"{count}× " if count > 1 else ""
        lines += _remark(times + note, width, "    ")
    words = ((decision.reason, decision.by), (decision.answer, decision.approver))
    said = [safe(reason_words(text, by)) for text, by in words if text]
    if said:
        lines.append([("    “" + "” – “".join(said) + "”", "card--dim")])
    if decision.failure:
        failure = "× " + safe(decision.failure)
        lines += [[("    " + failure[a:b], "card--alarm")] for a, b in wrap(failure, width - 4, 6)]
        # Of what was taken back nothing is to be sent again; what nobody knows of has to be settled all the same.
        if decision.state is not DecisionState.UNDONE or ActionState.UNKNOWN in dict(decision.actions):
            lines.append(
                [("    " + say("vigil outbox list names them all; vigil outbox retry ID sends again"), "card--dim")]
            )
    return lines
