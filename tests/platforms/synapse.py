"""A real Matrix server of the tests' own: Synapse on SQLite and loopback, with people in it."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

SERVER = "vigil.test"
SHARED_SECRET = "registration"
ROOM_VERSIONS = ("11", "12")

_CONFIG = """
server_name: {server}
pid_file: {folder}/synapse.pid
report_stats: false
trusted_key_servers: []
federation_domain_whitelist: []
presence: {{enabled: false}}
bcrypt_rounds: 4
caches: {{sync_response_cache_duration: 0s}}
signing_key_path: {folder}/signing.key
registration_shared_secret: {secret}
macaroon_secret_key: macaroon
form_secret: form
enable_registration: false
allow_public_rooms_over_federation: false
database: {{name: sqlite3, args: {{database: {folder}/synapse.db}}}}
media_store_path: {folder}/media
log_config: {folder}/log.yaml
app_service_config_files: {services}
listeners:
  - {{port: {port}, type: http, bind_addresses: [127.0.0.1], resources: [{{names: [client]}}]}}
{rates}
"""
_LOG = """
version: 1
formatters: {{plain: {{format: '%(asctime)s %(levelname)s %(name)s %(message)s'}}}}
handlers: {{file: {{class: logging.FileHandler, formatter: plain, filename: {folder}/synapse.log}}}}
root: {{level: WARNING, handlers: [file]}}
disable_existing_loggers: false
"""
_START = "import sys, synapse.app.homeserver as server; sys.stdin.readline() and server.main()"
_BRIDGE = """
id: bridge
url: null
as_token: {token}
hs_token: unused
sender_localpart: bridge
rate_limited: false
namespaces: {{users: [{{regex: '@.*', exclusive: false}}]}}
"""
_BRIDGE_TOKEN = "of-the-bridge"
_FREE = {"per_second": 10_000, "burst_count": 10_000}


def need_synapse() -> None:
    """Skip the test where there is no Synapse; where everything has to be there that is an error."""
    if find_spec("synapse") is None:
        reason = "needs Synapse: pip install -c constraints.txt 'vigil-console[matrix-test]'"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


class Synapse:
    """The server. `messages` is how many events a second an account may send, with which burst; None for any number.
    With a `bridge` people can say things at another time than now."""

    def __init__(self, folder: Path, messages: tuple[float, int] | None = None, *, bridge: bool = False) -> None:
        self.folder = folder
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port: int = found.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._spare: subprocess.Popen[bytes] | None = None
        self._clients: list[httpx.Client] = []
        limit = _FREE if messages is None else {"per_second": messages[0], "burst_count": messages[1]}
        rates = {
            "rc_message": limit,
            "rc_admin_redaction": limit,
            "rc_login": dict.fromkeys(("address", "account", "failed_attempts"), _FREE),
            "rc_joins": dict.fromkeys(("local", "remote"), _FREE),
            "rc_invites": dict.fromkeys(("per_room", "per_user", "per_issuer"), _FREE),
            "rc_registration": _FREE,
            "rc_room_creation": _FREE,
        }
        lines = "\n".join(f"{name}: {value!r}".replace("'", "") for name, value in rates.items())
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log.yaml").write_text(_LOG.format(folder=folder))
        (folder / "hs.yaml").write_text(
            _CONFIG.format(
                server=SERVER,
                folder=folder,
                secret=SHARED_SECRET,
                port=self.port,
                rates=lines,
                services=[str(folder / "bridge.yaml")] if bridge else [],
            )
        )
        (folder / "bridge.yaml").write_text(_BRIDGE.format(token=_BRIDGE_TOKEN))
        (folder / "signing.key").write_text(f"ed25519 a_1 {secrets.token_urlsafe(32)}\n")

    def start(self) -> None:
        self.prepare()
        process, self._spare = self._spare, None
        assert process is not None
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.close()
        self._process = process
        until(self._answers, 60)

    def prepare(self) -> None:
        """Have a process ready that has loaded its code, so that the next start takes less time."""
        if self._spare is None:
            command = [sys.executable, "-P", "-c", _START, "-c", str(self.folder / "hs.yaml")]
            with (self.folder / "out.txt").open("ab") as out:
                self._spare = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=out, stderr=out, cwd=self.folder, start_new_session=True
                )

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "out.txt").read_text()
        try:
            return httpx.get(f"{self.base}/_matrix/client/versions").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it, and all connections to it."""
        for client in self._clients:
            client.close()
        self.kill()
        if self._spare is not None:
            self._spare.communicate()

    def person(self, name: str, *, admin: bool = False) -> Person:
        """A new account, logged in."""
        client = httpx.Client(base_url=self.base, timeout=30)
        self._clients.append(client)
        nonce = client.get("/_synapse/admin/v1/register").json()["nonce"]
        password = f"password of {name}"
        signed = "\0".join((nonce, name, password, "admin" if admin else "notadmin"))
        mac = hmac.new(SHARED_SECRET.encode(), signed.encode(), hashlib.sha1).hexdigest()
        answer = client.post(
            "/_synapse/admin/v1/register",
            json={"nonce": nonce, "username": name, "password": password, "admin": admin, "mac": mac},
        ).raise_for_status()
        found = answer.json()
        return Person(client, found["user_id"], found["access_token"], password)


class Person:
    """Somebody with an account, who does by plain requests what other clients do."""

    def __init__(self, client: httpx.Client, user: str, token: str, password: str) -> None:
        self.user = user
        self.token = token
        self.password = password
        self._client = client
        self._client.headers["Authorization"] = f"Bearer {token}"
        self._count = 0

    def ask(self, method: str, path: str, body: object = None, **query: str | int) -> Any:
        """The answer to a request that must succeed."""
        answer = self.try_to(method, path, body, **query)
        assert answer.status_code == 200, (method, path, answer.status_code, answer.text)
        return answer.json()

    def try_to(self, method: str, path: str, body: object = None, **query: str | int) -> httpx.Response:
        """As `ask`, whatever comes of it. A server that is being restarted is waited for."""
        for _ in range(400):
            try:
                return self._client.request(method, f"/_matrix/client/v3/{path}", json=body, params=query)
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("the server did not come back")

    def make_group(self, name: str, version: str = "12", **more: Any) -> str:
        """A new group of this person's; returns its id."""
        body = {"name": name, "preset": "public_chat", "room_version": version, **more}
        return str(self.ask("POST", "createRoom", body)["room_id"])

    def join(self, room: str) -> None:
        self.ask("POST", f"join/{quote(room)}", {})

    def invite(self, room: str, user: str) -> None:
        self.ask("POST", f"rooms/{quote(room)}/invite", {"user_id": user})

    def leave(self, room: str) -> None:
        self.ask("POST", f"rooms/{quote(room)}/leave", {})

    def say(self, room: str, text: str, **more: Any) -> str:
        """Post a text; returns its event's id."""
        return self.send(room, "m.room.message", {"msgtype": "m.text", "body": text, **more})

    def send(self, room: str, kind: str, content: dict[str, Any]) -> str:
        self._count += 1
        path = f"rooms/{quote(room)}/send/{kind}/{self.user}.{self._count}"
        return str(self.ask("PUT", path, content)["event_id"])

    def say_at(self, room: str, text: str, at: float) -> str:
        """Post a text at another time, in epoch seconds, by the server's bridge."""
        self._count += 1
        path = f"rooms/{quote(room)}/send/m.room.message/{self.user}.{self._count}"
        return str(self._at("PUT", path, {"msgtype": "m.text", "body": text}, at)["event_id"])

    def join_at(self, room: str, at: float) -> None:
        path = f"rooms/{quote(room)}/state/m.room.member/{quote(self.user)}"
        self._at("PUT", path, {"membership": "join", "displayname": self.user[1:].partition(":")[0]}, at)

    def _at(self, method: str, path: str, body: object, at: float) -> Any:
        answer = self._client.request(
            method, f"/_matrix/client/v3/{path}", json=body,
            params={"ts": int(at * 1000), "user_id": self.user}, headers={"Authorization": f"Bearer {_BRIDGE_TOKEN}"},
        )  # fmt: skip
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def edit(self, room: str, event: str, text: str) -> str:
        new = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": event}
        return self.say(room, f"* {text}", **{"m.new_content": new, "m.relates_to": relation})

    def redact(self, room: str, event: str) -> str:
        self._count += 1
        return str(self.ask("PUT", f"rooms/{quote(room)}/redact/{quote(event)}/{self._count}", {})["event_id"])

    def set_power(self, room: str, levels: dict[str, int], **more: Any) -> None:
        """Give members these levels."""
        content = self.state(room, "m.room.power_levels")
        content = {**content, **more, "users": {**content.get("users", {}), **levels}}
        self.ask("PUT", f"rooms/{quote(room)}/state/m.room.power_levels", content)

    def state(self, room: str, kind: str, key: str = "") -> Any:
        return self.ask("GET", f"rooms/{quote(room)}/state/{kind}/{quote(key)}")

    def membership(self, room: str, user: str) -> str:
        """What the server says of a member, "" for nothing."""
        answer = self.try_to("GET", f"rooms/{quote(room)}/state/m.room.member/{quote(user)}")
        return str(answer.json()["membership"]) if answer.status_code == 200 else ""

    def event(self, room: str, event: str) -> Any:
        return self.ask("GET", f"rooms/{quote(room)}/event/{quote(event)}")

    def history(self, room: str) -> list[Any]:
        """All events of a room that this person may see, oldest first."""
        found: list[Any] = []
        start: dict[str, str] = {}
        while True:
            page = self.ask("GET", f"rooms/{quote(room)}/messages", dir="f", limit=500, **start)
            found += page["chunk"]
            if "end" not in page:
                return found
            start = {"from": page["end"]}

    def texts(self, room: str, sender: str) -> list[str]:
        """What somebody wrote in a room, oldest first."""
        return [
            event["content"]["body"]
            for event in self.history(room)
            if event["type"] == "m.room.message" and event["sender"] == sender and "body" in event["content"]
        ]

    def invitations(self) -> list[str]:
        """The rooms this person is invited to."""
        return list(self.ask("GET", "sync", timeout=0).get("rooms", {}).get("invite", {}))


def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for a condition; fails when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.03)
