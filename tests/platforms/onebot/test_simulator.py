"""The simulated implementation itself, driven by clients that others wrote: what it sends is what they expect."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import pytest

from tests.platforms.onebot.conftest import EVERY_PROFILE
from tests.platforms.onebot.running import ROOT, TOKEN, Running, free_port
from tests.platforms.onebot.world import ACCOUNT, ADA, BOB, EVE
from tests.platforms.synapse import until

Run = Callable[..., Running]
TEA = 700_001


def need(*modules: str) -> None:
    """Skip where a client is not installed; where everything has to be there that is an error."""
    if any(find_spec(module) is None for module in modules):
        reason = "needs NoneBot and aiocqhttp: pip install -c constraints.txt 'vigil-console[onebot-test]'"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


class Client:
    """A client in a process of its own."""

    def __init__(self, module: str, *arguments: object) -> None:
        self.lines: list[dict[str, Any]] = []
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.platforms.onebot.{module}", *map(str, arguments)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                found = json.loads(line)
                self.lines.append(found)
                if "action" in found:
                    self._answers.put(found)

    def until_connected(self) -> None:
        until(lambda: any("connected" in line for line in self.lines))

    def ask(self, action: str, **params: Any) -> Any:
        """The data of an answer, or what is told of a failure."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"action": action, "params": params}) + "\n")
        self._process.stdin.flush()
        found = self._answers.get(timeout=20)
        assert found["action"] == action
        return found["data"] if "data" in found else {"failed": found["failed"]}

    def read_as(self) -> list[str]:
        """What every packet was read as, heartbeats once."""
        return list(dict.fromkeys(line["read_as"] for line in self.lines if "packet" in line))

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdin.close()
        self._process.stdout.close()


@pytest.fixture
def clients() -> Iterator[list[Client]]:
    made: list[Client] = []
    yield made
    for client in made:
        client.close()


def let_things_happen(running: Running) -> None:
    """One event of every kind there is."""
    world = running.world
    row = world.say(TEA, BOB, "hello")
    world.say(TEA, EVE, [{"type": "at", "data": {"qq": str(BOB)}}, {"type": "image", "data": {"file": "a.jpg"}}])
    world.recall(row)
    world.join(TEA, 30_001, inviter=BOB)
    world.leave(TEA, 30_001, by=ADA)
    world.upload(TEA, BOB, "a.txt")
    world.knock(TEA, 30_002, "let me in")
    world.knock(900_009, ADA, "come", "invite")


def carry_out_everything(client: Client, running: Running) -> None:
    """Every action there is, by a client that others wrote, its effect looked at."""
    world = running.world
    assert client.ask("get_login_info") == {"user_id": ACCOUNT, "nickname": "vigil"}
    assert client.ask("get_status")["online"] is True
    assert client.ask("get_version_info")["protocol_version"] == "v11"
    assert client.ask("get_group_list") == [{"group_id": TEA, "group_name": "Tea"}]
    members = client.ask("get_group_member_list", group_id=TEA)
    assert {member["user_id"] for member in members} == world.members(TEA)
    assert client.ask("get_group_member_info", group_id=TEA, user_id=ADA)["title"] == "hat"
    sent = client.ask("send_group_msg", group_id=TEA, message="one")
    assert isinstance(sent["message_id"], int)
    assert client.ask("send_private_msg", user_id=BOB, message="two")["message_id"]
    assert world.texts(TEA) == ["one"]
    assert client.ask("delete_msg", message_id=sent["message_id"]) is None
    assert world.rows("SELECT recalled FROM messages WHERE user = ?", ACCOUNT)[0][0] == 1
    assert "failed" in client.ask("delete_msg", message_id=sent["message_id"])
    assert client.ask("set_group_ban", group_id=TEA, user_id=BOB, duration=60) is None
    assert 0 < world.muted(TEA, BOB) <= 60
    # Without its duration: half an hour, as the specification has it, or an end of the mute.
    assert client.ask("set_group_ban", group_id=TEA, user_id=BOB) is None
    assert (world.muted(TEA, BOB) > 1_700) is (running.profile == "spec")
    assert client.ask("set_group_kick", group_id=TEA, user_id=EVE) is None
    assert EVE not in world.members(TEA)
    refused = client.ask("set_group_kick", group_id=TEA, user_id=ADA) is not None
    assert refused is (running.profile != "napcat")
    assert "failed" in client.ask("no_such_action")
    for text in ("two", "three", "four"):
        client.ask("send_group_msg", group_id=TEA, message=[{"type": "text", "data": {"text": text}}])
    history = client.ask("get_group_msg_history", group_id=TEA, count=2)
    assert ("failed" in history) is (running.profile == "spec")
    if running.profile != "spec":
        assert [message["raw_message"] for message in history["messages"]] == ["three", "four"]


CLASSES = [
    "LifecycleMetaEvent", "GroupMessageEvent", "GroupRecallNoticeEvent", "GroupIncreaseNoticeEvent",
    "GroupDecreaseNoticeEvent", "GroupUploadNoticeEvent", "GroupRequestEvent", "HeartbeatMetaEvent",
]  # fmt: skip


def check_classes(client: Client, expected: Sequence[str]) -> None:
    until(lambda: set(expected) <= set(client.read_as()))
    # Own messages are of a kind that the specification does not have.
    assert set(client.read_as()) - {"Event", "NoneType"} == set(expected)
    for line in client.lines:
        if line.get("read_as") in ("Event", "NoneType"):
            assert line["packet"]["post_type"] == "message_sent"


@EVERY_PROFILE
@pytest.mark.parametrize("strings", [False, True], ids=["numbers", "strings"])
def test_nonebot_reads_every_packet_as_the_class_it_is(
    run: Run, clients: list[Client], profile: str, strings: bool
) -> None:
    need("nonebot", "nonebot.adapters.onebot")
    running = run(profile, "--heartbeat", "0.2", *(["--strings"] if strings else []))
    running.world.group(TEA)
    client = Client("nonebot_client", f"ws://127.0.0.1:{running.ws}", 0, TOKEN)
    clients.append(client)
    client.until_connected()
    let_things_happen(running)
    check_classes(client, CLASSES)
    if not strings:
        carry_out_everything(client, running)


def test_nonebot_is_connected_to(run: Run, clients: list[Client]) -> None:
    need("nonebot", "nonebot.adapters.onebot", "fastapi")
    port = free_port()
    client = Client("nonebot_client", "", port, TOKEN)
    clients.append(client)
    running = run("llbot", "--heartbeat", "0.2", call=f"ws://127.0.0.1:{port}/onebot/v11/ws")
    running.world.group(TEA)
    client.until_connected()
    let_things_happen(running)
    check_classes(client, CLASSES)
    carry_out_everything(client, running)


NAMES = [
    "meta_event.lifecycle.connect", "message.group.normal", "notice.group_recall", "notice.group_increase.invite",
    "notice.group_decrease.kick", "notice.group_upload", "request.group.add", "request.group.invite",
    "meta_event.heartbeat",
]  # fmt: skip


@EVERY_PROFILE
@pytest.mark.parametrize("way", ["socket", "http"])
def test_aiocqhttp_reads_every_packet_and_carries_everything_out(
    run: Run, clients: list[Client], profile: str, way: str
) -> None:
    need("aiocqhttp")
    port = free_port()
    running = run(profile, "--heartbeat", "0.2", call=f"ws://127.0.0.1:{port}/ws" if way == "socket" else "")
    running.world.group(TEA)
    http = f"http://127.0.0.1:{running.http}" if way == "http" else ""
    client = Client("aiocqhttp_client", port, http, TOKEN)
    clients.append(client)
    client.until_connected()
    if way == "socket":
        until(lambda: client.read_as())
        let_things_happen(running)
        until(lambda: set(NAMES) <= set(client.read_as()))
        assert set(client.read_as()) == set(NAMES)
    carry_out_everything(client, running)
