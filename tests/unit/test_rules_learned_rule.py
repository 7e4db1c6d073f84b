"""The rule of kind learned: which confirmed texts become templates, and what a dismissal protects."""

from __future__ import annotations

import pytest

from rules.engine import Engine
from rules.knowledge import Knowledge
from rules.learned_rule import Protected, telling
from rules.records import Message
from rules.rulebook import parse

AD = "内部优惠券每天更新，扫码进群免费领取"
BOOK = parse('version = 1\n[rules.learned]\nkind = "learned"\nmode = "ask"\n')


def found(text: str, *confirmed: str) -> bool:
    engine = Engine(BOOK, Knowledge(None, confirmed))
    return bool(engine.judge([Message("p", "g", "1", "m", text, 1.0)])[0])


def test_a_confirmed_ad_is_found_again_disguised_and_inside_more() -> None:
    assert found(f"亲们看过来：{AD}！！", AD)
    assert found("内 部 优 惠 券 每 天 更 新 ， 扫 码 进 群 免 费 領 取", AD)
    assert not found("内部会议每天更新，请大家准时", AD)


@pytest.mark.parametrize("short", ["扫码进群", "check this out", "", "!!!"])
def test_what_is_short_is_no_template(short: str) -> None:
    assert telling([short, AD], [], 88) == (AD,)


def test_what_members_say_as_part_of_more_is_no_template() -> None:
    phrase = "please have a look at this one"
    talk = [f"could you {phrase}, it does not boot any more", "good morning"]
    assert telling([phrase, AD], talk, 88) == (AD,)


def test_copies_that_passed_before_do_not_unteach_an_ad() -> None:
    assert telling([AD], [AD, f"{AD}！", "早上好"], 88) == (AD,)


def test_one_text_hidden_behind_another_is_left_out_too() -> None:
    longer = "please have a look at this one here"
    talk = ["could you please have a look at this one here, it does not boot any more"]
    assert telling(["please have a look at this one", longer, AD], talk, 88) == (AD,)


def test_the_same_ad_written_twice_is_one() -> None:
    assert len(telling([AD, AD.replace("，", " ")], [], 88)) == 1


def test_a_dismissal_protects_whole_messages_only() -> None:
    protected = Protected(BOOK, Knowledge(None, (), ("请问食堂的优惠券在哪里换",)))
    assert protected.like(["请问食堂的优惠券在哪里换", "请问食堂的优惠券在哪里换呢", ""]) == [True, True, False]
    assert protected.like(["请问食堂的优惠券在哪里换代开优惠券量大从优欢迎私聊"]) == [False]
