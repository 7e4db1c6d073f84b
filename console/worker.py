"""The worker: holds the lease, takes messages in from every platform, carries actions out, rereads the rulebook."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec

from console.collecting import collect_seldom
from console.dispatch import Dispatch, Dispatched, log_lines
from console.intake import Intake, TakenIn
from console.language import translation
from console.listing import Listing
from console.measuring import Measuring
from console.platforms.base import Platform, PlatformError
from console.platforms.failures import described
from console.platforms.registry import make_platform
from console.platforms.replay import Replay, effects_path
from console.platforms.sound import health_of, is_away, is_cancelled, sound_batch
from console.rulebook import load_rulebook
from console.settings import Settings
from console.study import Study
from console.tending import TENDING_SECONDS, Chore, chores
from rules.engine import Engine
from rules.rulebook import RulebookError
from store import lease, messages, rulebooks
from store.database import Database, open_database
from store.errors import LeaseHeld, LeaseLost, StoreError
from widgets.language import install, mark

HEARTBEAT_SECONDS = 1.0
OUTBOX_SECONDS = 0.1
RULEBOOK_SECONDS = 1.0
STEP_ASIDE_SECONDS = 20.0
SENT_SECONDS = 10.0
"""How long a worker that stops waits for actions that are being sent."""
AGAIN_SECONDS = 30.0
"""A platform whose own code failed is read again after so long."""

GONE = (0, 0)
"""What is seen of a rulebook's file that is not there."""

Log = Callable[[str], None]


def make_room(settings: Settings) -> None:
    """Ask a worker that only a console started to step aside, and wait until it has. Raises LeaseHeld for one
    that was set up to serve."""
    db = open_database(settings.store, create=True)
    asked_until = time.monotonic() + STEP_ASIDE_SECONDS
    try:
        while (holder := lease.holder(db, time.time())) and holder.alive:
            if holder.kind != "child" or time.monotonic() > asked_until:
                raise LeaseHeld(
                    f"the store's worker is running already: {holder}; stop it first, or let it read a file as a"
                    " platform of its own in vigil.toml"
                )
            lease.ask_for(db, holder.generation)
            time.sleep(0.1)
    finally:
        db.close()


def platforms_of(settings: Settings) -> list[Platform]:
    """The configured platforms. Raises PlatformError."""
    return [make_platform(one.kind, one.name, one.options, settings.store) for one in settings.platforms]


class Worker:
    """One worker a store. `steps_aside` is whether it ends when another process asks for the store."""

    def __init__(
        self,
        settings: Settings,
        kind: str,
        platforms: Sequence[Platform],
        log: Log,
        *,
        steps_aside: bool = False,
        on_taken: Callable[[TakenIn], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.kind = kind
        self.log = log
        self.platforms = list(platforms)
        self.steps_aside = steps_aside
        self.taken = 0
        self.known = 0
        self.flagged = 0
        self.problems = 0
        self.failure = ""
        self._on_taken = on_taken
        self._clock = clock
        self._stop = asyncio.Event()
        self._away: set[str] = set()
        self._beating = threading.Event()
        self._rulebook_seen: list[tuple[int, int]] = []
        self._lists: tuple[Path, ...] = ()

    def stop(self) -> None:
        """Ask the worker to end at the next seam between two batches. For the thread of its loop."""
        self._stop.set()

    async def run(self, *, until_read: bool = False) -> None:
        """Work until stopped; with `until_read` until every platform is read to its end and nothing is due.

        Raises LeaseHeld, LeaseLost, StoreUnavailable, RulebookError, PlatformError.
        """
        collect_seldom()
        # What it stores for people to read is in the community's language.
        install(translation(self.settings.language))
        rulebook = load_rulebook(self.settings)
        self._lists = rulebook.files
        engine = Engine(rulebook)
        db = open_database(self.settings.store, create=True)
        try:
            generation = self._take_over(db)
            loop = asyncio.get_running_loop()
            heart = threading.Thread(target=self._beat, args=(generation, loop), daemon=True)
            heart.start()
            try:
                self.log(f"worker {self.kind} started, generation {generation}, store {self.settings.store}")
                rulebook_id = rulebooks.put_in_force(db, rulebook.source, self._clock())
                self._note_rulebook()
                intake = Intake(db, self.settings, engine, generation, rulebook_id, self._clock)
                measuring = Measuring(db, generation, rulebook, self.log, self._clock)
                self._hold_back(intake, measuring)
                if not self.platforms:
                    self.log("no platforms are set up in vigil.toml: only waiting actions are carried out")
                self.log(f"windows filled from {intake.warm()} stored messages; rulebook {rulebook.path}")
                study = Study(self.settings.store, intake, self.log, self._clock)
                study.begin()
                intake.settle()
                dispatch = Dispatch(db, self._connected(), generation, self._clock)
                for name, count in dispatch.stranded().items():
                    self.log(
                        f"{count} actions wait for the platform {name}, which is not in vigil.toml: vigil outbox list"
                    )
                for state, count in dispatch.recover().items():
                    self.log(f"{count} actions of a worker that was killed are {state} now")
                tended = chores(db, self.settings, generation)
                await self._work(intake, study, dispatch, measuring, tended, until_read=until_read)
            finally:
                self._beating.set()
                heart.join()
                for platform in self.platforms:
                    await self._close(platform)
                with contextlib.suppress(StoreError):
                    lease.release(db, generation, self._clock())
                self.log("worker stopped")
        finally:
            db.close()

    async def _close(self, platform: Platform) -> None:
        try:
            async with asyncio.timeout(SENT_SECONDS):
                await platform.close()
        except (Exception, asyncio.CancelledError) as error:
            self.log(f"{platform.name}: an error in the platform's own code: {described(error)}")

    def _take_over(self, db: Database) -> int:
        """Take the lease, where a console's own worker holds it as soon as that has stepped aside."""
        while True:
            try:
                return lease.take(db, self.kind, self._clock())
            except LeaseHeld:
                if self.steps_aside:
                    raise
            make_room(self.settings)

    def _connected(self) -> dict[str, Platform]:
        connected = {platform.name: platform for platform in self.platforms}
        # Whatever was replayed once stays open to actions, with or without its file.
        idle = Replay(effects_path(self.settings.store), idle=True)
        connected.setdefault(idle.name, idle)
        return connected

    async def _work(
        self,
        intake: Intake,
        study: Study,
        dispatch: Dispatch,
        measuring: Measuring,
        tended: Sequence[Chore],
        *,
        until_read: bool,
    ) -> None:
        listing = Listing(intake.db, intake.generation, self.log, self._clock, intake.know)
        reading = [asyncio.create_task(self._read(intake, platform)) for platform in self.platforms]
        sending = [asyncio.create_task(self._dispatch(dispatch, name)) for name in dispatch.platforms]
        tasks = [
            *reading,
            *sending,
            asyncio.create_task(self._watch_rulebook(intake, measuring)),
            asyncio.create_task(study.go_on()),
            asyncio.create_task(self._tend(tended, intake)),
            *(asyncio.create_task(listing.go_on(platform)) for platform in self.platforms if not until_read),
        ]
        stopped = asyncio.create_task(self._stop.wait())
        try:
            waiting = {stopped, *tasks}
            while not stopped.done():
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                if until_read and all(task.done() for task in reading):
                    while self._note_done(await dispatch.step()):
                        pass
                    break
        finally:
            self._stop.set()
            # What is on its way arrives, rather than that a person has to look whether it did.
            await asyncio.wait(sending, timeout=SENT_SECONDS)
            for task in (stopped, *tasks):
                task.cancel()
            await asyncio.gather(stopped, *tasks, return_exceptions=True)
        if self.failure:
            raise LeaseLost(self.failure)

    async def _read(self, intake: Intake, platform: Platform) -> None:
        while not self._stop.is_set():
            try:
                if not await self._read_on(intake, platform):
                    return
            except PlatformError as error:
                with contextlib.suppress(AttributeError):
                    platform.health = mark("cannot be read")
                # One platform that is down stops nothing, but a replay of its own has nothing else to do.
                if self.kind == "replay":
                    raise
                self.log(f"{platform.name}: {error}")
                return
            self.log(f"{platform.name}: read again from where it stood in {AGAIN_SECONDS:.0f} s")
            await asyncio.sleep(AGAIN_SECONDS)

    async def _read_on(self, intake: Intake, platform: Platform) -> bool:
        """Take in what comes; returns whether an error in the platform's own code ended it. Raises PlatformError."""
        batches: AsyncIterator[object] | None = None
        while True:
            try:
                if batches is None:
                    batches = platform.batches(messages.position(intake.db, platform.source))
                given = await anext(batches, None)
                batch = None if given is None else sound_batch(given, platform.name)
            except (PlatformError, StoreError):
                raise
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and is_cancelled():
                    raise
                self.problems += 1
                with contextlib.suppress(AttributeError):
                    platform.health = mark("has failed")
                self.log(f"{platform.name}: an error in the platform's own code: {described(error)}")
                return True
            if batch is None:
                self.log(f"{platform.name}: read to the end")
                return False
            for problem in batch.problems:
                self.problems += 1
                self.log(f"{platform.name}: {problem}")
            if batch.problems and is_away(platform):
                self._away.add(platform.name)
            self._note_taken(platform, intake.take(batch, platform.source))
            if self._stop.is_set():
                return False

    def _note_taken(self, platform: Platform, taken: TakenIn) -> None:
        flagged = sum(1 for _, findings in taken.messages if findings)
        self.taken += len(taken.messages)
        self.known += taken.known
        self.flagged += flagged
        if taken.messages:
            cases_touched = f", cases {', '.join(map(str, taken.cases))}" if taken.cases else ""
            self.log(f"{platform.name}: {len(taken.messages)} messages, {flagged} flagged{cases_touched}")
        for decision_id in taken.automatic:
            self.log(f"decision {decision_id} taken by a rule in mode auto")
        if self._on_taken:
            self._on_taken(taken)

    async def _dispatch(self, dispatch: Dispatch, name: str) -> None:
        while not self._stop.is_set():
            # A platform's code may carry actions out without ever waiting for anything: the others get their turn.
            await asyncio.sleep(0 if self._note_done(await dispatch.step_on(name)) else OUTBOX_SECONDS)

    async def _tend(self, tended: Sequence[Chore], intake: Intake) -> None:
        while not self._stop.is_set():
            for chore in tended:
                for line in chore.step(intake.engine.rulebook, self._clock()):
                    self.log(line)
                await asyncio.sleep(0)
            await asyncio.sleep(TENDING_SECONDS)

    def _note_done(self, dispatched: Sequence[Dispatched]) -> int:
        for line in log_lines(dispatched):
            self.log(line)
        return len(dispatched)

    async def _watch_rulebook(self, intake: Intake, measuring: Measuring) -> None:
        while not self._stop.is_set():
            await asyncio.sleep(RULEBOOK_SECONDS)
            if not self._note_rulebook():
                if measuring.due():
                    self._hold_back(intake, measuring)
                continue
            try:
                if self._rulebook_seen[0] == GONE:
                    self.log(f"{self.settings.rulebook}: is gone; the rules in force stay in force")
                    continue
                rulebook = load_rulebook(self.settings)
                self._lists = rulebook.files
                intake.replace(rulebook)
            except RulebookError as error:
                self._lists = tuple({*self._lists, *error.files})
                self.log(f"{error}; the rules in force stay in force")
            else:
                self.log(f"rulebook {rulebook.path} read again")
                measuring.written = rulebook
                self._hold_back(intake, measuring)

    def _hold_back(self, intake: Intake, measuring: Measuring) -> None:
        """Let rules ask whose precision does not allow them to act, and act again once it does."""
        rulebook = measuring.in_force()
        if rulebook != intake.engine.rulebook:
            intake.replace(rulebook)

    def _note_rulebook(self) -> bool:
        """Whether the rulebook's file, or a list beside it, has changed since the last call."""
        seen = list(map(_seen, (Path(self.settings.rulebook), *self._lists)))
        changed, self._rulebook_seen = seen != self._rulebook_seen, seen
        return changed

    def _beat(self, generation: int, loop: asyncio.AbstractEventLoop) -> None:
        """The heartbeat, in a thread and on a connection of its own: a long batch must not cost the lease."""
        try:
            db = open_database(self.settings.store)
        except StoreError as error:
            self.failure = str(error)
            loop.call_soon_threadsafe(self._stop.set)
            return
        try:
            while not self._beating.wait(HEARTBEAT_SECONDS):
                try:
                    wanted = lease.beat(db, generation, self._clock(), self._note())
                except LeaseLost as error:
                    self.failure = str(error)
                    loop.call_soon_threadsafe(self._stop.set)
                    return
                except StoreError:
                    continue
                loop.call_soon_threadsafe(self._note_back)
                if wanted and self.steps_aside:
                    loop.call_soon_threadsafe(self._stop.set)
                    return
        finally:
            db.close()

    def _note_back(self) -> None:
        """Say of a platform that was said to be away that it is connected again."""
        for platform in self.platforms:
            if platform.name in self._away and not is_away(platform):
                self._away.discard(platform.name)
                self.log(f"{platform.name}: connected again")

    def _note(self) -> str:
        """What the status line of every console shows of the platforms."""
        return msgspec.json.encode({platform.name: health_of(platform) for platform in self.platforms}).decode()


def _seen(path: Path) -> tuple[int, int]:
    """What tells one state of a file from another."""
    try:
        status = path.stat()
    except OSError:
        return GONE
    return status.st_mtime_ns, status.st_size
