"""What else is done with messages just stored, in the transaction that stores them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rules.records import Finding, Message
from rules.rulebook import Rulebook
from store.database import Database
from store.messages import Stored


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it was stored, and what the rules found in it."""

    stored: Stored
    message: Message
    findings: tuple[Finding, ...]


class Listener(Protocol):
    """Does something with every batch. What it raises undoes the batch and ends the worker."""

    def follow(self, rulebook: Rulebook) -> None:
        """Go by this rulebook from now on."""
        ...

    def hear(self, heard: Sequence[Heard], now: float) -> None:
        """Write to the store what follows from these messages; a transaction is open."""
        ...


def listeners(db: Database, members_language: str) -> tuple[Listener, ...]:
    """All there are."""
    from console.earning import Earning
    from console.entering import Entering
    from console.redeeming import Redeeming
    from console.welcoming import Welcoming

    return (Earning(db), Entering(db), Redeeming(db), Welcoming(db, members_language))
