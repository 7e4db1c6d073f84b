"""The Matrix platform's settings: which server, which account, who may invite it."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from console.platforms.addresses import service
from console.platforms.base import Platform
from console.platforms.limits import Limits
from console.platforms.places import no_secret, place, secret_key
from rules.reading import Table

_USER = re.compile(r"@[^:\s]+:[^\s]+")
_SECRETS = ("token_file", "token_env", "password_file", "password_env")

LIMITS = Limits()


class MatrixOptions(msgspec.Struct, frozen=True):
    """`user` is "" where the token alone says who Vigil is. Exactly one of the four places of a token or password is
    set: files, or names of environment variables. `inviters` are the members whose invitations are accepted."""

    homeserver: str
    user: str
    token_file: Path | None
    token_env: str
    password_file: Path | None
    password_env: str
    inviters: tuple[str, ...]


class MatrixKind:
    keys = ("homeserver", "user", *_SECRETS, "inviters", "token", "password")

    def read(self, table: Table, folder: Path) -> MatrixOptions:
        """Raises Refused."""
        no_secret(table, "token", "password")
        what = 'the server\'s client API, e.g. "https://matrix.example.org"'
        homeserver = service(table, "homeserver", "", what)
        user = table.text("user", "")
        if user and not _USER.fullmatch(user):
            table.refuse("user", 'must be a whole Matrix id such as "@vigil:example.org"')
        secret = secret_key(table, _SECRETS)
        if secret.startswith("password") and not user:
            table.refuse("user", 'is missing; to log in with a password it takes e.g. "@vigil:example.org"')
        inviters = table.texts("inviters")
        for index, inviter in enumerate(inviters):
            if not _USER.fullmatch(inviter):
                table.refuse("inviters", 'must be a whole Matrix id such as "@ada:example.org"', index)
        return MatrixOptions(
            homeserver,
            user,
            place(folder, table, "token_file") if "token_file" in table else None,
            table.text("token_env", ""),
            place(folder, table, "password_file") if "password_file" in table else None,
            table.text("password_env", ""),
            inviters,
        )

    def limits(self, options: MatrixOptions) -> Limits:
        return LIMITS

    def make(self, name: str, options: MatrixOptions, store: Path) -> Platform:
        from console.platforms.matrix import Matrix

        return Matrix(name, options, store.with_name(f"{store.stem}.{name}.login"))


KIND = MatrixKind()
