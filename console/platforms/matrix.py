"""The Matrix platform: reads by /sync and fills gaps from history; what it does is in `matrix_actions`."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec

from console.platforms.base import Access, Batch, PlatformError, Receipt
from console.platforms.http import Http, HttpError, Refusal, Secrets, TooLarge, Unreachable
from console.platforms.matrix_access import access_of
from console.platforms.matrix_actions import Actions
from console.platforms.matrix_client import Client, explained
from console.platforms.matrix_direct import LISTED, Direct
from console.platforms.matrix_events import BAD_EVENT, Reading
from console.platforms.matrix_kind import LIMITS, MatrixOptions
from console.platforms.matrix_login import Login, LoginRefused
from console.platforms.matrix_moves import follow, is_trouble
from console.platforms.matrix_mutes import MuteKeeper
from console.platforms.matrix_shapes import Event, Invited, Member, Room, Sync
from console.platforms.matrix_text import one_line
from rules.records import Message, MessageKey
from store.records import Order
from widgets.language import mark

POLL_SECONDS = 30.0
TIMELINE_EVENTS = 100
"""So many events of a room come with one answer at most; a gap before them is filled in pages of as many."""
BATCH_MESSAGES = 500
MOST_PAGES = 1_000
GAP_TRIES = 10
"""So often what was missed in a group is asked for, before it is given up for the sake of all other groups."""
LOGIN_SECONDS = 30.0
"""How long to wait when there is no way to log in."""
POSITION_UNKNOWN = ("M_UNKNOWN_POS", "M_INVALID_PARAM", "M_UNKNOWN")
"""With status 400, what servers say to a position that is none of theirs."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds between two tries to reach a server that is down."""

_EVENTS = [
    "m.room.message", "m.sticker", "m.poll.start", "org.matrix.msc3381.poll.start", "m.room.encrypted",
    "m.room.redaction", "m.room.member", "m.room.name",
    "m.room.canonical_alias", "m.room.encryption", "m.room.tombstone", "m.room.create",
]  # fmt: skip


class Position(msgspec.Struct, frozen=True):
    """Where reading goes on: the server's own word for it, and whose account it holds for."""

    since: str
    user: str


class Matrix:
    """One account on a Matrix server. `login` is the file in which the login is kept.

    What was written before the first start, or before the account came into a group, is not read. A gap is filled
    with what the server still has, up to MOST_PAGES pages a room.
    """

    can = LIMITS.can
    repeatable = True

    def __init__(
        self,
        name: str,
        options: MatrixOptions,
        login: Path,
        *,
        clock: Callable[[], float] = time.time,
        answer_seconds: float = 30.0,
        poll_seconds: float = POLL_SECONDS,
        waits: tuple[float, float] = (FIRST_WAIT, LONGEST_WAIT),
    ) -> None:
        self.name = name
        self.health = mark("connecting")
        self._options = options
        self._secrets = Secrets()
        self._http = Http(options.homeserver, self._secrets, explained, self._troubled, answer_seconds)
        self._client = Client(self._http, Login(options, login, self._http, self._secrets))
        self._reading = Reading(name, clock)
        self._direct = Direct(self._client)
        self._mutes = MuteKeeper(self._client, clock)
        self._actions = Actions(self._client, self._reading, self._direct, self._mutes)
        self._poll_seconds = poll_seconds
        self._waits = waits
        self._gap_tries: Counter[str] = Counter()
        self._notes: list[str] = []
        self._said = ""
        self._limit = TIMELINE_EVENTS
        self._loaded = False
        self._ready = False

    @property
    def source(self) -> str:
        return f"{self.name}:{self._options.homeserver}"

    async def batches(self, position: str | None) -> AsyncIterator[Batch]:
        """Without end."""
        lifting = asyncio.create_task(self._mutes.lift_for_ever(self._notes.append))
        first_wait, longest_wait = self._waits
        wait = first_wait
        poll = 0.0
        since: str | None = None
        try:
            while True:
                try:
                    await self._load()
                    if since is None:
                        since = self._start(position)
                    answer = await self._client.sync(since, self._filter(first=not since), poll)
                    batch = await self._read(answer, since)
                except (HttpError, LoginRefused) as error:
                    wait, poll = min(wait * 2, longest_wait), 0.0
                    if isinstance(error, TooLarge):
                        # Less at once; the rest comes page by page.
                        self._limit, wait = max(1, self._limit // 4), first_wait
                    if since and _is_lost(error):
                        since = ""
                        self._notes.append(f"the server does not know where reading stopped ({error}); it begins anew,"
                                           " and what was written meanwhile is not seen")  # fmt: skip
                    if batch_of_trouble := self._trouble(error):
                        yield batch_of_trouble
                    seconds = LOGIN_SECONDS if isinstance(error, LoginRefused) else wait
                    await asyncio.sleep(max(seconds, getattr(error, "wait", None) or 0.0))
                    continue
                self.health, self._said, self._ready = mark("connected"), "", True
                wait, poll = first_wait, self._poll_seconds
                self._limit = min(TIMELINE_EVENTS, self._limit * 2)
                messages = batch.messages
                while len(messages) > BATCH_MESSAGES:
                    # Without the position, which holds only once all of them are stored.
                    yield Batch(messages[:BATCH_MESSAGES], "")
                    messages = messages[BATCH_MESSAGES:]
                if messages or batch.gone or batch.problems or answer.next_batch != since:
                    yield Batch(messages, batch.position, batch.problems, batch.gone)
                since = answer.next_batch
        finally:
            lifting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await lifting

    async def perform(self, order: Order) -> Receipt:
        return await self._actions.perform(order, self._load, self._is_ready)

    async def access(self) -> Access:
        """Raises PlatformError."""
        try:
            await self._load()
            return await access_of(self._client, self._reading, self._direct, self._options.inviters)
        except LoginRefused as error:
            raise PlatformError(f"{self.name}: {error}") from None
        except HttpError as error:
            raise PlatformError(f"{self.name}: {self._options.homeserver}: {error}") from None

    async def close(self) -> None:
        await self._http.close()

    async def _load(self) -> None:
        """Log in, and fetch what the server keeps for Vigil. Raises LoginRefused, HttpError."""
        await self._client.connect()
        if not self._loaded:
            self._reading.user = self._client.user
            await self._direct.load()
            await self._mutes.load()
            self._loaded = True

    def _is_ready(self) -> bool:
        """Whether all that happened before the start is known."""
        return self._ready

    def _start(self, position: str | None) -> str:
        try:
            found = msgspec.json.decode(position or "", type=Position)
        except msgspec.MsgspecError:
            return ""
        return found.since if found.user == self._client.user else ""

    def _filter(self, *, first: bool) -> dict[str, Any]:
        timeline = {"limit": 1 if first else self._limit, **_page_filter()}
        nothing: dict[str, Any] = {"types": []}
        return {
            "room": {"timeline": timeline, "state": _page_filter(), "ephemeral": nothing, "account_data": nothing},
            "presence": nothing,
            "account_data": {"types": [LISTED]},
        }

    async def _read(self, answer: Sync, since: str) -> Batch:
        """What an answer says, with the gaps before it filled. Raises LoginRefused, HttpError."""
        for raw in answer.account_data.events:
            with contextlib.suppress(*BAD_EVENT):
                event = msgspec.json.decode(raw, type=Event)
                if event.type == LISTED:
                    self._direct.take(msgspec.json.decode(event.content, type=dict[str, Any]))
        messages: list[Message] = []
        gone: list[MessageKey] = []
        problems: list[str] = []
        for room, part in (answer.rooms.join | answer.rooms.leave).items():
            try:
                found = msgspec.json.decode(part, type=Room)
            except BAD_EVENT as error:
                problems.append(f"{self._reading.group(room)}: of another shape: {error}")
                continue
            await self._read_room(room, since, found, messages, gone, problems)
        problems += await self._moves()
        for room, part in answer.rooms.invite.items():
            problems += await self._invitation(room, part)
        # Last, because it is said once: after this nothing can fail, and the answer be read again.
        for room in answer.rooms.join | answer.rooms.leave:
            problems += [] if self._direct.is_direct(room) else self._reading.news(room)
        problems += self._notes
        self._notes.clear()
        position = msgspec.json.encode(Position(answer.next_batch, self._client.user)).decode()
        cleaned = tuple(self._secrets.clean(problem) for problem in problems)
        return Batch(tuple(messages), position, cleaned, tuple(gone))

    async def _read_room(
        self,
        room: str,
        since: str,
        found: Room,
        messages: list[Message],
        gone: list[MessageKey],
        problems: list[str],
    ) -> None:
        """An answer to the first question of all says how things are, not what happened."""
        first = not since
        names: dict[str, str] = {}
        self._reading.learn(room, found.state.events, names)
        self._reading.learn(room, found.timeline.events, names)
        if room in self._reading.direct:
            await self._direct.add(self._reading.direct[room], room)
        if self._direct.is_direct(room):
            return
        if not first:
            timeline = found.timeline
            events = timeline.events
            if timeline.limited and not self._reading.is_beginning(events):
                events = await self._gap(room, since, timeline.prev_batch, names, problems) + events
            read = self._reading.read(room, events, names)
            messages += read.messages
            gone += read.gone
            problems += read.problems

    async def _moves(self) -> list[str]:
        """Follow the groups that another one has taken the place of; returns what there is to say. Raises LoginRefused,
        HttpError."""
        said = []
        for room, (successor, by) in list(self._reading.replaced.items()):
            if not self._direct.is_direct(room) and (words := await follow(self._client, room, successor, by)):
                said.append(f"{self._reading.group(room)}: {words}")
            del self._reading.replaced[room]
        return said

    async def _gap(
        self, room: str, since: str, start: str, names: dict[str, str], problems: list[str]
    ) -> list[msgspec.Raw]:
        """The events between what was read last and a timeline that begins at `start`, in their order."""
        pages: list[list[msgspec.Raw]] = []
        seen = {start}
        if not start:
            problems.append(f"{self._reading.group(room)}: some of what was written was missed, and the server does not"
                            " say from where on")  # fmt: skip
            return []
        for _ in range(MOST_PAGES):
            limit = self._limit
            try:
                page = await self._client.messages(room, start, since, limit, _page_filter())
            except HttpError as error:
                if error.again or is_trouble(error):
                    self._gap_tries[room] += 1
                    if isinstance(error, TooLarge) or self._gap_tries[room] < GAP_TRIES:
                        raise
                del self._gap_tries[room]
                problems.append(f"{self._reading.group(room)}: what was missed cannot be read: {error}")
                break
            del self._gap_tries[room]
            self._reading.learn(room, page.state, names)
            pages.append(page.chunk)
            if not page.end or self._reading.is_beginning(page.chunk):
                break
            if page.end in seen:
                problems.append(f"{self._reading.group(room)}: the server's history goes round in a circle")
                break
            seen.add(page.end)
            start = page.end
        else:
            problems.append(f"{self._reading.group(room)}: too much was missed; what is older is left out")
        return [event for page in reversed(pages) for event in reversed(page)]

    async def _invitation(self, room: str, part: msgspec.Raw) -> list[str]:
        """Follow an invitation of somebody who may invite; returns what there is to say. Raises HttpError."""
        inviter, direct = "", False
        names: dict[str, str] = {}
        try:
            events = msgspec.json.decode(part, type=Invited).invite_state.events
            self._reading.learn(room, events, names)
            for raw in events:
                event = msgspec.json.decode(raw, type=Event)
                if event.type == "m.room.member" and event.state_key == self._client.user:
                    inviter = event.sender
                    direct = msgspec.json.decode(event.content, type=Member).is_direct is True
        except BAD_EVENT as error:
            return [f"{self._reading.group(room)}: an invitation of another shape: {error}"]
        group, who = self._reading.group(room), one_line(inviter)
        if inviter not in self._options.inviters:
            return [f"{group}: {who} invited Vigil, but is not among the inviters in vigil.toml: not followed"]
        if direct:
            return [f"{group}: {who} invited Vigil to talk alone, which is no group: not followed"]
        try:
            await self._client.join(room)
        except HttpError as error:
            if is_trouble(error):
                raise
            return [f"{group}: {who} invited Vigil, but it cannot come in: {error}; have it invited again"]
        return [f"{group}: came in, invited by {who}"]

    def _troubled(self, error: HttpError) -> None:
        if isinstance(error, Unreachable):
            self.health = mark("not reachable")
        elif not isinstance(error, Refusal) or not error.code or error.status >= 500:
            self.health = mark("in trouble")

    def _trouble(self, error: Exception) -> Batch | None:
        """What to say of a failure, once as long as it stays the same."""
        self.health = mark("login refused") if isinstance(error, LoginRefused) else self.health
        said = self._secrets.clean(f"{self._options.homeserver}: {error}")
        if said == self._said and not self._notes:
            return None
        self._said = said
        notes = tuple(self._secrets.clean(note) for note in self._notes)
        self._notes.clear()
        return Batch((), "", (said, *notes))


def _page_filter() -> dict[str, Any]:
    """Which events are read. Names come along with every page, since nothing is remembered of earlier ones."""
    return {"types": _EVENTS, "lazy_load_members": True, "include_redundant_members": True}


def _is_lost(error: Exception) -> bool:
    """Whether the server does not know the position it was asked to go on from."""
    return isinstance(error, Refusal) and error.status == 400 and error.code in POSITION_UNKNOWN
