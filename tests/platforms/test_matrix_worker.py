"""The whole worker on a real Matrix server: killed at any moment it loses nothing and does nothing twice."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.records import ActionKind
from tests.platforms import outage
from tests.platforms.people import People
from tests.platforms.synapse import Synapse, need_synapse, until
from tests.platforms.worker_process import AD, Work

KILLS = 20


class MatrixWork(Work):
    """A worker connected to the group Tea of `people`."""

    def __init__(self, people: People, folder: Path, *more: str) -> None:
        super().__init__(folder, people.group("Tea"), (*people.settings(), *more))


@pytest.fixture
def own_synapse(tmp_path: Path) -> Iterator[Synapse]:
    """A server that the test may kill."""
    need_synapse()
    server = Synapse(tmp_path / "synapse")
    try:
        server.start()
        yield server
    finally:
        server.close()


class _Talk(threading.Thread):
    """Ada talks on until told to stop, whatever becomes of the server."""

    def __init__(self, people: People, room: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._people, self._room = people, room
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.2):
            text = f"talk {len(self.texts)}"
            self._people.ada.say(self._room, text)
            self.texts.append(text)

    def stop(self) -> None:
        self._over.set()
        self.join()


def test_worker_and_server_killed_twenty_times_lose_nothing_and_do_nothing_twice(
    own_synapse: Synapse, tmp_path: Path
) -> None:
    people = People(own_synapse, tmp_path)
    ada, bob, eve, vigil = people.ada, people.bob, people.eve, people.vigil
    work = MatrixWork(people, tmp_path)
    with work.running():
        ads = [bob.say(work.room, f"ad {number}") for number in range(20)]
        eve.say(work.room, "hello")
        until(lambda: work.value("SELECT count(*) FROM messages") == 21)
    chance = random.Random(5)
    orders: list[tuple[ActionKind, str, str, str]] = []
    talk = _Talk(people, work.room)
    talk.start()
    process = work.start()
    try:
        for number in range(KILLS):
            several = [
                *((ActionKind.SEND, "", "", f"notice {number}.{part}") for part in range(5)),
                (ActionKind.DELETE, bob.user, ads[number], ""),
                *[(ActionKind.WARN, bob.user, "", f"warning {number}")][: number % 2],
                *[(ActionKind.MUTE, bob.user, "", "")][: number == KILLS // 2],
                *[(ActionKind.BAN, eve.user, "", "")][: number == KILLS - 1],
            ]
            chance.shuffle(several)
            done = work.settled()
            work.queue(several)
            orders += several
            # The worker in the middle of sending.
            work.await_settled(done + 1, process)
            time.sleep(chance.random() * 0.05)
            process.kill()
            process.wait()
            process = work.start()
            # The server while the worker polls, and maybe sends.
            seen = work.value("SELECT max(id) FROM messages")
            until(lambda seen=seen: work.value("SELECT max(id) FROM messages") > seen, 60)  # type: ignore[misc]
            own_synapse.kill()
            own_synapse.start()
            own_synapse.prepare()
        until(lambda: work.left() == 0, 60)
        assert set(work.states()) == {"done"}
        talk.stop()
        until(lambda: len(work.stored(ada.user)) >= len(talk.texts), 60)
    finally:
        talk.stop()
        process.kill()
        process.wait()

    log = work.log.read_text()
    assert log.count("of a worker that was killed are waiting now") >= KILLS // 2, "killed in the middle of sending"
    assert log.count(f"mx: {own_synapse.base}: ") >= KILLS, "killed in the middle of a poll"
    assert work.stored(ada.user) == talk.texts, "each message once, in its order"
    said = ada.texts(work.room, vigil.user)
    assert [text for text in said if text.startswith("notice")] == [o[3] for o in orders if o[0] is ActionKind.SEND]
    warned = [o[3] for o in orders if o[0] is ActionKind.WARN]
    assert [text.split(": ")[1] for text in said if ": warning" in text] == warned
    (private,) = bob.invitations()
    bob.join(private)
    assert [text.removeprefix("Tea: ") for text in bob.texts(private, vigil.user)] == warned
    history = ada.history(work.room)
    redacted = [event["content"]["redacts"] for event in history if event["type"] == "m.room.redaction"]
    assert sorted(redacted) == sorted(ads)
    bans = [event for event in history if event.get("content", {}).get("membership") == "ban"]
    assert [event["state_key"] for event in bans] == [eve.user]
    assert ada.state(work.room, "m.room.power_levels")["users"][bob.user] == -1
    assert work.value("SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL") == len(ads)


def test_sixty_actions_come_through_a_servers_limits_in_order(tmp_path: Path) -> None:
    need_synapse()
    limited = Synapse(tmp_path / "synapse", messages=(2, 5))
    try:
        limited.start()
        people = People(limited, tmp_path)
        work = MatrixWork(people, tmp_path)
        with work.running():
            people.bob.say(work.room, "hello")
            until(lambda: work.value("SELECT count(*) FROM messages") == 1)
            texts = [f"notice {number}" for number in range(60)]
            work.queue([(ActionKind.SEND, "", "", text) for text in texts])
            until(lambda: work.left() == 0, 90)
        assert people.ada.texts(work.room, people.vigil.user) == texts
        waits = work.log.read_text().count(": waiting: ")
        assert 10 < waits < 120, "the server's own wait was kept to"
    finally:
        limited.close()


def test_ten_minutes_out_of_reach_leave_no_gap_and_raise_no_false_flood(tmp_path: Path) -> None:
    need_synapse()
    server = Synapse(tmp_path / "synapse", bridge=True)
    try:
        server.start()
        with outage.line_to(server.port) as line:
            _be_out_of_reach(People(server, tmp_path), line, tmp_path)
    finally:
        server.close()


def _be_out_of_reach(people: People, line: outage.Line, folder: Path) -> None:
    ada, vigil, synapse = people.ada, people.vigil, people.synapse
    room = people.group("Tea")
    work = Work(folder, room, people.settings(base=line.base))
    outage.judge_by_its_rules(work)
    others = {name: synapse.person(name) for name in ("dan", outage.FLOODER, outage.EARLY, outage.LATE)}
    members = {"bob": people.bob, "eve": people.eve, **others}
    keys = {name: person.user for name, person in members.items()}
    flooder = keys[outage.FLOODER]
    for name in ("dan", outage.FLOODER):
        members[name].join(room)
    with work.running():
        members[outage.FLOODER].send(room, "m.room.message", {"msgtype": "m.notice", "body": "hi"})
        early, late = (ada.say(room, text) for text in ("to be deleted by Vigil", "to be deleted by Ada"))
        until(lambda: len(work.stored(ada.user)) == 2)
        line.cut()
        until(lambda: "no connection" in work.log.read_text())
        notices = [f"notice {number}" for number in range(5)]
        work.queue([
            *((ActionKind.SEND, "", "", text) for text in notices),
            (ActionKind.DELETE, ada.user, early, ""),
            (ActionKind.WARN, flooder, "", "too much"),
            (ActionKind.MUTE, flooder, "", ""),
        ])  # fmt: skip
        said = outage.ten_minutes(time.time())
        for one in said:
            if one.text:
                members[one.who].say_at(room, one.text, one.at)
            else:
                members[one.who].join_at(room, one.at)
        ada.redact(room, late)
        assert work.settled() == 0
        assert ada.texts(room, vigil.user) == []
        line.mend()
        until(lambda: outage.written(work, keys) >= sum(1 for one in said if one.text), 60)
        until(lambda: work.left() == 0 and outage.welcomes(work), 60)
    outage.check(work, said, keys)
    assert set(work.states()) == {"done"}
    assert outage.welcomes(work) == [f"Welcome, {outage.LATE}!"], "who came ten minutes ago is not greeted any more"
    told, warned = ada.texts(room, vigil.user)[:5], ada.texts(room, vigil.user)[5:]
    assert told == notices
    assert sorted(warned) == sorted([f"{outage.FLOODER}: too much", f"Welcome, {outage.LATE}!"])
    assert len(members[outage.FLOODER].invitations()) == 1
    assert ada.state(room, "m.room.power_levels")["users"][flooder] == -1
    redacted = [event["content"]["redacts"] for event in ada.history(room) if event["type"] == "m.room.redaction"]
    assert sorted(redacted) == sorted([early, late])
    assert work.value("SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL") == 2


def test_an_edit_into_an_ad_is_caught_and_deleting_it_deletes_the_message(people: People, tmp_path: Path) -> None:
    work = MatrixWork(people, tmp_path)
    with work.running():
        event = people.bob.say(work.room, "good morning all")
        until(lambda: work.value("SELECT count(*) FROM messages") == 1)
        assert work.home.ok("cases", "--json").rows == []
        people.bob.edit(work.room, event, AD)
        until(lambda: work.value("SELECT count(*) FROM cases"))
        (case,) = work.home.ok("cases", "--json").rows
        assert case["rule"] == "ads"
        assert case["sample"] == AD
        work.home.ok("decide", case["id"], "warn")
        until(lambda: people.ada.event(work.room, event)["content"] == {})
        until(lambda: work.left() == 0)
        # The server tells of the deletion, and the message it took along is marked, too.
        until(lambda: work.value("SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL") == 2)
    assert len(people.bob.invitations()) == 1


def test_a_secret_reaches_neither_log_nor_store(people: People, tmp_path: Path) -> None:
    work = MatrixWork(people, tmp_path)
    with work.running():
        people.bob.say(work.room, "hello")
        until(lambda: work.value("SELECT count(*) FROM messages") == 1)
        work.queue([(ActionKind.SEND, "", "", "hello all")])
        until(lambda: work.left() == 0)
    (kept,) = work.home.store.parent.glob("*.login")
    token = kept.read_text().split('"token":"')[1].split('"')[0]
    assert people.vigil.user in kept.read_text()
    for secret in (token, people.vigil.password):
        assert secret not in work.log.read_text()
        for file in work.home.store.parent.glob("vigil.db*"):
            assert secret.encode() not in file.read_bytes()


def test_platforms_are_named_and_tested_by_command(people: People, tmp_path: Path) -> None:
    work = MatrixWork(people, tmp_path)
    people.group("Coffee", "11", power=50)
    home = work.home
    assert home.ok("platform", "list").out == "mx  matrix  no worker runs\n"
    tested = home.run("platform", "test", "mx")
    assert (tested.code, tested.err) == (1, ""), tested.err
    assert tested.lines[0] == f"mx: logged in as {people.vigil.user}, in 2 groups"
    assert "LOOK  Coffee" in tested.out
    assert "      cannot mute: that is a change of the group's permissions: it takes power level 100" in tested.out
    assert "ok    Tea" in tested.out
    rows = home.run("platform", "test", "mx", "--json").rows
    assert [(row.get("name"), list(row.get("lacking", []))) for row in rows[1:]] == [("Coffee", ["mute"]), ("Tea", [])]
    assert "set up are: mx" in home.refused("platform", "test", "irc")
    with work.running():
        until(lambda: home.ok("platform", "list").out == "mx  matrix  connected\n")
    people.password_file.chmod(0o644)
    (kept,) = home.store.parent.glob("*.login")
    kept.unlink()
    assert "chmod 600" in home.refused("platform", "test", "mx")
