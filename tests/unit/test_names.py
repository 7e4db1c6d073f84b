"""What a search for a member looks through: a name is found as it is written and as it sounds, in any script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.letters import folded_letters
from rules.names import LOOKED_AT, WAYS, folded_name, sought, sought_query
from rules.tables import tables
from rules.tables.spelled import READINGS, SYLLABLES

NAMES = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("阳光长乐重单行陽 ぱが각abcＡé🌞_")), max_size=12
)


def found(typed: str, name: str, remark: str = "", key: str = "700") -> bool:
    return sought_query(typed) in sought(name, remark, key)


@pytest.mark.parametrize(
    "typed", ["阳光", "陽光", "阳", "光", "yg", "YG", "ｙｇ", "yangguang", "yang guang", "guang", "y"]
)
def test_a_chinese_name_is_found_by_its_characters_its_sound_and_its_initials(typed: str) -> None:
    assert found(typed, "阳光")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("clq", "长乐千"),
        ("zlq", "长乐千"),
        ("changyue", "长乐"),
        ("ceng", "曾小明"),
        ("zeng", "曾小明"),
        ("shanyu", "单于"),
        ("chanyu", "单于"),
        ("lvbu", "吕布"),
        ("lubu", "吕布"),
        ("lübu", "吕布"),
        ("xm2020", "小明2020"),
        ("lxm", "陆小曼"),
        ("luxiaoman", "陸小曼"),
        ("陆小曼", "陸小曼"),
        ("wu", "伍佰"),
        ("harbor", "Ｈａｒｂｏｒ"),
        ("HARBOR LENS", "harbor.lens"),
        ("straße", "STRASSE"),
        ("иван", "Иван"),
        ("ぱん", "はﾟん"),
        ("가나", "가나다"),
    ],
)
def test_other_ways_to_write_and_to_read_a_name(typed: str, name: str) -> None:
    assert found(typed, name)


@pytest.mark.parametrize(("typed", "name"), [("gy", "阳光"), ("光阳", "阳光"), ("wang", "阳光"), ("b", "阳光")])
def test_what_is_not_in_a_name_is_not_found(typed: str, name: str) -> None:
    assert not found(typed, name)


def test_remark_and_id_are_looked_through_too() -> None:
    assert found("mp", "harbor", "卖票")
    assert found("卖票", "harbor", "賣票")
    assert found("70012", "harbor", key="10070012")
    assert found("@anna:ex", "", key="@anna:example.org")


def test_a_name_of_signs_alone_is_found_by_them() -> None:
    assert found("🌞", "🌞🌞")
    assert not found("🌞", "阳光")
    assert sought_query("  ") == ""


def test_names_stand_in_the_order_of_their_sounds() -> None:
    names = ["阳光", "Bob", "安娜", "zoe", "张三", "2020", ""]
    assert sorted(names, key=lambda name: sought(name, "", "m1")) == ["2020", "安娜", "Bob", "", "阳光", "张三", "zoe"]


@given(NAMES)
def test_letters_are_folded_as_everywhere(name: str) -> None:
    folded = folded_letters(name[:LOOKED_AT])[0]
    assert folded_name(name) == folded or not folded


@given(NAMES, NAMES, st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), st.data())
def test_every_part_of_a_name_a_remark_or_an_id_finds_it(name: str, remark: str, key: str, data: st.DataObject) -> None:
    looked_through = sought(name, remark, key)
    assert looked_through
    assert "\n" not in looked_through
    for text in (name, remark, key):
        folded = folded_name(text)
        start = data.draw(st.integers(0, len(folded)))
        assert folded[start : data.draw(st.integers(start, len(folded)))] in looked_through


@given(st.text("长乐重单行曾仇朴查区", max_size=40))
def test_a_name_of_many_readings_takes_little_room(name: str) -> None:
    assert len(sought(name, "", "7")) <= 2 * WAYS * (7 * len(name) + 2) + len(name) + 4


def test_every_sound_has_a_spelling_and_every_reading_is_one() -> None:
    spelled = {entry[-1]: entry[:-1] for entry in SYLLABLES.split()}
    assert {chr(sound) for sound in tables().sound_pages if sound} <= spelled.keys()
    assert len(set(spelled.values())) == len(spelled)
    for entry in READINGS.split():
        assert folded_letters(entry[0])[0] == entry[0]
        assert len(entry[1:].split("/")) > 1
        assert set(entry[1:].split("/")) <= set(spelled.values())
