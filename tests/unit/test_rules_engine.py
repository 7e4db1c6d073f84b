"""The engine: all rules together on a stream."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rules.rulebook
from rules.engine import JUDGED_CHARACTERS, Engine, strongest, verdict
from rules.records import Finding, Message, Mode
from rules.rulebook import RulebookError, parse

BOOK = """\
version = 1
[rules.words]
kind = "words"
words = ["加微信", "free cash"]
[rules.ads]
kind = "similar"
mode = "ask"
templates = ["内部优惠券每天更新，扫码进群免费领取"]
[rules.copies]
kind = "duplicates"
mode = "auto"
count = 3
window = "2m"
min_length = 4
min_members = 1
[rules.flood]
kind = "flood"
mode = "ask"
messages = 4
repeated = 10
[rules.silent]
kind = "words"
mode = "off"
words = ["的"]
"""
TEXTS = st.one_of(
    st.sampled_from(
        [
            "请加微信详谈",
            "内部优惠券每天更新扫码进群免费领取",
            "FREE cash for you",
            "今天的天气真不错",
            "今天的天气真不错呀",
            "啊" * 12,
            "",
        ]
    ),
    st.text(max_size=12),
)


@st.composite
def streams(draw: st.DrawFn) -> list[Message]:
    now = 1_000.0
    stream = []
    for number in range(draw(st.integers(0, 40))):
        now += draw(st.sampled_from([0.0, 0.5, 1.0, 30.0]))
        stream.append(
            Message("p", draw(st.sampled_from("ab")), str(number), draw(st.sampled_from("xyz")), draw(TEXTS), now)
        )
    return stream


@given(streams(), st.data())
def test_findings_do_not_depend_on_the_batches(stream: list[Message], data: st.DataObject) -> None:
    at_once = Engine(parse(BOOK)).judge(stream)
    engine, in_parts, done = Engine(parse(BOOK)), [], 0
    while done < len(stream):
        size = data.draw(st.integers(1, 12))
        in_parts.extend(engine.judge(stream[done : done + size]))
        done += size
    assert in_parts == at_once


@given(streams(), st.integers(0, 40))
def test_a_warmed_engine_goes_on_as_if_never_interrupted(stream: list[Message], cut: int) -> None:
    whole = Engine(parse(BOOK)).judge(stream)
    resumed = Engine(parse(BOOK))
    resumed.warm(stream[:cut])
    assert resumed.judge(stream[cut:]) == whole[cut:]


@given(streams(), st.integers(0, 40))
def test_a_replaced_engine_keeps_its_windows(stream: list[Message], cut: int) -> None:
    whole = Engine(parse(BOOK)).judge(stream)
    engine = Engine(parse(BOOK))
    before = engine.judge(stream[:cut])
    changed = engine.replace(parse(BOOK.replace('words = ["加微信", "free cash"]', 'words = ["加微信", "free  cash"]')))
    found = before + changed.judge(stream[cut:])
    assert [[f.rule for f in one] for one in found] == [[f.rule for f in one] for one in whole]


def test_a_replacement_that_cannot_be_used_leaves_the_engine_as_it_was() -> None:
    engine = Engine(parse(BOOK))
    stream = [Message("p", "g", str(n), "m", "今天的天气真不错", 1_000.0 + 20 * n) for n in range(3)]
    engine.judge(stream[:2])
    with pytest.raises(RulebookError):
        engine.replace(parse(BOOK + '[rules.bad]\nkind = "words"\npatterns = ["(?=a)"]\n'))
    assert [finding.rule for finding in engine.judge(stream[2:])[0]] == ["copies"]


def test_rules_that_are_off_find_nothing_and_the_others_keep_their_order() -> None:
    engine = Engine(parse(BOOK))
    (found,) = engine.judge([Message("p", "g", "1", "m", "加微信" + "的" * 12, 1.0)])
    assert [finding.rule for finding in found] == ["words", "flood"]


def test_a_rule_of_some_groups_holds_there_only() -> None:
    engine = Engine(parse('version = 1\n[rules.w]\nkind = "words"\nwords = ["广告"]\ngroups = ["1", "茶馆"]\n'))
    stream = [
        Message("p", "1", "1", "m", "广告", 1.0),
        Message("p", "2", "2", "m", "广告", 1.0, group_name="茶馆"),
        Message("p", "3", "3", "m", "广告", 1.0),
    ]
    assert [bool(found) for found in engine.judge(stream)] == [True, True, False]


def test_the_horizon_is_the_longest_window_and_what_was_joined_before_it() -> None:
    assert Engine(parse(BOOK)).horizon() == 120 + 7 * 60
    assert Engine(parse(BOOK.replace("min_members = 1", "min_members = 1\npieces = 0"))).horizon() == 120
    assert Engine(parse("version = 1")).horizon() == 0


def test_only_the_start_of_a_long_text_is_judged() -> None:
    engine = Engine(parse(BOOK))
    text = "。" * (JUDGED_CHARACTERS - 3) + "加微信"
    assert engine.judge([Message("p", "g", "1", "m", text, 1.0)])[0][0].rule == "words"
    assert engine.judge([Message("p", "g", "2", "n", "。" + text, 1.0)]) == [()]


def finding(mode: Mode) -> Finding:
    return Finding("r", "words", mode, 100, (), "")


@pytest.mark.parametrize(
    ("modes", "mode", "word"),
    [
        ([], None, "pass"),
        ([Mode.SHADOW], Mode.SHADOW, "shadow"),
        ([Mode.SHADOW, Mode.ASK], Mode.ASK, "flag"),
        ([Mode.AUTO, Mode.ASK], Mode.AUTO, "flag"),
    ],
)
def test_the_strongest_mode_decides(modes: list[Mode], mode: Mode | None, word: str) -> None:
    findings = [finding(one) for one in modes]
    assert strongest(findings) is mode
    assert verdict(findings) == word


HOSTILE = [
    "",
    "\0",
    "\ud800",
    "\udfff" * 50,
    "\u202e" * 99,
    "a" * 1_000_000,
    "@a " * 10_000,
    "\n" * 100_000,
    "㍿" * 9_999,
    "\u0301" * 9_999,
]


def test_hostile_messages_break_nothing() -> None:
    engine = Engine(parse(rules.rulebook.DEFAULT_RULEBOOK))
    started = time.process_time()
    for turn in range(3):
        stream = [
            Message("p\ud800", "g", f"{turn}.{n}", "\udfff", text, float(n), mentions=("x",) * 10_000)
            for n, text in enumerate(HOSTILE)
        ]
        for message, findings in zip(stream, engine.judge(stream), strict=True):
            for found in findings:
                assert 0 <= found.score <= 100
                assert all(0 <= e.start < e.end <= len(message.text) for e in found.evidence)
    assert time.process_time() - started < 10


@settings(max_examples=200)
@given(st.lists(st.text(st.characters(exclude_categories=())), max_size=8))
def test_any_text_is_judged_by_the_default_rulebook(texts: list[str]) -> None:
    engine = Engine(parse(rules.rulebook.DEFAULT_RULEBOOK))
    stream = [Message("p", "g", str(n), "m", text, None) for n, text in enumerate(texts)]
    for message, findings in zip(stream, engine.judge(stream), strict=True):
        for found in findings:
            assert all(0 <= e.start < e.end <= len(message.text) for e in found.evidence)
