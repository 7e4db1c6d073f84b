"""Folding: what becomes alike, what stays apart, and the way back to the original."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.fold import codes_of, fold, fold_batch
from rules.letters import folded_length, folded_letters

HOSTILE = st.one_of(
    st.text(st.characters(max_codepoint=sys.maxunicode, exclude_categories=())),
    st.text("加微 v.Ⅴⓥаеѕ\u200b\u202e\ufe0f\u0301\u3099\u309aｶﾊﾞﾟ\u1100\u1161\u11a8\ud800\udfff\0\n'①❿壹貳🅰🇨🇳 "),
)


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("加.微-信", "加微信"),
        ("加\u200b微\u2060信", "加微信"),
        ("加😀微😀信", "加微信"),
        ("ｗｅｃｈａｔ", "wechat"),
        ("𝐰𝓮𝕔𝖍𝚊𝗍", "wechat"),
        ("ⓦⓔⓒⓗⓐⓣ", "wechat"),
        ("🆆🅴🅲🅷🅰🆃", "wechat"),
        ("ᴡᴇᴄʜᴀᴛ", "wechat"),
        ("wéçĥạt", "wechat"),
        ("w\u0336e\u0336c\u0336h\u0336a\u0336t\u0336", "wechat"),
        ("ｗесhаt", "wechat"),
        ("pаураl", "paypal"),
        ("①②③４５６", "123456"),
        ("❶❷❸", "123"),
        ("٤٥٦", "456"),
        ("壹贰叁零", "1230"),
        ("壹貳叁〇", "1230"),
        ("1️⃣2️⃣", "12"),
        ("免費領取優惠劵", "免费领取优惠劵"),
        ("齣遊戲禮盒著", "出游戏礼盒着"),
        ("加Ⅴ信", "加v信"),
        ("ᏔᎬᏟᎻᎪᎢ", "wechat"),
        ("ꓪꓰꓚꓧꓮꓔ", "wechat"),
        ("加\u3164微\u180b信", "加微信"),
        ("㎏", "kg"),
        ("STRASSE", "straße"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("か\u3099", "が"),
        ("\u1112\u1161\u11ab", "한"),
        ("don't", "dont"),
        ("\u202eabc\u202c", "abc"),
    ],
)
def test_disguises_fold_like_the_plain_text(disguised: str, plain: str) -> None:
    assert fold(disguised).text == fold(plain).text


@pytest.mark.parametrize(("one", "other"), [("か", "が"), ("微信", "微博"), ("日本", "曰本"), ("1", "l")])
def test_what_reads_differently_stays_apart(one: str, other: str) -> None:
    assert fold(one).text != fold(other).text


def test_a_russian_word_folds_alike_with_and_without_latin_letters_in_it() -> None:
    assert fold("кaзинo").text == fold("КАЗИНО").text


@given(HOSTILE)
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once


@given(st.lists(HOSTILE, max_size=8))
def test_a_batch_folds_like_its_texts_one_by_one(texts: list[str]) -> None:
    for text, folded in zip(texts, fold_batch(texts), strict=True):
        letters, origin, starts = folded_letters(text)
        assert (folded.text, list(folded.origin), list(folded.starts)) == (letters, origin, starts)
        assert folded_length(text) == len(letters)


def test_all_of_unicode_folds_alike_at_once_and_one_by_one() -> None:
    texts = ["".join(map(chr, range(start, start + 0x1000))) for start in range(0, sys.maxunicode + 1, 0x1000)]
    assert [folded.text for folded in fold_batch(texts)] == [folded_letters(text)[0] for text in texts]


@given(st.lists(HOSTILE, max_size=8))
def test_texts_as_arrays_come_back_as_they_were(texts: list[str]) -> None:
    assert codes_of(texts).texts() == texts


def test_every_character_folds_to_what_folds_to_itself() -> None:
    wrong = []
    once = [folded.text for folded in fold_batch(list(map(chr, range(sys.maxunicode + 1))))]
    for code, folded in enumerate(fold_batch(once)):
        if folded.text != once[code]:
            wrong.append(hex(code))
    assert wrong == []


@given(HOSTILE)
def test_every_folded_character_knows_its_origin(text: str) -> None:
    folded = fold(text)
    assert len(folded.origin) == len(folded.text)
    assert list(folded.origin) == sorted(folded.origin)
    assert all(0 <= origin < len(text) for origin in folded.origin)
    assert list(folded.starts) == sorted(set(folded.starts))
    assert all(0 < start < len(folded.text) for start in folded.starts)


@given(st.text())
def test_a_part_of_the_fold_comes_from_its_span(text: str) -> None:
    folded = fold(text)
    if folded.text:
        start, end = folded.span(0, len(folded.text))
        assert fold(text[start:end]).text == folded.text or "\u3099" in text or "\u309a" in text


def test_a_span_is_in_code_points_of_the_original() -> None:
    text = "👋 大家 加.Ⅴ😀信！"
    folded = fold(text)
    start = folded.text.index("加")
    assert text[slice(*folded.span(start, start + 3))] == "加.Ⅴ😀信"


@pytest.mark.parametrize(("start", "end"), [(0, 0), (-1, 1), (2, 9), (2, 1)])
def test_a_span_outside_is_refused(start: int, end: int) -> None:
    with pytest.raises(IndexError):
        fold("abc").span(start, end)


def test_words_begin_after_what_sets_them_apart() -> None:
    folded = fold("  Hello,\n\t wörld -- don't!")
    assert (folded.text, list(folded.starts)) == ("helloworlddont", [5, 10])


def test_invisible_characters_set_no_words_apart() -> None:
    assert list(fold("pass\u200bword").starts) == []


def test_lone_surrogates_and_nul_fold_to_nothing() -> None:
    assert fold("a\ud800\0\udfffb").text == "ab"


def test_a_megabyte_folds_in_linear_time() -> None:
    started = time.process_time()
    for char in ("a", "。", "\u0301", "㍿", "\u1161"):
        fold(char * 1_000_000)
    assert time.process_time() - started < 5
