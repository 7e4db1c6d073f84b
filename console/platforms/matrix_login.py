"""Logging in to a Matrix server: where token and password come from, and the token that is kept."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets as random
import time
from pathlib import Path

import msgspec

from console.platforms.base import PlatformError
from console.platforms.http import BRIEF, Http, Refusal, Secrets
from console.platforms.matrix_kind import MatrixOptions
from console.platforms.matrix_shapes import LoggedIn, WhoAmI
from console.platforms.tokens import read_secret

DEVICE_NAME = "Vigil"
REFUSED_SECONDS = 120.0


class Kept(msgspec.Struct, frozen=True):
    """What is kept of a login, in a file that is its owner's alone. The device stays the same over further logins,
    because the server knows what was sent already by the device."""

    user: str
    device: str
    token: str


class LoginRefused(PlatformError):
    """The server does not accept the token or password, or they cannot be read."""


class _SaidNo(LoginRefused):
    """The server itself refused."""


class Login:
    """The account of `options`. What a password brought is kept at `file`, so that it is used once."""

    def __init__(self, options: MatrixOptions, file: Path, http: Http, secrets: Secrets) -> None:
        self._options = options
        self._file = file
        self._http = http
        self._secrets = secrets
        self.user = ""
        self._token = ""
        self._refused: tuple[float, str] = (0.0, "")
        self._lock = asyncio.Lock()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """The token is not accepted any more."""
        self._token = ""

    async def connect(self) -> None:
        """Have a token that the server accepts. Raises LoginRefused, HttpError.

        After a refusal the server is not asked again for a while: it shuts out whoever tries too often.
        """
        async with self._lock:
            if self._token:
                return
            until, said = self._refused
            if time.monotonic() < until:
                raise LoginRefused(said)
            try:
                await self._connect()
            except _SaidNo as error:
                self._refused = (time.monotonic() + REFUSED_SECONDS, str(error))
                raise

    async def _connect(self) -> None:
        options = self._options
        if options.token_file or options.token_env:
            found = await self._accepted(_secret(options.token_file, options.token_env, "token"))
            if found is None:
                raise _SaidNo("the server does not accept the token; give Vigil a new one")
            if options.user and found != options.user:
                self._token = ""
                raise _SaidNo(f"the token is {found}'s, but vigil.toml says user = {options.user!r}")
            return
        kept = self._kept()
        if kept is not None and await self._accepted(kept.token):
            return
        await self._with_password(kept.device if kept else "VIGIL" + random.token_hex(5).upper())

    async def _accepted(self, token: str) -> str | None:
        """Whose token it is, None when the server does not accept it."""
        self._secrets.add(token)
        self._token = token
        try:
            found = await self._http.ask(
                "GET", "_matrix/client/v3/account/whoami", WhoAmI, headers=self.headers, patience=BRIEF
            )
        except Refusal as error:
            self._token = ""
            if error.status in (401, 403) and error.code:
                return None
            raise
        except BaseException:
            self._token = ""
            raise
        self.user = found.user_id
        return found.user_id

    async def _with_password(self, device: str) -> None:
        password = _secret(self._options.password_file, self._options.password_env, "password")
        self._secrets.add(password)
        asked = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": self._options.user},
            "password": password,
            "device_id": device,
            "initial_device_display_name": DEVICE_NAME,
        }
        try:
            # Once: servers count logins, and shut out whoever tries too often.
            found = await self._http.ask("POST", "_matrix/client/v3/login", LoggedIn, body=asked)
        except Refusal as error:
            if error.again or not error.code:
                raise
            raise _SaidNo(f"the server refuses the login of {self._options.user}: {error}") from None
        self._secrets.add(found.access_token)
        self._keep(Kept(found.user_id, device, found.access_token))
        self._token, self.user = found.access_token, found.user_id

    def _kept(self) -> Kept | None:
        try:
            found = msgspec.json.decode(self._file.read_bytes(), type=Kept)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return found if found.user == self._options.user else None

    def _keep(self, kept: Kept) -> None:
        """Raises LoginRefused when the file cannot be written: without it every start would be another login."""
        beside = self._file.with_name(self._file.name + ".new")
        try:
            with contextlib.suppress(FileNotFoundError):
                beside.unlink()
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(msgspec.json.encode(kept))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._file)
        except OSError as error:
            raise LoginRefused(f"{self._file}: {error.strerror}; the login cannot be kept there") from None


def _secret(file: Path | None, variable: str, what: str) -> str:
    """Raises LoginRefused."""
    try:
        return read_secret(file, variable, what)
    except PlatformError as error:
        raise LoginRefused(str(error)) from None
