"""Join requests: each a case of its own, until there is nothing left to answer."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from console.listening import Heard
from rules.records import JOIN_REQUEST, Finding, Message, MessageKey, Mode
from store import decisions, requests
from store.database import Database
from store.records import AUTOMATIC, Decision
from widgets.language import mark

_INVITES = "invites"
"""The key in a request's `extra` that says whom it invites: Vigil's own account into another group."""


def as_finding(message: Message) -> tuple[Finding, ...]:
    """What makes a case of a join request, whatever rules find in its text; nothing for another message, nor for one of
    which nobody knows whose it is. It scores 0, so that whatever a rule found is what is shown of it."""
    if message.kind != "knock" or not message.member:
        return ()
    return (Finding(JOIN_REQUEST, "knock", Mode.ASK, 0.0, (), _what(message)),)


def _what(message: Message) -> str:
    if not message.extra:
        return ""
    try:
        invites = _INVITES in msgspec.json.decode(message.extra, type=dict[str, object])
    except msgspec.MsgspecError:
        invites = False
    return mark("invites Vigil's own account into this group") if invites else ""


def close_settled(db: Database, heard: Sequence[Heard], gone: Sequence[MessageKey], now: float) -> None:
    """Close the cases that held nothing but requests of members who have come in meanwhile, who have taken their
    request back, or whom somebody has answered elsewhere. An answer that waits for an admin is turned down first: there
    is nothing left to approve. Call it in the transaction that stored what was heard, once what is gone is marked."""
    joined = [
        (one.stored.group_id, one.stored.member_id)
        for one in heard
        if one.message.kind == "join" and one.stored.member_id is not None
    ]
    for proposal in requests.settled_proposals(db, joined, gone):
        decisions.reject(db, proposal.decision_id, AUTOMATIC, _why(proposal.joined), now)
    # What such an answer was proposed for is open again now.
    for case in requests.settled(db, joined, gone):
        decisions.record(
            db, case.id, case.version, case.seen, Decision.DISMISS, AUTOMATIC, (), approved=True,
            reason=_why(case.joined), learn=False, not_before=now, strikes_expire_at=now, now=now,
        )  # fmt: skip


def _why(joined: bool) -> str:
    return mark("has joined meanwhile") if joined else mark("the request was taken back, or answered elsewhere")
