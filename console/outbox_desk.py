"""What a staff member may do about actions that were not carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store import undelivered
from store.undelivered import Undelivered

if TYPE_CHECKING:
    from console.desk import Desk


class OutboxDesk:
    """The outbox's side of a desk. What changes an action takes the role of settings.approve."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def retry(self, action_id: int) -> Undelivered:
        """Have an action that failed sent again. Raises NotFound, NotAllowed, Conflict."""
        self.desk.check_role(self.desk.settings.approve)
        with self.desk.db.transaction(durable=True):
            return undelivered.retry(self.desk.db, action_id, self.desk.name, self.desk.now())

    def settle(self, action_id: int, *, arrived: bool) -> Undelivered:
        """Say whether an action was carried out of which nobody knows. Raises NotFound, NotAllowed, Conflict."""
        self.desk.check_role(self.desk.settings.approve)
        with self.desk.db.transaction(durable=True):
            return undelivered.settle(self.desk.db, action_id, self.desk.name, arrived=arrived, now=self.desk.now())

    def drop(self, action_id: int) -> Undelivered:
        """Give an action up that failed. Raises NotFound, NotAllowed, Conflict."""
        self.desk.check_role(self.desk.settings.approve)
        with self.desk.db.transaction(durable=True):
            return undelivered.drop(self.desk.db, action_id, self.desk.name, self.desk.now())
