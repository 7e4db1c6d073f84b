"""Actions of OneBot: asked over HTTP or over the WebSocket, answered in one shape, and what a failure means."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from console.platforms.http import (
    ONCE,
    BadAnswer,
    Explained,
    Http,
    HttpError,
    Refusal,
    Secrets,
    mended,
)
from console.platforms.onebot_kind import OneBotOptions
from console.platforms.onebot_line import Line, TokenRefused
from console.platforms.onebot_shapes import Envelope, Group, Login, Version, spelled
from console.platforms.onebot_text import one_line
from console.platforms.tokens import read_secret
from widgets.language import mark

Answer = TypeVar("Answer")

READ_TRIES = 3
AGAIN_SECONDS = 0.5
BUSY_SECONDS = 1.0

_UNKNOWN_ACTION = ("404", "1404")
_UNSUPPORTED = ("不支持的api", "api 不存在", "unsupported action", "unknown action")
_LATE = ("timeout", "timed out", "超时")


class Failed(HttpError):
    """The implementation said that an action failed: `words` are its own, and `own` what Vigil says in their place. One
    that ran out of time inside may have been carried out all the same."""

    again = False

    def __init__(
        self, retcode: str, words: str, *, own: str = "", uncertain: bool = False, wait: float | None = None
    ) -> None:
        if own:
            super().__init__(own, wait, code=retcode)
        elif words:
            super().__init__("{said} ({code})" if retcode else "{said}", wait, said=words, code=retcode)
        elif retcode:
            super().__init__(mark("failed ({code})"), wait, code=retcode)
        else:
            super().__init__(mark("failed without a word"), wait)
        self.words = words
        self.uncertain = uncertain
        self.again = wait is not None
        lower = words.lower()
        self.unsupported = retcode in _UNKNOWN_ACTION or any(sign in lower for sign in _UNSUPPORTED)


def explained(body: bytes) -> Explained:
    """What an implementation says of a refusal over HTTP. Raises msgspec.MsgspecError."""
    said = msgspec.json.decode(body, type=Envelope)
    return Explained(_code(said), said.words)


class Calls:
    """Asks the implementation of `options`; everything it knows of itself is asked once a connection."""

    def __init__(self, options: OneBotOptions, line: Line, http: Http | None, secrets: Secrets) -> None:
        self._options = options
        self._line = line
        self._http = http
        self._secrets = secrets
        self._token: str | None = None
        self._knowing = asyncio.Lock()
        self.account = ""
        self.nickname = ""
        self.profile = options.profile
        self.program = ""

    def token(self) -> str:
        """Raises PlatformError."""
        if self._token is None:
            options = self._options
            self._token = read_secret(options.token_file, options.token_env, "token") if options.has_token else ""
            self._secrets.add(self._token)
        return self._token

    @property
    def reachable(self) -> bool:
        """Whether an action can be asked for now."""
        return self._http is not None or self._line.is_up()

    async def do(self, action: str, params: dict[str, Any], answer: type[Answer]) -> Answer:
        """Ask once. Raises HttpError, PlatformError."""
        if self._http is None:
            envelope = self._decoded(await self._line.ask(action, params))
        else:
            envelope = await self._over_http(self._http, action, params)
        code = _code(envelope)
        if envelope.status == "ok" or (not envelope.status and code == "0"):
            try:
                return msgspec.json.decode(bytes(envelope.data), type=answer)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                raise BadAnswer(
                    mark("{action}: an answer of another shape: {why}"),
                    action=action,
                    why=self._secrets.clean(str(error)),
                ) from None
        words = self._secrets.clean(envelope.words)
        if envelope.status == "async":
            raise Failed(code, "", own=mark("it says it will do it later ({code})"), uncertain=True)
        if code in ("1401", "1403", "401", "403") and not words:
            raise TokenRefused(mark("the token is not accepted ({code})"), code=code)
        if code in ("429", "1429"):
            raise Failed(code, words, wait=BUSY_SECONDS)
        raise Failed(code, words, uncertain=any(sign in words.lower() for sign in _LATE))

    async def read(self, action: str, params: dict[str, Any], answer: type[Answer]) -> Answer:
        """Ask what changes nothing: again where that may help. Raises HttpError, PlatformError."""
        for left in reversed(range(READ_TRIES)):
            try:
                return await self.do(action, params, answer)
            except HttpError as error:
                if not left or not error.again or isinstance(error, TokenRefused) or not self.reachable:
                    raise
                await asyncio.sleep(min(error.wait or AGAIN_SECONDS, 10.0))
        raise AssertionError("a question ends with an answer or an error")

    async def know(self, *, anew: bool = False) -> None:
        """Learn whose account it is and what program holds it. Raises HttpError, PlatformError."""
        async with self._knowing:
            if self.account and not anew:
                return
            login = await self.read("get_login_info", {}, Login)
            self.account, self.nickname = spelled(login.user_id), one_line(login.nickname)
            try:
                version = await self.read("get_version_info", {}, Version)
            except Failed:
                version = Version()
            self.program = one_line(f"{version.app_name} {spelled(version.app_version)}".strip())
            self.profile = self._options.profile or _profile(version.app_name)

    async def groups(self) -> dict[str, str]:
        """The account's groups that Vigil looks at, and their names. Raises HttpError, PlatformError."""
        wanted = self._options.groups
        found = sound(await self.read("get_group_list", {"no_cache": True}, list[msgspec.Raw]), Group)
        names = {spelled(group.group_id): one_line(group.group_name) for group in found}
        return {group: name for group, name in names.items() if group and (not wanted or group in wanted)}

    @property
    def restricted(self) -> bool:
        """Whether only some groups are looked at."""
        return bool(self._options.groups)

    def looks_at(self, group: str) -> bool:
        return not self._options.groups or group in self._options.groups

    async def _over_http(self, http: Http, action: str, params: dict[str, Any]) -> Envelope:
        token = self.token()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            return await http.ask("POST", action, Envelope, body=params, headers=headers, patience=ONCE)
        except Refusal as error:
            if error.status in (401, 403):
                raise TokenRefused(mark("the token is not accepted ({code})"), code=error.status) from None
            if error.status == 429:
                raise Failed(
                    "429", "", own=mark("too many at once ({code})"), wait=error.wait or BUSY_SECONDS
                ) from None
            if error.status < 500 and error.status != 408:
                raise Failed(error.code or str(error.status), str(error)) from None
            raise

    def _decoded(self, raw: bytes) -> Envelope:
        try:
            try:
                return msgspec.json.decode(raw, type=Envelope)
            except msgspec.ValidationError:
                raise
            except (msgspec.DecodeError, UnicodeDecodeError):
                return msgspec.json.decode(mended(raw), type=Envelope)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise BadAnswer(mark("an answer of another shape: {why}"), why=self._secrets.clean(str(error))) from None


def sound(parts: Sequence[msgspec.Raw], kind: type[Answer]) -> list[Answer]:
    """Those of a list that are of a kind; one that is strange takes no other along."""
    found = []
    for part in parts:
        try:
            found.append(msgspec.json.decode(bytes(part), type=kind))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
    return found


def _code(envelope: Envelope) -> str:
    found = envelope.retcode
    return str(int(found)) if isinstance(found, float) and found.is_integer() else str(found or "")[:20]


def _profile(app: str) -> str:
    lower = app.lower()
    if "napcat" in lower:
        return "napcat"
    if "llonebot" in lower or "llbot" in lower or "luckylillia" in lower:
        return "llbot"
    return "spec"
