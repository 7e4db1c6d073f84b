"""What a platform lacks, and what to do about a refusal, in the language of the settings: kept by the worker so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.records import ActionKind
from tests.home import Home
from tests.platforms.onebot.running import Running
from tests.platforms.onebot.world import ACCOUNT, BOB
from tests.platforms.people import People
from tests.platforms.synapse import until
from tests.platforms.telegram.simulator import Simulator, Tea
from tests.platforms.telegram.world import BOT_NAME
from tests.platforms.worker_process import READ, Work

CHESS = 700_002


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path / "telegram") as found:
        yield found


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    folder = tmp_path / "onebot"
    folder.mkdir()
    found = Running(folder, "napcat")
    try:
        yield found.start()
    finally:
        found.close()


def speak(home: Home, language: str) -> None:
    """Set the language, which stands above all tables."""
    home.config.write_text(f'language = "{language}"\n{home.config.read_text("utf-8")}', "utf-8")


def refused(home: Home) -> list[str]:
    """What the outbox says of what failed, in the order of the actions."""
    assert home.run("cases").code == 0, "makes whoever asks an owner"
    return [row["words"] for row in home.ok("outbox", "list", "--json").rows]


def test_what_telegram_and_qq_refuse_is_kept_and_said_in_chinese(
    simulator: Simulator, running: Running, tmp_path: Path
) -> None:
    tea = Tea(simulator)
    simulator.do("add_bot", chat=tea.chat, by=tea.ada, can_restrict_members=False)
    running.world.group(CHESS, "Chess", "member")
    work = Work(tmp_path, tea.group, [*simulator.settings(), *running.settings()])
    home = work.home
    speak(home, "zh")
    with work.running():
        until(lambda: work.value(READ) == 2)
        tea.say(tea.bob, "hello")
        running.world.say(CHESS, BOB, "hello")
        until(lambda: work.value("SELECT count(*) FROM messages WHERE kind = 'text'") == 2)
        work.queue([(ActionKind.BAN, str(tea.bob), "", ""), (ActionKind.SEND, str(tea.eve), "", "hello")])
        work.queue([(ActionKind.MUTE, str(BOB), "", "")], str(CHESS))
        until(lambda: work.settled() == 3)
    ban, tell, mute = refused(home)
    assert ban.startswith("Bad Request: not enough rights")
    assert ban.endswith(" (400)；机器人是管理员，但没有“封禁用户”权限：请授予")
    assert tell.endswith(f"；Telegram 机器人不能先给人发消息：请该成员打开 @{BOT_NAME} 并点击“开始”")
    assert mute.endswith(f"；{ACCOUNT} 不是群管理员：群主可以设置")
    seen = home.run("platform", "test", "tg")
    assert (seen.code, seen.err) == (1, "")
    assert seen.lines[0] == f"tg：已登录为 @{BOT_NAME}，在 1 个群中"
    assert seen.lines[1].startswith("注意  Tea  ")
    assert seen.lines[2] == "      无法禁言、移出、封禁：机器人是管理员，但没有“封禁用户”权限：请授予"
    (chess,) = [row for row in home.run("platform", "test", "qq", "--json").rows if "group" in row]
    assert set(chess["lacking"]) == {"delete", "mute", "remove", "ban", "admit", "refuse"}
    assert set(chess["lacking"].values()) == {f"{ACCOUNT} 不是群管理员：群主可以设置"}


def test_what_a_matrix_server_refuses_is_kept_and_said_in_chinese(people: People, tmp_path: Path) -> None:
    room = people.group("Coffee", "11", power=50)
    work = Work(tmp_path, room, people.settings())
    home = work.home
    speak(home, "zh")
    with work.running():
        people.bob.say(room, "hello")
        until(lambda: work.value("SELECT count(*) FROM messages WHERE kind = 'text'") == 1)
        work.queue([(ActionKind.MUTE, people.bob.user, "", "")])
        until(lambda: work.settled() == 1)
    lacking = (
        f"这属于更改群权限：需要权限等级 100，而 {people.vigil.user} 只有 50："
        "请群管理员在群设置的“角色与权限”里把它设为 100（管理员）"
    )
    assert refused(home) == [lacking]
    seen = home.run("platform", "test", "mx")
    assert (seen.code, seen.err) == (1, "")
    assert seen.lines[0] == f"mx：已登录为 {people.vigil.user}，在 1 个群中"
    assert seen.lines[2] == f"      无法禁言：{lacking}"


@pytest.mark.parametrize(
    ("language", "said"), [("zh_CN.UTF-8", "没有设置平台"), ("C.UTF-8", "no platforms are set up")]
)
def test_without_a_language_in_the_settings_the_locale_decides(tmp_path: Path, language: str, said: str) -> None:
    home = Home(tmp_path)
    home.settle()
    assert said in home.run("platform", "list", env={"LANG": language}).out
