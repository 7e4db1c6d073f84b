"""What a staff member may do with perks: every grant, approval, reveal and correction passes here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from console.perk_text import check_text, fill, masked
from console.perk_words import closed_words, refusal_words, text_values
from rules.community import Layer
from store import audit, dispatches, eligible, grants, perks, staff, vouchers
from store.dispatches import Dispatch
from store.errors import Conflict, StoreError
from store.perk_records import (
    Candidate,
    Cause,
    Checked,
    DispatchState,
    Grant,
    GrantState,
    Imported,
    NewPerk,
    Perk,
    PerkKind,
    Preview,
    Sent,
    Waiting,
)
from store.records import Role
from store.secret import Secret
from store.vault import open_vault, rekey
from widgets.language import say
from widgets.words import role_word

if TYPE_CHECKING:
    from console.desk import Desk

MOST_MEMBERS = 20_000
"""Members of one dispatch: others wait while it is stored as a whole."""

UNDO_SECONDS = 3600.0
"""How far back an undo without an id reaches, as for decisions."""

_EXAMPLES = 5


class PerkDesk:
    """The perks' side of a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    # --- perks and their codes ---

    def perks(self) -> list[Perk]:
        """Perks that are not closed, by name."""
        return perks.listed(self.desk.db)

    def add(self, new: NewPerk, secret: str = "") -> int:
        """Add a perk; `secret` is the code or link of a fixed one. Returns its id. Raises NotAllowed, StoreError for
        what cannot be, Conflict, KeyUnavailable."""
        self.desk.check_role(self.desk.settings.grant)
        if problem := self._problem(new, secret):
            raise StoreError(f"perk {new.name!r}: {problem}")
        perks.check_name(new.name)
        vault = open_vault(self.desk.db, create=True) if secret else None
        return perks.add(self.desk.db, new, self.desk.name, self.desk.now(), secret=secret, vault=vault)

    def close(self, perk_id: int) -> None:
        """Give it to nobody any more. Raises NotAllowed, NotFound, Conflict."""
        self.desk.check_role(self.desk.settings.grant)
        perks.close(self.desk.db, perk_id, self.desk.name, self.desk.now())

    def import_codes(
        self,
        perk_id: int,
        codes: Sequence[tuple[int, str]],
        *,
        skip_duplicates: bool = False,
        progress: Callable[[int], object] = lambda count: None,
    ) -> Imported:
        """Put codes, each with its line's number, into a perk's pool: all of them or none. Raises NotAllowed,
        NotFound, Conflict, DuplicateCodes, KeyUnavailable."""
        db = self.desk.db
        self.desk.check_role(self.desk.settings.grant)
        perk = perks.get(db, perk_id)
        if perk.kind is not PerkKind.CODE:
            raise Conflict(f"the perk {perk.name!r} is of kind {perk.kind}: only one of kind code has a pool of codes")
        if len(codes) > vouchers.MOST_AT_ONCE:
            raise Conflict(f"{len(codes)} codes at once; at most {vouchers.MOST_AT_ONCE}: split the file")
        vault = open_vault(db, create=True)
        return vouchers.add(
            db, vault, perk_id, codes, self.desk.name, self.desk.now(),
            skip_duplicates=skip_duplicates, progress=progress,
        )  # fmt: skip

    def rekey(self) -> tuple[int, str]:
        """Encrypt all codes with a new key; returns how many, and where it is. Raises NotAllowed, KeyUnavailable."""
        self.desk.check_role(Role.OWNER)
        return rekey(self.desk.db, self.desk.name, self.desk.now())

    # --- giving ---

    def preview(self, perk_id: int, members: Sequence[int]) -> Preview:
        """Check each member, in order. Raises NotFound."""
        with self.desk.db.snapshot():
            perk = perks.get(self.desk.db, perk_id)
            checked = eligible.check(self.desk.db, perk, members, self.desk.now())
            why_not = self.desk.refusal() or self._closed(perk)
            if not why_not and len(checked.candidates) > MOST_MEMBERS:
                why_not = say("at most {most} members at once", most=MOST_MEMBERS)
            first = checked.candidates[0] if checked.candidates else None
            return Preview(
                perk=perk,
                members=tuple(one.member_id for one in checked.candidates),
                refused=_reasons(checked, perk),
                message=masked(self._texts(perk, [first])[0]) if first else perk.text,
                needs_approval=self._needs_approval(perk, len(checked.candidates)),
                why_not=why_not,
                examples=tuple(one.name for one in checked.candidates[:_EXAMPLES]),
            )

    def dispatch(
        self, perk_id: int, members: Sequence[int], *, key: str, cause: Cause = Cause.HAND, reason: str = ""
    ) -> Sent:
        """Give the perk to those of the members who may get it, or propose to. The same `key` gives nothing twice.
        Raises NotFound, NotAllowed, Conflict."""
        db, now = self.desk.db, self.desk.now()
        self.desk.rulebook()
        with db.transaction(durable=True):
            if refusal := self.desk.refusal():
                _refuse(say("not allowed: {why}", why=refusal))
            if known := dispatches.known(db, key):
                if known.perk_id != perk_id:
                    raise Conflict(f"the key of this dispatch was used for the perk {known.perk!r} before")
                approved = known.state is not DispatchState.PROPOSED
                return Sent(known.id, known.perk, known.members, approved, True)
            perk = perks.get(db, perk_id)
            checked = self._check(perk, members, now)
            approved = not self._needs_approval(perk, len(checked.candidates))
            dispatch_id = dispatches.open_(db, key, perk_id, cause, self.desk.name, reason, now, approved=approved)
            if approved:
                self._reserve(perk, dispatch_id, checked.candidates, now)
            else:
                grants.propose(db, perk, dispatch_id, checked.candidates, now)
            event = "dispatch.give" if approved else "dispatch.propose"
            count = len(checked.candidates)
            dispatches.told(db, dispatch_id, event, self.desk.name, count, now, reason=reason)
        return Sent(dispatch_id, perk.name, count, approved, False, _reasons(checked, perk))

    def waiting(self) -> list[Waiting]:
        """Dispatches that wait for an admin, the oldest first."""
        with self.desk.db.snapshot():
            return [self._waiting(one) for one in dispatches.waiting(self.desk.db)]

    def approve(self, dispatch_id: int, *, version: int | None = None) -> Sent:
        """Say yes. Who may not get it any more is left out, and counted in what is returned. Raises NotFound,
        NotAllowed, Conflict."""
        db, now = self.desk.db, self.desk.now()
        self.desk.rulebook()
        with db.transaction(durable=True):
            self._check_answer(dispatch_id)
            before = dispatches.answer(db, dispatch_id, DispatchState.APPROVED, self.desk.name, "", version, now)
            perk = perks.get(db, before.perk_id)
            checked = self._check(perk, grants.proposed(db, dispatch_id), now)
            self._reserve(perk, dispatch_id, checked.candidates, now)
            why = {member: refusal_words(refusal, perk) for member, refusal in checked.refused}
            grants.decline(db, dispatch_id, why, now)
            count = len(checked.candidates)
            dispatches.told(db, dispatch_id, "dispatch.approve", self.desk.name, count, now)
        return Sent(dispatch_id, perk.name, count, True, False, _reasons(checked, perk))

    def reject(self, dispatch_id: int, reason: str) -> None:
        """Say no. Raises NotFound, NotAllowed, Conflict."""
        db, now = self.desk.db, self.desk.now()
        with db.transaction(durable=True):
            self._check_answer(dispatch_id)
            if not reason.strip():
                _refuse(say("a rejection needs a reason: the moderator shall know"))
            words = reason.strip()
            dispatches.answer(db, dispatch_id, DispatchState.REJECTED, self.desk.name, words, None, now)
            asked = grants.proposed(db, dispatch_id)
            grants.decline(db, dispatch_id, dict.fromkeys(asked, words), now)
            dispatches.told(db, dispatch_id, "dispatch.reject", self.desk.name, len(asked), now, reason=words)

    def undo(self, dispatch_id: int) -> tuple[int, int]:
        """Take back what was not sent yet; returns how many grants came back and how many stay. Raises NotFound,
        NotAllowed, Conflict."""
        with self.desk.db.transaction(durable=True):
            if refusal := self.desk.refusal():
                _refuse(say("not allowed: {why}", why=refusal))
            found = dispatches.get(self.desk.db, dispatch_id)
            # Once somebody else said yes, it is theirs to take back, as with decisions.
            owner = found.answered_by or found.staff
            needed = self.desk.settings.undo_others
            if owner != self.desk.name and self.desk.person().role.rank < needed.rank:
                _refuse(
                    say(
                        "dispatch {id} is {owner}'s: undoing it takes the role {needed}",
                        id=dispatch_id,
                        owner=owner,
                        needed=role_word(needed),
                    )
                )
            return dispatches.undo(self.desk.db, dispatch_id, self.desk.name, self.desk.now())

    def latest(self) -> int:
        """The latest dispatch of one's own that can be taken back. Raises Conflict."""
        found = dispatches.latest_of(self.desk.db, self.desk.name, self.desk.now() - UNDO_SECONDS)
        if found is None:
            raise Conflict(say("there is no perk of yours from the last hour to undo; older ones: vigil perk undo ID"))
        return found

    # --- what was given ---

    def grants(
        self,
        *,
        perk_id: int | None = None,
        member_id: int | None = None,
        states: Sequence[GrantState] = (),
        limit: int = 1_000,
    ) -> list[Grant]:
        """Grants, the newest first."""
        return grants.listed(self.desk.db, perk_id=perk_id, member_id=member_id, states=states, limit=limit)

    def reveal(self, grant_id: int) -> Secret:
        """The code of a grant in force, after the audit log knows who looks at it. Raises NotFound, NotAllowed,
        Conflict, KeyUnavailable, Damaged."""
        self.desk.check_role(self.desk.settings.reveal)
        db = self.desk.db
        grant = grants.get(db, grant_id)
        if grant.state not in grants.IN_FORCE:
            raise Conflict(f"grant {grant_id} is {grant.state}: no code belongs to it")
        vault = open_vault(db)
        with db.transaction(durable=True):
            secret = vouchers.secret_of(db, vault, grant_id)
            audit.record(
                db, self.desk.now(), self.desk.name, "grant.reveal", str(grant_id), member=grant.member_id,
                perk=grant.perk,
            )  # fmt: skip
        return secret

    def settle(self, grant_id: int, *, arrived: bool) -> None:
        """Say whether a message arrived of which nobody knows. Raises NotFound, NotAllowed, Conflict."""
        self.desk.check_role(self.desk.settings.grant)
        with self.desk.db.transaction(durable=True):
            grants.settle(self.desk.db, grant_id, self.desk.name, arrived=arrived, now=self.desk.now())

    def fulfil(self, grant_id: int) -> None:
        """Note that a gift was handed over. Raises NotFound, NotAllowed, Conflict."""
        self.desk.check_role(Role.MODERATOR)
        with self.desk.db.transaction(durable=True):
            grants.fulfil(self.desk.db, grant_id, self.desk.name, self.desk.now())

    def _problem(self, new: NewPerk, secret: str) -> str:
        """Why such a perk cannot be, or ""."""
        tiers = [level.name for level in self.desk.rulebook().tiers.levels]
        layers = [layer.value for layer in Layer if layer is not Layer.GONE]
        for wanted, there, what in (
            (new.eligibility.tiers, tiers, "tier"),
            (new.eligibility.layers, layers, "layer"),
        ):
            if unknown := [name for name in wanted if name not in there]:
                return f"{what} {unknown[0]!r}: the rulebook has {', '.join(there) or 'none'}"
        if new.stock is not None and new.stock < 1:
            return "the stock is at least 1"
        if new.valid_until is not None and new.valid_until <= max(self.desk.now(), new.valid_from or 0):
            return "its end lies before its beginning, or is over"
        if (new.kind is PerkKind.POINTS) != (new.points > 0):
            return "points above 0 belong to kind points, and to no other"
        if (new.kind is PerkKind.DRAW) != bool(new.draw):
            return "a draw belongs to kind draw, and to no other"
        if (new.kind is PerkKind.FIXED) != bool(secret):
            return "a code or link for all belongs to kind fixed, and to no other"
        problem = check_text(new)
        return f"its text {problem}" if problem else ""

    def _needs_approval(self, perk: Perk, members: int) -> bool:
        """Whether somebody else has to say yes first."""
        alone = self.desk.person().role.rank >= self.desk.settings.grant.rank
        return not alone and 0 < perk.approval_from <= members

    def _closed(self, perk: Perk) -> str:
        why = eligible.why_not(self.desk.db, perk, self.desk.now())
        return closed_words(why, perk, self.desk.rulebook().community.time_zone)

    def _check(self, perk: Perk, members: Sequence[int], now: float) -> Checked:
        """Who gets it. Raises Conflict when that is nobody, or too many."""
        if why := self._closed(perk):
            raise Conflict(f"{perk.name}: {why}")
        checked = eligible.check(self.desk.db, perk, members, now)
        if len(checked.candidates) > MOST_MEMBERS:
            raise Conflict(say("at most {most} members at once", most=MOST_MEMBERS))
        if not checked.candidates:
            why = ", ".join(f"{words} ({count})" for words, count in _reasons(checked, perk))
            raise Conflict(say("{perk}: none of these {count} may get it: {why}", perk=perk.name, count=len(members),
                               why=why))  # fmt: skip
        return checked

    def _reserve(self, perk: Perk, dispatch_id: int, candidates: Sequence[Candidate], now: float) -> None:
        texts = self._texts(perk, candidates)
        not_before = now + self.desk.settings.undo_seconds
        grants.reserve(self.desk.db, perk, dispatch_id, candidates, texts, self.desk.name, not_before, now)

    def _texts(self, perk: Perk, candidates: Sequence[Candidate]) -> list[str]:
        """What each of them will read, with the code's place marked."""
        community = self.desk.rulebook().community
        return [fill(perk.text, text_values(perk, one, community)) if perk.text else "" for one in candidates]

    def _check_answer(self, dispatch_id: int) -> None:
        if refusal := self.desk.may_approve():
            _refuse(say("not allowed: {why}", why=refusal))
        found = dispatches.get(self.desk.db, dispatch_id)
        if found.staff == self.desk.name and not staff.is_single(self.desk.db):
            _refuse(say("dispatch {id} is your own proposal: somebody else approves it", id=dispatch_id))

    def _waiting(self, found: Dispatch) -> Waiting:
        perk = perks.get(self.desk.db, found.perk_id)
        asked = grants.proposed(self.desk.db, found.id)
        first = eligible.check(self.desk.db, perk, asked[:1], self.desk.now()).candidates
        text = masked(self._texts(perk, first[:1])[0]) if first else perk.text
        names = dispatches.names(self.desk.db, found.id)
        return Waiting(
            found.id, found.version, found.perk, found.kind, found.staff, found.asked_at, found.reason, found.members,
            names, perk.left, perk.cost, text,
        )  # fmt: skip


def _reasons(checked: Checked, perk: Perk) -> tuple[tuple[str, int], ...]:
    return tuple((refusal_words(why, perk), count) for why, count in checked.reasons())


def _refuse(words: str) -> NoReturn:
    from console.desk import NotAllowed

    raise NotAllowed(words)
