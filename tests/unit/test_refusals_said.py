"""What platforms lack and refuse, in the language that is installed; the platform's own words stay as they are."""

from __future__ import annotations

import asyncio
import gettext
from collections.abc import Callable, Iterator

import pytest

from console.dispatch import Dispatch
from console.language import translation
from console.platforms.base import Receipt
from console.platforms.http import Refusal, Unreachable
from console.platforms.matrix_power import power
from console.platforms.matrix_shapes import Create
from console.platforms.onebot_actions import lack as lack_on_onebot
from console.platforms.onebot_actions import out_of_reach
from console.platforms.onebot_calls import Failed
from console.platforms.onebot_members import GroupMember
from console.platforms.sound import sound_receipt
from console.platforms.telegram_access import lack as lack_on_telegram
from console.platforms.telegram_advice import advised
from console.platforms.telegram_shapes import Member, User
from rules.records import Message
from store import lease, undelivered
from store.database import Database
from store.records import ActionKind, ActionState
from tests.unit.made import NOON, take
from tests.unit.test_dispatch import Scripted
from widgets.language import install, mark

VIGIL, MEMBER, FOUNDER = "@vigil:b", "@member:b", "@ann:b"


@pytest.fixture(autouse=True)
def no_language() -> Iterator[None]:
    """Whatever a test installs is gone after it."""
    install(gettext.NullTranslations())
    yield
    install(gettext.NullTranslations())


def qq(user: str, role: str) -> GroupMember:
    return GroupMember(user, "", role, "", "", None, None)


ROOM = power(Create("12"), FOUNDER, {"users": {VIGIL: 50}, "events": {"m.room.power_levels": 100}})
ADMINISTRATOR = Member(User(1), "administrator", can_delete_messages=False)

SAID: list[tuple[Callable[[], str], str, str]] = [
    (
        lambda: ROOM.lack(ActionKind.MUTE, VIGIL),
        "takes power level 100, and @vigil:b has 50",
        "需要权限等级 100，而 @vigil:b 只有 50",
    ),
    (lambda: ROOM.out_of_reach(FOUNDER, VIGIL), "has created the group", "@ann:b 是群的创建者"),
    (lambda: ROOM.out_of_reach(VIGIL, MEMBER), "it takes more than the member has", "须高于对方"),
    (lambda: lack_on_onebot(qq("1", "member")), "its owner can make it one", "1 不是群管理员"),
    (lambda: out_of_reach(qq("1", "admin"), qq("2", "owner")), "2 is the owner of the group", "2 是群主"),
    (lambda: out_of_reach(qq("1", "admin"), qq("2", "admin")), "2 is an administrator", "2 是群管理员"),
    (
        lambda: lack_on_telegram(ActionKind.DELETE, ADMINISTRATOR, -1_000_000_000_001),
        "right to delete messages",
        "没有“删除消息”权限",
    ),
    (
        lambda: lack_on_telegram(ActionKind.MUTE, ADMINISTRATOR, -5),
        "make the group a supergroup first",
        "请先把群升级为超级群",
    ),
    (lambda: sound_receipt(7).words, "a value of type int is no receipt", "int 类型的值，不是回执"),
    (
        lambda: Unreachable(mark("no answer in {seconds:.0f} s"), seconds=30.0).said,
        "no answer in 30 s",
        "30 秒内没有答复",
    ),
    (lambda: Failed("", "").said, "failed without a word", "失败，没有说明"),
]


@pytest.mark.parametrize(("made", "english", "chinese"), SAID)
def test_what_is_lacking_is_said_in_the_readers_language(made: Callable[[], str], english: str, chinese: str) -> None:
    assert english in made()
    install(translation("zh"))
    assert chinese in made()
    install(translation("en"))
    assert english in made()


@pytest.mark.parametrize("error", [Refusal(400, "", "done", None), Failed("", "done"), Failed("100", "admin")])
def test_what_a_service_says_stays_as_it_said_it(error: Refusal | Failed) -> None:
    """Even where Vigil has the same words, and says them otherwise."""
    english = error.said
    assert english == str(error)
    install(translation("zh"))
    assert error.said == english


def test_braces_in_what_a_service_says_are_no_places_for_values() -> None:
    assert Refusal(403, "M_{x}", "no {such} thing {0}", None).said == "no {such} thing {0} (M_{x})"


def test_advice_follows_telegrams_own_words() -> None:
    said = "Forbidden: bot was blocked by the user (403)"
    assert advised(said, "@bot") == f"{said}; the member has blocked @bot"
    install(translation("zh"))
    assert advised(said, "@bot") == f"{said}；该成员已屏蔽 @bot"
    assert advised("Bad Request: odd (400)", "@bot") == "Bad Request: odd (400)"


@pytest.mark.parametrize(
    ("answers", "kind", "english", "chinese"),
    [
        ([Receipt(ActionState.FAILED, "their own words")], "send", "their own words", "their own words"),
        ([ValueError("secret")], "send", "an error in the platform's own code: ValueError", "平台代码出错：ValueError"),
        ([], "ban", "replay cannot ban", "replay 无法封禁"),
    ],
)
def test_what_the_worker_says_of_an_action_is_kept_in_its_language(
    db: Database, answers: list[Receipt | Exception], kind: str, english: str, chinese: str
) -> None:
    take(db, [(Message("replay", "g", "1", "m", "hello", NOON, "text"), ())])
    generation = lease.take(db, "test", NOON)
    for number, language in enumerate(("en", "zh")):
        install(translation(language))
        db.execute(
            "INSERT INTO actions (key, kind, group_id, text, state, created_at)"
            " SELECT ?, ?, id, 'x', 'waiting', 0 FROM groups",
            (f"t.{number}", kind),
        )
        platform = Scripted("replay", list(answers))
        asyncio.run(Dispatch(db, {"replay": platform}, generation, lambda: NOON).step())
    first, second = undelivered.listed(db, 10)
    assert first.words.startswith(english)
    assert second.words.startswith(chinese)
