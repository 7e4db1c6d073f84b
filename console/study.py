"""The worker's learning: the rules go by new lessons soon after they were taught.

Models are fitted in a process of their own, which leaves them in the store: it takes some seconds and much memory.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from console.collecting import give_back
from console.intake import Intake
from console.learning import GROWN, Learned, fingerprint, learned_before, learned_rule
from rules.kinds import LearnedRule
from store.database import open_database
from store.errors import StoreError

LOOK_SECONDS = 2.0
"""How often is looked for new lessons."""
AFTER_FAILURE_SECONDS = 60.0


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

        A model that the background has outgrown goes on as before the restart, until the new one is made.
        """
        rule = learned_rule(self._intake.engine.rulebook)
        if rule is None:
            return
        learned = learned_before(self._intake.db, rule)
        if learned is None:
            told = subprocess.run(self._fitting(rule), check=False, capture_output=True, text=True)
            if told.returncode:
                self._log(f"what was taught cannot be learned: {told.stderr.strip()[-500:]}")
            learned = learned_before(self._intake.db, rule)
        if learned is not None:
            self._take(learned)

    async def go_on(self) -> None:
        """Look for new lessons again and again; the work itself is done in a thread beside."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            rule = learned_rule(self._intake.engine.rulebook)
            if rule is None or not self._is_due(rule):
                continue
            try:
                learned = await asyncio.to_thread(self._look, rule)
                if learned is None or learned.outgrown:
                    await self._fit(rule)
                    learned = await asyncio.to_thread(self._look, rule)
            except StoreError as error:
                self._log(f"{error}; what was learned before stays in force")
                continue
            if learned is not None:
                self._take(learned)

    def _look(self, rule: LearnedRule) -> Learned | None:
        db = open_database(self._store)
        try:
            return learned_before(db, rule)
        finally:
            db.close()

    async def _fit(self, rule: LearnedRule) -> None:
        process = await asyncio.create_subprocess_exec(*self._fitting(rule), stderr=asyncio.subprocess.PIPE)
        try:
            _, errors = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode:
            words = errors.decode(errors="replace").strip()[-500:]
            self._log(f"what was taught cannot be learned: {words}; what was learned before stays in force")
            await asyncio.sleep(AFTER_FAILURE_SECONDS)

    def _fitting(self, rule: LearnedRule) -> list[str]:
        return [sys.executable, "-P", "-m", "console.fitting", str(self._store), msgspec.json.encode(rule).decode()]

    def _is_due(self, rule: LearnedRule) -> bool:
        before = self._learned
        if before is None or before.outgrown or fingerprint(self._intake.db, rule) != before.fingerprint:
            return True
        # With spam alone there is no model yet, but everyday talk is all that is wanting.
        return bool(before.spam) and self._intake.taken > self._stored_at + before.background * (GROWN - 1)

    def _take(self, learned: Learned) -> None:
        before = self._learned
        self._learned = learned
        self._stored_at = self._intake.taken
        if before is None and not learned.spam and not learned.ham:
            return
        self._intake.learn(learned.knowledge)
        give_back()
        model = learned.knowledge.model
        ground = "too little for a model" if model is None else f"flags from {model.threshold:.1f} on"
        self._log(
            f"learned from {learned.spam} spam, {learned.ham} ham, {learned.background} of everyday talk: {ground}"
        )
