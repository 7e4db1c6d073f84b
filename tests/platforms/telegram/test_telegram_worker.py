"""The whole worker on a make-believe Telegram: killed at any moment it loses nothing and sends nothing twice."""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store.records import ActionKind
from tests.platforms.outage import (
    EARLY,
    FLOODER,
    LATE,
    check,
    judge_by_its_rules,
    line_to,
    ten_minutes,
    welcomes,
    written,
)
from tests.platforms.synapse import until
from tests.platforms.telegram.simulator import PHOTO, TOKEN, Simulator, Tea
from tests.platforms.worker_process import AD, Work

KILLS = 20


class TelegramWork(Work):
    """A worker connected to the group of `tea`."""

    def __init__(self, tea: Tea, folder: Path, *, base: str = "") -> None:
        super().__init__(folder, tea.group, tea.simulator.settings(base))

    def pictures(self) -> list[str]:
        """The numbers of all pictures that are stored, each as often as it is."""
        return [part for (key,) in self.rows("SELECT key FROM messages WHERE kind = 'image'")
                for part in str(key).split("+")]  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path / "telegram") as simulator:
        yield simulator


def test_worker_and_server_killed_twenty_times_lose_nothing_and_do_nothing_twice(
    server: Simulator, tmp_path: Path
) -> None:
    tea = Tea(server)
    work = TelegramWork(tea, tmp_path)
    with work.running():
        ads = [tea.say(tea.bob, f"ad {number}") for number in range(20)]
        until(lambda: work.value("SELECT count(*) FROM messages WHERE kind = 'text'") == 20)
    texts = [f"notice {number}" for number in range(3 * KILLS)]
    deletions = [(ActionKind.DELETE, str(tea.bob), str(ad), "") for ad in ads]
    last = [(ActionKind.BAN, str(tea.bob), "", ""), (ActionKind.REMOVE, str(tea.eve), "", "")]
    chance = random.Random(5)
    said: list[str] = []
    pictures: list[str] = []
    process = work.start()
    try:
        for number in range(KILLS):
            for _ in range(3):
                said.append(f"talk {len(said)}")
                tea.say(tea.ada, said[-1])
            album: dict[str, Any] = {"media_group_id": f"album{number}", **PHOTO} if number % 5 == 4 else {}
            if album:
                pictures.append(str(tea.say(tea.ada, **album)))
            stall = number % 2 == 0
            read = work.value("SELECT max(id) FROM messages")
            if stall:
                # The worker is killed while it waits for the answer to what was carried out.
                server.do("stall", method="sendMessage")
            notices = [(ActionKind.SEND, "", "", text) for text in texts[3 * number : 3 * number + 3]]
            work.queue([notices[0], deletions[number], *notices[1:], *(last if number == KILLS - 1 else [])])
            if stall:
                until(lambda: server.look()["stalled"] == "done", 60)
                until(lambda: server.look()["polling"], 60)
            else:
                # Killed at its work: both reading and sending.
                until(lambda read=read: work.value("SELECT max(id) FROM messages") > read, 60)  # type: ignore[misc]
                until(lambda: work.states()["waiting"] < 4, 60)
                time.sleep(chance.random() * 0.05)
            assert process.poll() is None, work.log.read_text()[-3000:]
            process.kill()
            process.wait()
            if not stall:
                # While the next worker polls, and maybe sends.
                process = work.start()
                polls = server.look()["polls"]
                until(lambda polls=polls: server.look()["polls"] > polls, 60)  # type: ignore[misc]
            server.kill()
            server.start()
            if stall:
                process = work.start()
            if album:
                pictures.append(str(tea.say(tea.ada, **album)))
        until(lambda: work.left() == 0, 60)
        until(lambda: len(work.stored(str(tea.ada))) >= len(said), 60)
        until(lambda: len(work.pictures()) >= len(pictures), 60)
    finally:
        process.kill()
        process.wait()

    assert work.stored(str(tea.ada)) == said, "each message once, in its order"
    assert sorted(work.pictures()) == sorted(pictures), "each picture once"
    states = work.states()
    assert set(states) <= {"done", "unknown"}, work.rows("SELECT kind, state, result FROM actions")
    # Whenever a worker is killed, and where the server is killed under the next one.
    most = KILLS + KILLS // 2
    assert KILLS // 2 <= states["unknown"] <= most, "what was being sent is for a person to settle, and nothing else"
    sent = [text for _, chat, text in server.effects("sendMessage") if chat == tea.chat]
    assert len(sent) == len(set(sent)), "nothing twice"
    assert sent == [text for text in texts if text in sent], "in order"
    uncertain = {str(text) for (text,) in work.rows("SELECT text FROM actions WHERE state = 'unknown'")}
    assert set(texts) - set(sent) <= uncertain
    deleted = [effect[2] for effect in server.effects("delete")]
    assert len(deleted) == len(set(deleted))
    done = work.rows("SELECT m.key FROM actions a JOIN messages m ON m.id = a.message_id WHERE a.state = 'done'")
    assert {int(str(key)) for (key,) in done} <= set(deleted) <= set(ads)
    assert len(server.effects("banChatMember")) <= 2
    left = server.look()["chats"][tea.group]["members"]
    assert left[str(tea.eve)]["status"] != "kicked" or left[str(tea.eve)]["until_date"], "nobody for good"


def test_what_three_people_wrote_while_the_worker_was_away_is_read_once(server: Simulator, tmp_path: Path) -> None:
    tea = Tea(server)
    work = TelegramWork(tea, tmp_path)
    with work.running():
        tea.say(tea.ada, "before")
        until(lambda: work.stored(str(tea.ada)) == ["before"])
    said = {user: [f"talk {number} of {user}" for number in range(167)] for user in (tea.ada, tea.bob, tea.eve)}
    with ThreadPoolExecutor(3) as people:
        for _ in people.map(lambda user: [tea.say(user, text) for text in said[user]], said):
            pass
    process = work.start()
    try:
        until(lambda: work.value("SELECT count(*) FROM messages WHERE kind = 'text'") > 1)
    finally:
        # In the middle of it, if it was not faster.
        process.kill()
        process.wait()
    with work.running():
        tea.say(tea.ada, "after")
        until(lambda: work.stored(str(tea.ada))[-1] == "after")
    assert work.stored(str(tea.ada)) == ["before", *said[tea.ada], "after"]
    assert [work.stored(str(user)) for user in (tea.bob, tea.eve)] == [said[tea.bob], said[tea.eve]]


def test_ten_minutes_out_of_reach_leave_no_gap_send_nothing_twice_and_make_no_flood(
    server: Simulator, tmp_path: Path
) -> None:
    tea = Tea(server)
    people = {"bob": tea.bob, "eve": tea.eve}
    people |= {name: server.do("person", name=name) for name in ("dan", FLOODER, EARLY, LATE)}
    for name in ("dan", FLOODER):
        server.do("join", chat=tea.chat, user=people[name])
    # They are in the group already, and not to be welcomed.
    server.do("confirm", offset=2**30)
    keys = {name: str(user) for name, user in people.items()}
    welcome = f"Welcome, {LATE}!"
    with line_to(server.port) as line:
        work = TelegramWork(tea, tmp_path, base=line.base)
        judge_by_its_rules(work)
        with work.running():
            tea.say(tea.ada, "before")
            until(lambda: work.stored(str(tea.ada)) == ["before"])
            line.cut()
            until(lambda: "no connection" in work.log.read_text())
            said = ten_minutes(time.time())
            for one in said:
                what = {"do": "say", "text": one.text} if one.text else {"do": "join"}
                server.do(what.pop("do"), chat=tea.chat, user=people[one.who], at=one.at, **what)
            texts = [f"notice {number}" for number in range(5)]
            work.queue([(ActionKind.SEND, "", "", text) for text in texts])
            until(lambda: ": waiting: " in work.log.read_text())
            assert work.left() == len(texts)
            line.mend()
            until(lambda: written(work, keys) >= len([one for one in said if one.text]), 60)
            until(lambda: work.settled() == len(texts) + 1, 60)
    check(work, said, keys)
    assert welcomes(work) == [welcome]
    sent = [text for _, _, text in server.effects("sendMessage")]
    assert [text for text in sent if text in texts] == texts
    assert sorted(sent) == sorted([*texts, welcome]), "each once"


def test_sixty_actions_come_through_telegrams_limits_in_order(server: Simulator, tmp_path: Path) -> None:
    tea = Tea(server)
    work = TelegramWork(tea, tmp_path)
    with work.running():
        tea.say(tea.bob, "hello")
        until(lambda: work.value("SELECT count(*) FROM messages WHERE kind = 'text'") == 1)
        server.do("limits", per_second=20, burst=12)
        texts = [f"notice {number}" for number in range(60)]
        work.queue([(ActionKind.SEND, "", "", text) for text in texts])
        until(lambda: work.left() == 0, 60)
    assert [text for _, _, text in server.effects("sendMessage")] == texts
    assert 1 < work.log.read_text().count(": waiting: ") < 60, "Telegram's own wait was kept to"


def test_an_edit_into_an_ad_is_caught_and_an_album_goes_as_a_whole(server: Simulator, tmp_path: Path) -> None:
    tea = Tea(server)
    work = TelegramWork(tea, tmp_path)
    with work.running():
        number = tea.say(tea.bob, "good morning all")
        album = [tea.say(tea.eve, media_group_id="a", **more, **PHOTO) for more in ({"caption": AD}, {}, {})]
        until(lambda: work.value("SELECT count(*) FROM messages WHERE kind IN ('text', 'image')") == 2)
        tea.simulator.do("edit", chat=tea.chat, message=number, text=AD)
        until(lambda: work.value("SELECT count(*) FROM flags") >= 2)
        for case in work.home.ok("cases", "--json").rows:
            work.home.ok("decide", case["id"], "warn")
        until(lambda: len(server.effects("deleteMessage")) == 4)
        until(lambda: work.left() == 0)
    assert sorted(effect[2] for effect in server.effects("deleteMessage")) == sorted([number, *album])
    warned = [text.partition(":")[0] for _, _, text in server.effects("sendMessage")]
    assert sorted(warned) == ["Bob", "Eve"]


def test_a_group_that_moves_keeps_its_history(server: Simulator, tmp_path: Path) -> None:
    tea = Tea(server, kind="group")
    work = TelegramWork(tea, tmp_path)
    with work.running():
        tea.say(tea.bob, "before")
        until(lambda: work.value("SELECT count(*) FROM messages WHERE kind = 'text'") == 1)
        new = server.do("migrate", chat=tea.chat)
        server.do("say", chat=new, user=tea.bob, text="after")
        until(lambda: work.value("SELECT count(*) FROM messages WHERE kind = 'text'") == 2)
    with work.running():
        number = server.do("say", chat=new, user=tea.bob, text="after a restart")
        until(lambda: work.value("SELECT count(*) FROM messages WHERE kind = 'text'") == 3)
        work.queue([(ActionKind.DELETE, str(tea.bob), str(number), ""), (ActionKind.SEND, "", "", "hello")])
        until(lambda: work.left() == 0)
    assert work.value("SELECT count(*) FROM groups") == 1
    assert ["deleteMessage", new, number] in server.effects()
    assert ["sendMessage", new, "hello"] in server.effects()
    tested = work.home.run("platform", "test", "tg")
    assert tested.code == 0, tested
    assert f"it became a supergroup, {new}; here it goes on under {tea.group}" in tested.out


def test_the_token_reaches_neither_log_nor_store_nor_screen(server: Simulator, tmp_path: Path) -> None:
    tea = Tea(server)
    work = TelegramWork(tea, tmp_path)
    secret = TOKEN.partition(":")[2]
    with work.running():
        tea.say(tea.bob, "hello")
        until(lambda: work.value("SELECT count(*) FROM messages WHERE kind = 'text'") == 1)
        server.kill()
        until(lambda: "no connection" in work.log.read_text())
        unreachable = work.home.refused("platform", "test", "tg")
        server.start()
        work.queue([(ActionKind.SEND, "", "", "hello all")])
        until(lambda: work.left() == 0)
        until(lambda: "  connected" in work.home.ok("platform", "list").out)
    assert "no connection" in unreachable
    assert secret not in unreachable
    assert secret not in work.log.read_text()
    for file in work.home.store.parent.iterdir():
        assert secret.encode() not in file.read_bytes()
    server.token_file.chmod(0o644)
    assert "chmod 600" in work.home.refused("platform", "test", "tg")


def test_what_telegram_would_refuse_for_its_age_is_said_before_and_not_asked_for(
    server: Simulator, tmp_path: Path
) -> None:
    tea = Tea(server)
    work = TelegramWork(tea, tmp_path)
    with work.running():
        old, new = tea.say(tea.bob, AD), tea.say(tea.bob, AD)
        until(lambda: work.value("SELECT count(*) FROM flags") >= 2)
        server.do("age", chat=tea.chat, message=old, seconds=49 * 3600)
        with closing(sqlite3.connect(work.home.store, timeout=20)) as store, store:
            store.execute("UPDATE messages SET time = time - ? WHERE key = ?", (49 * 3600, str(old)))
        (case,) = work.home.ok("cases", "--json").rows
        said = work.home.ok("decide", case["id"], "delete").out
        assert "delete 1; not done: 1 of 2 too old: Telegram bots delete for 48 hours" in said
        until(lambda: work.left() == 0 and work.settled() == 1)
    assert work.states() == Counter({"done": 1})
    assert [effect[2] for effect in server.effects("delete")] == [new]
