"""The whole worker on a simulated implementation: killed at any moment, nothing is lost and nothing done twice."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from store.records import ActionKind
from tests.platforms import outage
from tests.platforms.onebot.running import Running
from tests.platforms.onebot.world import ADA, BOB, EVE
from tests.platforms.synapse import until
from tests.platforms.worker_process import AD, Work

KILLS = 20
TEA = 700_001

Run = Callable[..., Running]


class OneBotWork(Work):
    """A worker connected to the implementation."""

    def __init__(self, running: Running, folder: Path, *more: str, port: int = 0) -> None:
        lines = running.settings(*more)
        super().__init__(
            folder, str(TEA), [line.replace(f":{running.ws}", f":{port}") for line in lines] if port else lines
        )


class Talk(threading.Thread):
    """Ada talks on until told to stop, whether anybody hears it or not."""

    def __init__(self, running: Running) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._world = running.world
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.1):
            text = f"talk {len(self.texts)}"
            self._world.say(TEA, ADA, text)
            self.texts.append(text)

    def stop(self) -> None:
        self._over.set()
        self.join()


def test_worker_and_program_killed_twenty_times_lose_nothing_and_do_nothing_twice(run: Run, tmp_path: Path) -> None:
    running = run("napcat")
    world = running.world
    world.group(TEA)
    work = OneBotWork(running, tmp_path)
    with work.running():
        for number in range(40):
            world.say(TEA, BOB, f"ad {number}")
        world.say(TEA, EVE, "hello")
        until(lambda: work.value("SELECT count(*) FROM messages") == 41)
    ads = [str(key) for (key,) in work.rows("SELECT key FROM messages WHERE text LIKE 'ad %' ORDER BY id")]
    notices, warnings = [f"notice {n}" for n in range(60)], [f"warning {n}" for n in range(20)]
    orders = [
        *((ActionKind.SEND, "", "", text) for text in notices),
        *((ActionKind.DELETE, str(BOB), message, "") for message in ads),
        *((ActionKind.WARN, str(BOB), "", text) for text in warnings),
    ]
    chance = random.Random(3)
    chance.shuffle(orders)
    work.queue(orders)
    talk = Talk(running)
    talk.start()
    process = work.start()
    try:
        for number in range(KILLS):
            target = int(len(orders) * 0.95 * (number + chance.random()) / KILLS)
            until(lambda target=target: work.settled() >= target, 60)  # type: ignore[misc]
            assert process.poll() is None, work.log.read_text()
            # Anywhere between a claim, a question, its answer and a note of it.
            time.sleep(chance.random() * 0.03)
            # Now the program first, now the worker.
            for kill in (running.kill, process.kill) if number % 2 else (process.kill, running.kill):
                kill()
                time.sleep(chance.random() * 0.03)
            process.wait()
            running.start()
            process = work.start()
            if number % 4 == 0:
                # In mid-stream, under the eyes of a worker that goes on.
                seen = work.value("SELECT max(id) FROM messages")
                until(lambda seen=seen: work.value("SELECT max(id) FROM messages") > seen, 60)  # type: ignore[misc]
                running.kill()
                running.start()
        until(lambda: work.left() == 0, 60)
        talk.stop()
        until(lambda: len(work.stored(str(ADA))) >= len(talk.texts), 60)
    finally:
        talk.stop()
        process.kill()
        process.wait()

    assert Counter(work.stored(str(ADA))) == Counter(talk.texts), "every message once"
    found = {
        text or key: state
        for text, key, state in work.rows(
            "SELECT a.text, m.key, a.state FROM actions a LEFT JOIN messages m ON m.id = a.message_id"
        )
    }
    done = [one for one, state in found.items() if state == "done"]
    unknown = [one for one, state in found.items() if state == "unknown"]
    assert len(done) + len(unknown) == len(orders), work.states()
    assert len(unknown) <= KILLS * 2.25, "no more than what was being sent when something was killed"
    said = Counter(text.removeprefix(f"@{BOB} ") for text in world.texts(TEA))
    deleted = Counter(str(params["message_id"]) for _, params in world.effects("delete_msg"))
    effects = said + deleted
    assert max(effects.values()) == 1, "no effect twice"
    assert {one for one in done if effects[str(one)] != 1} == set(), "what is done has its effect"
    assert set(effects) <= set(map(str, done + unknown))
    order = [text for text in world.texts(TEA) if text in notices]
    assert order == [text for _, _, _, text in orders if text in order], "in their order"


def test_sixty_actions_come_through_a_limit_in_order(run: Run, tmp_path: Path) -> None:
    running = run("llbot")
    running.world.group(TEA)
    running.world.fact("limit", "20 5")
    work = OneBotWork(running, tmp_path, f'http = "http://127.0.0.1:{running.http}"')
    with work.running():
        running.world.say(TEA, BOB, "hello")
        until(lambda: work.value("SELECT count(*) FROM messages") == 1)
        texts = [f"notice {number}" for number in range(60)]
        work.queue([(ActionKind.SEND, "", "", text) for text in texts])
        until(lambda: work.left() == 0, 60)
    assert running.world.texts(TEA) == texts
    assert work.states() == Counter({"done": 60})
    assert work.log.read_text().count(": waiting: ") > 1


def test_an_ad_on_a_card_is_caught_and_warned_of(run: Run, tmp_path: Path) -> None:
    running = run("napcat")
    running.world.group(TEA)
    work = OneBotWork(running, tmp_path)
    card = json.dumps({"app": "com.tencent.miniapp", "meta": {"detail_1": {"title": "Tea", "desc": AD}}})
    with work.running():
        running.world.say(TEA, BOB, [{"type": "json", "data": {"data": card}}])
        until(lambda: work.value("SELECT count(*) FROM cases"))
        (case,) = work.home.ok("cases", "--json").rows
        assert case["rule"] == "ads"
        work.home.ok("decide", case["id"], "warn")
        until(lambda: work.left() == 0 and work.settled() == 2)
        assert work.states() == Counter({"done": 2})
        until(lambda: work.value("SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL") == 1)
    assert len(running.world.rows("SELECT id FROM messages WHERE recalled = 1")) == 1
    assert len(running.world.texts(TEA)) == 1


def test_the_platform_is_named_and_tested_by_command_and_its_token_stays_secret(run: Run, tmp_path: Path) -> None:
    running = run("llbot")
    running.world.group(TEA, "Tea")
    running.world.group(TEA + 1, "Chess", "member")
    work = OneBotWork(running, tmp_path)
    home = work.home
    assert home.ok("platform", "list").lines[0] == "qq  onebot  no worker runs"
    tested = home.run("platform", "test", "qq")
    assert (tested.code, tested.err) == (1, ""), tested.err
    assert tested.lines[0] == "qq: logged in as 10001 (vigil), in 2 groups"
    assert "LOOK  Chess" in tested.out
    assert "cannot delete, mute, remove, ban, admit, refuse: 10001 is no administrator of the group: its" in tested.out
    assert "ok    Tea" in tested.out
    with work.running():
        until(lambda: home.ok("platform", "list").lines[0] == "qq  onebot  connected")
        running.kill()
        until(lambda: home.ok("platform", "list").lines[0] == "qq  onebot  not reachable")
    running.token_file.chmod(0o644)
    assert "chmod 600" in home.refused("platform", "test", "qq")
    assert running.token not in work.log.read_text()
    for file in home.store.parent.glob("vigil.db*"):
        assert running.token.encode() not in file.read_bytes()


DAN, MAL = 20_004, 20_005
KEYS = {"bob": BOB, "eve": EVE, "dan": DAN, outage.FLOODER: MAL, outage.EARLY: 20_006, outage.LATE: 20_007}


@pytest.mark.parametrize("profile", ["napcat", "llbot", "spec"])
def test_ten_minutes_out_of_reach_leave_no_gap_and_raise_no_false_flood(run: Run, tmp_path: Path, profile: str) -> None:
    """QQ's clock goes ten minutes on while the line is cut."""
    running = run(profile)
    world = running.world
    world.group(TEA)
    for user in (DAN, MAL):
        world.join(TEA, user)
    keys = {name: str(user) for name, user in KEYS.items()}
    notices = [f"notice {number}" for number in range(5)]
    with outage.line_to(running.ws) as line:
        work = OneBotWork(running, tmp_path, port=line.port)
        outage.judge_by_its_rules(work)
        with work.running():
            world.say(TEA, ADA, "before")
            world.say(TEA, MAL, [{"type": "image", "data": {"file": "a.jpg"}}])
            until(lambda: work.value("SELECT count(*) FROM messages") == 2)
            line.cut()
            until(lambda: "no connection" in work.log.read_text() or "connection ended" in work.log.read_text())
            work.queue([*((ActionKind.SEND, "", "", text) for text in notices), (ActionKind.MUTE, str(MAL), "", "")])
            said = outage.ten_minutes(time.time() + outage.SECONDS + 5)
            for one in said:
                if one.text:
                    world.say(TEA, KEYS[one.who], one.text, one.at)
                else:
                    world.join(TEA, KEYS[one.who])
            assert work.settled() == 0
            assert world.effects() == []
            line.mend()
            missed = 0 if profile == "spec" else sum(1 for one in said if one.text)
            until(lambda: work.left() == 0 and outage.written(work, keys) >= missed, 60)
            if profile == "spec":
                until(lambda: "keeps no history: what was written while it or Vigil was down" in work.log.read_text())
            world.say(TEA, ADA, "after")
            until(lambda: work.stored(str(ADA)) == ["before", "after"])
    if profile == "spec":
        assert outage.written(work, keys) == 0
        assert work.value("SELECT count(*) FROM flags") == 0
    else:
        outage.check(work, said, keys)
    assert work.states() == Counter({"done": 6})
    assert [action for action, _ in world.effects()] == ["send_group_msg"] * 5 + ["set_group_ban"]
    assert world.texts(TEA) == notices


def test_members_are_listed_once_the_worker_is_connected(run: Run, tmp_path: Path) -> None:
    running = run("napcat")
    running.world.group(TEA)
    work = OneBotWork(running, tmp_path)
    with work.running():
        until(lambda: work.value("SELECT count(*) FROM memberships WHERE listed_at IS NOT NULL") == 3)
        assert work.rows(
            "SELECT m.key, m.name, j.level, j.title FROM memberships j JOIN members m ON m.id = j.member_id ORDER BY 1"
        ) == [(str(ADA), "ada", "1", "hat"), (str(BOB), "bob", "2", ""), (str(EVE), "eve", "3", "")]
    assert "3 members of 700001 listed" in work.log.read_text()


def test_an_undone_ban_says_what_to_do_in_qq(run: Run, tmp_path: Path) -> None:
    running = run("llbot")
    running.world.group(TEA)
    work = OneBotWork(running, tmp_path)
    with work.running():
        running.world.say(TEA, BOB, AD)
        until(lambda: work.value("SELECT count(*) FROM cases"))
        (case,) = work.home.ok("cases", "--json").rows
        work.home.ok("decide", case["id"], "ban")
        until(lambda: work.value("SELECT count(*) FROM actions WHERE kind = 'ban' AND state = 'done'"))
        assert BOB not in running.world.members(TEA)
        undone = work.home.ok("undo", case["id"]).out
    assert "1 ban cannot be undone" in undone
    assert "qq cannot unban: OneBot has no call for it; in QQ an administrator takes them off the blacklist" in undone
    assert work.value("SELECT count(*) FROM actions WHERE kind = 'unban'") == 0


def test_a_request_that_was_answered_in_qq_meanwhile_waits_for_nobody(run: Run, tmp_path: Path) -> None:
    running = run("llbot")
    running.world.group(TEA)
    work = OneBotWork(running, tmp_path)
    cases = "SELECT count(*) FROM cases WHERE state = 'open'"
    with work.running():
        answered = running.world.knock(TEA, 30_001, "let me in")
        until(lambda: work.value(cases) == 1)
        running.kill()
        running.world.answer(answered)
        running.world.knock(TEA, 30_002, "me too")
        running.start()
        until(lambda: work.value("SELECT count(*) FROM cases") == 2 and work.value(cases) == 1)
        running.kill()
        running.start()
        until(lambda: work.log.read_text().count("the connection ended") == 2)
        running.world.say(TEA, BOB, "after")
        until(lambda: work.stored(str(BOB)) == ["after"])
        assert work.value("SELECT count(*) FROM messages WHERE kind = 'knock'") == 2
        assert work.value("SELECT count(*) FROM cases") == 2
