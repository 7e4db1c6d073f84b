"""The card of a member: who they are, how they have been, what they got, and what the staff wrote down."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import ClassVar

from rich.cells import cell_len

from store.ledger import LedgerRow
from store.records import ActionState, Decision, DecisionState
from store.roster_records import MemberCard, MemberDecision, MemberGrant, MemberGroup, MemberStrike, Note
from widgets.language import say, say_n
from widgets.lines import Line, Page, Part, cut, day, fit, fit_right
from widgets.safe import safe
from widgets.words import (
    AGE_CELLS,
    action_state_word,
    ago,
    decision_state_word,
    decision_word,
    earning_word,
    grant_state_word,
    layer_word,
    reason_words,
    rule_word,
    steps_words,
)
from widgets.wrapping import wrap

BARS = "▁▂▃▄▅▆▇█"
NO_BAR = "·"

_WHOLE = 2_000  # code points of a note that are shown


class MemberCardView(Page):
    """Shows a `MemberCard`."""

    DEFAULT_CSS = """
    MemberCardView {
        & > .member--dim { text-style: dim; }
        & > .member--strong { text-style: bold; }
        & > .member--name { text-style: bold; color: $text-secondary; }
        & > .member--head { text-style: bold; color: $text-primary; }
        & > .member--alarm { text-style: bold; color: $text-error; }
        & > .member--good { color: $text-success; }
        & > .member--bar { color: $text-accent; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "member--dim",
        "member--strong",
        "member--name",
        "member--head",
        "member--alarm",
        "member--good",
        "member--bar",
    }

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.time,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`now` is a clock in epoch seconds."""
        super().__init__(name=name, id=id, classes=classes)
        self.card: MemberCard | None = None
        self._now = now

    def show(self, card: MemberCard | None) -> None:
        """Show this card, or none. The same member again stays where the reader is."""
        if card == self.card:
            return
        same = card is not None and self.card is not None and card.member.id == self.card.member.id
        self.card = card
        self.rebuild(None if same else 0)

    def build(self, width: int) -> list[Line]:
        """All lines of the card."""
        card = self.card
        if card is None:
            return [[(say("No member selected."), "member--dim")]]
        now = self._now()
        lines = [*_head(card, now, width), *_activity(card, width)]
        for title, found in (
            (say("Notes of the staff"), [line for note in card.notes for line in _note(note, width)]),
            (say("Groups"), _groups(card.groups, now, width)),
            (say("Points"), [_points(row, width) for row in card.points]),
            (say("Strikes"), [_strike(strike, now) for strike in card.strikes]),
            (say("Perks"), [_grant(grant) for grant in card.grants]),
            (say("Decisions"), [line for decision in card.decisions for line in _decision(decision, width)]),
        ):
            lines += _section(title, width, found)
        return lines


def _head(card: MemberCard, now: float, width: int) -> list[Line]:
    member = card.member
    strikes = say_n("{n} strike", "{n} strikes", member.strikes)
    standing: list[Part] = [
        (safe(member.tier, 40) + " · " if member.tier else "", "member--strong"),
        (layer_word(member.layer), "member--strong"),
        ("  " + say_n("{n} point", "{n} points", member.balance), ""),
        (" " + say("({n} earned)", n=f"{card.earned:,}") if card.earned != member.balance else "", "member--dim"),
        ("  " + ("!" if member.strikes else "") + strikes, "member--alarm" if member.strikes else "member--dim"),
    ]
    identity = f"{safe(member.platform, 40)}:{safe(member.key, 80)}"
    lines: list[Line] = [[(f"#{member.id} ", "member--head"), (cut(safe(member.called), width - 12), "member--name")]]
    if member.remark:
        lines.append([(say("remark") + " ", "member--dim"), (safe(member.remark, 100), "")])
    lines.append(standing)
    if card.missing:
        lines += [
            [("→ " if not start else "  ", "member--dim"), (text, "")] for start, text in _wrapped(card.missing, width)
        ]
    since = say("joined {day}", day=day(member.joined_at))
    last = (
        say("last word {ago} ago", ago=ago(member.last_at, now)) if member.last_at is not None else say("never spoke")
    )
    lines.append([(f"{since} · {last} · {identity}", "member--dim")])
    return lines


def _wrapped(text: str, width: int) -> Iterable[tuple[int, str]]:
    shown = safe(text, _WHOLE)
    return [(start, shown[start:end]) for start, end in wrap(shown, width - 2, 12)]


def sparkline(counts: Sequence[int]) -> str:
    """One character a day: a bar as high as the day's share of the busiest, a dot for a day without a word."""
    most = max(counts, default=0)
    return "".join(BARS[(count * len(BARS) - 1) // most] if count > 0 else NO_BAR for count in counts)


def _activity(card: MemberCard, width: int) -> list[Line]:
    days = max(0, min(len(card.activity), width - 2))
    counts = card.activity[len(card.activity) - days :]
    if not counts:
        return []
    if any(counts):
        spoken = say_n("{n} message", "{n} messages", sum(counts))
        total = say("{messages} in {days} days, at most {most} a day", messages=spoken, days=days, most=max(counts))
    else:
        total = say("no message in {days} days", days=days)
    first, last = _date(card.today - days + 1), _date(card.today)
    between = days - cell_len(first) - cell_len(last)
    scale = first + " " * between + last if between > 0 else fit_right(last, days)
    return [
        *_section(say("Activity"), width, [[("  " + total, "")]]),
        [("  ", ""), (sparkline(counts), "member--bar")],
        [("  " + scale, "member--dim")],
    ]


def _date(number: int) -> str:
    try:
        return date.fromordinal(number).strftime("%m-%d")
    except (ValueError, OverflowError):
        return "?"


def _section(title: str, width: int, lines: Sequence[Line]) -> list[Line]:
    if not lines:
        return []
    rest = max(0, width - cell_len(title) - 4)
    return [(), [("─ ", "member--dim"), (title, "member--head"), (" " + "─" * rest, "member--dim")], *lines]


def _note(note: Note, width: int) -> list[Line]:
    head: Line = [("  " + day(note.at) + " ", "member--dim"), (cut(safe(note.staff, 60), 20), "member--name")]
    return [head, *([("    " + text, "")] for _, text in _wrapped(note.text, width - 4))]


def _groups(groups: Sequence[MemberGroup], now: float, width: int) -> list[Line]:
    if not groups:
        return []
    titles = (
        fit_right(say("messages"), 10) + " " + fit_right(say("last"), AGE_CELLS) + " " + fit(say("joined"), 10) + "  "
    )
    lines: list[Line] = [[(cut("  " + titles + say("group"), width), "member--dim")]]
    for group in groups:
        gone = "  " + say("left {day}", day=day(group.left_at)) if group.left_at is not None else ""
        shown = [say("level {level}", level=safe(group.level, 20))] if group.level not in ("", "0") else []
        shown += [f"“{safe(group.title, 40)}”"] if group.title else []
        standing = "".join(f"  {one}" for one in shown)
        lines.append(
            [
                ("  " + fit_right(f"{group.messages:,}", 10) + " ", ""),
                (fit_right(ago(group.last_at, now), AGE_CELLS) + " " + day(group.joined_at) + "  ", "member--dim"),
                (
                    cut(safe(group.name, 100), max(4, width - 26 - AGE_CELLS - cell_len(gone + standing))),
                    "member--dim" if gone else "",
                ),
                (standing, "member--dim"),
                (gone, "member--dim"),
            ]
        )
    return lines


def _points(row: LedgerRow, width: int) -> Line:
    """What came or went, and why; what was taken back, and what takes back, says so."""
    words = [earning_word(row.kind)]
    words += [safe(text, 60) for text in (row.perk, row.group) if text]
    words += [say("taken back")] if row.reversed else []
    words += [say("takes back")] if row.reverses is not None else []
    style = "member--dim" if row.reversed or row.reverses is not None else "member--good" if row.points > 0 else ""
    said = f"  “{safe(row.reason, 100)}”" if row.reason else ""
    by = "  " + say("by {name}", name=cut(safe(row.staff, 60), 20)) if row.staff else ""
    return [
        ("  " + day(row.at) + " ", "member--dim"),
        (fit_right(f"{row.points:+,}", 8) + "  ", style),
        (" · ".join(words), ""),
        (by + said, "member--dim"),
    ]


def _strike(strike: MemberStrike, now: float) -> Line:
    if strike.revoked_at is not None:
        state, style = say("revoked {day}", day=day(strike.revoked_at)), "member--dim"
    elif strike.expires_at <= now:
        state, style = say("expired {day}", day=day(strike.expires_at)), "member--dim"
    else:
        state, style = "! " + say("until {day}", day=day(strike.expires_at)), "member--alarm"
    return [
        ("  " + day(strike.given_at) + " ", "member--dim"),
        (state + "  ", style),
        (cut(rule_word(strike.rule), 20) + "  ", ""),
        (say("by {name}", name=safe(strike.by, 60)), "member--dim"),
    ]


def _grant(grant: MemberGrant) -> Line:
    state = grant_state_word(grant.state)
    if grant.redeemed_at is not None:
        state += " · " + say("redeemed {day}", day=day(grant.redeemed_at))
    return [
        ("  " + day(grant.made_at) + " ", "member--dim"),
        (cut(safe(grant.perk, 60), 30) + "  ", "member--strong"),
        (state + "  ", ""),
        (say("by {name}", name=safe(grant.by, 60)), "member--dim"),
    ]


def _decision(decision: MemberDecision, width: int) -> list[Line]:
    steps = steps_words(decision.steps)
    ends = dict(decision.actions)
    came = " · ".join(f"{action_state_word(ActionState(state))} {count}" for state, count in decision.actions)
    missed = any(state in ends for state in (ActionState.FAILED, ActionState.UNKNOWN))
    lines: list[Line] = [
        [
            ("  " + day(decision.at) + " ", "member--dim"),
            (decision_word(Decision(decision.decision)) + "  ", "member--strong"),
            (decision_state_word(DecisionState(decision.state)) + "  ", ""),
            (steps + "  " if steps else "", ""),
            # What failed was done to nobody, whatever was decided: that must not be cut off.
            (f"× {came}  " if missed else "", "member--alarm"),
            (rule_word(decision.rule) + "  ", ""),
            (say("by {name}", name=safe(decision.by, 60)), "member--dim"),
        ]
    ]
    if decision.reason:
        reason = reason_words(decision.reason, decision.by)
        lines += [[("    “" + text + "”", "member--dim")] for _, text in _wrapped(reason, width - 8)]
    if decision.failure:
        lines += [[("    " + text, "member--alarm")] for _, text in _wrapped("× " + decision.failure, width - 4)]
    return lines
