"""Intake: a batch of messages is judged, then stored with its flags, cases and position in one transaction."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from console.desk import Desk, NotAllowed
from console.listening import Heard, listeners
from console.platforms.base import Batch
from console.requests import as_finding, close_settled
from console.settings import Settings
from rules.duplicates import MOST_MESSAGES
from rules.engine import Engine
from rules.knowledge import Knowledge
from rules.names import sought
from rules.records import Finding, Message, MessageKey, Mode
from rules.rulebook import Rulebook
from rules.standing import Membership
from store import cases, lease, members, messages, rulebooks
from store.database import Database
from store.errors import Conflict
from store.records import CaseState, Decision
from widgets.language import say

WARMED_MESSAGES = MOST_MESSAGES
"""At most so many stored messages fill the windows again after a restart."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of a batch: messages new to the store with their findings, the cases touched, and the ids
    of decisions that rules in mode auto took."""

    messages: tuple[tuple[Message, tuple[Finding, ...]], ...]
    known: int
    cases: tuple[int, ...]
    automatic: tuple[int, ...]


class Intake:
    """Takes batches in for the worker of `generation`. One engine, so one intake a store. `taken` counts messages."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        engine: Engine,
        generation: int,
        rulebook_id: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.db = db
        self.engine = engine
        self.rulebook_id = rulebook_id
        self.generation = generation
        self._clock = clock
        self.taken = 0
        self._writer = messages.MessageWriter(db, sought)
        self._desk = Desk.automatic(db, settings, clock=clock)
        self._left_to_people: dict[int, int] = {}
        self._listeners = listeners(db, settings.members_language)
        for listener in self._listeners:
            listener.follow(engine.rulebook)

    def warm(self) -> int:
        """Fill the engine's windows from the store; returns with how many messages."""
        self.know(Membership(*row) for row in members.memberships(self.db))
        stored = messages.latest(self.db, self.engine.horizon(), WARMED_MESSAGES)
        campaigns: dict[str, dict[MessageKey, str]] = defaultdict(dict)
        for message, found in stored:
            for rule, campaign in found.items():
                campaigns[rule][message.key] = campaign
        self.engine.warm([message for message, _ in stored], campaigns)
        return len(stored)

    def know(self, memberships: Iterable[Membership]) -> None:
        """Judge members by when they came, also those who have not written yet."""
        self.engine.know(memberships)

    def replace(self, rulebook: Rulebook) -> None:
        """Judge by another rulebook from now on. Raises RulebookError, and nothing has changed."""
        self.engine = self.engine.replace(rulebook)
        for listener in self._listeners:
            listener.follow(rulebook)
        self.rulebook_id = rulebooks.put_in_force(self.db, rulebook.source, self._clock())
        self._left_to_people.clear()

    def learn(self, knowledge: Knowledge) -> None:
        """Judge by what was learned from now on."""
        self.engine = self.engine.replace(self.engine.rulebook, knowledge)

    def take(self, batch: Batch, source: str) -> TakenIn:
        """Raises LeaseLost, StoreUnavailable: the windows are then ahead of the store, so the worker must end."""
        fresh = self._writer.unknown(batch.messages)
        judged = [
            (*found, *as_finding(message)) for message, found in zip(fresh, self.engine.judge(fresh), strict=True)
        ]
        now = self._clock()
        with self.db.transaction():
            lease.confirm(self.db, self.generation)
            stored = self._writer.add(fresh, now)
            found = [(row.id, finding) for row, findings in zip(stored, judged, strict=True) for finding in findings]
            touched = cases.join(self.db, found, self.rulebook_id, now)
            heard = [Heard(*one) for one in zip(stored, fresh, judged, strict=True)]
            for listener in self._listeners:
                listener.hear(heard, now)
            messages.mark_gone(self.db, batch.gone, now)
            close_settled(self.db, heard, batch.gone, now)
            if batch.position:
                messages.set_position(self.db, source, batch.position, now)
        self.taken += len(fresh)
        automatic = any(finding.mode is Mode.AUTO for _, finding in found)
        return TakenIn(
            tuple(zip(fresh, judged, strict=True)),
            len(batch.messages) - len(fresh),
            tuple(sorted(touched)),
            self.settle() if automatic else (),
        )

    def settle(self) -> tuple[int, ...]:
        """Decide the open cases that rules in mode auto alone have flagged, also those that a worker killed
        between storing and deciding left. Where another rule asks, or the rule has come to ask, a person decides."""
        acting = {rule.name for rule in self.engine.rulebook.rules if rule.mode is Mode.AUTO}
        left = cases.flagged_open(self.db, Mode.AUTO) if acting else []
        return tuple(number for case_id, rule in left if rule in acting and (number := self._decide(case_id, rule)))

    def _decide(self, case_id: int, rule: str) -> int:
        case = cases.get(self.db, case_id)
        if case.state is not CaseState.OPEN or self._left_to_people.get(case_id) == case.seen:
            return 0
        try:
            reason = say("rule {rule}, mode auto", rule=rule)
            return self._desk.decide(case_id, Decision.LADDER, reason=reason).decision_id
        except NotAllowed:
            # The platform can do nothing of it: the case stays, says why, and is not tried again as it is.
            self._left_to_people[case_id] = case.seen
            return 0
        except Conflict:
            # A moderator was faster.
            return 0
