"""Words and patterns."""

from __future__ import annotations

import time

import pytest

from rules.engine import Engine
from rules.records import Finding, Message
from rules.rulebook import RulebookError, parse

BOOK = """\
version = 1
[rules.w]
kind = "words"
mode = "ask"
score = 70
words = ["加微信", "vx", "free cash", "cash", "сор", "Café"]
patterns = ['t\\.me/\\S+', '1[3-9]\\d{9}']
"""


def judge(text: str, book: str = BOOK) -> Finding | None:
    findings = Engine(parse(book)).judge([Message("p", "g", "1", "m", text, 0.0)])[0]
    return findings[0] if findings else None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("请 加.微\u200b信 联系", "加.微\u200b信"),
        ("請加微信", "加微信"),
        ("联系vx123456", "vx"),
        ("联系ｖｘ：123456", "ｖｘ"),
        ("c a s h now", "c a s h"),
        ("c-а-s-h now", "c-а-s-h"),
        ("cаsh now", "cаsh"),
        ("get FREE   CASH!", "FREE   CASH"),
        ("get freecash!", "freecash"),
        ("pass\u200bword cash", "cash"),
        ("cafe time", "cafe"),
        ("какой сор", "сор"),
        ("join t.me/abc today", "t.me/abc"),
        ("ring １３９ 1234 5678", "１３９ 1234 5678"),
    ],
)
def test_a_word_is_found_and_the_characters_written_are_shown(text: str, shown: str) -> None:
    finding = judge(text)
    assert finding is not None
    assert shown in [text[found.start : found.end] for found in finding.evidence]
    assert (finding.rule, finding.kind, finding.score) == ("w", "words", 70)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cashier",
        "encash",
        "pc ash",
        "ca sh",
        "vxworks",
        "s.cashew",
        "a cop came",
        "微信",
        "\ud800",
        "1399 12",
        "139 1",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert judge(text) is None


def test_the_finding_names_what_was_found_each_once() -> None:
    finding = judge("cash cash 加微信")
    assert finding is not None
    assert finding.matched == "cash, 加微信"


def test_lone_surrogates_do_not_shift_the_evidence() -> None:
    text = "\ud800\udfff看 t.me/abc"
    finding = judge(text)
    assert finding is not None
    assert text[finding.evidence[0].start : finding.evidence[0].end] == "t.me/abc"


@pytest.mark.parametrize("pattern", ["(?=a)b", "(a)\\\\1", "(a", "a*", ""])
def test_a_pattern_that_cannot_be_used_is_named_with_its_line(pattern: str) -> None:
    book = f'version = 1\n[rules.w]\nkind = "words"\npatterns = [\n  "good",\n  "{pattern}",\n]\n'
    with pytest.raises(RulebookError) as caught:
        Engine(parse(book, "b.toml"))
    assert str(caught.value).startswith("b.toml:6: rules.w.patterns[1]: ")


def test_what_re2_lacks_is_said() -> None:
    with pytest.raises(RulebookError, match="no look-around and no back-references"):
        Engine(parse('version = 1\n[rules.w]\nkind = "words"\npatterns = ["(?!a)b"]\n'))


def test_a_hostile_pattern_and_text_take_linear_time() -> None:
    book = 'version = 1\n[rules.w]\nkind = "words"\npatterns = ["(a+)+$"]\nwords = ["a"]\n'
    started = time.process_time()
    finding = judge("a" * 3_999 + "b", book)
    judge("a a" * 100_000, book)
    assert time.process_time() - started < 2
    assert finding is None
