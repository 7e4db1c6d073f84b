"""What a staff member may do about perks that were used, and what they get to know of what a perk brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.redeem_file import Row
from rules.comparison import Compared, Stratum, compare
from store import effect, member_lookup, redemptions
from store.effect import Figures
from store.records import Role
from store.redemptions import Marked, Redeemed
from store.vault import open_vault

if TYPE_CHECKING:
    from console.desk import Desk


@dataclass(frozen=True, slots=True)
class Report:
    """What a perk brought: its figures, and for each of `store.effect.WINDOWS` (days) whether receivers spoke again,
    beside members like them who got none."""

    figures: Figures
    spoke: tuple[tuple[int, Compared], ...]


class RedeemDesk:
    """Redemptions and reports at a desk. Marking takes a moderator, a report nobody in particular."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def redeem(self, grant_id: int, at: float | None = None) -> Redeemed:
        """Mark a grant as redeemed, now or at a time. Raises NotAllowed, NotFound, Conflict."""
        db, now = self.desk.db, self.desk.now()
        with db.transaction(durable=True):
            self.desk.check_role(Role.MODERATOR)
            redemptions.by_grant(db, grant_id, now if at is None else at, self.desk.name, now)
            return redemptions.redeemed(db, grant_id)

    def redeem_of(self, perk_id: int, member_id: int, at: float | None = None) -> Redeemed:
        """Mark the member's oldest grant of the perk that was sent and is not redeemed. Raises NotAllowed, Conflict."""
        db, now = self.desk.db, self.desk.now()
        with db.transaction(durable=True):
            self.desk.check_role(Role.MODERATOR)
            when = now if at is None else at
            grant_id = redemptions.by_member(db, perk_id, member_id, when, self.desk.name, now)
            return redemptions.redeemed(db, grant_id)

    def take_back(self, grant_id: int) -> None:
        """Correct a grant that was marked by mistake. Raises NotAllowed, NotFound, Conflict."""
        with self.desk.db.transaction(durable=True):
            self.desk.check_role(Role.MODERATOR)
            redemptions.take_back(self.desk.db, grant_id, self.desk.name, self.desk.now())

    def redeem_codes(self, perk_id: int, rows: Sequence[Row]) -> Marked:
        """Mark the grants of these codes; codes that nobody has got are counted as unknown. The same rows again mark
        nothing. Raises NotAllowed, KeyUnavailable."""
        db, now = self.desk.db, self.desk.now()
        self.desk.check_role(Role.MODERATOR)
        vault = open_vault(db)
        marks = [(row.line, vault.fingerprint(row.what), now if row.at is None else row.at) for row in rows]
        with db.transaction(durable=True):
            self.desk.check_role(Role.MODERATOR)
            vault.confirm(db)
            return redemptions.by_codes(db, perk_id, marks, self.desk.name, now)

    def redeem_members(self, perk_id: int, rows: Sequence[Row]) -> Marked:
        """Mark a grant of each of these members; those who are nobody, or have no grant left, are counted as unknown.
        The same rows again mark nothing. Raises NotAllowed."""
        db, now = self.desk.db, self.desk.now()
        self.desk.check_role(Role.MODERATOR)
        known: list[tuple[int, int, float]] = []
        unknown: list[int] = []
        for row, member in zip(rows, member_lookup.find_all(db, [row.what for row in rows]), strict=True):
            if isinstance(member, int):
                known.append((row.line, member, now if row.at is None else row.at))
            else:
                unknown.append(row.line)
        with db.transaction(durable=True):
            self.desk.check_role(Role.MODERATOR)
            done = redemptions.by_members(db, perk_id, known, self.desk.name, now)
        return Marked(done.marked, done.known, tuple(sorted((*done.unknown, *unknown))))

    def reports(self, perk_id: int | None = None) -> list[Report]:
        """Of each perk by name, or of one."""
        community = self.desk.rulebook().community
        db = self.desk.db
        with db.snapshot():
            groups = effect.groups(db)
            found = effect.cohorts(
                db, lambda time, group: community.day(time, *groups.get(group, ())), self.desk.now(), perk_id
            )
            return [
                Report(
                    one,
                    tuple(
                        (window, compare([Stratum(*cohort) for cohort in found[one.perk_id][window]]))
                        for window in effect.WINDOWS
                    ),
                )
                for one in effect.figures(db, perk_id)
            ]
