"""What a staff member may do: every decision, approval and undo passes here, whatever screen or command asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from console import foreseen
from console.decision_words import ladder_words
from console.draw_desk import DrawDesk
from console.limiting import by_hand, remarks
from console.member_desk import MemberDesk
from console.outbox_desk import OutboxDesk
from console.perk_desk import PerkDesk
from console.planning import Plan
from console.points_desk import PointsDesk
from console.redeem_desk import RedeemDesk
from console.rulebook import load_rulebook
from console.settings import Settings
from rules.rulebook import Rulebook, parse
from store import actions, cases, decisions, dispatches, lessons, members, messages, rulebooks, staff
from store.database import Database
from store.errors import Conflict, NotFound, StoreError
from store.lessons import Label
from store.records import (
    ANSWERS,
    AUTOMATIC,
    ActionKind,
    ActionState,
    CaseCard,
    CaseState,
    Decision,
    Proposal,
    Role,
    Staff,
)
from widgets.language import say
from widgets.words import role_word

UNDO_SECONDS = 3600.0
"""How far back an undo without an id reaches: a key pressed once too often must not lift an old ban."""

_ANSWERED = frozenset(ActionKind(answer.value) for answer in ANSWERS)

CARD_MESSAGES = 200
MESSAGES_AROUND = 3


class NotAllowed(StoreError):
    """This person may not do this: the text says who may."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision that was taken: `approved` is False when it waits for an admin. `remarks` is what of it the platforms
    do not do."""

    decision_id: int
    case_id: int
    decision: Decision
    approved: bool
    deletes: int
    steps: tuple[tuple[str, int], ...]
    groups: int
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PerkUndone:
    """A dispatch that was taken back: how many grants came back, and how many stay."""

    dispatch_id: int
    returned: int
    staying: int


class Desk:
    """One staff member's place at a store, used from the thread that opened the database."""

    def __init__(self, db: Database, settings: Settings, name: str, *, clock: Callable[[], float] = time.time) -> None:
        """Raises NotFound for somebody who is no staff."""
        self.db = db
        self.settings = settings
        self.name = name
        self._clock = clock
        self._rulebook: tuple[int, Rulebook] | None = None
        self._automatic = False
        self.person()

    @classmethod
    def automatic(cls, db: Database, settings: Settings, *, clock: Callable[[], float] = time.time) -> Desk:
        """The worker's own desk, for the decisions of rules in mode auto."""
        desk = cls.__new__(cls)
        desk.db, desk.settings, desk.name, desk._clock = db, settings, AUTOMATIC, clock
        desk._rulebook, desk._automatic = None, True
        return desk

    @property
    def perks(self) -> PerkDesk:
        """What this person may do with perks."""
        return PerkDesk(self)

    @property
    def points(self) -> PointsDesk:
        """What this person may do with points."""
        return PointsDesk(self)

    @property
    def draws(self) -> DrawDesk:
        """What this person may do with draws."""
        return DrawDesk(self)

    @property
    def redemptions(self) -> RedeemDesk:
        """What this person may do about perks that were used."""
        return RedeemDesk(self)

    @property
    def outbox(self) -> OutboxDesk:
        """What this person may do about actions that were not carried out."""
        return OutboxDesk(self)

    @property
    def members(self) -> MemberDesk:
        """What this person may do with members."""
        return MemberDesk(self)

    def now(self) -> float:
        """Epoch seconds."""
        return self._clock()

    def person(self) -> Staff:
        """Who sits here, as the store knows them now. Raises NotFound when they have lost their access."""
        if self._automatic:
            return Staff(0, AUTOMATIC, Role.OWNER)
        person = staff.find(self.db, self.name)
        if person is None:
            names = ", ".join(p.name for p in staff.people(self.db)) or "nobody"
            raise NotFound(
                f"{self.name!r} is not on the staff of this store ({names}); an owner can add: vigil staff add"
            )
        return person

    def rulebook(self) -> Rulebook:
        """The rulebook in force: the worker's, before the first worker the file's, else the default one."""
        found = rulebooks.in_force(self.db)
        if found is None:
            return load_rulebook(self.settings)
        if self._rulebook is None or self._rulebook[0] != found[0]:
            self._rulebook = (found[0], parse(found[1], "rulebook in force"))
        return self._rulebook[1]

    def refusal(self) -> str:
        """Why this person may not even propose, or ""."""
        role = self.person().role
        return "" if role.rank >= Role.MODERATOR.rank else say("a viewer looks on; a moderator can decide")

    def needs_approval(self, decision: Decision, planned: Plan) -> bool:
        """Whether somebody else has to say yes before this is carried out."""
        needed = (self.settings.access[need].rank for need in planned.needs(decision))
        return self.person().role.rank < max(needed, default=0)

    def may_approve(self) -> str:
        """Why this person may not approve or reject, or ""."""
        role = self.person().role
        needed = self.settings.approve
        if role.rank >= needed.rank:
            return ""
        return say("approving takes the role {needed}, yours is {role}", needed=role_word(needed), role=role_word(role))

    def card(self, case_id: int) -> CaseCard:
        """All there is to see of a case. Raises NotFound."""
        now = self._clock()
        with self.db.snapshot():
            case = cases.get(self.db, case_id)
            shown = cases.messages(self.db, case_id, CARD_MESSAGES)
            rulebook = self.rulebook()
            parts = cases.parts(self.db, case_id, case.seen)
            strikes = members.strikes(self.db, case_id, now)
            return CaseCard(
                case=case,
                rule_text=rulebook.shown(case.rule, self.settings.members_language),
                step=ladder_words(rulebook, parts, strikes, self.can),
                messages=tuple(shown),
                members=tuple(members.of_case(self.db, case_id, now)),
                around=tuple(messages.around(self.db, shown[0].id, MESSAGES_AROUND)) if shown else (),
                reaches=tuple(foreseen.reaches(self, case, rulebook, parts, strikes)),
                decisions=tuple(
                    foreseen.waiting(self, past, case, rulebook, strikes)
                    for past in decisions.of_case(self.db, case_id)
                ),
            )

    def proposal_remarks(self, proposal: Proposal) -> tuple[str, ...]:
        """What the platforms do not do of a decision that waits for approval. Raises NotFound."""
        return foreseen.proposal_remarks(self, proposal)

    def can(self, platform: str) -> Collection[ActionKind]:
        """The actions that the platform of this name has."""
        return self.settings.limits(platform).can

    def decide(
        self,
        case_id: int,
        decision: Decision,
        *,
        version: int | None = None,
        seen: int | None = None,
        reason: str = "",
        learn: bool = True,
    ) -> Taken:
        """Take or propose a decision. `version` and `seen` are those of the case as the person saw it: what
        joined it later is left to another decision. Raises NotFound, NotAllowed, Conflict."""
        now = self._clock()
        with self.db.transaction(durable=True):
            if why := self.refusal():
                raise NotAllowed(say("not allowed: {why}", why=why))
            case = cases.get(self.db, case_id)
            rulebook = self.rulebook()
            seen = case.seen if seen is None else seen
            parts = cases.parts(self.db, case_id, seen)
            strikes = members.strikes(self.db, case_id, now)
            whole, planned = foreseen.planned(self, rulebook, parts, decision, strikes)
            if case.state is CaseState.OPEN and (why := foreseen.pointless(self, decision, whole, planned, parts)):
                raise NotAllowed(say("not allowed: {why}", why=why))
            approved = not self.needs_approval(decision, planned)
            decision_id = decisions.record(
                self.db,
                case_id,
                case.version if version is None else version,
                seen,
                decision,
                self.name,
                planned.actions,
                approved=approved,
                reason=reason.strip(),
                learn=learn,
                not_before=now + self.settings.undo_seconds,
                strikes_expire_at=now + rulebook.ladder.strikes_expire,
                now=now,
                costs=dict(rulebook.points.sanctions),
            )
        return Taken(
            decision_id, case_id, decision, approved, planned.deletes(), planned.steps(), planned.groups(),
            remarks(planned, self.settings.limits),
        )  # fmt: skip

    def approve(self, decision_id: int) -> int:
        """Say yes; returns the case's id. Raises NotFound, NotAllowed, Conflict."""
        now = self._clock()
        with self.db.transaction(durable=True):
            self._check_answer(decision_id)
            rulebook = self.rulebook()
            return decisions.approve(
                self.db, decision_id, self.name, now + self.settings.undo_seconds, rulebook.ladder.strikes_expire, now,
                dict(rulebook.points.sanctions),
            )  # fmt: skip

    def reject(self, decision_id: int, reason: str) -> int:
        """Say no; returns the case's id. Raises NotFound, NotAllowed, Conflict."""
        with self.db.transaction(durable=True):
            self._check_answer(decision_id)
            if not reason.strip():
                raise NotAllowed(say("a rejection needs a reason: the moderator shall know"))
            return decisions.reject(self.db, decision_id, self.name, reason.strip(), self._clock())

    def _check_answer(self, decision_id: int) -> None:
        if why := self.may_approve():
            raise NotAllowed(say("not allowed: {why}", why=why))
        proposer, _ = decisions.staff_of(self.db, decision_id)
        if proposer == self.name and not staff.is_single(self.db):
            raise NotAllowed(say("decision {id} is your own proposal: somebody else approves it", id=decision_id))

    def undo(self, decision_id: int | None = None) -> decisions.Undone:
        """Take a decision back, without an id the latest of one's own. Raises NotFound, NotAllowed, Conflict."""
        with self.db.transaction(durable=True):
            recent = self._clock() - UNDO_SECONDS
            latest = decisions.latest_of(self.db, self.name, recent) if decision_id is None else (decision_id, 0.0)
            if latest is None:
                raise Conflict(say("there is nothing of yours from the last hour to undo; older ones: vigil undo ID"))
            chosen = latest[0]
            person = self.person()
            if person.role is Role.VIEWER:
                raise NotAllowed(say("a viewer looks on; a moderator can decide"))
            proposer, answerer = decisions.staff_of(self.db, chosen)
            # Once somebody else said yes, it is theirs to take back, not the proposer's.
            owner = answerer or proposer
            if owner != self.name and person.role.rank < self.settings.undo_others.rank:
                needed = role_word(self.settings.undo_others)
                raise NotAllowed(
                    say(
                        "decision {id} is {owner}'s: undoing it takes the role {needed}",
                        id=chosen,
                        owner=owner,
                        needed=needed,
                    )
                )
            self._check_lasting(chosen)
            cannot = {one.name: one.limits.cannot for one in self.settings.platforms}
            undone = decisions.undo(self.db, chosen, self.name, self._clock(), cannot)
            return replace(undone, by_hand=by_hand(undone.staying, self.settings.limits))

    def _check_lasting(self, decision_id: int) -> None:
        """Raises Conflict for an answer to a request to join that was sent: its case would be open again with nothing
        left to decide."""
        found = actions.states(self.db, decision_id)
        if not found or any(kind not in _ANSWERED for kind, _ in found):
            return
        ends = {state for _, state in found}
        if ends == {ActionState.DONE}:
            raise Conflict(say("decision {id}: the answer was sent already, it lasts", id=decision_id))
        if ends <= {ActionState.DONE, ActionState.UNKNOWN}:
            raise Conflict(
                say("decision {id}: the answer was perhaps sent; say first whether it was: vigil outbox list",
                    id=decision_id)
            )  # fmt: skip

    def undo_latest(self) -> decisions.Undone | PerkUndone:
        """Take back one's own latest decision, or perk if that was later. Raises NotAllowed, Conflict."""
        since = self._clock() - UNDO_SECONDS
        decision = decisions.latest_of(self.db, self.name, since)
        perk = dispatches.latest_of(self.db, self.name, since)
        if perk is None or (decision is not None and decision[1] >= perk[1]):
            return self.undo()
        try:
            return PerkUndone(perk[0], *self.perks.undo(perk[0]))
        except Conflict as error:
            if decision is None:
                raise
            # Who means a perk that was just sent must not lift the ban before it.
            raise Conflict(say("{why}; the decision before it: vigil undo {id}", why=error, id=decision[0])) from None

    def check_rules(self) -> None:
        """Raises NotAllowed for somebody who may not change the rules."""
        self.check_role(self.settings.rules)

    def add_staff(self, name: str, role: Role) -> Staff:
        """Give access or another role. Raises NotAllowed, Conflict, StoreError for a name that cannot be."""
        self.check_role(Role.OWNER)
        return staff.add(self.db, name, role, self.name, self._clock())

    def remove_staff(self, name: str) -> None:
        """Take access away. Raises NotAllowed, NotFound, Conflict."""
        self.check_role(Role.OWNER)
        staff.remove(self.db, name, self.name, self._clock())

    def teach(self, file: str, examples: Iterable[tuple[Label, str]]) -> tuple[int, int]:
        """Have the rules learn from a file; returns the import's id and how many examples are new, 0 and 0 for
        none. Raises NotAllowed."""
        self.check_role(Role.ADMIN)
        return lessons.teach(self.db, file, examples, self.name, self._clock())

    def forget(self, lesson: str) -> None:
        """Have a file or a decision teach nothing any more. Raises NotAllowed, NotFound."""
        self.check_role(Role.ADMIN)
        lessons.forget(self.db, lesson, self.name, self._clock())

    def check_role(self, needed: Role) -> None:
        """Raises NotAllowed below this role."""
        role = self.person().role
        if role.rank < needed.rank:
            raise NotAllowed(
                say("this takes the role {needed}, yours is {role}", needed=role_word(needed), role=role_word(role))
            )
