"""Lists in files beside the rulebook, and settings of a group's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rules.engine import Engine
from rules.records import Message, Mode
from rules.rulebook import RulebookError, load, parse

BOOK = """\
version = 1
[rules.ads]
kind = "similar"
mode = "ask"
templates = ["周末自习室招管理员包午饭"]
templates_file = "lists/ads.txt"
[rules.bad]
kind = "words"
mode = "ask"
words_file = "words.txt"
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "ads.txt").write_bytes("\ufeff# ads\r\n\r\n二手教材八折出售欢迎来看\r\n".encode())
    (tmp_path / "words.txt").write_text("免费领\n", "utf-8")
    path = tmp_path / "book.toml"
    path.write_text(BOOK, "utf-8")
    return path


def found(path: Path, text: str, group: str = "g") -> list[str]:
    findings = Engine(load(path)).judge([Message("p", group, "1", "m", text, 1.0, group_name="")])[0]
    return [finding.rule for finding in findings]


def test_lists_beside_the_rulebook_count_like_what_stands_in_it(book: Path) -> None:
    assert found(book, "二手教材八折出售，欢迎来看！") == ["ads"]
    assert found(book, "周末自习室招管理员包午饭") == ["ads"]
    assert found(book, "这里免费领") == ["bad"]
    assert [path.name for path in load(book).files] == ["ads.txt", "words.txt"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("words.txt", b"ok\n\n\xff\n", "words.txt:3: rules.bad.words_file: is not UTF-8"),
        ("words.txt", "好的\n!!!\n".encode(), "words.txt:2: rules.bad.words_file: has no letter and no digit"),
        ("lists/ads.txt", "短\n".encode(), "ads.txt:1: rules.ads.templates_file: has 1 letters"),
        ("words.txt", None, "book.toml:10: rules.bad.words_file: "),
    ],
)
def test_an_error_in_a_list_names_its_file_and_line(book: Path, name: str, content: bytes | None, says: str) -> None:
    listed = book.with_name("words.txt") if name == "words.txt" else book.parent / name
    if content is None:
        listed.unlink()
    else:
        listed.write_bytes(content)
    with pytest.raises(RulebookError) as caught:
        load(book)
    assert says in str(caught.value)
    assert listed in caught.value.files


def test_a_pipe_is_no_list_and_waits_for_nobody(book: Path) -> None:
    book.with_name("words.txt").unlink()
    os.mkfifo(book.with_name("words.txt"))
    with pytest.raises(RulebookError) as caught:
        load(book)
    assert "words.txt: is no ordinary file" in str(caught.value)


def test_a_list_of_a_user_nobody_knows_is_not_found(book: Path) -> None:
    book.write_text(BOOK.replace('"words.txt"', '"~nobody-of-that-name/words.txt"'), "utf-8")
    with pytest.raises(RulebookError) as caught:
        load(book)
    assert "~nobody-of-that-name/words.txt: cannot be read: No such file" in str(caught.value)


def test_ten_thousand_lines_are_no_trouble(book: Path) -> None:
    lines = "".join(f"每日新品第{n}号商品今天特价出售\n" for n in range(10_000))
    (book.parent / "lists" / "ads.txt").write_text(lines, "utf-8")
    book.with_name("words.txt").write_text("".join(f"代号{n}号\n" for n in range(10_000)), "utf-8")
    assert found(book, "每日新品第9999号商品今天特价出售") == ["ads"]
    assert found(book, "我是代号9876号") == ["bad"]


GROUPS = """\
version = 1
[rules.bad]
kind = "words"
mode = "ask"
text = "no"
words = ["免费领"]
ladder = ["warn"]
[rules.flood]
kind = "flood"
mode = "ask"
messages = 3
[groups."loud".flood]
messages = 5
[groups."free".bad]
mode = "off"
[groups."strict".bad]
ladder = ["ban"]
text = "never"
"""


def stream(group: str, count: int, name: str = "") -> list[Message]:
    return [Message("p", group, f"{group}{n}", "m", "你好呀", 1_003.0 + n, group_name=name) for n in range(count)]


def test_a_group_has_settings_of_its_own() -> None:
    engine = Engine(parse(GROUPS))
    assert [bool(found) for found in engine.judge(stream("g", 4))] == [False, False, True, True]
    assert [bool(found) for found in engine.judge(stream("loud", 6))] == [False] * 4 + [True] * 2
    named = engine.judge(stream("77", 6, "loud"))
    assert [bool(found) for found in named] == [False] * 4 + [True] * 2
    bad = [Message("p", group, group, "m", "免费领", 1.0) for group in ("g", "free", "strict")]
    assert [[one.rule for one in findings] for findings in engine.judge(bad)] == [["bad"], [], ["bad"]]


def test_what_members_meet_is_their_groups() -> None:
    book = parse(GROUPS)
    assert [str(step) for step in book.steps("bad", "strict", "")] == ["ban"]
    assert [str(step) for step in book.steps("bad", "g", "")] == ["warn"]
    assert (book.shown("bad", "en", "1", "strict"), book.shown("bad", "en")) == ("never", "no")
    off = book.rule("bad", "free")
    assert off is not None
    assert off.mode is Mode.OFF


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("messages = 5", "massages = 5"), "book.toml:13: groups.loud.flood.massages: is not a key here"),
        (("messages = 5", "messages = 1"), "book.toml:13: groups.loud.flood.messages: must be 0 (off) or between"),
        (('"loud".flood', '"loud".flod'), "book.toml:12: groups.loud.flod: is not a rule of this rulebook; there are"),
        (('mode = "off"', 'groups = ["x"]'), "book.toml:15: groups.free.bad.groups: is not a key here"),
        (('text = "no"', 'groups = ["x"]'), "book.toml:14: groups.free.bad: the rule bad holds only in x"),
    ],
)
def test_an_error_in_a_groups_settings_names_its_place(change: tuple[str, str], says: str) -> None:
    assert change[0] in GROUPS
    with pytest.raises(RulebookError) as caught:
        parse(GROUPS.replace(*change), "book.toml")
    assert says in str(caught.value)


def test_windows_of_groups_live_on_when_the_rulebook_changes() -> None:
    engine = Engine(parse(GROUPS))
    early = stream("loud", 4)
    engine.judge(early)
    changed = engine.replace(parse(GROUPS.replace("messages = 5", "messages = 4")))
    more = Message("p", "loud", "more", "m", "你好呀", 1_008.0)
    (finding,) = changed.judge([more])[0]
    assert finding.earlier == tuple(one.key for one in early)
