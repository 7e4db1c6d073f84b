"""The Bot API's requests: the token that stands in their address, and answers of the shape asked for."""

from __future__ import annotations

import logging
import re
from typing import Any, TypeVar

import msgspec

from console.platforms.base import PlatformError
from console.platforms.http import BRIEF, ONCE, Explained, Http, HttpError, Patience, Refusal, Secrets
from console.platforms.telegram_kind import TelegramOptions
from console.platforms.telegram_shapes import READ, Answered, ErrorBody, User
from console.platforms.tokens import read_secret

Result = TypeVar("Result")

_TOKEN = re.compile(r"([0-9]{1,16}):[A-Za-z0-9_-]{20,100}")
_MOVED = "moved:"

# These write the address of every request into any log there is, and the token stands in it.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class LoginRefused(PlatformError):
    """Telegram does not accept the token, or it cannot be read."""


def explained(body: bytes) -> Explained:
    """What the body of a refusal says. Of a group that became a supergroup the code tells the new id."""
    error = msgspec.json.decode(body, type=ErrorBody)
    moved = error.parameters.migrate_to_chat_id
    code = f"{_MOVED}{moved}" if moved is not None else str(error.error_code or "")
    return Explained(code, error.description, error.parameters.retry_after)


def spoke(error: Refusal) -> bool:
    """Whether it was Telegram that refused, rather than something that stands before it."""
    return bool(error.code)


def is_passing(error: HttpError) -> bool:
    """Whether it may be done later: of what others refuse in Telegram's place it has heard nothing."""
    return error.again or (isinstance(error, Refusal) and not spoke(error))


def moved_to(error: Refusal) -> int | None:
    """The id of the supergroup that a group has become, where a refusal says so."""
    return int(error.code.removeprefix(_MOVED)) if error.code.startswith(_MOVED) else None


class Client:
    """The requests of the bot of `options`."""

    def __init__(self, options: TelegramOptions, http: Http, secrets: Secrets) -> None:
        self._options = options
        self._http = http
        self._secrets = secrets
        self._token = ""
        self.me = User(0)

    async def connect(self) -> None:
        """Have a token that Telegram accepts. Raises LoginRefused, HttpError."""
        if self._token:
            return
        token = _read_token(self._options)
        number = token.partition(":")[0]
        self._secrets.add(token)
        self._secrets.add(token.removeprefix(f"{number}:"))
        try:
            found = await self._http.ask("POST", f"bot{token}/getMe", Answered[User], patience=BRIEF)
        except Refusal as error:
            if error.status not in (401, 404) or not spoke(error):
                raise
            raise LoginRefused(f"Telegram does not accept the token: {error}; ask @BotFather for it") from None
        self.me, self._token = found.result, token

    async def ask(
        self, method: str, shape: type[Result], *, patience: Patience = ONCE, poll_seconds: float = 0.0, **values: Any
    ) -> Result:
        """The result of a method. Raises LoginRefused, HttpError."""
        await self.connect()
        path = f"bot{self._token}/{method}"
        answer: Any = Answered[shape]  # type: ignore[valid-type]
        try:
            found = await self._http.ask(
                "POST", path, answer, body=values, patience=patience, poll_seconds=poll_seconds
            )
        except Refusal as error:
            if error.status == 401 and spoke(error):
                self._token = ""
                raise LoginRefused(f"Telegram does not accept the token any more: {error}") from None
            raise
        result: Result = found.result
        return result

    async def updates(self, offset: int, limit: int, seconds: float) -> list[msgspec.Raw]:
        """What happened from the update `offset` on; all before it is confirmed, and not given again."""
        return await self.ask(
            "getUpdates", list[msgspec.Raw], poll_seconds=seconds,
            offset=offset, limit=limit, timeout=int(seconds), allowed_updates=READ,
        )  # fmt: skip


def _read_token(options: TelegramOptions) -> str:
    """Raises LoginRefused."""
    try:
        found = read_secret(options.token_file, options.token_env, "token").strip()
    except PlatformError as error:
        raise LoginRefused(str(error)) from None
    if not _TOKEN.fullmatch(found):
        where = options.token_file or f"the environment variable {options.token_env}"
        raise LoginRefused(f"{where}: holds no token; one looks like 123456789:AA… and comes from @BotFather")
    return found
