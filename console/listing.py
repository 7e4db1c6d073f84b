"""Listing: the members of every group, as the platform has them, are stored once a day, a group at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from console.platforms.base import ListsMembers, Platform, PlatformError
from console.platforms.failures import described
from console.platforms.sound import is_cancelled, sound_members
from rules.names import sought
from rules.standing import Membership
from store import lease, listed
from store.database import Database

EVERY_SECONDS = 86_400.0
PAUSE_SECONDS = 2.0
"""Between two groups, so that hundreds of them hold up nothing."""
LOOK_SECONDS = 60.0
"""How often it is looked whether a group is due."""
AGAIN_SECONDS = 3_600.0
"""A group whose members could not be listed is left alone for so long."""
PIECE = 200
"""Members stored at a time: some 10 ms."""


class Listing:
    """Lists members for the worker of `generation`. `know` is told since when they are there."""

    def __init__(
        self,
        db: Database,
        generation: int,
        log: Callable[[str], None],
        clock: Callable[[], float],
        know: Callable[[Iterable[Membership]], None] = lambda found: None,
    ) -> None:
        self._db = db
        self._generation = generation
        self._log = log
        self._clock = clock
        self._know = know
        self._not_before: dict[tuple[str, str], float] = {}

    async def go_on(self, platform: Platform) -> None:
        """Keep the members of one platform up to date, until cancelled. Raises LeaseLost."""
        if not isinstance(platform, ListsMembers):
            return
        while True:
            groups = self._groups(platform)
            if groups is None:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            busy = await self.step(platform, groups) or not groups
            await asyncio.sleep(PAUSE_SECONDS if busy else LOOK_SECONDS)

    async def step(self, platform: ListsMembers, groups: Sequence[str]) -> bool:
        """List one of the groups, if one is due; returns whether it was. Raises LeaseLost."""
        now = self._clock()
        due = listed.due(self._db, platform.name, groups, now - EVERY_SECONDS)
        group = next((one for one in due if self._not_before.get((platform.name, one), 0.0) <= now), None)
        if group is None:
            return False
        try:
            members = sound_members(await platform.members(group))
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and is_cancelled():
                raise
            # Whatever it is, it is no more than a list that is a day older.
            self._not_before[platform.name, group] = now + AGAIN_SECONDS
            words = str(error) if isinstance(error, PlatformError) else described(error)
            self._log(f"{platform.name}: the members of {group} could not be listed: {words}")
            return True
        for start in range(0, len(members), PIECE):
            with self._db.transaction():
                lease.confirm(self._db, self._generation)
                part = members[start : start + PIECE]
                listed.add(self._db, platform.name, group, part, now, sought)
            self._know(Membership(platform.name, group, one.member, 0, one.joined, None) for one in part)
            await asyncio.sleep(0)
        with self._db.transaction():
            lease.confirm(self._db, self._generation)
            left = listed.end(self._db, platform.name, group, now)
        gone = f"; {left} of those known before are there no more" if left else ""
        self._log(f"{platform.name}: {len(members)} members of {group} listed{gone}")
        return True

    def _groups(self, platform: ListsMembers) -> list[str] | None:
        """The groups that can be listed now, None where the platform's own code fails to tell."""
        try:
            return [group for group in platform.groups() if isinstance(group, str)]
        except Exception as error:
            self._log(f"{platform.name}: an error in the platform's own code: {described(error)}")
            return None
