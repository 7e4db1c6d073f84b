"""Advertisements cut into several messages."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine import Engine
from rules.records import Finding, Message
from rules.rulebook import RulebookError, parse

PIECES = ["内部优惠券", "每天都更新", "扫码进群", "免费领取", "联系我一二三"]


def engine(**keys: float | str) -> Engine:
    settings = {"count": 3, "window": "10m", "min_members": 2, **keys}
    lines = "".join(f"{key} = {value!r}\n" for key, value in settings.items())
    return Engine(parse(f'version = 1\n[rules.d]\nkind = "duplicates"\nmode = "ask"\n{lines}'))


def only(found: Sequence[tuple[Finding, ...]]) -> list[Finding | None]:
    return [findings[0] if findings else None for findings in found]


def message(number: int, text: str, time: float | None, member: str, group: str = "g") -> Message:
    return Message("p", group, str(number), member, text, time)


def posts(rows: Sequence[tuple[str, str]], step: float = 5.0, group: str = "g") -> list[Message]:
    """Messages of (member, text), `step` seconds apart."""
    return [message(n, text, 1_000 + step * n, member, group) for n, (member, text) in enumerate(rows)]


def cut(members: str, pieces: Sequence[str] = PIECES) -> list[tuple[str, str]]:
    """Each member's pieces, with what others say between them."""
    rows = []
    for turn, member in enumerate(members):
        for number, piece in enumerate(pieces):
            rows.append((member, piece))
            rows.append((f"{member}{number}", f"第{chr(0x4E00 + 97 * turn)}回有人在说{chr(0x5E00 + 31 * number)}"))
    return rows


def test_an_advertisement_in_pieces_is_found_when_it_is_complete() -> None:
    stream = posts(cut("abc"))
    found = only(engine().judge(stream))
    finding, *further = [finding for finding in found if finding is not None]
    assert {one.campaign for one in further} <= {finding.campaign}
    ours = [one.key for one in stream if one.member in "abc"]
    completing = found.index(finding)
    assert stream[completing].member == "c"
    assert set(finding.earlier) == set(ours[: ours.index(stream[completing].key)])
    assert finding.matched.startswith("内部优惠券 每天都更新 扫码进群 免费领取")


def test_what_follows_of_a_found_advertisement_is_found_too() -> None:
    found = only(engine().judge(posts(cut("abcd"))))
    named = [key for finding in found if finding is not None for key in finding.earlier]
    assert len({finding.campaign for finding in found if finding is not None}) == 1
    ours = [one for one in posts(cut("abcd")) if one.member in "abcd"]
    found_keys = {one.key for one, finding in zip(posts(cut("abcd")), found, strict=True) if finding is not None}
    assert {*named, *found_keys} == {one.key for one in ours}
    assert len(named) == len(set(named))
    assert not found_keys & set(named)


def test_whole_messages_and_pieces_are_one_campaign() -> None:
    rows = [("a", "".join(PIECES)), *cut("b"), ("c", "，".join(PIECES))]
    stream = posts(rows)
    finding = only(engine().judge(stream))[-1]
    assert finding is not None
    assert {stream[0].key, *(one.key for one in stream if one.member == "b")} == set(finding.earlier)


def test_the_same_member_in_another_group_counts() -> None:
    stream = [
        message(100 * turn + number, piece, 1_000 + 100 * turn + number, "a", f"g{turn}")
        for turn in range(3)
        for number, piece in enumerate(PIECES)
    ]
    found = only(engine().judge(stream))
    assert any(found)
    assert all(found[place] is None for place in range(10))


def test_pieces_too_far_apart_or_switched_off_are_not_joined() -> None:
    assert not any(only(engine().judge(posts(cut("abc"), step=31))))
    assert not any(only(engine(pieces=0).judge(posts(cut("abc")))))
    assert not any(only(engine(pieces="0s").judge(posts(cut("abc")))))


def test_pieces_without_times_are_joined_by_their_order() -> None:
    stream = [message(n, text, None, member) for n, (member, text) in enumerate(cut("abc"))]
    assert any(only(engine().judge(stream)))


def test_a_run_does_not_match_itself() -> None:
    stream = posts([("a", chr(0x4E00 + 7 * n) * 2 + chr(0x5E00 + 13 * n) * 3) for n in range(60)])
    assert not any(only(engine(count=2, min_members=1, alone=2).judge(stream)))


@pytest.mark.parametrize("said", [["哈哈哈哈哈", "哈哈哈哈哈哈哈"], ["冲冲冲"], ["今天也要加油", "加油"]])
def test_saying_the_same_again_and_again_is_not_cutting_up(said: list[str]) -> None:
    chance = random.Random(2)
    stream = posts([(chance.choice("abcdefgh"), chance.choice(said)) for _ in range(200)])
    assert not any(only(engine().judge(stream)))


def test_a_message_with_a_few_words_after_it_is_one_copy() -> None:
    rows = []
    for member in "ab":
        rows += [(member, "".join(PIECES)), (member, "哦"), (member, "好的")]
    assert not any(only(engine(count=3).judge(posts(rows))))


@st.composite
def campaigns(draw: st.DrawFn) -> list[Message]:
    """An advertisement by several members, cut anywhere, in two groups, with talk between."""
    text = "".join(PIECES)
    waiting: list[list[tuple[str, str, str]]] = []
    for number in range(draw(st.integers(2, 6))):
        cuts = sorted(draw(st.sets(st.integers(1, len(text) - 1), max_size=5)))
        bounds = [0, *cuts, len(text)]
        member, group = draw(st.sampled_from("abcdef")), draw(st.sampled_from("gh"))
        pieces = [text[start:end] for start, end in pairwise(bounds)]
        waiting.append([(piece, f"{member}{number % 2}", group) for piece in pieces])
    stream: list[Message] = []
    time = 1_000.0
    while any(waiting):
        rows = draw(st.sampled_from([rows for rows in waiting if rows]))
        piece, member, group = rows.pop(0)
        stream.append(message(len(stream), piece, time, member, group))
        if draw(st.booleans()):
            said = draw(st.sampled_from(["好的", "今天的天气真不错啊朋友们", "哈哈哈哈", "谁知道怎么安装这个软件"]))
            stream.append(message(len(stream), said, time + 1, draw(st.sampled_from(["a0", "x", "y"])), group))
        time += draw(st.sampled_from([1.0, 3.0, 20.0, 70.0]))
    return stream


@settings(max_examples=150, deadline=None)
@given(campaigns(), st.data())
def test_findings_name_a_message_once_whatever_the_batches_and_after_a_restart(
    stream: list[Message], data: st.DataObject
) -> None:
    whole = only(engine().judge(stream))
    named = [
        key
        for one, finding in zip(stream, whole, strict=True)
        if finding is not None
        for key in (one.key, *finding.earlier)
    ]
    assert len(named) == len(set(named))
    one_by_one = engine()
    assert [finding for one in stream for finding in only(one_by_one.judge([one]))] == whole
    place = data.draw(st.integers(0, len(stream)))
    known = {}
    for one, finding in zip(stream[:place], whole, strict=False):
        if finding is not None:
            known.update(dict.fromkeys([one.key, *finding.earlier], finding.campaign))
    resumed = engine()
    resumed.warm(stream[:place], {"d": known})
    assert only(resumed.judge(stream[place:])) == whole[place:]


@pytest.mark.parametrize("wrong", ['"off"', "30", "false", '"4000d"', "0.0"])
def test_the_rulebook_says_what_is_allowed(wrong: str) -> None:
    with pytest.raises(RulebookError, match=r"must be 0 \(off\) or a duration"):
        parse(f'version = 1\n[rules.d]\nkind = "duplicates"\npieces = {wrong}\n')
