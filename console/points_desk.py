"""What a staff member may do with points: look, give and take by hand, credit an event."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from store import audit, ledger, standings
from store.errors import Conflict, StoreError
from store.ledger import Entry, LedgerRow
from store.standings import Change
from widgets.language import say

if TYPE_CHECKING:
    from console.desk import Desk
    from console.standing import MemberStanding

MOST_POINTS = 1_000_000_000
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Credited:
    """What an event's points came to: members credited now, and those who had been credited for it before."""

    members: int
    points: int
    known: int


class PointsDesk:
    """The points' side of a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def give(self, member_id: int, points: int, reason: str) -> int:
        """Give points by hand, or with a negative number take them, no more than there are; returns the balance.
        Raises NotFound, NotAllowed, Conflict, StoreError for what cannot be given."""
        if not points or abs(points) > MOST_POINTS:
            raise StoreError(say("points are a number from 1 to {most}, or below 0 to take some", most=MOST_POINTS))
        if not reason.strip():
            raise StoreError(say("giving or taking points needs a reason: it stands in the member's history"))
        db, now = self.desk.db, self.desk.now()
        with db.transaction(durable=True):
            self.desk.check_role(self.desk.settings.points)
            has = ledger.balance(db, member_id)
            if points < 0 and has + points < 0:
                raise Conflict(say("the member has {has} points, {points} cannot be taken", has=has, points=-points))
            ledger.add(
                db, member_id, points, "hand", f"hand:{secrets.token_hex(8)}", now, reason=reason.strip(),
                staff=self.desk.name,
            )  # fmt: skip
            audit.record(db, now, self.desk.name, "points.give", str(member_id), points=points, reason=reason.strip())
            return ledger.balance(db, member_id)

    def credit(self, event: str, rows: Sequence[tuple[int, int]]) -> Credited:
        """Give members points for an event, pairs of member and points (above 0); who was credited for the event of
        that name before is left as they are. Raises NotFound, NotAllowed, StoreError."""
        name = " ".join(event.split())
        if not name:
            raise StoreError(say("an event needs a name: by it the same points are not given twice"))
        if len({member for member, _ in rows}) < len(rows):
            raise StoreError(say("a member stands there twice"))
        if any(not 0 < points <= MOST_POINTS for _, points in rows):
            raise StoreError(say("an event gives from 1 to {most} points", most=MOST_POINTS))
        db, now, staff = self.desk.db, self.desk.now(), self.desk.name
        with db.transaction(durable=True):
            self.desk.check_role(self.desk.settings.points)
            for member, _ in rows:
                ledger.balance(db, member)
            new = [
                Entry(f"event:{name}:{member}", member, points, "event", now, reason=name, staff=staff)
                for member, points in rows
                if not ledger.is_known(db, f"event:{name}:{member}")
            ]
            count = ledger.add_all(db, new)
            points = sum(entry.points for entry in new)
            if count:
                audit.record(db, now, staff, "points.event", name, members=count, points=points)
        return Credited(count, points, len(rows) - count)

    def history(self, member_id: int, limit: int = 200) -> list[LedgerRow]:
        """A member's rows of the ledger, the newest first. Raises NotFound."""
        ledger.balance(self.desk.db, member_id)
        return ledger.history(self.desk.db, member_id, limit)

    def standing(self, member_id: int) -> MemberStanding:
        """Where a member stands by the rulebook in force. Raises NotFound."""
        from console.standing import look

        return look(self.desk.db, self.desk.rulebook(), member_id, self.desk.now())

    def counted(self, days: float) -> list[tuple[str, str, bool, int]]:
        """Who came to which layer and tier in the last days, as `store.standings.counted`."""
        return standings.counted(self.desk.db, self.desk.now() - days * DAY)

    def changes(self, days: float) -> list[Change]:
        """Every change of layer or tier in the last days, the newest first."""
        return standings.changes(self.desk.db, self.desk.now() - days * DAY)
