"""What a staff member may do about actions that were not carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store import actions, undelivered
from store.errors import Conflict, NotFound
from store.undelivered import Undelivered

if TYPE_CHECKING:
    from console.desk import Desk

IDLE = "replay"
"""The platform that every worker has, with or without a table in the settings."""


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

    def stranded(self) -> dict[str, int]:
        """How many actions wait for platforms that are not in the settings any more, by platform."""
        known = {IDLE, *(one.name for one in self.desk.settings.platforms)}
        return {name: count for name, count in actions.waiting(self.desk.db).items() if name not in known}

    def drop_waiting(self, platform: str) -> int:
        """Give up whatever waits for a platform that is not in the settings any more; returns how many actions. Raises
        NotAllowed, Conflict, NotFound."""
        self.desk.check_role(self.desk.settings.approve)
        if platform not in self.stranded():
            if platform == IDLE or any(one.name == platform for one in self.desk.settings.platforms):
                raise Conflict(
                    f"{platform} is in vigil.toml: what waits for it is carried out; `vigil undo` takes it back"
                )
            raise NotFound(f"nothing waits for a platform {platform!r}; `vigil outbox list` names those that are gone")
        with self.desk.db.transaction(durable=True):
            return undelivered.drop_waiting(self.desk.db, platform, self.desk.name, self.desk.now())
