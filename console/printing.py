"""Plain text and JSON of cases, proposals and decisions, for commands, scripts and screen readers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click
import msgspec

from console.arguments import counted
from console.desk import Taken
from rules.records import JOIN_REQUEST, Evidence, Finding, Message
from store.decisions import Undone
from store.records import (
    ActionState,
    CaseCard,
    CaseMessage,
    CaseRow,
    CaseState,
    Decision,
    DecisionState,
    PastDecision,
    Proposal,
    Reach,
)
from widgets.safe import joined, safe

R = TypeVar("R")

_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
                             "\U000e0000-\U000e007f]")  # fmt: skip


def to_json(value: Any) -> str:
    """One line of JSON that no terminal can take for a command: invisible and control characters escaped."""
    return _UNSAFE_IN_JSON.sub(_escaped, msgspec.json.encode(value).decode())


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def echo_json(value: Any) -> None:
    """JSON is UTF-8, whatever the locale."""
    click.echo(to_json(value).encode())


def echo_rows(rows: Sequence[R], json_: bool, print_rows: Callable[[Sequence[R]], object], nothing: str) -> None:
    """Rows as JSON, one a line, or as text for people; where there are none, people read `nothing`."""
    if json_:
        for row in rows:
            echo_json(row)
    elif rows:
        print_rows(rows)
    else:
        click.echo(nothing)


def clock(at: float | None, *, date: bool = False) -> str:
    """A time of day in the reader's zone; dashes where the platform gave none."""
    if at is None:
        return "--:--:--"
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")


def print_cases(rows: Sequence[CaseRow]) -> None:
    for row in rows:
        reach = f"{counted(row.members, 'member')} · {counted(row.groups, 'group')}"
        where = " · ".join(filter(None, (row.who, row.where))) or reach
        click.echo(
            f"case {row.id}  {row.state}  {row.rule} {row.score:.0f}  {counted(row.messages, 'message')}"
            f" · {safe(where)}  {safe(row.sample, 100)}"
        )


def print_card(card: CaseCard) -> None:
    case = card.case
    click.echo(
        f"case {case.id}  {case.state}  {'campaign' if case.campaign else 'member'}  {case.rule} {case.score:.0f}"
        f"  {counted(case.messages, 'message')} · {counted(case.members, 'member')} · {counted(case.groups, 'group')}"
    )
    if card.rule_text:
        click.echo(f"rule shown to members: {safe(card.rule_text)}")
    if case.state is CaseState.OPEN:
        _print_reaches(card)
    else:
        click.echo(_standing_words(card))
    click.echo("messages:")
    for message in card.messages:
        click.echo(f"  {message_words(message)}")
    if card.case.messages > len(card.messages):
        click.echo(f"  … and {card.case.messages - len(card.messages)} more")
    click.echo("members:")
    for member in card.members:
        seen = f", first seen {clock(member.seen, date=True)}" if member.seen is not None else ""
        click.echo(
            f"  {safe(member.name)} ({safe(member.key)}): {member.messages} messages, {member.strikes} strikes,"
            f" {member.earlier} earlier cases{seen}"
        )
    if card.around:
        click.echo("around the first message:")
        for row in card.around:
            click.echo(f"  {clock(row.time)} {safe(row.group)} {safe(row.name)}: {safe(row.text or f'[{row.kind}]')}")
    if card.decisions:
        click.echo("decided:")
        for past in card.decisions:
            click.echo(f"  {past_words(past)}")


def _print_reaches(card: CaseCard) -> None:
    if card.step:
        click.echo(f"ladder: {card.step}")
    click.echo("decisions:")
    for reach in card.reaches:
        click.echo(f"  {reach.decision:<8} {reach_words(reach)}")
    available = [reach for reach in card.reaches if not reach.refused]
    for failure in dict.fromkeys(failure for reach in available for failure in reach.failing):
        click.echo(f"  ! {safe(failure, 600)}")
    for remark in dict.fromkeys(remark for reach in available for remark in reach.remarks):
        click.echo(f"  not done: {safe(remark)}")


def _standing_words(card: CaseCard) -> str:
    """How a case stands that is not open."""
    last, state = card.in_force, card.case.state
    if last is None or state is CaseState.MERGED:
        return "part of another case" if state is CaseState.MERGED else str(state)
    if state is CaseState.PROPOSED:
        return f"waits for approval: {last.decision} by {safe(last.by)} (proposal {last.id})"
    return f"{state}: {last.decision} by {safe(last.by)} (decision {last.id})"


def reach_words(reach: Reach) -> str:
    """What a decision would do, on one line."""
    if reach.refused:
        return f"not available: {reach.refused}"
    words = [counts_words(reach.deletes, reach.steps)]
    if reach.groups:
        words.append(f"{reach.groups} groups")
    if reach.needs_approval:
        words.append("needs approval")
    if reach.lasting:
        words.append(f"cannot be undone: {', '.join(reach.lasting)}")
    return " · ".join(words)


def counts_words(deletes: int, steps: Sequence[tuple[str, int]]) -> str:
    words = [f"delete {deletes}"] if deletes else []
    words += [f"{kind} {count}" for kind, count in steps]
    return " · ".join(words) or "nothing is carried out"


def message_words(message: CaseMessage) -> str:
    deleted = " (deleted)" if message.deleted else ""
    score = "" if message.rule == JOIN_REQUEST else f" {message.score:.0f}"
    matched = safe(message.matched, 80)
    evidence = marked(message.text, [(span.start, span.end) for span in message.spans])
    return (
        f"{clock(message.time)} {safe(message.group)} {safe(message.name)}{deleted}: {evidence}"
        f"  <- {message.rule}{score}{f': {matched}' if matched else ''}"
    )


def marked(text: str, spans: Sequence[tuple[int, int]], limit: int = 300) -> str:
    """The text made safe, with the characters of the evidence between ‹ and ›."""
    ends = sorted({edge for span in joined(span for span in spans if span[0] < span[1]) for edge in span})
    pieces, at, opened = [], 0, False
    for end in ends:
        pieces += [safe(text[at:end], limit), "›" if opened else "‹"]
        at, opened = end, not opened
    pieces.append(safe(text[at:], limit))
    whole = "".join(pieces)
    return whole if len(whole) <= limit else whole[:limit] + "…"


def print_proposals(rows: Sequence[Proposal], remarks: Mapping[int, Sequence[str]] | None = None) -> None:
    """One proposal a line; `remarks` is what the platforms do not do of each, by its id."""
    for row in rows:
        reason = f"  ({safe(row.reason, 80)})" if row.reason else ""
        counts = " · ".join(f"{kind} {count}" for kind, count in row.steps) or "nothing"
        click.echo(
            f"proposal {row.id}  case {row.case_id}  {row.decision}: {counts} in {counted(row.groups, 'group')}"
            f"  by {row.by} at {clock(row.at)}{reason}  {row.rule}: {safe(row.sample, 80)}"
        )
        for remark in (remarks or {}).get(row.id, ()):
            click.echo(f"      not done: {safe(remark)}")


def past_words(past: PastDecision) -> str:
    states = ", ".join(f"{count} {state}" for state, count in past.actions)
    words = f"decision {past.id}: {past.decision} by {past.by} at {clock(past.at)}, {past.state}"
    if past.approver:
        words += f" by {past.approver}"
    for more in (past.reason, past.answer):
        words += f" ({safe(more, 80)})" if more else ""
    words += f"; {counts_words(0, past.steps)}: {states}" if states else ""
    words += "".join(f"; not done: {safe(remark)}" for remark in past.remarks)
    words += "".join(f"; ! {safe(failure, 600)}" for failure in past.failing)
    words += "".join(f"; {f'{count} x ' if count > 1 else ''}{safe(note, 600)}" for note, count in past.notes)
    if not past.failure:
        return words
    listed = past.state is not DecisionState.UNDONE or ActionState.UNKNOWN in dict(past.actions)
    return f"{words}; {safe(past.failure, 600)}{'; see `vigil outbox list`' if listed else ''}"


def taken_words(taken: Taken) -> str:
    if taken.decision is Decision.DISMISS:
        return f"decision {taken.decision_id}: case {taken.case_id} dismissed"
    verb = "taken" if taken.approved else "proposed, waits for approval"
    counts = counts_words(taken.deletes, taken.steps)
    words = f"decision {taken.decision_id}: {taken.decision} on case {taken.case_id} {verb}: {counts}"
    return words + "".join(f"; not done: {safe(remark)}" for remark in taken.remarks)


def undone_words(undone: Undone) -> str:
    words = [f"{counted(undone.withdrawn, 'action')} withdrawn"] if undone.withdrawn else []
    words += [f"{count} {kind} queued" for kind, count in undone.inverses]
    words += [f"{count} {kind} cannot be undone" for kind, count in undone.lasting]
    words += [f"{counted(undone.strikes, 'strike')} revoked"] if undone.strikes else []
    words += [f"{counted(undone.points, 'point')} given back"] if undone.points else []
    words += map(safe, undone.by_hand)
    told = ", ".join(words) or "nothing was carried out"
    return f"decision {undone.decision_id} undone, case {undone.case_id} open again: {told}"


def finding_words(message: Message, finding: Finding) -> str:
    """One finding of a message, for a person."""
    spans: list[tuple[int, int]] = [(e.start, e.end) for e in finding.evidence if isinstance(e, Evidence)]
    more = f" and {len(finding.earlier)} earlier" if finding.earlier else ""
    return (
        f"{finding.rule} {finding.score:.0f}{more}: {marked(message.text, spans, 160)}  <- {safe(finding.matched, 100)}"
    )
