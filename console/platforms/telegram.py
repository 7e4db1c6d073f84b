"""The Telegram platform: reads by getUpdates and confirms what is stored; what it does is in `telegram_actions`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec

from console.platforms.base import Access, Batch, PlatformError, Receipt
from console.platforms.http import Http, HttpError, Refusal, Secrets, TooLarge
from console.platforms.telegram_access import access_of
from console.platforms.telegram_actions import Actions
from console.platforms.telegram_albums import LINGER_SECONDS, Waiting
from console.platforms.telegram_changes import Pairs, Told
from console.platforms.telegram_client import Client, LoginRefused, explained, spoke
from console.platforms.telegram_events import Reading
from console.platforms.telegram_groups import load, save
from console.platforms.telegram_kind import LIMITS, TelegramOptions
from store.records import Order
from widgets.language import mark

POLL_SECONDS = 30.0
UPDATES = 100
"""So many updates come with one answer at most."""
LOGIN_SECONDS = 30.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds between two tries to reach a server that is down."""
KEPT_SECONDS = 86_400.0
"""For so long Telegram keeps what a bot has not fetched."""
NOTED_SECONDS = 3_600.0
"""How often it is noted that nothing happened."""
CONFLICT = 409


class Position(msgspec.Struct, frozen=True):
    """Where reading goes on: the update to ask for next, for which bot, and what later updates need to be understood.
    `at` is when the position was noted (epoch seconds)."""

    bot: int = 0
    offset: int = 0
    at: float = 0.0
    moved: dict[int, str] = {}
    waiting: list[Told] = []
    albums: list[tuple[str, str]] = []


class Telegram:
    """One bot. `groups` is the file in which the groups it was seen in are kept.

    Updates are confirmed once they are stored: a worker that is killed gets them again, and messages have ids. Telegram
    keeps what was not fetched for a day; there is no history from which a longer gap could be filled.
    """

    can = LIMITS.can
    repeatable = False

    def __init__(
        self,
        name: str,
        options: TelegramOptions,
        groups: Path,
        *,
        clock: Callable[[], float] = time.time,
        answer_seconds: float = 30.0,
        poll_seconds: float = POLL_SECONDS,
        waits: tuple[float, float] = (FIRST_WAIT, LONGEST_WAIT),
        linger_seconds: float = LINGER_SECONDS,
        updates: int = UPDATES,
    ) -> None:
        self.name = name
        self.health = mark("connecting")
        self._options = options
        self._file = groups
        self._clock = clock
        self._secrets = Secrets()
        self._http = Http(options.server, self._secrets, explained, self._troubled, answer_seconds)
        self._client = Client(options, self._http, self._secrets)
        self._reading = Reading(name, options.groups, clock)
        self._actions = Actions(self._client, self._reading, clock)
        self._albums = Waiting(linger_seconds)
        self._poll_seconds = poll_seconds
        self._waits = waits
        self._linger_seconds = linger_seconds
        self._updates = updates
        self._offset = 0
        self._limit = updates
        self._said = ""
        self._kept: dict[str, tuple[int, str]] = {}

    @property
    def source(self) -> str:
        return f"{self.name}:{self._options.server}"

    async def batches(self, position: str | None) -> AsyncIterator[Batch]:
        """Without end."""
        noted = self._start(position)
        alive = noted.at
        first_wait, longest_wait = self._waits
        wait, poll = first_wait, 0.0
        problems: list[str] = []
        while True:
            try:
                await self._client.connect()
                problems += self._begin(noted)
                updates = await self._client.updates(self._offset, self._limit, poll)
            except (HttpError, LoginRefused) as error:
                wait, poll = min(wait * 2, longest_wait), 0.0
                if isinstance(error, TooLarge):
                    self._limit, wait = max(1, self._limit // 4), first_wait
                if said := self._trouble(error):
                    yield Batch((), "", (said,))
                seconds = LOGIN_SECONDS if isinstance(error, LoginRefused) else wait
                await asyncio.sleep(max(seconds, getattr(error, "wait", None) or 0.0))
                continue
            self.health, self._said = mark("connected"), ""
            now = self._clock()
            if alive and now - alive > KEPT_SECONDS:
                problems.append(
                    f"nothing was read for {(now - alive) / 3600:.0f} hours: Telegram keeps what happens for 24 hours,"
                    " what is older is lost"
                )
            alive, wait, poll = now, first_wait, self._poll_seconds
            full = len(updates) >= self._limit
            self._limit = min(self._updates, self._limit * 2)
            ready = self._albums.ready(self._reading.albums(updates), self._reading.dates(updates), more=full)
            offset = self._offset
            batch = self._read(updates[:ready], problems, now)
            if ready or problems or now - noted.at > NOTED_SECONDS:
                noted, problems = self._position(now), []
                yield batch
            if ready < len(updates):
                # What was not confirmed comes again, by then with the parts that were missing.
                poll = 0.0
                await asyncio.sleep(0.0 if ready else self._linger_seconds)
            elif updates and offset == self._offset:
                await asyncio.sleep(first_wait)

    async def perform(self, order: Order) -> Receipt:
        return await self._actions.perform(order)

    async def delete_many(self, orders: Sequence[Order]) -> list[Receipt]:
        """Delete messages of one group at once; a receipt each. See `Actions.delete_many`."""
        return await self._actions.delete_many(orders)

    async def access(self) -> Access:
        """Raises PlatformError."""
        try:
            await self._client.connect()
            groups = load(self._file, self._client.me.id)
            return await access_of(self._client, groups, self._options)
        except HttpError as error:
            raise PlatformError(f"{self._options.server}: {error}") from None

    async def close(self) -> None:
        await self._http.close()

    def _start(self, position: str | None) -> Position:
        try:
            found = msgspec.json.decode(position or "", type=Position)
        except msgspec.MsgspecError:
            found = Position()
        self._reading.moved |= found.moved
        return found

    def _begin(self, noted: Position) -> list[str]:
        """Go on from a position as soon as it is known for which bot; again when a new token is another bot's."""
        bot = self._client.me.id
        if self._reading.bot == bot:
            return []
        same = noted.bot == bot
        changed = self._reading.bot or (noted.bot and not same)
        self._reading.bot = bot
        self._offset = noted.offset if same else 0
        self._reading.pairs = Pairs(list(noted.waiting) if same else [])
        self._reading.remember(noted.albums)
        self._kept = load(self._file, bot)
        self._reading.known = dict(self._kept)
        return ["the token is another bot's than before: what happened in between is not known"] if changed else []

    def _read(self, updates: list[msgspec.Raw], problems: list[str], now: float) -> Batch:
        found = self._reading.read(updates)
        self._offset = self._reading.next_offset(updates) or self._offset
        if self._reading.known != self._kept:
            self._kept = dict(self._reading.known)
            try:
                save(self._file, self._reading.bot, self._kept)
            except OSError as error:
                problems.append(f"{self._file}: {error.strerror}; which groups there are cannot be kept there")
        said = tuple(self._secrets.clean(problem) for problem in (*problems, *found.problems))
        return Batch(tuple(found.messages), msgspec.json.encode(self._position(now)).decode(), said)

    def _position(self, now: float) -> Position:
        reading = self._reading
        waiting, albums = list(reading.pairs.waiting), reading.recent_albums()
        return Position(reading.bot, self._offset, now, dict(reading.moved), waiting, albums)

    def _troubled(self, error: HttpError) -> None:
        if not isinstance(error, Refusal):
            self.health = mark("not reachable")
        elif not spoke(error) or error.status >= 500:
            # What Telegram itself refuses is said where it was asked for.
            self.health = mark("in trouble")

    def _trouble(self, error: Exception) -> str:
        """What to say of a failure, once as long as it stays the same."""
        words = str(error)
        if isinstance(error, LoginRefused):
            self.health = mark("login refused")
        elif isinstance(error, Refusal) and error.status == CONFLICT:
            self.health = mark("read by another program")
            words += "; another program takes this bot's updates: end it, or remove its webhook by deleteWebhook"
        elif isinstance(error, Refusal):
            self.health = mark("in trouble")
        said = self._secrets.clean(f"{self._options.server}: {words}")
        if said == self._said:
            return ""
        self._said = said
        return said
