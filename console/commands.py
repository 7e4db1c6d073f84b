"""The one registry of commands: id, key, label, help, where each works, and why it does not now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rules.records import JOIN_REQUEST
from store.perk_records import Waiting
from store.records import ANSWERS, CaseCard, CaseRow, CaseState, Decision, Proposal
from widgets.language import mark, say


class KeysError(Exception):
    """The keys cannot be used: two commands share one, or an id is unknown. The text names them."""


class Pane(StrEnum):
    FEED = "feed"
    CASES = "cases"
    PROPOSALS = "proposals"
    MEMBERS = "members"


MAIN_PANES = (Pane.FEED, Pane.CASES, Pane.PROPOSALS)
"""Those of the main screen; the members have a screen of their own."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a command needs to know to say whether it works now. `settled` is whether the row under the
    cursor has stood still for long enough to be decided on; `refused` and `cannot_approve` are why this
    person's role does not allow it, or ""."""

    pane: Pane
    case: CaseRow | None = None
    card: CaseCard | None = None
    proposal: Proposal | Waiting | None = None
    marked: int = 0
    settled: bool = True
    refused: str = ""
    cannot_approve: str = ""
    own_proposal: bool = False
    message: bool = False
    member: bool = False
    filtered: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a key does. `panes` is where, empty for everywhere; `label` stands in the key line, `help`
    in the list of keys; `why_not` says why it does not work now, or ""."""

    id: str
    key: str
    label: str
    help: str
    panes: tuple[Pane, ...] = ()
    why_not: Callable[[Situation], str] = lambda situation: ""
    shown: bool = True
    decision: Decision | None = None

    def stands_in(self, situation: Situation) -> bool:
        """Whether the key line has it now: an answer only beside a request to join, failures where there are any."""
        request = situation.case is not None and situation.case.rule == JOIN_REQUEST
        if self.id == "view.failures" and not situation.failed:
            return False
        return self.shown and (request or self.decision not in ANSWERS)


def _case(situation: Situation) -> str:
    if situation.refused:
        return situation.refused
    if situation.case is None:
        return say("there is no case here")
    if not situation.settled:
        return say("this row has just changed: look, then press again")
    if situation.case.state is not CaseState.OPEN and not situation.marked:
        return say("this case is not open any more")
    return ""


def _decision(decision: Decision) -> Callable[[Situation], str]:
    def why_not(situation: Situation) -> str:
        if said := _case(situation):
            return said
        card = situation.card
        if situation.marked:
            return ""
        if card is None or situation.case is None or card.case.id != situation.case.id:
            return say("the case's card is being read: look, then press again")
        nobody = say("nobody asks to be let in here") if decision in ANSWERS else ""
        return next((reach.refused for reach in card.reaches if reach.decision is decision), nobody)

    return why_not


def _proposal(situation: Situation) -> str:
    if situation.cannot_approve:
        return situation.cannot_approve
    if situation.proposal is None:
        return say("there is no proposal here")
    if not situation.settled:
        return say("this row has just changed: look, then press again")
    return say("this is your own proposal: somebody else approves it") if situation.own_proposal else ""


def _message(situation: Situation) -> str:
    return "" if situation.message else say("move up to a message first")


def _member(situation: Situation) -> str:
    return "" if situation.member else say("there is no member here")


def _members(situation: Situation) -> str:
    """Of what is done to the marked members, else to the one under the cursor, and not by a viewer."""
    return situation.refused or ("" if situation.marked else _member(situation))


def _write(situation: Situation) -> str:
    return situation.refused or _member(situation)


def _filtered(situation: Situation) -> str:
    return "" if situation.filtered else say("nothing is filtered")


def _failures(situation: Situation) -> str:
    return "" if situation.failed else say("nothing failed, and nothing is to be settled")


_DECISIONS: tuple[tuple[Decision, str, str, str], ...] = (
    (Decision.LADDER, "enter", mark("ladder"), mark("take the ladder's next step for each member")),
    (Decision.DISMISS, "d", mark("dismiss"), mark("dismiss: this was no offence")),
    (Decision.DELETE, "x", mark("delete"), mark("delete the messages, do nothing else")),
    (Decision.WARN, "w", mark("warn"), mark("delete the messages and warn their members")),
    (Decision.MUTE, "m", mark("mute"), mark("delete the messages and mute their members")),
    (Decision.REMOVE, "r", mark("remove"), mark("delete the messages and remove their members")),
    (Decision.BAN, "b", mark("ban"), mark("delete the messages and ban their members")),
    (Decision.ADMIT, "a", mark("admit"), mark("let whoever asks to join into the group")),
    (Decision.REFUSE, "f", mark("refuse"), mark("refuse whoever asks to join")),
)

COMMANDS: tuple[Command, ...] = (
    *(
        Command(f"case.{decision}", key, label, help_, (Pane.CASES,), _decision(decision), decision=decision)
        for decision, key, label, help_ in _DECISIONS
    ),
    Command("case.reason", "e", mark("reason"), mark("write a reason for the next decision"), (Pane.CASES,), _case),
    Command(
        "case.no-learn", "n", mark("don't learn"), mark("let the next decision teach the rules nothing"),
        (Pane.CASES,), _case, shown=False,
    ),
    Command("proposal.approve", "a", mark("approve"), mark("approve: it is carried out"), (Pane.PROPOSALS,), _proposal),
    Command(
        "proposal.reject", "n", mark("reject"), mark("reject, with a reason"), (Pane.PROPOSALS,), _proposal,
    ),
    Command("feed.case", "enter", mark("case"), mark("go to the case of this message"), (Pane.FEED,), _message),
    Command("members.find", "slash", mark("find"), mark("find by name, remark or id, also by initials of pinyin"),
            (Pane.MEMBERS,)),
    Command("members.card", "enter", mark("card"), mark("show the card; Esc closes it"), (Pane.MEMBERS,), _member),
    Command("members.perk", "p", mark("perk"), mark("give a perk to the marked members, else to this one"),
            (Pane.MEMBERS,), _members),
    Command("members.filter", "f", mark("filter"), mark("show only a layer, a tier, clean records, silent members"),
            (Pane.MEMBERS,)),
    Command("members.group", "g", mark("group"), mark("show only the members of one group"), (Pane.MEMBERS,)),
    Command("members.changes", "c", mark("changes"), mark("show who came to a layer or a tier this week"),
            (Pane.MEMBERS,)),
    Command("members.sort", "s", mark("sort"), mark("sort by the next column"), (Pane.MEMBERS,)),
    Command("members.reverse", "S", mark("reverse"), mark("sort the other way round"), (Pane.MEMBERS,), shown=False),
    Command("members.mark-all", "asterisk", mark("mark all"), mark("mark everybody shown, or nobody of them"),
            (Pane.MEMBERS,), _member),
    Command("members.mark-range", "m", mark("mark to here"), mark("mark from the last marked member to this one"),
            (Pane.MEMBERS,), _member, shown=False),
    Command("members.note", "n", mark("note"), mark("write a note about this member"), (Pane.MEMBERS,), _write),
    Command("members.remark", "r", mark("remark"), mark("write a remark beside the name"), (Pane.MEMBERS,), _write),
    Command("members.export", "o", mark("export"), mark("write the members shown to a file"), (Pane.MEMBERS,),
            _member),
    Command("members.back", "escape", mark("back"), mark("close the card, show all, take the marks off, then leave"),
            (Pane.MEMBERS,), shown=False),
    Command("members.card-down", "J", mark("card down"), mark("scroll the member's card down"), (Pane.MEMBERS,),
            shown=False),
    Command("members.card-up", "K", mark("card up"), mark("scroll the member's card up"), (Pane.MEMBERS,),
            shown=False),
    Command("undo", "u", mark("undo"), mark("take your latest decision back")),
    Command("view.feed", "1", mark("feed"), mark("show the feed"), shown=False),
    Command("view.cases", "2", mark("cases"), mark("show the cases"), shown=False),
    Command("view.proposals", "3", mark("proposals"), mark("show the proposals"), shown=False),
    Command("view.members", "4", mark("members"), mark("show the members"), MAIN_PANES),
    Command("view.failures", "F", mark("failed"), mark("show what failed or is to be settled"), MAIN_PANES, _failures),
    Command("view.next", "tab", mark("next"), mark("go to the next of feed, cases and proposals"), MAIN_PANES),
    Command("feed.filter", "slash", mark("filter"), mark("show only messages that hold a text"), (Pane.FEED,)),
    Command("feed.group", "g", mark("group"), mark("show only one group"), (Pane.FEED,)),
    Command("feed.all", "escape", mark("all"), mark("show all messages again"), (Pane.FEED,), _filtered, shown=False),
    Command("card.down", "J", mark("card down"), mark("scroll the case's card down"), (Pane.CASES, Pane.PROPOSALS),
            shown=False),
    Command("card.up", "K", mark("card up"), mark("scroll the case's card up"), (Pane.CASES, Pane.PROPOSALS),
            shown=False),
    Command("help", "question_mark", mark("help"), mark("list the keys that work here")),
    Command("quit", "q", mark("quit"), mark("leave Vigil")),
)  # fmt: skip

_NAMES = {"question_mark": "?", "slash": "/", "asterisk": "*", "enter": "⏎", "escape": "Esc", "tab": "Tab"}


def key_name(key: str) -> str:
    """A key as it is shown: "?" for "question_mark"."""
    return _NAMES.get(key, key)


def resolve(changed: Mapping[str, str], others: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The key of every command, after the settings' changes; `others` are ids and keys of moves in lists.

    Raises KeysError for an unknown id, an empty key, or a key that two commands share in one pane.
    """
    moves = dict(others)
    known = {command.id: command.key for command in COMMANDS} | moves
    for name, key in changed.items():
        if name not in known:
            raise KeysError(f"keys: {name!r} is no command; known are {', '.join(sorted(known))}")
        if not key.strip():
            raise KeysError(f"keys: {name!r} has no key")
    keys = known | {name: key.strip() for name, key in changed.items()}
    for pane in Pane:
        here = [command.id for command in COMMANDS if not command.panes or pane in command.panes] + list(moves)
        taken: dict[str, str] = {}
        for name in here:
            for key in keys[name].split(","):
                if key in taken:
                    raise KeysError(f"keys: {key_name(key)!r} means both {taken[key]!r} and {name!r}")
                taken[key] = name
    return keys


def here(pane: Pane) -> Sequence[Command]:
    """The commands that exist in a pane, its own first."""
    own = [command for command in COMMANDS if pane in command.panes and command.panes != MAIN_PANES]
    return own + [
        command for command in COMMANDS if not command.panes or (command.panes == MAIN_PANES and pane in MAIN_PANES)
    ]
