"""Likeness to templates."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from rules.engine import Engine
from rules.fold import fold
from rules.records import Finding, Message
from rules.rulebook import parse
from rules.similar import Templates

AD = "内部优惠券每天更新，扫码进群免费领取"
TEMPLATES = [AD, "cheap followers in one day", "代写论文质量保证"]


def judge(text: str, threshold: float = 85) -> Finding | None:
    book = f'version = 1\n[rules.s]\nkind = "similar"\nthreshold = {threshold}\ntemplates = {json.dumps(TEMPLATES)}\n'
    findings = Engine(parse(book)).judge([Message("p", "g", "1", "m", text, 0.0)])[0]
    return findings[0] if findings else None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (AD, AD),
        (f"大家好！{AD} 谢谢", AD),
        ("内.部.优.惠.劵.每.天.更.新.扫.码.进.群.免.费.领.取", "内.部.优.惠.劵.每.天.更.新.扫.码.进.群.免.费.领.取"),
        ("Get CHEАP FОLLOWERS in 0ne day now", "CHEАP FОLLOWERS in 0ne day"),
    ],
)
def test_a_template_is_found_in_a_message_whatever_the_disguise(text: str, shown: str) -> None:
    finding = judge(text)
    assert finding is not None
    assert finding.score >= 85
    assert finding.matched in TEMPLATES
    (evidence,) = finding.evidence
    assert text[evidence.start : evidence.end] == shown


@pytest.mark.parametrize("text", ["", "！！", "扫码进群", "优惠券每天更新吗", "论文质量怎么样", "followers"])
def test_a_few_words_out_of_a_template_are_not_the_template(text: str) -> None:
    assert judge(text) is None


def test_a_hit_at_threshold_zero_is_a_hit() -> None:
    finding = judge("完全无关", threshold=0)
    assert finding is not None
    assert finding.evidence


@given(st.lists(st.text("abc", min_size=1, max_size=12), min_size=1, max_size=6), st.text("abc", max_size=20))
def test_the_hit_is_the_best_of_all_templates(templates: list[str], text: str) -> None:
    (hit,) = Templates(templates, 70).nearest([text])
    scores = [
        fuzz.partial_ratio(template, text) if len(text) >= len(template) else fuzz.ratio(template, text)
        for template in templates
    ]
    if text and max(scores) >= 70:
        assert hit is not None
        assert hit.score == pytest.approx(max(scores))
        assert scores[hit.template] == pytest.approx(max(scores))
        assert 0 <= hit.start < hit.end <= len(text)
    else:
        assert hit is None


def test_templates_are_compared_folded() -> None:
    (hit,) = Templates(["Ａ.Ｂ.Ｃ.Ｄ.Ｅ.Ｆ"], 100).nearest([fold("a b c d e f").text])
    assert hit is not None
    assert (hit.score, hit.start, hit.end) == (100, 0, 6)
