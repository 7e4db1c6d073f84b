"""Dispatch: takes due actions from the outbox, has their platform carry them out, and notes what became of them.

Every group gets its actions in order. Platforms do not wait for each other, nor groups for a group that the platform
lets wait; the groups of a platform take turns. A code stands in a message from the moment before it is sent until it
was, in memory alone.

Deletions in one group that follow each other go to a platform at once, where it has a call for that. They are taken
together: on a platform that is not repeatable a worker that is killed in the middle of the call leaves all of them
unknown, DELETED_AT_ONCE at most, for a person to settle (`vigil outbox`). A message is deleted or it is not: whoever
has them sent again does nothing twice.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from console.perk_text import CODE, with_code
from console.platforms.base import Platform, Receipt
from console.platforms.failures import described
from console.platforms.sound import is_cancelled, sound_receipt
from store import actions, vouchers
from store.database import Database
from store.errors import NotFound
from store.records import ActionKind, ActionState, Order
from store.secret import Secret, scrub
from store.vault import Damaged, KeyUnavailable, open_vault
from widgets.language import say
from widgets.words import step_word

CLAIMED_AT_ONCE = 20
DELETED_AT_ONCE = 100
KEYLESS_SECONDS = 60.0
"""How long messages with a code wait before the key is looked for again."""
SHORTEST_WAIT = 0.1
"""Seconds: whoever says later and not when is not asked again at once, for ever."""
LONGEST_SECONDS = 600.0
"""How long a platform's code may take over one call."""
HUNG_SECONDS = 60.0
"""How long an action waits that such code did not end, where it can be asked for again."""
ALL_WAIT = 2
"""So many groups that have to wait one after the other, and all of the platform's wait: it is not about the group."""


@runtime_checkable
class DeletesMany(Protocol):
    """What a platform may offer besides: several messages of one group deleted in one call."""

    async def delete_many(self, orders: Sequence[Order]) -> list[Receipt]:
        """A receipt for each of the orders, all of kind DELETE and in one group, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Dispatched:
    """One action and what became of it."""

    order: Order
    receipt: Receipt


def log_lines(dispatched: Sequence[Dispatched]) -> list[str]:
    """What the log says of them: a line each, but one for all deletions that the platform lets wait with one word."""
    together = Counter((one.order.platform, one.receipt.words) for one in dispatched if _is_delayed(one))
    lines: list[str] = []
    for one in dispatched:
        order, receipt = one.order, one.receipt
        words = f": {receipt.words}" if receipt.words else ""
        count = together[order.platform, receipt.words] if _is_delayed(one) else 1
        if count > 1:
            lines.append(f"{count} deletions on {order.platform}: {receipt.state}{words}")
        else:
            lines.append(f"action {order.key} {order.kind} on {order.platform}: {receipt.state}{words}")
    return list(dict.fromkeys(lines))


def _is_delayed(one: Dispatched) -> bool:
    return one.order.kind is ActionKind.DELETE and one.receipt.state is ActionState.WAITING


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
        self._turns = {name: _Turns() for name in platforms}
        self._busy = {name: asyncio.Lock() for name in platforms}

    def recover(self) -> Mapping[ActionState, int]:
        """Settle what a worker that was killed was sending. Raises LeaseLost."""
        # A worker that was killed while a platform was left alone must not let later actions pass those that wait.
        for (name, group), until in actions.held(self.db, self._clock()).items():
            if name in self._turns:
                self._turns[name].held[group] = until
        repeatable = [name for name, platform in self.platforms.items() if platform.repeatable is True]
        return actions.recover(self.db, self._generation, repeatable, self._clock())

    def stranded(self) -> Mapping[str, int]:
        """How many actions wait for platforms that are not connected."""
        return {name: count for name, count in actions.waiting(self.db).items() if name not in self.platforms}

    async def step(self) -> list[Dispatched]:
        """Carry out what is due on all platforms at once, as `step_on`."""
        steps = await asyncio.gather(*map(self.step_on, self.platforms))
        return [one for step in steps for one in step]

    async def step_on(self, name: str) -> list[Dispatched]:
        """Carry out what is due in the next group of one platform: at most CLAIMED_AT_ONCE actions, or DELETED_AT_ONCE
        deletions in one call. Raises LeaseLost.

        A group of which the platform lets an action wait gets none until then: those behind it must not pass it.
        """
        async with self._busy[name]:
            return await self._step_on(name, self.platforms[name])

    async def _step_on(self, name: str, platform: Platform) -> list[Dispatched]:
        turns, now = self._turns[name], self._clock()
        group = None if turns.rest > now else turns.next(actions.due_groups(self.db, now, name), now)
        if group is None:
            return []
        # Elsewhere a crash leaves open of every action that was taken whether it was carried out: so one at a time.
        limit = CLAIMED_AT_ONCE if platform.repeatable is True else 1
        deletions = DELETED_AT_ONCE if isinstance(platform, DeletesMany) and _can(platform, ActionKind.DELETE) else 0
        orders = actions.claim(self.db, self._generation, now, limit, name, group, deletions)
        if isinstance(platform, DeletesMany) and len(orders) > 1 and orders[0].kind is ActionKind.DELETE and deletions:
            receipts = await _deleted(platform, orders, platform.repeatable is True)
            turns.note(group, max(map(self._note, orders, receipts)))
            return list(map(Dispatched, orders, receipts))
        done: list[Dispatched] = []
        for number, order in enumerate(orders):
            ready = self._ready(order)
            receipt = ready if isinstance(ready, Receipt) else await _performed(platform, ready)
            later = self._note(order, receipt)
            done.append(Dispatched(order, receipt))
            if isinstance(ready, Receipt):
                continue
            turns.note(group, later)
            if later:
                for behind in orders[number + 1 :]:
                    actions.put_back(self.db, behind, self._generation, later, "")
                break
        return done

    def _note(self, order: Order, receipt: Receipt) -> float:
        """Note what became of an action; returns until when it waits, 0 where it does not."""
        if receipt.state is not ActionState.WAITING:
            actions.finish(self.db, order, self._generation, receipt.state, receipt.words, self._clock())
            return 0.0
        later = self._clock() + max(receipt.retry_after, SHORTEST_WAIT)
        actions.put_back(self.db, order, self._generation, later, receipt.words)
        return later

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


class _Turns:
    """Whose turn it is on one platform: `held` says until when a group waits, `rest` until when all do."""

    def __init__(self) -> None:
        self.held: dict[str, float] = {}
        self.rest = 0.0
        self._steps = 0
        self._served: dict[str, int] = {}
        self._waiting: set[str] = set()

    def next(self, due: Sequence[str], now: float) -> str | None:
        """Of the groups with something due the one served the longest ago, or None."""
        self.held = {group: until for group, until in self.held.items() if until > now}
        known = [group for group in due if group not in self.held]
        if not known:
            return None
        chosen = min(known, key=lambda group: self._served.get(group, 0))
        self._steps += 1
        self._served[chosen] = self._steps
        return chosen

    def note(self, group: str, until: float) -> None:
        """A group was served, and waits until then; 0 for one that does not wait."""
        if not until:
            self._waiting.clear()
            return
        self.held[group] = max(until, self.held.get(group, 0.0))
        self._waiting.add(group)
        if len(self._waiting) >= ALL_WAIT:
            self.rest = until


async def _deleted(platform: DeletesMany, orders: Sequence[Order], repeatable: bool) -> Sequence[Receipt]:
    """A receipt for each; an error in the platform's own code leaves open which of them were carried out."""
    given = await _asked(platform.delete_many, orders, repeatable)
    if isinstance(given, Receipt):
        return [given] * len(orders)
    if not isinstance(given, list | tuple) or len(given) != len(orders):
        count = len(given) if isinstance(given, list | tuple) else 0
        words = say("the platform's own code answers {n} deletions with {m} receipts", n=len(orders), m=count)
        return [Receipt(ActionState.UNKNOWN, words)] * len(orders)
    return list(map(sound_receipt, given))


async def _performed(platform: Platform, order: Order) -> Receipt:
    """The receipt of an action. An error in the platform's own code leaves open whether it was carried out; what it
    says may quote the message, so the code is taken out of it."""
    if not _can(platform, order.kind):
        words = say("{platform} cannot {step}", platform=order.platform, step=step_word(order.kind))
        return Receipt(ActionState.FAILED, words)
    receipt = sound_receipt(await _asked(platform.perform, order, platform.repeatable is True))
    return replace(receipt, words=scrub(receipt.words, order.secret)) if order.secret else receipt


def _can(platform: Platform, kind: ActionKind) -> bool:
    try:
        return kind in platform.can
    except Exception:
        return False


async def _asked(call: Callable[[Any], Awaitable[object]], about: object, repeatable: bool) -> object:
    """What the platform's code answers, or a receipt where it gives no answer."""
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            return await call(about)
    except TimeoutError:
        words = say("the platform's own code gave no answer in {seconds:.0f} s", seconds=LONGEST_SECONDS)
        return Receipt(ActionState.WAITING, words, HUNG_SECONDS) if repeatable else Receipt(ActionState.UNKNOWN, words)
    except asyncio.CancelledError as error:
        if is_cancelled():
            raise
        return _faulty(error)
    except Exception as error:
        return _faulty(error)


def _faulty(error: BaseException) -> Receipt:
    words = say("an error in the platform's own code: {error}", error=described(error))
    return Receipt(ActionState.UNKNOWN, words)
