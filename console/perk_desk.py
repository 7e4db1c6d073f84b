"""What a staff member may do with perks: every grant, approval, reveal and correction passes here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from store.perk_records import Cause, Perk, Preview, Sent, Waiting

if TYPE_CHECKING:
    from console.desk import Desk


class PerkDesk:
    """The perks' side of a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def perks(self) -> list[Perk]:
        """Perks that are not closed, by name."""
        raise NotImplementedError

    def preview(self, perk_id: int, members: Sequence[int]) -> Preview:
        """Check each member, in order. Raises NotFound."""
        raise NotImplementedError

    def dispatch(
        self, perk_id: int, members: Sequence[int], *, key: str, cause: Cause = Cause.HAND, reason: str = ""
    ) -> Sent:
        """Give the perk to those of the members who may get it, or propose to. The same `key` gives nothing twice.
        Raises NotFound, NotAllowed, Conflict."""
        raise NotImplementedError

    def waiting(self) -> list[Waiting]:
        """Dispatches that wait for an admin, the oldest first."""
        raise NotImplementedError

    def approve(self, dispatch_id: int, *, version: int | None = None) -> Sent:
        """Say yes. Raises NotFound, NotAllowed, Conflict."""
        raise NotImplementedError

    def reject(self, dispatch_id: int, reason: str) -> None:
        """Say no. Raises NotFound, NotAllowed, Conflict."""
        raise NotImplementedError

    def undo(self, dispatch_id: int) -> tuple[int, int]:
        """Take back what was not sent yet; returns how many grants came back and how many stay. Raises NotFound,
        NotAllowed, Conflict."""
        raise NotImplementedError
