"""Dispatch: takes due actions from the outbox, has their platform carry them out, and notes what became of them.

A code stands in a message from the moment before it is sent until it was, in memory alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from console.perk_text import CODE, with_code
from console.platforms.base import Platform, Receipt
from store import actions, vouchers
from store.database import Database
from store.errors import NotFound
from store.records import ActionState, Order
from store.secret import Secret, scrub
from store.vault import Damaged, KeyUnavailable, Vault, open_vault

CLAIMED_AT_ONCE = 20
KEYLESS_SECONDS = 60.0
"""How long messages with a code wait before the key is looked for again."""


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

    def recover(self) -> Mapping[ActionState, int]:
        """Settle what a worker that was killed was sending. Raises LeaseLost."""
        repeatable = [name for name, platform in self.platforms.items() if platform.repeatable]
        return actions.recover(self.db, self._generation, repeatable, self._clock())

    def stranded(self) -> Mapping[str, int]:
        """How many actions wait for platforms that are not connected."""
        return {name: count for name, count in actions.waiting(self.db).items() if name not in self.platforms}

    async def step(self) -> list[Dispatched]:
        """Carry out what is due, at most CLAIMED_AT_ONCE actions. Raises LeaseLost."""
        orders = actions.claim(self.db, self._generation, self._clock(), CLAIMED_AT_ONCE, list(self.platforms))
        done: list[Dispatched] = []
        vault: Vault | None = None
        for order in orders:
            receipt: Receipt | None = None
            ready = order
            if order.grant_id is not None and CODE in order.text:
                try:
                    vault = vault or open_vault(self.db)
                    secret = self._secret(order, vault)
                    ready = replace(order, text=with_code(order.text, secret), secret=secret.reveal())
                except KeyUnavailable as error:
                    receipt = Receipt(ActionState.WAITING, str(error), KEYLESS_SECONDS)
                    later = self._clock() + KEYLESS_SECONDS
                    actions.put_off_codes(self.db, self._generation, later, receipt.words)
                except (Damaged, NotFound) as error:
                    receipt = Receipt(ActionState.FAILED, str(error))
            done.append(self._note(order, receipt or await self._perform(ready)))
        return done

    def _secret(self, order: Order, vault: Vault) -> Secret:
        """Raises KeyUnavailable, and Damaged for a code that can be read no more and is given to nobody then."""
        assert order.grant_id is not None
        try:
            return vouchers.secret_of(self.db, vault, order.grant_id)
        except Damaged:
            # The key may have been changed since the vault was opened.
            vault = open_vault(self.db)
        try:
            return vouchers.secret_of(self.db, vault, order.grant_id)
        except Damaged:
            with self.db.transaction(durable=True):
                vouchers.spoil(self.db, order.grant_id, self._clock())
            raise

    async def _perform(self, order: Order) -> Receipt:
        platform = self.platforms[order.platform]
        if order.kind not in platform.can:
            return Receipt(ActionState.FAILED, f"{order.platform} cannot {order.kind}")
        if not order.secret:
            return await platform.perform(order)
        try:
            receipt = await platform.perform(order)
        except Exception as error:
            # An error may quote the message; left to end the worker, it would stand in the log with the code.
            receipt = Receipt(ActionState.UNKNOWN, f"{type(error).__name__}: {error}")
        return replace(receipt, words=scrub(receipt.words, order.secret))

    def _note(self, order: Order, receipt: Receipt) -> Dispatched:
        if receipt.state is ActionState.WAITING:
            later = self._clock() + receipt.retry_after
            actions.put_back(self.db, order, self._generation, later, receipt.words)
        else:
            actions.finish(self.db, order, self._generation, receipt.state, receipt.words, self._clock())
        return Dispatched(order, receipt)
