"""HTTP as platforms speak it: one client each, every answer bounded and of the type expected, retries with patience.

A service that is down, slow, in trouble or not the service at all ends every request as one of the errors here, with
one line that says what was seen. Nothing a service sends can end in another error.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
import msgspec
import stamina
import stamina.instrumentation

import console
from console.platforms.base import PlatformError
from widgets.language import mark, say

Answer = TypeVar("Answer")

LARGEST_ANSWER = 10_000_000
"""Bytes of a body, unpacked."""
MOST_REDIRECTS = 3
CONNECT_SECONDS = 10.0
LONGEST_WAIT = 120.0
"""Seconds; a service that wants to be left alone for longer is no case for waiting within a request."""
LONGEST_WORDS = 300
"""Characters of what a service says that are repeated to people."""

_BEGINNING = 2_000
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL)

# What caused a retry may hold a token in its address, and would be logged otherwise.
stamina.instrumentation.set_on_retry_hooks([])


class Secrets:
    """Texts that appear in nothing that is shown, logged or stored."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def add(self, secret: str) -> None:
        if secret:
            self._known |= {secret, json.dumps(secret)[1:-1]}

    def clean(self, text: str) -> str:
        """The text without them, on one line, cut to LONGEST_WORDS."""
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, "…")
        text = " ".join(text.split())
        return text if len(text) <= LONGEST_WORDS else text[:LONGEST_WORDS] + "…"


class HttpError(Exception):
    """A request that did not end with the answer asked for; its text is one clean line in English, for logs: `words`
    with `values` put in, where there are any. `again` is whether the same request may succeed later, `wait` after how
    many seconds the service wants it, None where it did not say. `uncertain` is whether the service may have done all
    the same what was asked."""

    again = True
    uncertain = True

    def __init__(self, words: str, wait: float | None = None, **values: object) -> None:
        super().__init__(words.format(**values) if values else words)
        self.wait = wait
        self._words = words
        self._values = values

    @property
    def said(self) -> str:
        """The text for people, in the language that is installed; what the service said is as it said it."""
        return say(self._words, **self._values)


class Unreachable(HttpError):
    """No connection, or no answer in time."""

    def __init__(self, words: str, *, uncertain: bool = True, **values: object) -> None:
        super().__init__(words, None, **values)
        self.uncertain = uncertain


class BadAnswer(HttpError):
    """An answer that is not what the service should say."""


class TooLarge(BadAnswer):
    """An answer of more than LARGEST_ANSWER bytes."""


class Refusal(HttpError):
    """The service said no: its status, its own code for the reason and its words. Without a code ("") it is not the
    service that spoke, but something before it: that says nothing of what was asked."""

    def __init__(self, status: int, code: str, words: str, wait: float | None) -> None:
        said = words or httpx.codes.get_reason_phrase(status)
        if said:
            super().__init__("{said} ({code})", wait, said=said, code=code or status)
        else:
            super().__init__(mark("refused ({code})"), wait, code=code or status)
        self.status = status
        self.code = code
        self.again = status in (408, 425, 429) or status >= 500
        self.uncertain = status == 408 or status >= 500


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is tried, and how long between two tries: from `first` on twice as long each time up to
    `longest` seconds, unless the service names a time."""

    tries: int
    first: float = 0.5
    longest: float = 5.0


ONCE = Patience(1)
BRIEF = Patience(4)
LONG = Patience(8, 5.0, 30.0)


@dataclass(frozen=True, slots=True)
class Explained:
    """What a service says of a refusal: its code, its words, and how many seconds to wait."""

    code: str = ""
    words: str = ""
    wait: float | None = None


class Http:
    """The one client of a platform for the service at `base`. `explain` reads the body of a refusal; `troubled` is
    told of every try that failed. `answer_seconds` is how long an ordinary answer may take. Raises PlatformError."""

    def __init__(
        self,
        base: str,
        secrets: Secrets,
        explain: Callable[[bytes], Explained] = lambda body: Explained(),
        troubled: Callable[[HttpError], None] = lambda error: None,
        answer_seconds: float = 30.0,
    ) -> None:
        self._base = httpx.URL(base.rstrip("/") + "/")
        self._secrets = secrets
        self._explain = explain
        self._troubled = troubled
        self._answer_seconds = answer_seconds
        try:
            self._client = httpx.AsyncClient(
                http2=False, follow_redirects=False, headers={"User-Agent": f"vigil/{console.__version__}"}
            )
        except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
            names = "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE or SSL_CERT_DIR"
            raise PlatformError(f"{names} in the environment cannot be used: {type(error).__name__}") from None

    async def close(self) -> None:
        await self._client.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        *,
        query: Mapping[str, str | int] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        patience: Patience = ONCE,
        poll_seconds: float = 0.0,
    ) -> Answer:
        """The answer to a request, decoded; `path` is relative to the base, its parts quoted already.

        `poll_seconds` is for how long the service may wait before it answers. Raises HttpError.
        """
        async for attempt in stamina.retry_context(
            on=self._again,
            attempts=patience.tries,
            timeout=None,
            wait_initial=patience.first,
            wait_max=patience.longest,
            wait_jitter=patience.first,
        ):
            with attempt:
                return await self._try(method, path, answer, query, body, headers, poll_seconds)
        raise AssertionError("a request ends with an answer or an error")

    def _again(self, error: Exception) -> bool | float:
        if not isinstance(error, HttpError):
            return False
        self._troubled(error)
        if not error.again or (error.wait or 0.0) > LONGEST_WAIT:
            return False
        return True if error.wait is None else error.wait

    async def _try(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        query: Mapping[str, str | int] | None,
        body: object,
        headers: Mapping[str, str] | None,
        poll_seconds: float,
    ) -> Answer:
        content = None if body is None else msgspec.json.encode(body)
        given = dict(headers or {}) | ({} if content is None else {"Content-Type": "application/json"})
        url = self._base.copy_with(raw_path=self._base.raw_path + path.encode())
        if query:
            url = url.copy_merge_params(dict(query))
        seconds = self._answer_seconds + poll_seconds
        timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
        try:
            # A limit for the whole as well: bytes that drip in keep up every other.
            async with asyncio.timeout(seconds + self._answer_seconds):
                status, wait, received = await self._receive(method, url, content, given, timeout)
        except TimeoutError:
            raise Unreachable(
                mark("no whole answer in {seconds:.0f} s"), seconds=seconds + self._answer_seconds
            ) from None
        except httpx.TimeoutException as error:
            uncertain = not isinstance(error, _NOT_SENT)
            raise Unreachable(mark("no answer in {seconds:.0f} s"), uncertain=uncertain, seconds=seconds) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            words = self._secrets.clean(str(error)) or type(error).__name__
            uncertain = not isinstance(error, _NOT_SENT)
            raise Unreachable(mark("no connection: {why}"), uncertain=uncertain, why=words) from None
        if status >= 400:
            said = self._explained(received)
            raise Refusal(status, said.code, said.words, said.wait if said.wait is not None else wait)
        return self._decoded(received, answer)

    async def _receive(
        self, method: str, url: httpx.URL, content: bytes | None, headers: dict[str, str], timeout: httpx.Timeout
    ) -> tuple[int, float | None, bytes]:
        """Status, the seconds to wait that the headers name, and body."""
        for _ in range(MOST_REDIRECTS + 1):
            request = self._client.build_request(method, url, content=content, headers=headers, timeout=timeout)
            response = await self._client.send(request, stream=True)
            try:
                if response.is_redirect:
                    url = self._elsewhere(url, response, method)
                    continue
                return response.status_code, _wait(response.headers.get("Retry-After")), await _bounded(response)
            finally:
                await response.aclose()
        raise BadAnswer(mark("more than {n} redirects one after the other"), n=MOST_REDIRECTS)

    def _elsewhere(self, url: httpx.URL, response: httpx.Response, method: str) -> httpx.URL:
        """Where a redirect leads. Another host would be handed the token: it has to be named in the settings."""
        try:
            target = url.join(response.headers["Location"])
        except (httpx.InvalidURL, KeyError, ValueError):
            raise BadAnswer(mark("a redirect to no address")) from None
        if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port):
            place = self._secrets.clean(f"{target.scheme}://{target.netloc.decode('ascii', 'replace')}")
            raise BadAnswer(mark("a redirect to {place}; if that is the service, name it in vigil.toml"), place=place)
        if method != "GET" and response.status_code not in (307, 308):
            raise BadAnswer(
                mark("a redirect ({status}) of what should be done, not looked up"), status=response.status_code
            )
        return target

    def _explained(self, body: bytes) -> Explained:
        try:
            said = self._explain(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
            return Explained()
        return Explained(self._secrets.clean(said.code)[:60], self._secrets.clean(said.words), bounded(said.wait))

    def _decoded(self, body: bytes, answer: type[Answer]) -> Answer:
        try:
            try:
                return msgspec.json.decode(body, type=answer)
            except msgspec.ValidationError:
                raise
            except (msgspec.DecodeError, UnicodeDecodeError):
                # Half a surrogate pair, which anybody can write into a message, must not hide all others.
                return msgspec.json.decode(mended(body), type=answer)
        except msgspec.ValidationError as error:
            raise BadAnswer(mark("an answer of another shape: {why}"), why=self._secrets.clean(str(error))) from None
        except (ValueError, RecursionError):
            # Cut after that: half a token is known for none.
            begins = self._secrets.clean(body[:_BEGINNING].decode("utf-8", "replace"))[:80]
            if not body:
                raise BadAnswer(mark("an empty answer")) from None
            raise BadAnswer(mark("an answer that is no JSON: {begins!r}"), begins=begins) from None


def bounded(wait: float | None) -> float | None:
    """Seconds to wait that make sense, at most a day."""
    return None if wait is None or not wait >= 0 else min(wait, 86_400.0)


async def _bounded(response: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > LARGEST_ANSWER:
            raise TooLarge(mark("an answer of more than {n} MB"), n=LARGEST_ANSWER // 1_000_000)
        parts.append(part)
    return b"".join(parts)


def _wait(header: str | None) -> float | None:
    """The seconds that the header Retry-After names, in seconds or as a date."""
    if header is None:
        return None
    try:
        return bounded(float(header))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return bounded(max(0.0, (moment - datetime.now(moment.tzinfo or UTC)).total_seconds())) if moment.tzinfo else None


def mended(body: bytes) -> bytes:
    """JSON without half surrogate pairs and broken UTF-8, which become U+FFFD. Raises ValueError, RecursionError."""
    found: Any = json.loads(body.decode("utf-8", "replace"), parse_constant=lambda name: None)
    text = json.dumps(found, ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
