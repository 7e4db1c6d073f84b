"""A platform at work in a thread of its own, as the worker runs it: what it reads is collected."""

from __future__ import annotations

import asyncio
import itertools
import threading

from console.platforms.base import Access, Batch, Platform, Receipt
from rules.records import Message, MessageKey
from store.records import ActionKind, Order
from tests.platforms.synapse import until

_numbers = itertools.count(1)


def order(
    kind: ActionKind, group: str, member: str = "", message: str = "", text: str = "", seconds: int = 0, key: str = ""
) -> Order:
    """An order with a key of its own."""
    number = next(_numbers)
    return Order(number, key or f"test.{number}.1", kind, "mx", group, member, message, text, seconds)


class Connected:
    """Reads from `position` on until it is closed."""

    def __init__(self, platform: Platform, position: str | None = None) -> None:
        self.platform = platform
        self.batches: list[Batch] = []
        self.failure: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._read(position), self._loop)

    async def _read(self, position: str | None) -> None:
        try:
            async for batch in self.platform.batches(position):
                self.batches.append(batch)
        except Exception as error:
            self.failure = error
            raise

    def perform(self, one: Order) -> Receipt:
        return asyncio.run_coroutine_threadsafe(self.platform.perform(one), self._loop).result(60)

    def access(self) -> Access:
        return asyncio.run_coroutine_threadsafe(self.platform.access(), self._loop).result(60)

    def close(self) -> None:
        """End reading, as a worker that stops does."""

        async def end() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.platform.close()

        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(end(), self._loop).result(30)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    @property
    def messages(self) -> list[Message]:
        return [message for batch in self.batches for message in batch.messages]

    @property
    def problems(self) -> list[str]:
        return [problem for batch in self.batches for problem in batch.problems]

    @property
    def gone(self) -> list[MessageKey]:
        return [key for batch in self.batches for key in batch.gone]

    @property
    def position(self) -> str:
        """The newest there is."""
        return next((batch.position for batch in reversed(self.batches) if batch.position), "")

    def begun(self) -> Connected:
        """Wait until what happens from now on is read."""
        until(lambda: self.failure or self.position)
        return self

    def texts(self, count: int) -> list[tuple[str, str]]:
        """Kind and text of the first messages, once so many are there."""
        until(lambda: self.failure or len(self.messages) >= count)
        return [(message.kind, message.text) for message in self.messages]
