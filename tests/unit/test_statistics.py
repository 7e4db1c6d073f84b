"""What people decided counts for and against each rule; what nobody stands behind counts for nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.desk import Desk
from console.settings import Settings
from rules.records import Mode
from store import staff, statistics
from store.database import Database
from store.records import ANSWERS, Decision, Role
from store.statistics import Decided
from tests.unit.made import NOON, finding, message, take


@pytest.fixture
def admin(db: Database, settings: Settings) -> Desk:
    for name, role in (("olga", Role.OWNER), ("ada", Role.ADMIN), ("mo", Role.MODERATOR)):
        staff.add(db, name, role, "olga", NOON)
    return Desk(db, settings, "ada", clock=lambda: NOON)


def case(db: Database, number: int, *rules: str, mode: Mode = Mode.ASK) -> int:
    """One more case, of a member of its own, flagged by these rules."""
    found = [finding(rule, mode) for rule in rules or ("ads",)]
    (case_id,) = take(db, [(message(number, member=f"m{number}"), found)])
    return case_id


def counted(db: Database, rule: str = "ads", since: float = 0.0) -> tuple[int, int]:
    """Confirmed and dismissed cases of a rule."""
    found = statistics.by_rule(db, since).get(rule, Decided())
    return found.confirmed, found.dismissed


def test_a_dismissal_speaks_against_a_rule_and_every_other_decision_for_it(db: Database, admin: Desk) -> None:
    on_offences = [decision for decision in Decision if decision not in ANSWERS]
    for number, decision in enumerate(on_offences):
        admin.decide(case(db, number), decision)
    assert counted(db) == (len(on_offences) - 1, 1)


def test_a_proposal_counts_once_it_is_approved(db: Database, admin: Desk, settings: Settings) -> None:
    moderator = Desk(db, settings, "mo", clock=lambda: NOON)
    first, second = (moderator.decide(case(db, number), Decision.WARN).decision_id for number in (1, 2))
    assert counted(db) == (0, 0)
    admin.approve(first)
    admin.reject(second, "no")
    assert counted(db) == (1, 0)


def test_what_was_undone_counts_for_nothing_until_it_is_decided_again(db: Database, admin: Desk) -> None:
    number = case(db, 1)
    admin.undo(admin.decide(number, Decision.WARN).decision_id)
    assert counted(db) == (0, 0)
    admin.decide(number, Decision.DISMISS)
    assert counted(db) == (0, 1)


def test_what_a_rule_did_by_itself_is_no_evidence_unless_a_person_takes_it_back(
    db: Database, admin: Desk, settings: Settings
) -> None:
    automatic = Desk.automatic(db, settings, clock=lambda: NOON)
    taken = [automatic.decide(case(db, number, mode=Mode.AUTO), Decision.LADDER) for number in range(3)]
    assert counted(db) == (0, 0)
    admin.undo(taken[0].decision_id)
    assert counted(db) == (0, 1)
    admin.decide(taken[0].case_id, Decision.WARN)
    assert counted(db) == (1, 0), "on second thoughts the rule was right"


def test_a_case_counts_once_however_many_messages_it_has(db: Database, admin: Desk) -> None:
    (number,) = take(db, [(message(n, member=f"m{n}"), [finding(campaign="C")]) for n in range(40)])
    admin.decide(number, Decision.WARN)
    assert counted(db) == (1, 0)
    assert statistics.hits(db, 0.0) == {"ads": 40}


def test_a_rule_that_only_counts_is_measured_by_what_people_decided_of_the_same_messages(
    db: Database, admin: Desk
) -> None:
    (number,) = take(db, [(message(1), [finding("ads"), finding("trial", Mode.SHADOW)])])
    take(db, [(message(2, member="n"), [finding("trial", Mode.SHADOW)])])
    admin.decide(number, Decision.DISMISS)
    assert counted(db, "trial") == (0, 1)
    assert statistics.hits(db, 0.0) == {"ads": 1, "trial": 2}


def test_only_what_was_decided_since_then_counts(db: Database, admin: Desk, settings: Settings) -> None:
    admin.decide(case(db, 1), Decision.WARN)
    later = Desk(db, settings, "ada", clock=lambda: NOON + 100)
    later.decide(case(db, 2), Decision.DISMISS)
    assert counted(db, since=NOON + 50) == (0, 1)
    assert statistics.hits(db, NOON + 50) == {}


def test_messages_are_known_by_what_became_of_their_case(db: Database, admin: Desk) -> None:
    admin.decide(case(db, 1), Decision.WARN)
    case(db, 2)
    admin.decide(case(db, 3), Decision.DISMISS)
    verdicts = statistics.verdicts(db)
    assert statistics.decided_messages(db, 1, 3, verdicts) == {1: True, 3: False}
    assert statistics.decided_messages(db, 2, 2, verdicts) == {}


@pytest.mark.parametrize(
    ("confirmed", "dismissed", "lower"),
    [(9, 1, 0.5958), (48, 2, 0.8654), (50, 0, 0.9287), (1, 0, 0.2065), (0, 10, 0.0), (980, 20, 0.9693)],
)
def test_the_lower_end_of_the_interval_is_wilsons(confirmed: int, dismissed: int, lower: float) -> None:
    assert Decided(confirmed, dismissed).lower == pytest.approx(lower, abs=5e-5)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_interval_begins_below_the_share(confirmed: int, dismissed: int) -> None:
    found = Decided(confirmed, dismissed)
    if found.precision is None or found.lower is None:
        assert (confirmed, dismissed, found.precision, found.lower) == (0, 0, None, None)
    else:
        assert 0.0 <= found.lower <= found.precision
        doubled = Decided(2 * confirmed, 2 * dismissed).lower
        assert doubled is not None
        assert doubled >= found.lower, "more of the same is surer"
