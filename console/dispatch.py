"""Dispatch: takes due actions from the outbox, has their platform carry them out, and notes what became of them.

Every platform gets its own actions in order, whatever the others are busy with. A code stands in a message from the
moment before it is sent until it was, in memory alone.

Deletions in one group that follow each other go to a platform at once, where it has a call for that. They are taken
together: on a platform that is not repeatable a worker that is killed in the middle of the call leaves all of them
unknown, DELETED_AT_ONCE at most, for a person to settle (`vigil outbox`). A message is deleted or it is not: whoever
has them sent again does nothing twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from console.perk_text import CODE, with_code
from console.platforms.base import Platform, Receipt
from console.platforms.failures import described
from store import actions, vouchers
from store.database import Database
from store.errors import NotFound
from store.records import ActionKind, ActionState, Order
from store.secret import Secret, scrub
from store.vault import Damaged, KeyUnavailable, open_vault

CLAIMED_AT_ONCE = 20
DELETED_AT_ONCE = 100
KEYLESS_SECONDS = 60.0
"""How long messages with a code wait before the key is looked for again."""


@runtime_checkable
class DeletesMany(Protocol):
    """What a platform may offer besides: several messages of one group deleted in one call."""

    async def delete_many(self, orders: Sequence[Order]) -> list[Receipt]:
        """A receipt for each of the orders, all of kind DELETE and in one group, in their order."""
        ...


@runtime_checkable
class SaysInstead(Protocol):
    """What a platform may offer besides: what a person has to do where the platform cannot."""

    def instead(self, order: Order) -> str:
        """What to do by hand, "" where there is nothing to say."""
        ...


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
        self._busy = {name: asyncio.Lock() for name in platforms}

    def recover(self) -> Mapping[ActionState, int]:
        """Settle what a worker that was killed was sending. Raises LeaseLost."""
        # A worker that was killed while a platform was left alone must not let later actions pass those that wait.
        self._held = dict(actions.held(self.db, self._clock()))
        repeatable = [name for name, platform in self.platforms.items() if platform.repeatable]
        return actions.recover(self.db, self._generation, repeatable, self._clock())

    def stranded(self) -> Mapping[str, int]:
        """How many actions wait for platforms that are not connected."""
        return {name: count for name, count in actions.waiting(self.db).items() if name not in self.platforms}

    async def step(self) -> list[Dispatched]:
        """Carry out what is due on all platforms at once, as `step_on`."""
        steps = await asyncio.gather(*map(self.step_on, self.platforms))
        return [one for step in steps for one in step]

    async def step_on(self, name: str) -> list[Dispatched]:
        """Carry out what is due on one platform: at most CLAIMED_AT_ONCE actions, or DELETED_AT_ONCE deletions in one
        call. Raises LeaseLost.

        A platform that lets an action wait gets none until then: those behind it must not pass it.
        """
        async with self._busy[name]:
            return await self._step_on(name, self.platforms[name])

    async def _step_on(self, name: str, platform: Platform) -> list[Dispatched]:
        if self._held.get(name, 0.0) > self._clock():
            return []
        # Elsewhere a crash leaves open of every action that was taken whether it was carried out: so one at a time.
        limit = CLAIMED_AT_ONCE if platform.repeatable else 1
        deletions = DELETED_AT_ONCE if isinstance(platform, DeletesMany) and ActionKind.DELETE in platform.can else 0
        orders = actions.claim(self.db, self._generation, self._clock(), limit, [name], deletions)
        if isinstance(platform, DeletesMany) and len(orders) > 1 and orders[0].kind is ActionKind.DELETE and deletions:
            return self._note_all(name, orders, await _deleted(platform, orders))
        done: list[Dispatched] = []
        held = 0.0
        for order in orders:
            if held:
                actions.put_back(self.db, order, self._generation, held, "")
                continue
            ready = self._ready(order)
            receipt = ready if isinstance(ready, Receipt) else await _performed(platform, ready)
            later = self._note(order, receipt)
            if later and not isinstance(ready, Receipt):
                held = self._held[name] = later
            done.append(Dispatched(order, receipt))
        return done

    def _note(self, order: Order, receipt: Receipt) -> float:
        """Note what became of an action; returns until when it waits, 0 where it does not."""
        if receipt.state is not ActionState.WAITING:
            actions.finish(self.db, order, self._generation, receipt.state, receipt.words, self._clock())
            return 0.0
        later = self._clock() + receipt.retry_after
        actions.put_back(self.db, order, self._generation, later, receipt.words)
        return later

    def _note_all(self, name: str, orders: Sequence[Order], receipts: Sequence[Receipt]) -> list[Dispatched]:
        """Note what became of deletions that one call carried out; what has to wait holds up what comes after it."""
        for order, receipt in zip(orders, receipts, strict=True):
            if later := self._note(order, receipt):
                self._held[name] = max(self._held.get(name, 0.0), later)
        return list(map(Dispatched, orders, receipts))

    def _ready(self, order: Order) -> Order | Receipt:
        """The order with its code, if it has one; a receipt where it cannot be sent."""
        if order.grant_id is None or CODE not in order.text:
            return order
        try:
            secret = self._secret(order.grant_id)
        except KeyUnavailable as error:
            later = self._clock() + KEYLESS_SECONDS
            actions.put_off_codes(self.db, self._generation, later, str(error))
            return Receipt(ActionState.WAITING, str(error), KEYLESS_SECONDS)
        except (Damaged, NotFound) as error:
            return Receipt(ActionState.FAILED, str(error))
        return replace(order, text=with_code(order.text, secret), secret=secret.reveal())

    def _secret(self, grant_id: int) -> Secret:
        """Raises KeyUnavailable, and Damaged for a code that can be read no more and is given to nobody then."""
        try:
            return vouchers.secret_of(self.db, open_vault(self.db), grant_id)
        except Damaged:
            # Unless the key was changed between the two.
            pass
        try:
            return vouchers.secret_of(self.db, open_vault(self.db), grant_id)
        except Damaged:
            with self.db.transaction(durable=True):
                vouchers.spoil(self.db, grant_id, self._clock())
            raise


async def _deleted(platform: DeletesMany, orders: Sequence[Order]) -> Sequence[Receipt]:
    """A receipt for each; an error in the platform's own code leaves open which of them were carried out."""
    try:
        receipts = await platform.delete_many(orders)
    except Exception as error:
        words = f"an error in the platform's own code: {described(error)}"
        return [Receipt(ActionState.UNKNOWN, words)] * len(orders)
    if len(receipts) != len(orders):
        words = f"the platform's own code answers {len(orders)} deletions with {len(receipts)} receipts"
        return [Receipt(ActionState.UNKNOWN, words)] * len(orders)
    return receipts


async def _performed(platform: Platform, order: Order) -> Receipt:
    """The receipt of an action. An error in the platform's own code leaves open whether it was carried out; what it
    says may quote the message, so the code is taken out of it."""
    if order.kind not in platform.can:
        instead = platform.instead(order) if isinstance(platform, SaysInstead) else ""
        return Receipt(ActionState.FAILED, instead or f"{order.platform} cannot {order.kind}")
    try:
        receipt = await platform.perform(order)
    except Exception as error:
        receipt = Receipt(ActionState.UNKNOWN, f"an error in the platform's own code: {described(error)}")
    return replace(receipt, words=scrub(receipt.words, order.secret)) if order.secret else receipt
