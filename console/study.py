"""The worker's learning: the rules go by new lessons soon after they were taught."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from console.intake import Intake
from console.learning import GROWN, Learned, fingerprint, learn, learned_rule
from rules.kinds import LearnedRule
from store.database import open_database
from store.errors import StoreError

LOOK_SECONDS = 2.0
"""How often is looked for new lessons."""


class Study:
    """Keeps what an intake goes by up to the lessons in its store, for the rulebook's first rule of kind learned."""

    def __init__(
        self, store: Path, intake: Intake, log: Callable[[str], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._intake = intake
        self._log = log
        self._clock = clock
        self._learned: Learned | None = None
        self._stored_at = 0

    def begin(self) -> None:
        """Learn before the first message. Raises StoreUnavailable.

        A model the background has outgrown goes on as before the restart, until the new one is made beside.
        """
        rule = learned_rule(self._intake.engine.rulebook)
        if rule is not None:
            self._take(learn(self._intake.db, rule, self._clock(), keep=True, as_before=True))

    async def go_on(self) -> None:
        """Look for new lessons again and again; the work itself is done in a thread beside."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            rule = learned_rule(self._intake.engine.rulebook)
            if rule is None or not self._is_due(rule):
                continue
            try:
                learned = await asyncio.to_thread(self._learn, rule)
            except StoreError as error:
                self._log(f"{error}; what was learned before stays in force")
                continue
            self._take(learned)

    def _is_due(self, rule: LearnedRule) -> bool:
        before = self._learned
        if before is None or before.outgrown or fingerprint(self._intake.db, rule) != before.fingerprint:
            return True
        # With spam alone there is no model yet, but everyday talk is all that is wanting.
        return bool(before.spam) and self._intake.taken > self._stored_at + before.background * (GROWN - 1)

    def _learn(self, rule: LearnedRule) -> Learned:
        db = open_database(self._store)
        try:
            return learn(db, rule, self._clock(), keep=True)
        finally:
            db.close()

    def _take(self, learned: Learned) -> None:
        before = self._learned
        self._learned = learned
        self._stored_at = self._intake.taken
        if before is None and not learned.spam and not learned.ham:
            return
        self._intake.learn(learned.knowledge)
        model = learned.knowledge.model
        ground = "too little for a model" if model is None else f"flags from {model.threshold:.1f} on"
        self._log(
            f"learned from {learned.spam} spam, {learned.ham} ham, {learned.background} of everyday talk: {ground}"
        )
