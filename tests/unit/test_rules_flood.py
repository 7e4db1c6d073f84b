"""Flooding: rates, and too much in one message."""

from __future__ import annotations

import time

import pytest

import rules.flood
from rules.engine import Engine
from rules.records import Finding, Message
from rules.rulebook import parse


def engine(**keys: int | str) -> Engine:
    lines = "".join(f"{key} = {value!r}\n" for key, value in keys.items())
    return Engine(parse(f'version = 1\n[rules.f]\nkind = "flood"\nmode = "ask"\n{lines}'))


def burst(count: int, step: float, start: float = 1_003.0, member: str = "m") -> list[Message]:
    return [Message("p", "g", f"{member}{n}", member, f"第{n}句", start + n * step) for n in range(count)]


def judge(text: str, **keys: int | str) -> Finding | None:
    found = engine(**keys).judge([Message("p", "g", "1", "m", text, 1.0)])[0]
    return found[0] if found else None


def test_the_message_that_reaches_the_rate_names_the_others() -> None:
    stream = burst(10, 1)
    found = engine(messages=8, window="10s").judge(stream)
    assert found[:7] == [()] * 7
    (reaching,) = found[7]
    assert reaching.earlier == tuple(one.key for one in stream[:7])
    assert reaching.matched == "8 messages in 10s"
    assert (reaching.score, reaching.campaign) == (50, "")
    (later,) = found[8]
    assert later.earlier == ()
    assert later.matched == "9 messages in 10s"
    assert later.score > reaching.score


def test_a_slower_member_floods_nothing() -> None:
    assert engine(messages=8, window="10s").judge(burst(50, 2)) == [()] * 50


def test_many_members_talking_at_once_flood_nothing() -> None:
    stream = [one for n in range(20) for one in burst(5, 1, member=f"m{n}")]
    assert engine(messages=8).judge(stream) == [()] * 100


def test_the_same_member_in_another_group_is_counted_apart() -> None:
    stream = [Message("p", f"g{n % 2}", str(n), "m", "好", 1_003.0 + n / 9) for n in range(14)]
    assert engine(messages=8).judge(stream) == [()] * 14


def test_messages_stamped_to_the_minute_are_no_burst() -> None:
    stream = burst(20, 0, start=1_200.0)
    assert engine(messages=8, window="10s").judge(stream) == [()] * 20
    assert engine(messages=8, window="1m").judge(stream)[7] != ()
    assert engine(messages=8, window="10s").judge(burst(20, 0, start=1_201.0))[7] != ()


@pytest.mark.parametrize("time", [None, float("nan"), float("inf")])
def test_messages_without_a_time_have_no_rate(time: float | None) -> None:
    assert engine(messages=8).judge([Message("p", "g", str(n), "m", "好", time) for n in range(20)]) == [()] * 20


def test_messages_without_a_member_have_no_rate() -> None:
    assert engine(messages=8).judge(burst(20, 0.1, member="")) == [()] * 20


def test_a_message_that_comes_again_counts_once() -> None:
    assert engine(messages=8).judge(burst(1, 0) * 20) == [()] * 20


def test_messages_out_of_order_are_counted_by_their_times() -> None:
    stream = burst(8, 1)
    stream = stream[::2] + stream[1::2]
    found = engine(messages=8).judge(stream)
    assert [bool(findings) for findings in found] == [False] * 7 + [True]


def of_kind(kind: str, count: int = 8) -> list[Message]:
    return [Message("p", "g", f"{kind}{n}", "m", "", 1_003.0 + n, kind=kind) for n in range(count)]


@pytest.mark.parametrize(("kind", "measure"), [("image", "pictures"), ("sticker", "stickers")])
def test_pictures_and_stickers_are_counted_apart(kind: str, measure: str) -> None:
    (finding,) = engine(**{measure: 8, "messages": 2}).judge(of_kind(kind))[7]
    assert (finding.evidence, finding.matched) == ((), f"8 {measure} in 10s")
    assert engine(**{measure: 9, "messages": 8}).judge(of_kind(kind)) == [()] * 8


def test_joins_flood_nothing() -> None:
    assert engine(messages=8).judge(of_kind("join")) == [()] * 8


def test_long_messages_in_a_row_are_too_many_characters() -> None:
    stream = [Message("p", "g", str(n), "m", "天气真好" * 25, 1_003.0 + 3 * n) for n in range(4)]
    found = engine(characters=300, messages=0).judge(stream)
    assert found[:2] == [(), ()]
    assert (found[2][0].matched, found[2][0].earlier) == ("300 characters in 10s", (stream[0].key, stream[1].key))
    (last,) = found[3]
    assert (last.matched, last.earlier) == ("400 characters in 10s", ())


def test_mentions_add_up_over_a_members_messages() -> None:
    stream = [Message("p", "g", str(n), "m", "@a @b @c", 1_003.0 + n) for n in range(4)]
    found = engine(mentions=9, messages=0).judge(stream)
    assert [bool(each) for each in found] == [False, False, True, True]
    assert found[2][0].matched == "9 mentions in 10s"


def test_members_silent_for_the_longest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules.flood, "MOST_MEMBERS", 10)
    others = [one for n in range(10) for one in burst(1, 0, member=f"m{n}")]
    stream = burst(8, 0.1)
    assert engine(messages=8).judge([*stream[:7], *others, stream[7]])[-1] == ()


def test_a_run_of_one_character_is_found_and_shown() -> None:
    text = "看！哈 哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈 完了"
    finding = judge(text, repeated=20)
    assert finding is not None
    assert finding.matched == "24 times 哈"
    assert text[finding.evidence[0].start : finding.evidence[0].end].strip() == text[2:-3]


@pytest.mark.parametrize(
    "text", ["哈哈哈哈哈哈哈哈哈哈", "hahahahahahahahahahahahahahahahaha", "wwwwwwww", "=" * 90, "?" * 50, ""]
)
def test_short_laughs_and_rulers_are_left_alone(text: str) -> None:
    assert judge(text, repeated=20) is None


def test_lines_are_counted() -> None:
    finding = judge("行\n" * 29 + "行", lines=30, repeated=0)
    assert finding is not None
    assert finding.matched == "30 lines"
    assert judge("行\n" * 28 + "行", lines=30, repeated=0) is None


def test_mentions_are_counted_as_told_or_as_written() -> None:
    written = engine(mentions=8).judge([Message("p", "g", "1", "m", "@a @b @c @d @e @f @g @h", 1.0)])[0]
    assert written[0].matched == "8 mentions"
    named = engine(mentions=3).judge([Message("p", "g", "1", "m", "大家好", 1.0, mentions=("a", "b", "c"))])[0]
    assert named[0].matched == "3 mentions"
    mail = engine(mentions=2).judge([Message("p", "g", "1", "m", "a@b.org c@d.org @", 1.0)])[0]
    assert mail == ()


def test_several_measures_make_one_finding() -> None:
    finding = judge("啊" * 40 + "\n" * 30, repeated=20, lines=30)
    assert finding is not None
    assert finding.matched == "31 lines, 40 times 啊"
    assert finding.score == 100
    assert len(finding.evidence) == 2


def test_zero_switches_a_measure_off() -> None:
    off = engine(messages=0, characters=0, repeated=0, lines=0, mentions=0)
    stream = [Message("p", "g", str(n), "m", "啊" * 100 + "\n" * 999 + "@a " * 50, 1_003.0) for n in range(30)]
    assert off.judge(stream) == [()] * 30


def test_hostile_messages_take_no_time() -> None:
    started = time.process_time()
    finding = judge("a" * 1_000_000, repeated=20)
    assert finding is not None
    assert finding.matched == "1000000 characters, 4000 times a"
    found = engine(mentions=8, repeated=0).judge(
        [Message("p", "g", "1", "m", "@a " * 10_000, 1.0, mentions=("x",) * 10_000)]
    )[0]
    assert found[0].matched == "30000 characters, 10000 mentions"
    assert judge("\n" * 1_000_000, lines=30) is not None
    assert time.process_time() - started < 2
