"""What a decision does: harm goes first, each member gets one step, nothing is done twice."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.planning import Plan, plan, step_for
from rules.rulebook import parse
from store.cases import CasePart
from store.records import ANSWERS, ActionKind, Decision

RULEBOOK = parse("""
version = 1
[ladder]
steps = ["warn", "mute 10m", "remove"]
[rules.ads]
kind = "words"
words = ["whatever"]
text = { zh = "不要发广告", en = "No ads." }
[rules.talk]
kind = "words"
words = ["whatever"]
text = "Not here."
delete = false
[rules.scam]
kind = "words"
words = ["whatever"]
ladder = ["delete", "mute 2h", "ban"]
""")
ALL = [decision for decision in Decision if decision not in (Decision.DISMISS, *ANSWERS)]


def part(number: int, group: int = 1, member: int | None = 1, rule: str = "ads", deletable: bool = True) -> CasePart:
    return CasePart(number, group, member, rule, deletable)


def planned(decision: Decision, *parts: CasePart, strikes: dict[int, int] | None = None) -> Plan:
    return plan(parts, decision, strikes or {}, RULEBOOK, "zh", 300)


def on_members(found: Plan) -> list[tuple[str, int | None, int]]:
    return [(a.kind.value, a.member_id, a.group_id) for a in found.actions if a.kind is not ActionKind.DELETE]


def deleted(found: Plan) -> list[int | None]:
    return [a.message_id for a in found.actions if a.kind is ActionKind.DELETE]


def test_a_dismissal_does_nothing() -> None:
    found = planned(Decision.DISMISS, part(1))
    assert (found.actions, found.needs(Decision.DISMISS)) == ((), (Decision.DISMISS,))


def test_a_deletion_reaches_no_member() -> None:
    found = planned(Decision.DELETE, part(1), part(2, group=2), part(3, rule="talk"))
    assert deleted(found) == [1, 2, 3], "what a moderator says to delete goes, whatever its rule says"
    assert on_members(found) == []
    assert (found.deletes(), found.groups(), found.steps()) == (3, 2, ())


@pytest.mark.parametrize("decision", ALL)
def test_deletions_come_first(decision: Decision) -> None:
    found = planned(decision, part(1), part(2, member=2), part(3, group=2), part(4, group=2, member=None))
    kinds = [action.kind is ActionKind.DELETE for action in found.actions]
    assert kinds == sorted(kinds, reverse=True)
    assert deleted(found) == [1, 2, 3, 4]


def test_a_member_is_warned_once_where_they_spoke_last() -> None:
    found = planned(Decision.WARN, part(1), part(2, group=2), part(3, group=1, member=2), part(4, group=3))
    assert sorted(on_members(found)) == [("warn", 1, 3), ("warn", 2, 1)]
    assert {a.text for a in found.actions if a.kind is ActionKind.WARN} == {"不要发广告"}
    assert (found.steps(), found.groups()) == ((("warn", 2),), 3)


@pytest.mark.parametrize("decision", [Decision.MUTE, Decision.REMOVE, Decision.BAN])
def test_anything_stronger_holds_in_every_group_they_offended_in(decision: Decision) -> None:
    found = planned(decision, part(1), part(2, group=2), part(3, group=2), part(4, group=2, member=2))
    assert sorted(on_members(found)) == [(decision, 1, 1), (decision, 1, 2), (decision, 2, 2)]
    assert found.steps() == ((decision.value, 2),)


def test_messages_stay_where_their_rule_says_so() -> None:
    found = planned(Decision.WARN, part(1), part(2, rule="talk"))
    assert deleted(found) == [1]
    assert [a.text for a in found.actions if a.kind is ActionKind.WARN] == ["Not here."]


def test_messages_of_a_rule_that_is_gone_are_deleted() -> None:
    assert deleted(planned(Decision.WARN, part(1, rule="forgotten"))) == [1]


def test_what_is_deleted_is_not_deleted_again() -> None:
    found = planned(Decision.BAN, part(1, deletable=False), part(2))
    assert deleted(found) == [2]
    assert planned(Decision.DELETE, part(1, deletable=False)).actions == ()


def test_a_message_of_nobody_is_only_deleted() -> None:
    found = planned(Decision.BAN, part(1, member=None))
    assert (deleted(found), on_members(found)) == ([1], [])


def test_the_ladder_gives_each_member_their_own_next_step() -> None:
    parts = [part(number, member=number) for number in range(1, 5)]
    found = planned(Decision.LADDER, *parts, strikes={1: 0, 2: 1, 3: 2, 4: 9})
    assert [kind for kind, _, _ in on_members(found)] == ["warn", "mute", "remove", "remove"]
    assert found.steps() == (("warn", 1), ("mute", 1), ("remove", 2))
    assert set(found.needs(Decision.LADDER)) == {Decision.DELETE, Decision.WARN, Decision.MUTE, Decision.REMOVE}
    assert found.lasting() == ("delete", "warn", "remove")


def test_a_rules_own_ladder_comes_before_the_general_one() -> None:
    first = planned(Decision.LADDER, part(1, rule="scam"))
    assert (deleted(first), on_members(first)) == ([1], [])
    second = planned(Decision.LADDER, part(1, rule="scam"), strikes={1: 1})
    assert [(a.kind, a.seconds) for a in second.actions[1:]] == [(ActionKind.MUTE, 7_200)]
    assert str(step_for(RULEBOOK, part(1, rule="scam"), 5)) == "ban"


@pytest.mark.parametrize(("rule", "seconds"), [("ads", 600), ("scam", 7_200), ("forgotten", 600)])
def test_a_mute_lasts_as_long_as_the_ladder_says(rule: str, seconds: int) -> None:
    (mute,) = [a for a in planned(Decision.MUTE, part(1, rule=rule)).actions if a.kind is ActionKind.MUTE]
    assert mute.seconds == seconds


def test_a_mute_that_the_ladder_does_not_know_lasts_as_the_settings_say() -> None:
    rulebook = parse('version = 1\n[ladder]\nsteps = ["warn", "ban"]')
    (mute,) = [a for a in plan([part(1)], Decision.MUTE, {}, rulebook, "zh", 300).actions if a.seconds]
    assert mute.seconds == 300


@pytest.mark.parametrize(("language", "text"), [("zh", "不要发广告"), ("en", "No ads."), ("fr", "不要发广告")])
def test_members_are_told_in_their_language(language: str, text: str) -> None:
    (warning,) = [a for a in plan([part(1)], Decision.WARN, {}, RULEBOOK, language, 300).actions if a.text]
    assert warning.text == text


_parts = st.lists(
    st.builds(
        CasePart,
        message_id=st.integers(1, 1_000),
        group_id=st.integers(1, 3),
        member_id=st.none() | st.integers(1, 4),
        rule=st.sampled_from(["ads", "talk", "scam", "forgotten"]),
        deletable=st.booleans(),
    ),
    unique_by=lambda part: part.message_id,
    max_size=12,
)


@given(_parts, st.sampled_from(Decision), st.dictionaries(st.integers(1, 4), st.integers(0, 5)))
def test_no_action_is_planned_twice_and_the_counts_are_of_the_actions(
    parts: list[CasePart], decision: Decision, strikes: dict[int, int]
) -> None:
    found = planned(decision, *parts, strikes=strikes)
    done = Counter((a.kind, a.message_id or (a.member_id, a.group_id)) for a in found.actions)
    assert set(done.values()) <= {1}
    assert set(deleted(found)) <= {one.message_id for one in parts if one.deletable}
    on = {(member, group) for _, member, group in on_members(found)}
    assert on <= {(one.member_id, one.group_id) for one in parts if one.member_id is not None}
    kinds_by_member = {(member, kind) for kind, member, _ in on_members(found)}
    assert len({member for member, _ in kinds_by_member}) == len(kinds_by_member), "one step a member"
    assert sum(count for _, count in found.steps()) == len(kinds_by_member)
    assert found.deletes() == len(deleted(found))
    assert found.groups() == len({a.group_id for a in found.actions})
