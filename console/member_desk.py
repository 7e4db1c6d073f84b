"""What a staff member may do with members: look, find, and write remarks and notes down."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import TYPE_CHECKING

from console.standing import look, missing_words
from rules.names import sought
from store import audit, member_cards, roster
from store.errors import StoreError
from store.records import Role
from store.roster_records import Chosen, MemberCard, Note, Sort
from widgets.language import say

if TYPE_CHECKING:
    from console.desk import Desk

REMARK = 60
"""Characters of the longest remark."""

NOTE = 500
"""Characters of the longest note."""

CARD_DAYS = 90
"""Days of activity on a card."""


class MemberDesk:
    """The members' side of a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def ids(self, chosen: Chosen, sort: Sort, *, reverse: bool = False, limit: int = -1) -> array[int]:
        """Ids of the chosen members, in order."""
        return roster.ids(self.desk.db, chosen, sort, self.desk.now(), reverse=reverse, limit=limit)

    def card(self, member_id: int) -> MemberCard:
        """All there is to see of a member. Raises NotFound."""
        now = self.desk.now()
        rulebook = self.desk.rulebook()
        with self.desk.db.snapshot():
            card = member_cards.card(self.desk.db, member_id, rulebook.community.day(now), CARD_DAYS, now)
            missing = missing_words(look(self.desk.db, rulebook, member_id, now))
        return replace(card, missing=" · ".join(missing))

    def note(self, member_id: int, text: str) -> int:
        """Write something down about a member; returns the note's id. Raises NotFound, NotAllowed, StoreError for a
        note that is empty or too long."""
        text = " ".join(text.split())
        if not text:
            raise StoreError(say("a note needs words"))
        if len(text) > NOTE:
            raise StoreError(say("a note has {n} characters at most", n=NOTE))
        with self.desk.db.transaction():
            self.desk.check_role(Role.MODERATOR)
            return member_cards.add_note(self.desk.db, member_id, self.desk.name, text, self.desk.now())

    def remove_note(self, note_id: int) -> None:
        """Take a note off: one's own, or as an admin anybody's. Raises NotFound, NotAllowed."""
        with self.desk.db.transaction():
            _, writer = member_cards.note_of(self.desk.db, note_id)
            self.desk.check_role(Role.MODERATOR if writer == self.desk.name else Role.ADMIN)
            member_cards.remove_note(self.desk.db, note_id, self.desk.name, self.desk.now())

    def remark(self, member_id: int, text: str) -> bool:
        """What the staff calls a member, "" for nothing; False when it was so before. Raises NotFound, NotAllowed,
        StoreError for a remark that is too long."""
        text = " ".join(text.split())
        if len(text) > REMARK:
            raise StoreError(say("a remark has {n} characters at most", n=REMARK))
        with self.desk.db.transaction():
            self.desk.check_role(Role.MODERATOR)
            name, _, key = member_cards.named(self.desk.db, member_id)
            now = self.desk.now()
            return member_cards.set_remark(self.desk.db, member_id, text, sought(name, text, key), self.desk.name, now)

    def notes(self, member_id: int) -> list[Note]:
        """What the staff wrote down about a member, the newest first."""
        return member_cards.notes(self.desk.db, member_id)

    def exported(self, members: int, form: str) -> None:
        """Leave a row in the log: a list of people left the store."""
        with self.desk.db.transaction():
            audit.record(
                self.desk.db, self.desk.now(), self.desk.name, "members.export", "members", count=members, form=form
            )
