"""Patterns: RE2's syntax, exceptions, hostile patterns and texts."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.engine import Engine
from rules.records import Finding, Message
from rules.rulebook import RulebookError, load, parse


def engine(*patterns: str, unless: tuple[str, ...] = ()) -> Engine:
    return Engine(
        parse(
            'version = 1\n[rules.p]\nkind = "pattern"\nmode = "ask"\nscore = 80\n'
            f"patterns = {json.dumps(patterns)}\nunless = {json.dumps(unless)}\n"
        )
    )


def judge(found: Engine, text: str) -> Finding | None:
    findings = found.judge([Message("p", "g", "1", "m", text, 1.0)])[0]
    return findings[0] if findings else None


def test_a_pattern_is_found_in_the_text_as_written_and_without_its_disguise() -> None:
    rule = engine(r"满\d+减\d+")
    plain = judge(rule, "今天满100减20哦")
    assert plain is not None
    assert [(one.start, one.end) for one in plain.evidence] == [(2, 9)]
    assert (plain.score, plain.matched) == (80, r"满\d+减\d+")
    hidden = judge(rule, "今天 满 １０ ０ 減 ２０ 哦")
    assert hidden is not None
    assert [(one.start, one.end) for one in hidden.evidence] == [(3, 14)]


def test_an_exception_leaves_the_text_alone() -> None:
    rule = engine("coupon", unless=("lost my coupon",))
    assert judge(rule, "a coupon for you")
    assert judge(rule, "I LOST my coupon") is None


@pytest.mark.parametrize(
    ("pattern", "says"), [("(?=a)b", "no look-around"), (r"(a)\1", "no back-references"), ("a*", "empty text")]
)
def test_what_re2_cannot_do_is_refused_by_name(pattern: str, says: str) -> None:
    with pytest.raises(RulebookError) as caught:
        engine("fine", pattern)
    assert says in str(caught.value)
    assert caught.value.key == "rules.p.patterns[1]"
    assert caught.value.line == 6
    with pytest.raises(RulebookError) as caught:
        engine("fine", unless=(pattern,))
    assert caught.value.key == "rules.p.unless[0]"


def test_a_pattern_made_to_hurt_takes_no_time() -> None:
    rule = engine("(a+)+$", "(x+x+)+y", "((a|aa)+)*c")
    started = time.process_time()
    judge(rule, "a" * 100_000 + "!" + "x" * 100_000)
    assert time.process_time() - started < 5


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_evidence_lies_in_the_text(text: str) -> None:
    finding = judge(engine("[aeiou]", "[一-龥]{2}"), text)
    for one in finding.evidence if finding else ():
        assert 0 <= one.start < one.end <= len(text)


def test_thousands_of_patterns_in_a_file_are_read_and_found(tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("# bad words\n\n" + "".join(f"offer-{n}x\n" for n in range(3_000)), "utf-8")
    book = tmp_path / "book.toml"
    book.write_text('version = 1\n[rules.p]\nkind = "pattern"\nmode = "ask"\npatterns_file = "many.txt"\n', "utf-8")
    finding = judge(Engine(load(book)), "take offer-2999x now")
    assert finding is not None
    assert finding.matched == "offer-2999x"
