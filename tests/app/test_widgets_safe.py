"""Text made safe: what comes out, where it came from, how wide it is."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from widgets.lines import cut, fit, fit_right
from widgets.net import SafeFilter
from widgets.safe import MARKS, joined, safe, safe_spans, window
from widgets.wrapping import wrap

ODD = st.sampled_from(
    "\x00\x1b\x7f\x85\x9b\n\r\t\u00ad\u034f\u061c\u115f\u1160\u1161\u11ab\u180b\u200b\u200c\u200d\u200e\u202e\u2028\u2066"
    "\u20e3\u20dd\u3164\ufe0f\ufeff\uffa0\ufff9\U0001f3fb\U000e0041\U000e0100\U0001f468\u0301\u0327\u0958\u093f\u1100"
    "\uac00\ue000\uffff\U0001d15e\U000f0000漢aé\u212b\U0001f1e8 \u3000\u00a0☰"
)
TEXT = st.text(st.one_of(ODD, st.characters(), st.sampled_from("abc 漢字")), max_size=60)
SPANS = st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70)), max_size=5)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31m", "␛[31m"),
        ("\x00\x07\x7f", "␀␇␡"),
        ("\x9b31m", "\ufffd31m"),
        ("one\r\ntwo\nthree\rfour\tfive", "one⏎two⏎three␍four five"),
        ("a\u202eb\u2066c\u200fd\u061ce", "abcde"),
        ("a\u200bb\u200cc\u2060d\ufeffe\u00adf", "abcdef"),
        ("x\U000e0067\U000e007fy", "xy"),
        ("❤\ufe0f 1\ufe0f\u20e3 👍🏽", "❤ 1 👍"),
        ("👨\u200d👩\u200d👧", "👨👩👧"),
        ("🇨🇳", "🇨🇳"),
        ("e\u0301", "é"),
        ("x" + "\u0316" * 9, "x" + "\u0316" * MARKS),
        ("\u0301first", "first"),
        ("\ud800", "\ufffd"),
        ("한", "한"),
        ("漢字かなﾊﾝ한글", "漢字かなﾊﾝ한글"),
        ("ภาษาไทย", "ภาษาไทย"),
        ("[bold]x[/]", "[bold]x[/]"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_a_long_text_is_cut_and_says_so() -> None:
    assert safe("x" * 500, 10) == "x" * 9 + "…"
    assert safe("x" * 10, 10) == "x" * 10
    assert safe("\u200b" * 50 + "x" * 10, 10) == "x" * 10
    assert safe("\x1b" * 50, 10) == "␛" * 9 + "…"
    assert safe("\u200b" * 1_000_000, 10) == "…"  # and does not take a second


@given(TEXT, st.integers(1, 40))
def test_nothing_unsafe_comes_out(text: str, limit: int) -> None:
    shown = safe(text, limit)
    assert len(shown) <= limit
    assert unicodedata.is_normalized("NFC", shown)
    assert shown == safe(shown, limit)
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mc") for char in shown)
    assert re.search("[\u034f\u115f\u1160\u20e3\u3164\ufe00-\ufe0f\uffa0\U0001f3fb-\U0001f3ff]", shown) is None
    assert cell_len(shown) == sum(map(cell_len, shown))
    run = 0
    for char in shown:
        run = run + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        assert run <= MARKS


@given(TEXT, SPANS, st.integers(1, 40))
def test_spans_stay_inside_the_text(text: str, spans: list[tuple[int, int]], limit: int) -> None:
    shown, found = safe_spans(text, spans, limit)
    assert shown == safe(text, limit)
    assert all(0 <= start < end <= len(shown) for start, end in found)


@given(st.text(st.sampled_from("abc漢字\u200b\u202e\x1b\n"), max_size=30), st.integers(0, 30), st.integers(1, 5))
def test_a_span_marks_the_characters_it_covered(text: str, start: int, length: int) -> None:
    visible = "".join(char for char in text[start : start + length] if char not in "\u200b\u202e")
    shown, found = safe_spans(text, [(start, start + length)])
    if visible:
        ((first, last),) = found
        assert shown[first:last] == safe(visible)


def test_a_span_of_hidden_characters_marks_what_stands_there() -> None:
    assert safe_spans("ab\u200b\u200bcd", [(2, 4)]) == ("abcd", [(2, 3)])
    assert safe_spans("ab\u200b", [(2, 3)]) == ("ab", [(1, 2)])
    assert safe_spans("\u200b", [(0, 1)]) == ("", [])
    assert safe_spans("cafe\u0301!", [(3, 5)]) == ("café!", [(3, 4)])
    assert safe_spans("cafe\u0301!", [(4, 5)]) == ("café!", [(3, 4)])
    assert safe_spans("abc", [(2, 1), (5, 9), (-3, 1)]) == ("abc", [(0, 1)])


@given(TEXT, SPANS, st.integers(0, 30))
def test_a_window_fits_and_shows_the_first_span(text: str, spans: list[tuple[int, int]], width: int) -> None:
    shown, found = safe_spans(text, spans)
    part, inside = window(shown, found, width)
    assert cell_len(part) <= width
    assert all(0 <= start < end <= len(part) for start, end in inside)
    if found and width > 8:
        assert inside


def test_a_window_shows_the_evidence_and_what_is_left_out() -> None:
    text = "a" * 100 + "EVIDENCE" + "b" * 100
    part, ((start, end),) = window(text, [(100, 108)], 40)
    assert part[start:end] == "EVIDENCE"
    assert part[0] == part[-1] == "…"
    assert cell_len(part) == 40
    part, ((start, end),) = window(text[:108], [(100, 108)], 40)
    assert part == "…" + "a" * 31 + "EVIDENCE"


@given(TEXT, st.integers(0, 20))
def test_cutting_and_fitting_count_cells(text: str, width: int) -> None:
    shown = safe(text)
    assert cell_len(cut(shown, width)) <= width
    assert cell_len(fit(shown, width)) == width
    assert cell_len(fit_right(shown, width)) == width


@given(TEXT, st.integers(2, 20))
def test_wrapping_loses_nothing_but_spaces(text: str, width: int) -> None:
    shown = safe(text)
    lines = [shown[start:end] for start, end in wrap(shown, width, 1000)]
    assert "".join(lines).replace(" ", "") == shown.replace(" ", "")
    assert all(cell_len(line) <= width for line in lines)


def test_spans_that_touch_are_one() -> None:
    assert joined([(5, 7), (0, 2), (2, 3), (6, 9)]) == [(0, 3), (5, 9)]


def test_the_filter_takes_out_what_is_left_and_keeps_the_cells() -> None:
    style = Style(bold=True)
    line = [Segment("a\x1b[31m\u202eb", style), Segment("漢\u200b", style), Segment("plain", style)]
    kept = SafeFilter().apply(line, Color(0, 0, 0))
    assert [segment.text for segment in kept] == ["a[31mb", "漢", "plain"]
    assert all(segment.style is style for segment in kept)
    assert [cell_len(segment.text) for segment in kept] == [cell_len(segment.text) for segment in line]
    untouched = [Segment("plain", style)]
    assert SafeFilter().apply(untouched, Color(0, 0, 0)) is untouched
