"""Dispatch: takes due actions from the outbox, has their platform carry them out, and notes what became of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from console.platforms.base import Platform, Receipt
from console.platforms.failures import described
from store import actions
from store.database import Database
from store.records import ActionState, Order

CLAIMED_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Dispatched:
    """One action and what became of it."""

    order: Order
    receipt: Receipt


class Dispatch:
    """Carries actions out for the worker of `generation`, in order. `platforms` are those that are connected,
    by name; actions for others wait."""

    def __init__(
        self,
        db: Database,
        platforms: Mapping[str, Platform],
        generation: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.db = db
        self.platforms = platforms
        self._generation = generation
        self._clock = clock
        self._held: dict[str, float] = {}

    def recover(self) -> Mapping[ActionState, int]:
        """Settle what a worker that was killed was sending. Raises LeaseLost."""
        repeatable = [name for name, platform in self.platforms.items() if platform.repeatable]
        return actions.recover(self.db, self._generation, repeatable, self._clock())

    def stranded(self) -> Mapping[str, int]:
        """How many actions wait for platforms that are not connected."""
        return {name: count for name, count in actions.waiting(self.db).items() if name not in self.platforms}

    async def step(self) -> list[Dispatched]:
        """Carry out what is due, at most CLAIMED_AT_ONCE actions and one a platform that knows no repetitions. Raises
        LeaseLost.

        A platform that lets an action wait gets none until then: those behind it must not pass it.
        """
        now = self._clock()
        self._held = {name: until for name, until in self._held.items() if until > now}
        ready = [name for name in self.platforms if name not in self._held]
        done = await self._carry_out(now, CLAIMED_AT_ONCE, [one for one in ready if self.platforms[one].repeatable])
        for name in ready:
            # One by one: what is claimed and not yet sent when the worker is killed would count as uncertain.
            if not self.platforms[name].repeatable:
                done += await self._carry_out(now, 1, [name])
        return done

    async def _carry_out(self, now: float, limit: int, names: Sequence[str]) -> list[Dispatched]:
        orders = actions.claim(self.db, self._generation, now, limit, names)
        done: list[Dispatched] = []
        for order in orders:
            platform = self.platforms[order.platform]
            if order.kind not in platform.can:
                receipt = Receipt(ActionState.FAILED, f"{order.platform} cannot {order.kind}")
            elif order.platform in self._held:
                actions.put_back(self.db, order, self._generation, self._held[order.platform], "")
                continue
            else:
                receipt = await performed(platform, order)
            if receipt.state is ActionState.WAITING:
                later = self._held[order.platform] = self._clock() + receipt.retry_after
                actions.put_back(self.db, order, self._generation, later, receipt.words)
            else:
                actions.finish(self.db, order, self._generation, receipt.state, receipt.words, self._clock())
            done.append(Dispatched(order, receipt))
        return done


async def performed(platform: Platform, order: Order) -> Receipt:
    """The receipt of an action. An error in the platform's own code leaves open whether it was carried out."""
    try:
        return await platform.perform(order)
    except Exception as error:
        return Receipt(ActionState.UNKNOWN, f"an error in the platform's own code: {described(error)}")
