"""The Telegram platform's settings: which bot, and the groups it looks after."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from console.platforms.addresses import service
from console.platforms.base import Platform
from console.platforms.limits import Limits
from console.platforms.places import no_secret, place, secret_key
from rules.reading import Table
from store.records import ActionKind
from widgets.language import mark

SERVER = "https://api.telegram.org"
_GROUP = re.compile(r"-[0-9]{1,16}")
_TOKENS = ("token_file", "token_env")

TOO_OLD = mark("Telegram bots delete for 48 hours, later only by hand")
LIMITS = Limits(delete_seconds=48 * 3600.0, words={ActionKind.DELETE: TOO_OLD})


class TelegramOptions(msgspec.Struct, frozen=True):
    """Exactly one place of the token is set: a file, or the name of an environment variable. Without `groups` every
    group counts that somebody adds the bot to."""

    server: str
    token_file: Path | None
    token_env: str
    groups: tuple[str, ...] = ()


class TelegramKind:
    keys = ("server", *_TOKENS, "groups", "token")

    def read(self, table: Table, folder: Path) -> TelegramOptions:
        """Raises Refused."""
        no_secret(table, "token")
        server = service(table, "server", SERVER, f'a Bot API server, e.g. "{SERVER}"')
        secret_key(table, _TOKENS)
        groups = table.texts("groups")
        for index, group in enumerate(groups):
            if not _GROUP.fullmatch(group):
                table.refuse("groups", 'must be a group\'s id such as "-1001234567890"', index)
        return TelegramOptions(
            server,
            place(folder, table, "token_file") if "token_file" in table else None,
            table.text("token_env", ""),
            groups,
        )

    def limits(self, options: TelegramOptions) -> Limits:
        return LIMITS

    def make(self, name: str, options: TelegramOptions, store: Path) -> Platform:
        from console.platforms.telegram import Telegram

        return Telegram(name, options, store.with_name(f"{store.stem}.{name}.groups"))


KIND = TelegramKind()
