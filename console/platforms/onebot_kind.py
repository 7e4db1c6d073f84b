"""The OneBot platform's settings: how the program that holds the QQ account is reached, and what it is."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from console.platforms.base import Platform
from console.platforms.limits import Limits
from console.platforms.places import no_secret, place, secret_key
from rules.reading import Table
from store.records import ActionKind
from widgets.language import mark

PROFILES = ("spec", "napcat", "llbot")
_SECRETS = ("token_file", "token_env")
_GROUP = re.compile(r"[1-9][0-9]{0,19}")

LIMITS = Limits(
    frozenset(ActionKind) - {ActionKind.UNBAN},
    words={ActionKind.UNBAN: mark("OneBot has no call for it; in QQ an administrator takes them off the blacklist")},
)
"""QQ lets members recall what they wrote for two minutes, which does not bind the administrators of a group."""


class OneBotOptions(msgspec.Struct, frozen=True):
    """Exactly one of `connect` (an address that Vigil connects to) and `listen` (host and port where Vigil waits to
    be connected to) is set. `http` is where actions go, "" for the same connection. `profile` is one of PROFILES,
    "" for what the program says it is. `groups` are the only ones looked at, none for all. `per_second` is how many
    actions are carried out a second at most."""

    connect: str
    listen: tuple[str, int] | None
    http: str
    token_file: Path | None
    token_env: str
    profile: str = ""
    groups: tuple[str, ...] = ()
    per_second: float = 2.0

    @property
    def has_token(self) -> bool:
        return bool(self.token_file or self.token_env)

    @property
    def place(self) -> str:
        """Where the connection is made, for people."""
        return self.connect or "{}:{}".format(*(self.listen or ("", 0)))


class OneBotKind:
    keys = ("connect", "listen", "http", *_SECRETS, "profile", "groups", "per_second", "token")

    def read(self, table: Table, folder: Path) -> OneBotOptions:
        """Raises Refused."""
        no_secret(table, "token")
        given = [name for name in ("connect", "listen") if name in table]
        if len(given) != 1:
            table.refuse(given[1] if given else "connect", "give one of connect (ws://…) and listen (host:port)")
        connect, http = table.text("connect", ""), table.text("http", "")
        listen = _listened(table) if "listen" in table else None
        for key, address, schemes in (("connect", connect, ("ws", "wss")), ("http", http, ("http", "https"))):
            if key in table and (problem := _problem(address, schemes)):
                table.refuse(key, problem)
        secret = secret_key(table, _SECRETS, needed=False)
        exposed = listen or any(address and not _is_loopback(address) for address in (connect, http))
        if exposed and not secret:
            table.refuse("token_file", "is missing: without a token anybody who reaches the address is believed")
        groups = table.texts("groups")
        for index, group in enumerate(groups):
            if not _GROUP.fullmatch(group):
                table.refuse("groups", 'must be the number of a group in quotation marks, e.g. "12345678"', index)
        return OneBotOptions(
            connect,
            listen,
            http.rstrip("/"),
            place(folder, table, "token_file") if "token_file" in table else None,
            table.text("token_env", ""),
            table.choice("profile", PROFILES, PROFILES[0]) if "profile" in table else "",
            groups,
            table.number("per_second", 0.01, 100, 2),
        )

    def limits(self, options: OneBotOptions) -> Limits:
        return LIMITS

    def make(self, name: str, options: OneBotOptions, store: Path) -> Platform:
        from console.platforms.onebot import OneBot

        return OneBot(name, options)


KIND = OneBotKind()


def _listened(table: Table) -> tuple[str, int]:
    written = table.text("listen", "")
    host, _, port = written.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        table.refuse("listen", 'must be host and port, e.g. "127.0.0.1:8095"')
    return host.strip("[]"), int(port)


def _problem(address: str, schemes: tuple[str, str]) -> str:
    """What is wrong with an address, or ""."""
    plain, safe = schemes
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in schemes or parts.username or parts.fragment:
        return f'must be an address such as "{plain}://127.0.0.1:3001"'
    if "token" in parts.query.lower():
        return "must hold no token; name its file as token_file, or its variable as token_env"
    if parts.query:
        return "must hold nothing behind a ?"
    if parts.scheme == plain and not _is_near(host):
        return f"must begin with {safe}://: over {plain}:// anybody on the way reads the token"
    return ""


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_near(host: str) -> bool:
    """Whether a host is this machine, a container beside it, or in the same private network."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan"))
