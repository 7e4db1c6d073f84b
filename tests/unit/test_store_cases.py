"""Cases: which flags belong together, and counts that are always true."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.records import Finding, Message, Mode
from store import audit, cases, decisions
from store.actions import PlannedAction
from store.database import Database, open_database
from store.errors import Conflict, NotFound
from store.records import ActionKind, CaseRow, CaseState, Decision
from tests.unit.made import NOON, finding, message, take


def one(db: Database, number: int, *found: Finding, group: str = "g", member: str = "m") -> set[int]:
    return take(db, [(message(number, f"text {number}", group, member), found)])


def decide(db: Database, case_id: int, decision: Decision = Decision.DELETE, *, approved: bool = True) -> int:
    with db.transaction():
        row = cases.get(db, case_id)
        planned = [
            PlannedAction(ActionKind.DELETE, part.group_id, part.member_id, part.message_id)
            for part in cases.parts(db, case_id, row.seen)
            if part.deletable and decision is not Decision.DISMISS
        ]
        return decisions.record(
            db, case_id, row.version, row.seen, decision, "ada", planned, approved=approved, reason="", learn=True,
            not_before=NOON, strikes_expire_at=NOON + 1, now=NOON,
        )  # fmt: skip


def opened(db: Database) -> list[CaseRow]:
    return cases.listed(db)


def held(db: Database, case_id: int) -> list[str]:
    found = db.execute(
        "SELECT DISTINCT m.key FROM flags f JOIN messages m ON m.id = f.message_id WHERE f.case_id = ? ORDER BY m.id",
        (case_id,),
    )
    return [key for (key,) in found]


def test_a_members_offences_in_a_group_are_one_case(db: Database) -> None:
    for number, rule in enumerate(["ads", "flood", "ads"]):
        one(db, number, finding(rule))
    (case,) = opened(db)
    assert (case.messages, case.members, case.groups, case.who, case.where) == (3, 1, 1, "m", "g")
    assert (case.rule, case.sample) == ("ads", "text 0")


def test_another_member_or_group_is_another_case(db: Database) -> None:
    one(db, 1, finding())
    one(db, 2, finding(), member="other")
    one(db, 3, finding(), group="other")
    assert [(case.who, case.where) for case in opened(db)] == [("m", "g"), ("other", "g"), ("m", "other")]


def test_forty_copies_by_nine_accounts_in_five_groups_are_one_case(db: Database) -> None:
    copies = [message(n, "copy", f"g{n % 5}", f"m{n % 9}") for n in range(40)]
    found: list[tuple[Message, Sequence[Finding]]] = [(copy, []) for copy in copies[:3]]
    found.append((copies[3], [finding("campaign", campaign="C", earlier=[copy.key for copy in copies[:3]])]))
    found += [(copy, [finding("campaign", campaign="C")]) for copy in copies[4:]]
    for start in range(0, 40, 7):
        take(db, found[start : start + 7])
    (case,) = opened(db)
    assert (case.campaign, case.messages, case.members, case.groups) == (True, 40, 9, 5)
    assert held(db, case.id) == [str(n) for n in range(40)]
    assert all(shown.spans for shown in cases.messages(db, case.id))


def test_earlier_cases_become_part_of_the_campaign(db: Database) -> None:
    copies = [message(n, "copy", member=f"m{n}") for n in range(3)]
    take(db, [(copy, [finding("words")]) for copy in copies[:2]])
    first, second = opened(db)
    one(db, 10, finding("words"), member="m1")
    take(db, [(copies[2], [finding("campaign", campaign="C", earlier=[copy.key for copy in copies[:2]])])])
    kept, campaign = opened(db)
    assert kept.id == second.id
    assert held(db, kept.id) == ["10"], "what is no copy stays where it was"
    assert (campaign.messages, campaign.members) == (3, 3)
    assert cases.get(db, first.id).state is CaseState.MERGED
    with pytest.raises(Conflict, match=f"case {first.id} has become part of case {campaign.id}"):
        decide(db, first.id)


def test_further_offences_of_a_copy_stay_with_the_campaign(db: Database) -> None:
    take(db, [(message(1), [finding("campaign", campaign="C"), finding("words")])])
    (case,) = opened(db)
    assert case.campaign
    assert [shown.rule for shown in cases.messages(db, case.id)] == ["campaign"]
    assert db.value("SELECT count(*) FROM flags WHERE case_id = ?", (case.id,)) == 2


def test_shadow_counts_and_opens_nothing(db: Database) -> None:
    assert one(db, 1, finding(mode=Mode.SHADOW)) == set()
    one(db, 2, finding("trial", Mode.SHADOW, "C"), finding("ads"))
    (case,) = opened(db)
    assert held(db, case.id) == ["2"]
    assert [span.rule for span in cases.messages(db, case.id)[0].spans] == ["ads"]
    assert db.value("SELECT count(*) FROM flags WHERE mode = 'shadow' AND case_id IS NULL") == 2


def test_a_rule_in_mode_auto_names_the_case_to_decide(db: Database) -> None:
    one(db, 1, finding("scam", Mode.AUTO), finding("ads"))
    (case,) = opened(db)
    assert cases.flagged_open(db, Mode.AUTO) == [(case.id, "scam")]
    decisions.undo(db, decide(db, case.id), "ada", NOON)
    assert cases.flagged_open(db, Mode.AUTO) == [], "what a person opened again is a person's to decide"


def test_what_another_rule_asks_about_no_rule_decides_alone(db: Database) -> None:
    one(db, 1, finding("scam", Mode.AUTO, "C"))
    one(db, 2, finding("campaign", Mode.ASK, "C"))
    assert cases.flagged_open(db, Mode.AUTO) == []
    one(db, 3, finding("scam", Mode.AUTO, "D"))
    assert [rule for _, rule in cases.flagged_open(db, Mode.AUTO)] == ["scam"]


@pytest.mark.parametrize("campaign", ["", "C"])
@pytest.mark.parametrize("approved", [True, False])
def test_copies_after_a_decision_open_a_new_case(db: Database, campaign: str, approved: bool) -> None:
    (before,) = one(db, 1, finding(campaign=campaign))
    decide(db, before, approved=approved)
    (after,) = one(db, 2, finding(campaign=campaign))
    assert after != before
    assert (held(db, before), held(db, after)) == (["1"], ["2"])


@pytest.mark.parametrize("campaign", ["", "C"])
def test_a_case_that_opens_again_takes_its_twin_in(db: Database, campaign: str) -> None:
    (before,) = one(db, 1, finding(campaign=campaign))
    decision = decide(db, before)
    (twin,) = one(db, 2, finding(campaign=campaign))
    one(db, 3, finding(), member="other")
    with db.transaction():
        decisions.undo(db, decision, "ada", NOON)
    assert held(db, before) == ["1", "2"]
    assert [case.id for case in opened(db) if case.messages == 2] == [before]
    assert cases.get(db, twin).state is CaseState.MERGED
    assert len(opened(db)) == 2
    (again,) = one(db, 4, finding(campaign=campaign))
    assert again == before


def test_every_case_that_opens_or_ends_in_another_is_in_the_audit_log(db: Database) -> None:
    take(db, [(message(1), [finding("words")])])
    take(db, [(message(2), [finding("campaign", campaign="C", earlier=[message(1).key])])])
    told = [(row.event, row.subject) for row in reversed(audit.rows(db))]
    assert told == [("case.open", "1"), ("case.open", "2"), ("case.merge", "1")]


def test_a_case_that_is_not_there_is_named(db: Database) -> None:
    with pytest.raises(NotFound, match="no case 9"):
        cases.get(db, 9)


def _check(db: Database) -> None:
    """What always holds."""
    split = "SELECT message_id FROM flags WHERE mode <> 'shadow' GROUP BY message_id"
    assert db.execute(f"{split} HAVING count(DISTINCT case_id) <> 1 OR count(*) <> count(case_id)").fetchall() == []
    assert db.value("SELECT count(*) FROM flags WHERE mode = 'shadow' AND case_id IS NOT NULL") == 0
    counted = db.execute(
        "SELECT c.id, count(DISTINCT m.id), count(DISTINCT m.member_id), count(DISTINCT m.group_id),"
        " coalesce(max(f.score), 0), min(m.id) FROM cases c LEFT JOIN flags f ON f.case_id = c.id"
        " LEFT JOIN messages m ON m.id = f.message_id GROUP BY c.id ORDER BY c.id"
    ).fetchall()
    noted = db.execute("SELECT id, messages, members, groups, score, first_message_id FROM cases ORDER BY id")
    assert noted.fetchall() == counted
    for case in cases.listed(db, tuple(CaseState)):
        assert (case.state is CaseState.MERGED) is (case.messages == 0)
    open_ones = db.execute("SELECT campaign, group_id, member_id FROM cases WHERE state = 'open'").fetchall()
    assert len(open_ones) == len(set(open_ones))
    assert audit.verify(db)[1] == ""


_MODES = {"words": Mode.ASK, "scam": Mode.AUTO, "trial": Mode.SHADOW, "campaign": Mode.ASK, "quiet": Mode.SHADOW}
_found = st.tuples(st.sampled_from(sorted(_MODES)), st.sampled_from("AB"), st.integers(1, 100), st.integers(0, 6))
_posted = st.tuples(
    st.sampled_from("gh"), st.sampled_from("mno"), st.lists(_found, max_size=3, unique_by=lambda f: f[0])
)
_step = st.one_of(
    st.tuples(st.just("take"), st.lists(_posted, min_size=1, max_size=5)),
    st.tuples(
        st.just("decide"), st.integers(0, 20), st.sampled_from([Decision.DISMISS, Decision.DELETE]), st.booleans()
    ),
    st.tuples(st.sampled_from(["approve", "reject", "undo"]), st.integers(0, 20)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_step, max_size=12))
def test_counts_are_true_whatever_happens(steps: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "vigil.db", create=True)
        try:
            posted: list[Message] = []
            for step in steps:
                _do(db, posted, step)
                _check(db)
        finally:
            db.close()


def _do(db: Database, posted: list[Message], step: tuple[object, ...]) -> None:
    match step:
        case ("take", list(batch)):
            found: list[tuple[Message, list[Finding]]] = []
            for group, member, rules in batch:
                posted.append(message(len(posted), group=group, member=member))
                before = posted[:-1]
                findings: list[Finding] = []
                for rule, campaign, score, reach in rules:
                    if rule in ("campaign", "quiet"):
                        earlier = [one.key for one in before[len(before) - reach :]]
                    else:
                        campaign = ""
                        earlier = [one.key for one in before[-reach:] if (one.group, one.member) == (group, member)]
                    findings.append(finding(rule, _MODES[rule], campaign, earlier, score))
                found.append((posted[-1], findings))
            take(db, found)
        case ("decide", int(place), Decision() as decision, bool(approved)):
            rows = cases.listed(db)
            if rows:
                decide(db, rows[place % len(rows)].id, decision, approved=approved or decision is Decision.DISMISS)
        case (str(answer), int(place)):
            known = [number for (number,) in db.execute("SELECT id FROM decisions ORDER BY id")]
            if known:
                _answer(db, answer, known[place % len(known)])


def _answer(db: Database, answer: str, decision_id: int) -> None:
    with contextlib.suppress(Conflict), db.transaction():
        if answer == "approve":
            decisions.approve(db, decision_id, "ben", NOON, 1.0, NOON)
        elif answer == "reject":
            decisions.reject(db, decision_id, "ben", "no", NOON)
        else:
            decisions.undo(db, decision_id, "ben", NOON)
