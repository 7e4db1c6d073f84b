"""Likeness to templates."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from rules.engine import Engine
from rules.fold import Codes, codes_of, fold
from rules.records import Finding, Message
from rules.rulebook import parse
from rules.similar import SHORTEST_SOUND, SOUND_COST, Templates
from rules.weaker import put_together, sounds

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


def score(template: str, text: str) -> float:
    return fuzz.partial_ratio(template, text) if len(text) >= len(template) else fuzz.ratio(template, text)


def by_sound(text: str) -> list[str]:
    """The text's weaker forms: as it sounds, and with its split characters put together."""
    codes = codes_of([text])
    forms = [codes, *([whole.texts] if len((whole := put_together(codes)).which) else [])]
    return [Codes(sounds(form.codes), form.bounds).texts()[0] for form in forms]


def brute(templates: list[str], text: str, threshold: float) -> tuple[float, list[int]] | None:
    """The best score by comparing everything, and which templates have it."""
    scores = []
    for template in templates:
        best = score(template, text)
        if len(template) >= SHORTEST_SOUND and threshold + SOUND_COST <= 100:
            weaker = [score(by_sound(template)[0], form) for form in by_sound(text)]
            best = max([best, *(one - SOUND_COST for one in weaker if one >= threshold + SOUND_COST)])
        scores.append(best)
    best = max(scores, default=-1)
    return (best, [place for place, one in enumerate(scores) if one == best]) if text and best >= threshold else None


# Few letters, so that much is nearly alike; homophones; parts that make a character; long ones in several pieces.
LETTERS = st.one_of(st.text("abc"), st.text("他她它塔女子好号木林"), st.text("优惠券群免费", max_size=30))
PIECES = st.lists(LETTERS, max_size=4).map("".join)
LONG = st.tuples(PIECES, st.integers(1, 40), PIECES).map(lambda three: three[0] * three[1] + three[2])


@st.composite
def compared(draw: st.DrawFn) -> tuple[list[str], list[str], float]:
    templates = draw(st.lists(st.one_of(PIECES, LONG).filter(bool), min_size=1, max_size=8))
    texts = []
    for _ in range(draw(st.integers(1, 6))):
        text = draw(st.one_of(PIECES, LONG))
        if draw(st.booleans()):
            chosen = list(draw(st.sampled_from(templates)))
            for _ in range(draw(st.integers(0, 1 + len(chosen) // 8))):
                place = draw(st.integers(0, len(chosen)))
                chosen[place : place + draw(st.integers(0, 1))] = draw(st.text("abc他她女子", max_size=2))
            text = draw(st.sampled_from(["", text])) + "".join(chosen) + draw(st.sampled_from(["", text]))
        texts.append(text)
    return templates, texts, draw(st.sampled_from([0, 50, 66.6, 70, 85, 92, 95, 100]))


@settings(max_examples=300, deadline=None)
@given(compared())
def test_the_hit_is_the_best_of_all_templates(case: tuple[list[str], list[str], float]) -> None:
    templates, texts, threshold = case
    for text, hit in zip(texts, Templates(templates, threshold).nearest(texts), strict=True):
        best = brute(templates, text, threshold)
        if best is None:
            assert hit is None
        else:
            assert hit is not None
            assert hit.score == pytest.approx(best[0])
            assert hit.template in best[1]
            assert 0 <= hit.start < hit.end <= len(text)


def test_homophones_and_split_characters_are_found_at_a_cost() -> None:
    (sound, split, written) = Templates([fold(AD).text], 85).nearest(
        [
            fold(text).text
            for text in ("内布优惠劝每天更心嫂码进裙免废领取", "内部亻尤惠券每天更新扫石马进君羊免费令页取", AD)
        ]
    )
    assert written is not None
    assert written.score == 100
    for hit in (sound, split):
        assert hit is not None
        assert 85 <= hit.score <= 100 - SOUND_COST


def test_templates_are_compared_folded() -> None:
    (hit,) = Templates(["Ａ.Ｂ.Ｃ.Ｄ.Ｅ.Ｆ"], 100).nearest([fold("a b c d e f").text])
    assert hit is not None
    assert (hit.score, hit.start, hit.end) == (100, 0, 6)
