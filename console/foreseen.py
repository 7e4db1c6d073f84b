"""What each decision on a case would do, and what is to be said of it before its key is pressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from console.decision_words import without_effect
from console.failing import failed_lately, failing
from console.limiting import limited, refusal, remarks
from console.planning import Plan, plan
from rules.rulebook import Rulebook
from store import cases, members
from store.cases import CasePart
from store.records import ANSWERS, CaseRow, CaseState, Decision, DecisionState, PastDecision, Proposal, Reach
from widgets.language import say

if TYPE_CHECKING:
    from console.desk import Desk


def planned(
    desk: Desk, rulebook: Rulebook, parts: Sequence[CasePart], decision: Decision, strikes: Mapping[int, int]
) -> tuple[Plan, Plan]:
    """What a decision would do, and what of that the platforms do when it is sent as soon as it can be."""
    settings = desk.settings
    whole = plan(parts, decision, strikes, rulebook, settings.members_language, settings.mute_seconds, desk.can)
    return whole, limited(whole, parts, settings.limits, desk.now() + settings.undo_seconds)


def pointless(desk: Desk, decision: Decision, whole: Plan, feasible: Plan, parts: Sequence[CasePart]) -> str:
    """Why a decision would come to nothing, or ""."""
    return without_effect(decision, whole, parts) or refusal(decision, feasible, desk.settings.limits)


def reaches(
    desk: Desk, case: CaseRow, rulebook: Rulebook, parts: Sequence[CasePart], strikes: Mapping[int, int]
) -> list[Reach]:
    """What each decision would do on a case, in the order of the card."""
    found = []
    asked = any(part.request for part in parts)
    limits, now, open_ = desk.settings.limits, desk.now(), case.state is CaseState.OPEN
    failed = failed_lately(desk.db, parts, now) if open_ else []
    for decision in (*(ANSWERS if asked else ()), *(one for one in Decision if one not in ANSWERS)):
        whole, feasible = planned(desk, rulebook, parts, decision, strikes)
        refused = desk.refusal()
        if not open_:
            refused = refused or say("this case is not open any more")
        else:
            refused = refused or pointless(desk, decision, whole, feasible, parts)
        found.append(
            Reach(
                decision, feasible.deletes(), feasible.steps(), feasible.groups(), feasible.lasting(), refused,
                desk.needs_approval(decision, feasible), remarks(feasible, limits),
                () if refused else failing(feasible, failed, now),
            )
        )  # fmt: skip
    return found


def waiting(
    desk: Desk, past: PastDecision, case: CaseRow, rulebook: Rulebook, strikes: Mapping[int, int]
) -> PastDecision:
    """A decision with what the platforms do not do of it, as long as somebody has to approve it."""
    if past.state is not DecisionState.PROPOSED:
        return past
    now = desk.now()
    parts = cases.parts(desk.db, case.id, case.seen, past.id)
    feasible = planned(desk, rulebook, parts, past.decision, strikes)[1]
    return replace(
        past,
        remarks=remarks(feasible, desk.settings.limits),
        lasting=feasible.lasting(),
        failing=failing(feasible, failed_lately(desk.db, parts, now), now),
    )


def proposal_remarks(desk: Desk, proposal: Proposal) -> tuple[str, ...]:
    """What the platforms do not do of a decision that waits for approval. Raises NotFound."""
    with desk.db.snapshot():
        case = cases.get(desk.db, proposal.case_id)
        parts = cases.parts(desk.db, case.id, case.seen, proposal.id)
        strikes = members.strikes(desk.db, case.id, desk.now())
        feasible = planned(desk, desk.rulebook(), parts, proposal.decision, strikes)[1]
    return remarks(feasible, desk.settings.limits)
