"""The whole worker on a simulated implementation: killed at any moment, nothing is lost and nothing done twice."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from store.records import ActionKind
from tests.platforms.onebot.running import Running
from tests.platforms.onebot.world import ADA, BOB, EVE
from tests.platforms.synapse import until
from tests.platforms.worker_process import AD, Work

KILLS = 20
TEA = 700_001

Run = Callable[..., Running]


class OneBotWork(Work):
    """A worker connected to the implementation."""

    def __init__(self, running: Running, folder: Path, *more: str) -> None:
        super().__init__(folder, str(TEA), running.settings(*more))


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
            if number % 2:
                running.kill()
                time.sleep(chance.random() * 0.03)
            process.kill()
            process.wait()
            if number % 2:
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
    assert len(unknown) <= KILLS * 1.75, "no more than what was being sent when something was killed"
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
    assert home.ok("platform", "list").out == "qq  onebot  no worker runs\n"
    tested = home.run("platform", "test", "qq")
    assert (tested.code, tested.err) == (1, ""), tested.err
    assert tested.lines[0] == "qq: logged in as 10001 (vigil), in 2 groups"
    assert "LOOK  Chess" in tested.out
    assert "cannot delete, mute, remove, ban, admit, refuse: 10001 is no administrator of the group: its" in tested.out
    assert "ok    Tea" in tested.out
    with work.running():
        until(lambda: home.ok("platform", "list").out == "qq  onebot  connected\n")
        running.kill()
        until(lambda: home.ok("platform", "list").out == "qq  onebot  not reachable\n")
    running.token_file.chmod(0o644)
    assert "chmod 600" in home.refused("platform", "test", "qq")
    assert running.token not in work.log.read_text()
    for file in home.store.parent.glob("vigil.db*"):
        assert running.token.encode() not in file.read_bytes()
