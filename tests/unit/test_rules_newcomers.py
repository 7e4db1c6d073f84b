"""Who is new: stricter thresholds for a member's first messages, and bursts of newcomers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rules.burst
from rules.engine import Engine
from rules.records import Message
from rules.rulebook import RulebookError, parse
from rules.standing import Membership

TEMPLATE = "周末自习室招管理员，包午饭，有空的同学来报名"
NEAR = "周末自习室招管理，包午餐哦，有空同学快来报名啦"
"""Like the template, but not as like as the rule itself demands."""
NEWCOMERS = f"""\
version = 1
[rules.known]
kind = "similar"
mode = "ask"
threshold = 95
templates = ["{TEMPLATE}"]
[rules.quiet]
kind = "words"
mode = "shadow"
score = 70
words = ["优惠券"]
[rules.new]
kind = "newcomer"
mode = "ask"
messages = 2
days = 1
thresholds = {{ known = 60, quiet = 70 }}
"""
DAY = 86_400.0


def post(number: int, text: str, time: float | None = 1_000.0, member: str = "m", kind: str = "text") -> Message:
    return Message("p", "g", str(number), member, text, time, kind)


def found(engine: Engine, *messages: Message) -> list[list[str]]:
    return [[finding.rule for finding in findings] for findings in engine.judge(messages)]


def test_a_newcomer_is_held_to_less_and_an_old_member_is_not() -> None:
    engine = Engine(parse(NEWCOMERS))
    first = post(1, NEAR)
    (finding,) = engine.judge([first])[0]
    assert (finding.rule, finding.kind) == ("new", "newcomer")
    assert finding.matched == f"known: {TEMPLATE}"
    assert 60 <= finding.score < 95
    assert finding.evidence
    talk = [post(number, "大家好", 1_000 + number * DAY) for number in range(2, 5)]
    assert found(engine, *talk, post(5, NEAR, 1_000 + 5 * DAY)) == [[], [], [], []]


def test_the_first_days_count_as_well_as_the_first_messages() -> None:
    engine = Engine(parse(NEWCOMERS))
    engine.judge([post(number, "大家好", 1_000.0 + number) for number in range(10)])
    assert found(engine, post(11, NEAR, 1_000.0 + DAY - 1), post(12, NEAR, 1_000.0 + DAY)) == [["new"], []]


def test_a_rule_that_only_counts_asks_with_newcomers() -> None:
    assert found(Engine(parse(NEWCOMERS)), post(1, "这里有优惠券")) == [["quiet", "new"]]


def test_what_is_found_anyway_is_not_found_twice() -> None:
    assert found(Engine(parse(NEWCOMERS)), post(1, TEMPLATE)) == [["known"]]


def test_where_no_member_is_known_nobody_is_new() -> None:
    assert found(Engine(parse(NEWCOMERS)), post(1, NEAR, member="")) == [[]]


@given(st.lists(st.sampled_from(["a", "b", ""]), max_size=20), st.integers(0, 20))
def test_what_was_known_before_counts_like_what_was_seen(members: list[str], cut: int) -> None:
    stream = [post(number, NEAR, 1_000.0 + number * DAY, member) for number, member in enumerate(members)]
    whole = found(Engine(parse(NEWCOMERS)), *stream)
    engine = Engine(parse(NEWCOMERS))
    before = stream[:cut]
    engine.know(
        Membership("p", "g", member, len(times), None, min(times))
        for member in ("a", "b")
        if (times := [one.time or 0.0 for one in before if one.member == member])
    )
    assert found(engine, *stream[cut:]) == whole[cut:]


def test_a_threshold_for_an_unknown_rule_is_refused() -> None:
    with pytest.raises(RulebookError) as caught:
        parse(NEWCOMERS.replace("known = 60", "knwon = 60"), "book.toml")
    assert str(caught.value) == (
        "book.toml:17: rules.new.thresholds.knwon: is not a rule it can be stricter with; there are known, quiet"
    )


def burst(**keys: object) -> Engine:
    lines = "".join(f"{key} = {value!r}\n" for key, value in keys.items())
    return Engine(parse(f'version = 1\n[rules.raid]\nkind = "burst"\nmode = "ask"\n{lines}'))


def joins(count: int, step: float, start: float = 1_000.0) -> list[Message]:
    return [post(n, "", start + n * step, f"m{n}", "join") for n in range(count)]


def test_many_joins_at_once_are_one_campaign() -> None:
    stream = joins(12, 2)
    found = burst(joins=10, window="1m").judge(stream)
    assert found[:9] == [()] * 9
    (full,) = found[9]
    assert (full.matched, full.score) == ("10 joins in 1m", 50)
    assert full.earlier == tuple(one.key for one in stream[:9])
    (later,) = found[10]
    assert (later.campaign, later.earlier) == (full.campaign, ())
    assert full.campaign


def test_the_same_members_going_in_and_out_are_no_burst() -> None:
    stream = [post(n, "", 1_000.0 + n, f"m{n % 3}", "join") for n in range(30)]
    assert burst(joins=4).judge(stream) == [()] * 30


@pytest.mark.parametrize("time", [None, math.nan])
def test_joins_without_a_time_or_spread_out_are_no_burst(time: float | None) -> None:
    assert burst(joins=5).judge(joins(30, 61.0)) == [()] * 30
    assert burst(joins=5).judge([post(n, "", time, f"m{n}", "join") for n in range(9)]) == [()] * 9


def test_first_messages_count_once_the_group_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules.burst, "KNOWN_GROUND", 20)
    engine = burst(joins=0, first=4, window="1m")
    talk = [post(n, "早上好", 100.0 + n, f"old{n}") for n in range(20)]
    assert engine.judge(talk) == [()] * 20
    arrivals = [post(100 + n, "早上好", 1_000.0 + n, f"new{n}") for n in range(4)]
    again = [post(200 + n, "早上好", 1_010.0 + n, f"old{n}") for n in range(10)]
    found = engine.judge([*arrivals, *again])
    assert [bool(each) for each in found] == [False, False, False, True] + [False] * 10
    assert found[3][0].matched == "4 first messages in 1m"


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 9)), max_size=30), st.integers(1, 7))
def test_bursts_do_not_depend_on_the_batch(arrivals: list[tuple[int, int]], size: int) -> None:
    stream = [post(n, "", 1_000.0 + time, f"m{who}", "join") for n, (time, who) in enumerate(arrivals)]
    pieces = burst(joins=3, window="10s")
    cut = [one for at in range(0, len(stream), size) for one in pieces.judge(stream[at : at + size])]
    assert burst(joins=3, window="10s").judge(stream) == cut
