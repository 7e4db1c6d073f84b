"""What every platform offers: batches of messages with the position after them, and actions carried out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from rules.records import Message
from store.records import ActionKind, ActionState, Order


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in the platform's order. `position` says where to go on after them; it is stored in the same
    transaction as they are. `problems` tells, a line each, of what could not be taken in and why."""

    messages: tuple[Message, ...]
    position: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an action: DONE, FAILED for good, UNKNOWN (a person has to look), or WAITING with
    `retry_after` seconds when it surely was not carried out but may be later. `words` are the platform's."""

    state: ActionState
    words: str = ""
    retry_after: float = 0.0


class Platform(Protocol):
    """A chat service. `name` is how groups and members of it are stored; `can` the actions it can do;
    `repeatable` whether performing the same order twice (same key) has one effect; `health` one short
    phrase for the status line."""

    name: str
    can: frozenset[ActionKind]
    repeatable: bool
    health: str

    @property
    def source(self) -> str:
        """The name under which the position is stored."""
        ...

    def batches(self, position: str | None) -> AsyncIterator[Batch]:
        """Batches from `position` on (None: from the start), until there are no more."""
        ...

    async def perform(self, order: Order) -> Receipt:
        """Carry out one action."""
        ...

    async def close(self) -> None: ...
