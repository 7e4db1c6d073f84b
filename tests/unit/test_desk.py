"""The desk: who may decide, approve and undo what, and what they are told when they may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.desk import Desk, NotAllowed, Taken
from console.settings import Settings
from store import actions, audit, cases, decisions, lease, staff
from store.database import Database
from store.decisions import Undone
from store.errors import Conflict, NotFound
from store.records import ANSWERS, ActionKind, ActionState, CaseState, Decision, DecisionState, Role
from tests.unit.made import NOON, Clock, finding, message, take

RULEBOOK = """
version = 1
[ladder]
steps = ["warn", "mute 10m", "remove"]
strikes_expire = "30d"
[rules.ads]
kind = "words"
mode = "ask"
words = ["whatever"]
text = "No ads."
"""
DAY = 86_400.0


@pytest.fixture
def ruled(settings: Settings) -> Settings:
    settings.rulebook.write_text(RULEBOOK, "utf-8")
    return settings


@pytest.fixture
def sit(db: Database, ruled: Settings, clock: Clock) -> Callable[[str], Desk]:
    """Gives a desk to one of the staff: olga the owner, ada and ben admins, mo and mia moderators, vic a viewer."""
    people = {"olga": "owner", "ada": "admin", "ben": "admin", "mo": "moderator", "mia": "moderator", "vic": "viewer"}
    for name, role in people.items():
        staff.add(db, name, Role(role), "olga", NOON)
    return lambda name: Desk(db, ruled, name, clock=clock)


def offence(db: Database, number: int, member: str = "m", now: float = NOON) -> int:
    """One more flagged message of a member; returns its case."""
    (case_id,) = take(db, [(message(number, f"ad {number}", member=member, time=now), [finding()])], now)
    return case_id


def carry_out(db: Database, now: float) -> list[ActionKind]:
    """Do what a worker does with what is due, on a platform that can do everything."""
    generation = lease.take(db, "serve", now)
    done: list[ActionKind] = []
    while orders := actions.claim(db, generation, now, 10, "replay", "g"):
        for order in orders:
            actions.finish(db, order, generation, ActionState.DONE, "", now)
            done.append(order.kind)
    lease.release(db, generation, now)
    return done


def refused(desk: Desk, case_id: int, decision: Decision) -> str:
    """Why a decision is not available on a case, or ""."""
    return next(reach.refused for reach in desk.card(case_id).reaches if reach.decision is decision)


def states(db: Database, decision_id: int) -> dict[str, str]:
    found = db.execute("SELECT kind, state FROM actions WHERE decision_id = ? ORDER BY id", (decision_id,))
    return dict(found.fetchall())


@pytest.mark.parametrize("decision", list(Decision))
def test_a_viewer_decides_nothing(db: Database, sit: Callable[[str], Desk], decision: Decision) -> None:
    case_id = offence(db, 1)
    with pytest.raises(NotAllowed, match="viewer"):
        sit("vic").decide(case_id, decision)
    assert all(reach.refused for reach in sit("vic").card(case_id).reaches)
    assert cases.get(db, case_id).state is CaseState.OPEN


@pytest.mark.parametrize("decision", [d for d in Decision if d not in (Decision.DISMISS, *ANSWERS)])
@pytest.mark.parametrize("name", ["mo", "ada", "olga"])
def test_a_moderator_proposes_and_an_admin_acts(
    db: Database, sit: Callable[[str], Desk], name: str, decision: Decision
) -> None:
    case_id = offence(db, 1)
    foreseen = {reach.decision: reach for reach in sit(name).card(case_id).reaches}[decision]
    taken = sit(name).decide(case_id, decision)
    assert taken.approved is (name != "mo")
    assert foreseen.needs_approval is (name == "mo")
    assert (foreseen.deletes, foreseen.steps, foreseen.groups) == (taken.deletes, taken.steps, taken.groups)
    assert cases.get(db, case_id).state is (CaseState.PROPOSED if name == "mo" else CaseState.DECIDED)
    assert set(states(db, taken.decision_id).values()) == {"proposed" if name == "mo" else "waiting"}
    assert bool(carry_out(db, NOON + 60)) is (name != "mo")


def test_a_moderator_dismisses_alone(db: Database, sit: Callable[[str], Desk]) -> None:
    taken = sit("mo").decide(offence(db, 1), Decision.DISMISS)
    assert taken.approved
    assert cases.get(db, taken.case_id).state is CaseState.DISMISSED
    assert states(db, taken.decision_id) == {}


def test_the_settings_say_what_a_moderator_does_alone(
    db: Database, sit: Callable[[str], Desk], ruled: Settings, clock: Clock
) -> None:
    sit("mo")
    given = {**ruled.access, Decision.WARN: Role.MODERATOR}
    strict = Desk(db, replace(ruled, access=given), "mo", clock=clock)
    assert not strict.decide(offence(db, 9, "z"), Decision.WARN).approved, "a warning deletes as well"
    given[Decision.DELETE] = Role.MODERATOR
    desk = Desk(db, replace(ruled, access=given), "mo", clock=clock)
    assert desk.decide(offence(db, 1, "a"), Decision.WARN).approved
    assert desk.decide(offence(db, 2, "b"), Decision.LADDER).approved
    assert not desk.decide(offence(db, 3, "b"), Decision.LADDER).approved, "the second step is to mute"
    assert not desk.decide(offence(db, 4, "d"), Decision.MUTE).approved


def test_an_approved_proposal_is_carried_out_once(db: Database, sit: Callable[[str], Desk]) -> None:
    taken = sit("mo").decide(offence(db, 1), Decision.WARN, reason="  an ad ")
    (proposal,) = decisions.proposals(db)
    assert (proposal.by, proposal.reason, proposal.steps) == ("mo", "an ad", (("delete", 1), ("warn", 1)))
    assert sit("ada").approve(taken.decision_id) == taken.case_id
    assert decisions.proposals(db) == []
    assert carry_out(db, NOON + 4.9) == [], "it waits for the undo time"
    assert carry_out(db, NOON + 5) == [ActionKind.DELETE, ActionKind.WARN]
    assert carry_out(db, NOON + 60) == []


def test_a_rejected_proposal_opens_the_case_again(db: Database, sit: Callable[[str], Desk]) -> None:
    taken = sit("mo").decide(offence(db, 1), Decision.BAN)
    sit("ada").reject(taken.decision_id, "that was a quotation")
    assert cases.get(db, taken.case_id).state is CaseState.OPEN
    assert carry_out(db, NOON + 60) == []
    (past,) = sit("mo").card(taken.case_id).decisions
    assert (past.state, past.approver, past.answer) == (DecisionState.REJECTED, "ada", "that was a quotation")
    assert sit("mia").decide(taken.case_id, Decision.DELETE).deletes == 1


@pytest.mark.parametrize("name", ["vic", "mo", "mia"])
def test_only_an_admin_answers_proposals(db: Database, sit: Callable[[str], Desk], name: str) -> None:
    taken = sit("mo").decide(offence(db, 1), Decision.WARN)
    for answer in (sit(name).approve, lambda number: sit(name).reject(number, "no")):
        with pytest.raises(NotAllowed, match="admin"):
            answer(taken.decision_id)
    assert len(decisions.proposals(db)) == 1


def test_nobody_approves_their_own_proposal(db: Database, sit: Callable[[str], Desk]) -> None:
    taken = sit("mo").decide(offence(db, 1), Decision.WARN)
    sit("olga").add_staff("mo", Role.ADMIN)
    with pytest.raises(NotAllowed, match="own proposal"):
        sit("mo").approve(taken.decision_id)
    sit("ada").approve(taken.decision_id)


def test_a_single_staff_member_needs_no_second_person(db: Database, ruled: Settings, clock: Clock) -> None:
    staff.add(db, "olga", Role.OWNER, "olga", NOON)
    strict = replace(ruled, access=dict.fromkeys(ruled.access, Role.OWNER))
    staff.add(db, "mo", Role.MODERATOR, "olga", NOON)
    taken = Desk(db, strict, "mo", clock=clock).decide(offence(db, 1), Decision.WARN)
    staff.add(db, "mo", Role.OWNER, "olga", NOON)
    with pytest.raises(NotAllowed, match="own proposal"):
        Desk(db, strict, "mo", clock=clock).approve(taken.decision_id)
    staff.remove(db, "olga", "mo", NOON)
    Desk(db, strict, "mo", clock=clock).approve(taken.decision_id)
    assert cases.get(db, taken.case_id).state is CaseState.DECIDED


def test_who_comes_second_is_told_who_did_what(db: Database, sit: Callable[[str], Desk]) -> None:
    proposed, decided = offence(db, 1, "a"), offence(db, 2, "b")
    first = sit("mo").decide(proposed, Decision.WARN)
    sit("ada").decide(decided, Decision.BAN)
    with pytest.raises(Conflict, match=r"mo .*proposed.* warn"):
        sit("mia").decide(proposed, Decision.BAN)
    with pytest.raises(Conflict, match=r"ada .*ban"):
        sit("mo").decide(decided, Decision.DISMISS)
    sit("ada").approve(first.decision_id)
    with pytest.raises(Conflict, match=r"ada .*approved"):
        sit("ben").reject(first.decision_id, "no")
    sit("ada").undo(first.decision_id)
    with pytest.raises(Conflict, match=r"ada .*back"):
        sit("ben").undo(first.decision_id)


def test_a_decision_on_what_a_case_was_before_is_refused(db: Database, sit: Callable[[str], Desk]) -> None:
    case_id = offence(db, 1)
    seen = sit("ada").card(case_id).case.version
    sit("mo").decide(case_id, Decision.DISMISS)
    sit("mo").undo()
    with pytest.raises(Conflict, match="changed since"):
        sit("ada").decide(case_id, Decision.BAN, version=seen)
    assert sit("ada").decide(case_id, Decision.BAN, version=cases.get(db, case_id).version).approved


def test_what_is_not_there_is_named(db: Database, sit: Callable[[str], Desk], ruled: Settings) -> None:
    ada = sit("ada")
    for ask in (
        lambda: ada.card(77),
        lambda: ada.decide(77, Decision.BAN),
        lambda: ada.approve(77),
        lambda: ada.reject(77, ""),
        lambda: ada.undo(77),
    ):
        with pytest.raises(NotFound, match="77"):
            ask()
    with pytest.raises(NotFound, match=r"nobody-known.*ada"):
        Desk(db, ruled, "nobody-known")


def test_who_lost_their_access_can_do_nothing_more(db: Database, sit: Callable[[str], Desk]) -> None:
    mo, case_id = sit("mo"), offence(db, 1)
    sit("olga").remove_staff("mo")
    with pytest.raises(NotFound, match="mo"):
        mo.decide(case_id, Decision.DISMISS)
    with pytest.raises(NotAllowed, match="owner"):
        sit("ada").add_staff("mo", Role.ADMIN)


def test_the_ladder_goes_up_with_every_strike_and_down_as_they_expire(
    db: Database, sit: Callable[[str], Desk], clock: Clock
) -> None:
    steps = []
    for number in range(4):
        case_id = offence(db, number, now=clock.now)
        card = sit("ada").card(case_id)
        assert card.members[0].strikes == number
        taken = sit("ada").decide(case_id, Decision.LADDER)
        steps.append((card.step, *(kind for kind, _ in taken.steps)))
        clock.now += DAY
    assert steps == [("warn", "warn"), ("mute 10m", "mute"), ("remove", "remove"), ("remove", "remove")]
    clock.now = NOON + 31 * DAY + 1
    assert sit("ada").card(offence(db, 10, now=clock.now)).step == "remove", "two strikes are left"
    clock.now = NOON + 40 * DAY
    assert sit("ada").card(offence(db, 11, now=clock.now)).step == "warn"


def test_a_strike_counts_from_the_yes_on_and_no_longer_after_an_undo(db: Database, sit: Callable[[str], Desk]) -> None:
    taken = sit("mo").decide(offence(db, 1), Decision.LADDER)
    assert sit("mo").card(offence(db, 2)).step == "warn", "a proposal is no strike"
    sit("ada").approve(taken.decision_id)
    assert sit("mo").card(offence(db, 3)).step == "mute 10m"
    assert sit("ada").undo(taken.decision_id).strikes == 1
    assert sit("mo").card(offence(db, 4)).step == "warn"


def test_a_deletion_alone_is_no_strike(db: Database, sit: Callable[[str], Desk]) -> None:
    sit("ada").decide(offence(db, 1), Decision.DELETE)
    assert sit("ada").card(offence(db, 2)).step == "warn"


def test_undo_in_time_takes_everything_back(db: Database, sit: Callable[[str], Desk]) -> None:
    taken = sit("ada").decide(offence(db, 1), Decision.BAN)
    assert sit("ada").undo() == Undone(taken.decision_id, taken.case_id, 2, (), (), 1)
    assert carry_out(db, NOON + 60) == []
    assert set(states(db, taken.decision_id).values()) == {"withdrawn"}
    assert cases.get(db, taken.case_id).state is CaseState.OPEN
    with pytest.raises(Conflict, match="nothing"):
        sit("ada").undo()
    assert sit("ada").decide(taken.case_id, Decision.DELETE).deletes == 1, "the message can be deleted after all"


@pytest.mark.parametrize(
    ("decision", "inverse", "lasting"),
    [
        (Decision.MUTE, ActionKind.UNMUTE, {ActionKind.DELETE: 1}),
        (Decision.BAN, ActionKind.UNBAN, {ActionKind.DELETE: 1}),
        (Decision.REMOVE, None, {ActionKind.DELETE: 1, ActionKind.REMOVE: 1}),
        (Decision.WARN, None, {ActionKind.DELETE: 1, ActionKind.WARN: 1}),
    ],
)
def test_undo_afterwards_queues_the_inverse_and_says_what_stays(
    db: Database,
    sit: Callable[[str], Desk],
    decision: Decision,
    inverse: ActionKind | None,
    lasting: dict[ActionKind, int],
) -> None:
    taken = sit("ada").decide(offence(db, 1), decision)
    assert set(sit("ada").card(taken.case_id).reaches[0].lasting) == set()
    foreseen = {reach.decision: reach.lasting for reach in sit("ada").card(taken.case_id).reaches}
    carry_out(db, NOON + 60)
    undone = sit("ada").undo()
    assert (undone.withdrawn, dict(undone.inverses)) == (0, {inverse: 1} if inverse else {})
    assert dict(undone.lasting) == lasting
    assert set(foreseen[decision]) - {"delete"} == set(lasting) - {"delete"}
    assert carry_out(db, NOON + 60) == ([inverse] if inverse else [])
    assert carry_out(db, NOON + 60) == []
    assert refused(sit("ada"), taken.case_id, Decision.DELETE) == "nothing is left to delete"
    with pytest.raises(NotAllowed, match="nothing is left to delete"):
        sit("ada").decide(taken.case_id, Decision.DELETE)
    assert refused(sit("ada"), taken.case_id, Decision.WARN) == ""


def test_undo_waits_for_what_is_being_sent(db: Database, sit: Callable[[str], Desk]) -> None:
    sit("ada").decide(offence(db, 1), Decision.BAN)
    generation = lease.take(db, "serve", NOON + 60)
    order = actions.claim(db, generation, NOON + 60, 1, "replay", "g")[0]
    with pytest.raises(Conflict, match="being carried out"):
        sit("ada").undo()
    actions.finish(db, order, generation, ActionState.DONE, "", NOON + 60)
    assert sit("ada").undo().withdrawn == 1


def test_everybody_undoes_their_own_and_admins_all(db: Database, sit: Callable[[str], Desk]) -> None:
    proposed = sit("mo").decide(offence(db, 1, "a"), Decision.WARN)
    for name in ("mia", "vic"):
        with pytest.raises(NotAllowed):
            sit(name).undo(proposed.decision_id)
    assert sit("mo").undo().decision_id == proposed.decision_id
    approved = sit("mo").decide(offence(db, 2, "b"), Decision.WARN)
    sit("ada").approve(approved.decision_id)
    with pytest.raises(NotAllowed, match="ada"):
        sit("mo").undo(approved.decision_id)
    assert sit("ben").undo(approved.decision_id).withdrawn == 2


def test_undo_without_a_number_takes_the_latest_that_is_ones_own(
    db: Database, sit: Callable[[str], Desk], clock: Clock
) -> None:
    proposals: list[Taken] = []
    for number in range(2):
        clock.now += 1
        proposals.append(sit("mo").decide(offence(db, number, f"m{number}"), Decision.WARN))
    clock.now += 1
    sit("ada").approve(proposals[0].decision_id)
    # The first is ada's now, though it was answered later than the second was proposed.
    assert sit("mo").undo().decision_id == proposals[1].decision_id
    assert sit("ada").undo().decision_id == proposals[0].decision_id


def test_every_change_stands_in_the_audit_log(db: Database, sit: Callable[[str], Desk]) -> None:
    taken = sit("mo").decide(offence(db, 1), Decision.WARN)
    sit("ada").approve(taken.decision_id)
    sit("ada").undo()
    told = [(row.staff, row.event) for row in reversed(audit.rows(db, 3))]
    assert told == [("mo", "case.decide"), ("ada", "decision.approved"), ("ada", "decision.undo")]
    assert audit.verify(db)[1] == ""
