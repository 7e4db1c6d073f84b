"""The OneBot v11 platform, QQ by NapCat, LLBot and others: events over a WebSocket, gaps filled from history."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from console.platforms.base import Access, Batch, PlatformError, Receipt, sound_id
from console.platforms.http import Http, HttpError, Secrets, Unreachable
from console.platforms.onebot_access import access_of
from console.platforms.onebot_actions import CHECK_SECONDS, Actions
from console.platforms.onebot_calls import Calls, Failed, explained
from console.platforms.onebot_events import Found, Reading, knock_id
from console.platforms.onebot_history import PAGE, Gap, NoHistory, gap
from console.platforms.onebot_kind import LIMITS, OneBotOptions
from console.platforms.onebot_line import QUIET_SECONDS, Closed, Line, Opened, Packet, Remark, TokenRefused
from console.platforms.onebot_members import members_of
from console.platforms.onebot_names import PATIENCE_SECONDS, Names
from console.platforms.onebot_requests import requests_of
from console.platforms.onebot_shapes import Mark, Position
from rules.records import MessageKey
from store.listed import ListedMember
from store.records import Order
from widgets.language import mark

BATCH_MESSAGES = 500
AGAIN_SECONDS = 2.0
MOST_TRIES = 5
SMALLEST_PAGE = 5
MOST_SAID = 100
MEET_SECONDS = 20.0
"""How long `access` waits for the connection."""


class OneBot:
    """One QQ account, held by the program at the place the options name.

    What was written before the first start is not read, nor before the account came into a group.
    """

    can = LIMITS.can
    repeatable = False

    def __init__(
        self,
        name: str,
        options: OneBotOptions,
        *,
        clock: Callable[[], float] = time.time,
        answer_seconds: float = 30.0,
        quiet_seconds: float = QUIET_SECONDS,
        meet_seconds: float = MEET_SECONDS,
        check_seconds: Sequence[float] = CHECK_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.name = name
        self.health = mark("connecting") if options.connect else mark("waiting to be connected to")
        self._options = options
        self._clock = clock
        self._meet_seconds = meet_seconds
        self._secrets = Secrets()
        self._http = (
            Http(options.http, self._secrets, explained, answer_seconds=answer_seconds) if options.http else None
        )
        self._line = Line(options, self._secrets, answer_seconds, quiet_seconds)
        self._calls = Calls(options, self._line, self._http, self._secrets)
        self._reading = Reading(name, self._calls.looks_at, clock)
        self._actions = Actions(self._calls, self._reading.group, options.per_second, check_seconds)
        self._names = Names(self._calls, patience_seconds)
        self._position: Position | None = None
        self._unfilled: set[str] = set()
        self._groups: set[str] = set()
        self._online = True
        self._said: set[str] = set()
        self._tries: Counter[str] = Counter()

    @property
    def source(self) -> str:
        return f"{self.name}:onebot"

    async def batches(self, position: str | None) -> AsyncIterator[Batch]:
        """Without end. Raises PlatformError when there is no token to be had."""
        self._position = _read(position)
        self._hold()
        if self._line.is_up():
            # What came over this connection before may be lost: another one begins with what was missed.
            await self._line.give_up("read from the start again")
        self._line.start(self._calls.token())
        while True:
            found = Found()
            for item in await self._line.next():
                match item:
                    case Packet(raw):
                        self._reading.read(raw, found)
                        if found.online is not None and found.online != self._online:
                            self._online = found.online
                            self.health = (
                                mark("connected") if self._online else mark("the account is not logged in to QQ")
                            )
                            # While it is away nothing comes, and what comes first afterwards is no sign that
                            # nothing was missed.
                            self._hold()
                            if self._online and self._position:
                                yield self._batch(found)
                                found = Found()
                                async for batch in self._catch_up():
                                    yield batch
                        if len(found.messages) >= BATCH_MESSAGES:
                            found.messages = await self._names.named(found.messages)
                            yield self._batch(found)
                            found = Found()
                    case Opened():
                        if found.messages or found.gone or found.problems:
                            yield self._batch(found)
                            found = Found()
                        async for batch in self._begin():
                            yield batch
                    case Remark(words):
                        self._note(words, found)
                    case Closed(words, refused):
                        self.health = mark("token refused") if refused else mark("not reachable")
                        self._note(words, found)
            if found.messages or found.gone or found.problems or found.marks:
                found.messages = await self._names.named(found.messages)
                yield self._batch(found)

    async def perform(self, order: Order) -> Receipt:
        return await self._actions.perform(order, self._ready)

    def groups(self) -> list[str]:
        """The groups the account was in when it was connected last, none without a connection."""
        return sorted(self._groups) if self._line.is_up() else []

    async def members(self, group: str) -> list[ListedMember]:
        """A group's members with level, title, and when they joined and spoke last. Raises PlatformError."""
        try:
            await self._ready()
            found = await members_of(self._calls, group)
        except HttpError as error:
            raise PlatformError(str(error)) from None
        return [
            ListedMember(one.user, one.name, one.level, one.title, one.joined, one.spoke)
            for one in found
            if sound_id(one.user) and one.user != self._calls.account
        ]

    async def access(self) -> Access:
        """Raises PlatformError."""
        try:
            await self._meet()
            await self._calls.know()
            return await access_of(self._calls)
        except HttpError as error:
            raise PlatformError(f"{self._options.http or self._options.place}: {error}") from None

    async def close(self) -> None:
        await self._line.close()
        if self._http is not None:
            await self._http.close()

    async def _ready(self) -> None:
        """Make sure that actions can be asked for. Raises HttpError, PlatformError."""
        if self._http is None and not self._line.is_up():
            raise self._line.why_not()
        await self._calls.know()

    async def _meet(self) -> None:
        """Have a connection, for a look around. Raises HttpError, PlatformError."""
        self._line.start(self._calls.token())
        try:
            async with asyncio.timeout(self._meet_seconds):
                while not self._line.is_up():
                    for item in await self._line.next():
                        if isinstance(item, Closed) and (item.refused or self._options.connect):
                            raise Unreachable(item.words, uncertain=False)
                        if isinstance(item, Closed) and item.words.startswith("cannot listen"):
                            raise Unreachable(f"{item.words}; is the worker running?", uncertain=False)
        except TimeoutError:
            where = "nothing has connected to Vigil" if self._options.listen else "no connection"
            raise Unreachable(f"{where} in {self._meet_seconds:.0f} s", uncertain=False) from None

    async def _begin(self) -> AsyncIterator[Batch]:
        """After a connection was made: see whose it is and which groups there are, and read what was missed."""
        self._hold()
        try:
            await self._calls.know(anew=True)
            groups = await self._calls.groups()
        except HttpError as error:
            found = Found()
            if self._line.is_up():
                self.health = mark("token refused") if isinstance(error, TokenRefused) else mark("in trouble")
                self._note(str(error), found)
                await self._line.give_up("what is needed to begin is not answered")
            if found.problems:
                yield self._batch(found)
            return
        self._reading.account = self._calls.account
        self._reading.uploads = self._calls.profile == "spec"
        self._reading.groups.update({group: name for group, name in groups.items() if name})
        now = float(int(self._clock()))
        before = self._position
        if before is None or before.account != self._calls.account:
            before = Position(self._calls.account, now)
        marks = {group: before.groups.get(group, Mark(now)) for group in groups}
        self._position = Position(before.account, before.begun, before.groups | marks)
        self._groups = set(groups)
        # Also of groups that are not named: a program that has just been started may not know them all yet.
        self._unfilled.clear()
        if before.groups:
            self._hold()
        self._online, self.health = True, mark("connected")
        async for batch in self._catch_up():
            yield batch
        if self._line.is_up():
            self._said.clear()
        yield self._batch(Found())

    async def _catch_up(self) -> AsyncIterator[Batch]:
        """Read what was missed: messages from history, and requests from the list of them."""
        async for batch in self._fill():
            yield batch
        if not self._line.is_up():
            return
        found = Found()
        try:
            requests = await requests_of(self._calls)
        except HttpError as error:
            unsupported = isinstance(error, Failed) and error.unsupported
            if self._line.is_up() and not unsupported:
                self._note(f"requests to be let in that came meanwhile cannot be read: {error}", found)
        else:
            for event in requests.waiting:
                self._reading.take(event, found)
            found.gone += [MessageKey(self.name, group, knock_id(knock)) for group, knock in requests.answered]
        if found.messages or found.gone or found.problems:
            yield self._batch(found)

    async def _fill(self) -> AsyncIterator[Batch]:
        """Read what was missed in every group that has a gap, as long as there is a connection."""
        while self._unfilled and self._line.is_up():
            assert self._position is not None
            group, found = min(self._unfilled), Found()
            try:
                page = max(SMALLEST_PAGE, PAGE >> self._tries[group])
                missed = await gap(self._calls, group, self._position.groups[group], page)
            except NoHistory:
                self._unfilled.clear()
                marks = self._position.groups.values()
                newest = max((mark.time for mark in marks if mark.message), default=self._position.begun)
                since = time.strftime("%Y-%m-%d %H:%M", time.gmtime(newest))
                found.problems.append(f"{self._calls.program or 'the program'} keeps no history: what was written while"
                                      f" it or Vigil was down, after {since} UTC, is not seen")  # fmt: skip
                yield self._batch(found)
                return
            except HttpError as error:
                if not self._line.is_up():
                    return
                # Perhaps it is too much at once.
                self._tries[group] += 1
                again = error.uncertain or error.again
                if again and self._tries[group] < MOST_TRIES:
                    await asyncio.sleep(0.0 if error.uncertain else AGAIN_SECONDS)
                    continue
                if again and not error.uncertain:
                    # It is no question of this group: without answers nothing would be read any more.
                    del self._tries[group]
                    self.health = mark("in trouble")
                    self._note(str(error), found)
                    await self._line.give_up("what was missed cannot be asked for")
                    yield self._batch(found)
                    return
                there = group in self._groups
                missed = Gap([], [f"what was missed cannot be read, and is left out: {error}"] if there else [])
            found.problems += [f"{self._reading.group(group)}: {problem}" for problem in missed.problems]
            begun = self._position.begun
            for event in missed.events:
                if event.time >= begun:
                    self._reading.take(event, found)
            messages = found.messages
            while len(messages) > BATCH_MESSAGES:
                # Without the position, which holds only once all of them are stored.
                yield Batch(tuple(messages[:BATCH_MESSAGES]), "")
                messages = messages[BATCH_MESSAGES:]
            found.messages = messages
            self._unfilled.discard(group)
            del self._tries[group]
            if messages or found.problems:
                yield self._batch(found)

    def _hold(self) -> None:
        """Let every group keep its place until what was missed there is read."""
        if self._position is not None:
            self._unfilled = {group for group in self._position.groups if self._calls.looks_at(group)}

    def _batch(self, found: Found) -> Batch:
        """What was found, with the position after it. A gap that is still open keeps its place."""
        position = ""
        if self._position is not None:
            marks = {group: mark for group, mark in found.marks.items() if group not in self._unfilled}
            if marks:
                self._position = msgspec.structs.replace(self._position, groups=self._position.groups | marks)
            position = msgspec.json.encode(self._position).decode()
        problems = tuple(self._secrets.clean(problem) for problem in found.problems)
        return Batch(tuple(found.messages), position, problems, tuple(found.gone))

    def _note(self, words: str, found: Found) -> None:
        """Say what keeps the connection from being made, once as long as it stays the same."""
        said = f"{self._options.place}: {words}"
        if len(self._said) > MOST_SAID:
            self._said.clear()
        if said not in self._said:
            self._said.add(said)
            found.problems.append(said)


def _read(position: str | None) -> Position | None:
    try:
        return msgspec.json.decode(position or "", type=Position)
    except msgspec.MsgspecError:
        return None
