"""The lists of cases and of proposals, of decisions and of perks: which columns they have, and in what words."""

from __future__ import annotations

from rich.cells import cell_len

from store.perk_records import Waiting
from store.records import CaseRow, Proposal
from widgets.language import say, say_n
from widgets.lines import Line, clock, cut, fit, fit_right
from widgets.listing import Listing
from widgets.perks import perk_kind_word
from widgets.safe import safe
from widgets.words import decision_word, rule_word, state_sign, steps_words


class CaseList(Listing[CaseRow]):
    """Cases: sign of the state, id, rule, how many messages, members and groups, who and where, sample."""

    def key_of(self, row: CaseRow) -> int:
        """A case's id."""
        return row.id

    def version_of(self, row: CaseRow) -> int:
        """The store raises it with every change."""
        return row.version

    def header(self, width: int) -> Line:
        """The names of the columns."""
        rule, who, score, time = case_columns(width)
        text = "  " + fit_right(say("case"), 5) + " " + fit(say("rule"), rule) + " "
        text += fit_right(say("score"), 5) + " " if score else ""
        text += fit_right(say("msgs"), 5) + " " + fit_right(say("memb"), 4) + " " + fit_right(say("grps"), 4) + " "
        text += fit(say("last"), 8) + " " if time else ""
        return [(fit(text + fit(say("who, where"), who) + " " + say("text"), width), "listing--header")]

    def paint_row(self, row: CaseRow, width: int) -> Line:
        """One case."""
        rule, who, score, time = case_columns(width)
        sign, style = state_sign(row.state)
        counts = fit_right(f"×{row.messages}", 5) + " " + fit_right(str(row.members), 4)
        counts += " " + fit_right(str(row.groups), 4) + " "
        if score:
            counts = fit_right(f"{row.score:.0f}", 5) + " " + counts
        if time:
            counts += clock(row.time) + " "
        return [
            (sign + " ", style),
            (fit_right(str(row.id), 5) + " ", "listing--dim"),
            (fit(rule_word(row.rule, short=True), rule) + " ", "listing--strong"),
            (counts, ""),
            (fit(who_where(row, who), who) + " ", "listing--name" if row.who else "listing--dim"),
            (cut(safe(row.sample), max(0, width)), ""),
        ]


def case_columns(width: int) -> tuple[int, int, bool, bool]:
    """The widths of the rule and of who and where; whether there is room for the score, and for the time."""
    rule = max(8, min(18, width // 7))
    who = max(8, min(28, width // 5))
    return rule, who, width >= 100, width >= 110


def who_where(row: CaseRow, width: int) -> str:
    """The only member and the only group of a case; where there are several, that there are."""
    who, where = safe(row.who, 60), safe(row.where, 60)
    if who and where:
        # Neither pushes the other out: what one leaves free the other may use.
        return f"{cut(who, max((width - 3) // 2, width - 3 - cell_len(where)))} · {where}"
    if where:
        return say("in {group}", group=where)
    return who or (say("campaign") if row.campaign else say("several"))


class ProposalList(Listing[Proposal | Waiting]):
    """Proposals: id, decision or perk, what it would do, who proposed it, the rule, sample."""

    def key_of(self, row: Proposal | Waiting) -> int:
        """A number of its own: decisions and perks count their ids each from 1."""
        return 2 * row.id + isinstance(row, Waiting)

    def version_of(self, row: Proposal | Waiting) -> int:
        """Of its case, and of all it would do: either may change under the reader."""
        if isinstance(row, Waiting):
            return hash((row.version, row.perk, row.members, row.text))
        return hash((row.version, row.decision, row.steps, row.groups))

    def header(self, width: int) -> Line:
        """The names of the columns."""
        does, by, rule = proposal_columns(width)
        text = fit_right(say("no."), 5) + " " + fit(say("decision"), 8) + " " + fit(say("would do"), does) + " "
        text += fit(say("by"), by) + " " + fit(say("rule"), rule) + " " + say("text")
        return [(fit(text, width), "listing--header")]

    def paint_row(self, row: Proposal | Waiting, width: int) -> Line:
        """One proposal."""
        does, by, rule = proposal_columns(width)
        if isinstance(row, Waiting):
            members = say_n("{n} member", "{n} members", row.members)
            perk = cut(safe(row.perk, 80), max(4, does - cell_len(members) - 3))
            return [
                (fit_right(f"P{row.id}", 5) + " ", "listing--dim"),
                (fit(say("perk"), 8) + " ", "listing--strong"),
                (fit(f"{perk} → {members}", does) + " ", ""),
                (fit(safe(row.by, 60), by) + " ", "listing--name"),
                (fit(perk_kind_word(row.kind), rule) + " ", "listing--dim"),
                (cut(safe(row.text), max(0, width)), ""),
            ]
        return [
            (fit_right(str(row.id), 5) + " ", "listing--dim"),
            (fit(decision_word(row.decision), 8) + " ", "listing--strong"),
            (fit(steps_words(row.steps), does) + " ", ""),
            (fit(safe(row.by, 60), by) + " ", "listing--name"),
            (fit(rule_word(row.rule, short=True), rule) + " ", "listing--dim"),
            (cut(safe(row.sample), max(0, width)), ""),
        ]


def proposal_columns(width: int) -> tuple[int, int, int]:
    """The widths of what it would do, of who proposed it, and of the rule."""
    return max(12, min(36, width * 3 // 10)), max(6, min(16, width // 9)), max(6, min(18, width // 8))
