"""Many deletions at once: as few calls as Telegram takes them in, and fewer messages a call where it refuses one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from console.platforms.base import Receipt
from store.records import ActionState, Order

MOST_DELETED = 100
"""So many messages one call deletes at most."""
REMEMBERED = 1_000

Part = tuple[Order, list[int]]
"""An order, and the numbers of the messages that it deletes."""
DONE = Receipt(ActionState.DONE)


class Deletions:
    """`together` deletes messages of a group in one call: what became of them, or None where Telegram refuses all
    because of one. `alone` carries out one order.

    A call that was refused is made again for each half of it, so that one message of a hundred that cannot be deleted
    takes some fifteen calls. What was refused together is remembered: were it forgotten whenever Telegram wants to be
    left alone for a while, the same call could be refused again and again.
    """

    def __init__(
        self,
        together: Callable[[str, list[int]], Awaitable[Receipt | None]],
        alone: Callable[[Order], Awaitable[Receipt]],
    ) -> None:
        self._together = together
        self._alone = alone
        self._most: OrderedDict[str, int] = OrderedDict()

    async def perform(self, parts: Sequence[Part]) -> dict[int, Receipt]:
        """Receipts by the orders' ids. Once one has to wait, all after it wait with it, and nothing more is asked."""
        receipts: dict[int, Receipt] = {}
        left = list(parts)
        while left:
            chosen = self._chosen(left)
            receipt = await self._delete(chosen)
            if receipt is None:
                self._halve(chosen)
                continue
            left = left[len(chosen) :]
            receipts |= dict.fromkeys((order.id for order, _ in chosen), receipt)
            if receipt.state is ActionState.WAITING:
                return receipts | dict.fromkeys((order.id for order, _ in left), receipt)
        return receipts

    async def _delete(self, chosen: Sequence[Part]) -> Receipt | None:
        numbers = [number for _, several in chosen for number in several]
        if len(chosen) == 1:
            return await self._alone(chosen[0][0])
        return await self._together(chosen[0][0].group, numbers) if numbers else DONE

    def _chosen(self, left: Sequence[Part]) -> list[Part]:
        """As many of the first ones as go together."""
        chosen: list[Part] = []
        count, most = 0, MOST_DELETED
        for order, numbers in left:
            most = min(most, self._most.get(order.key, most))
            if chosen and (len(chosen) >= most or count + len(numbers) > MOST_DELETED):
                break
            chosen.append((order, numbers))
            count += len(numbers)
        return chosen

    def _halve(self, refused: Sequence[Part]) -> None:
        for order, _ in refused:
            self._most[order.key] = -(-len(refused) // 2)
        while len(self._most) > REMEMBERED:
            self._most.popitem(last=False)
