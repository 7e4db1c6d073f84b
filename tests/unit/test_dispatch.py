"""The outbox over a platform that is told to wait, refuses or fails: order is kept, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from console.dispatch import Dispatch
from console.platforms.base import Access, Batch, Receipt
from store import lease
from store.database import Database
from store.records import ActionKind, ActionState, Order
from tests.unit.made import NOON, message, take


class Scripted:
    """A platform that carries out what it is told to, when `answers` has nothing else for it."""

    can = frozenset([ActionKind.SEND])
    repeatable = True
    health = "fine"

    def __init__(self, name: str, answers: list[Receipt | Exception]) -> None:
        self.name = name
        self.answers = answers
        self.done: list[str] = []

    @property
    def source(self) -> str:
        return self.name

    async def batches(self, position: str | None) -> AsyncIterator[Batch]:
        return
        yield

    async def perform(self, order: Order) -> Receipt:
        answer = self.answers.pop(0) if self.answers else Receipt(ActionState.DONE)
        if isinstance(answer, Exception):
            raise answer
        if answer.state is ActionState.DONE:
            self.done.append(order.text)
        return answer

    async def access(self) -> Access:
        return Access("scripted", ())

    async def close(self) -> None:
        """Nothing is open."""


def queue(db: Database, count: int, platform: str = "replay") -> None:
    first = message(f"{platform}1")
    take(
        db, [(type(first)(platform, *[getattr(first, name) for name in ("group", "id", "member", "text", "time")]), ())]
    )
    for number in range(count):
        db.execute(
            "INSERT INTO actions (key, kind, group_id, text, state, created_at)"
            " SELECT ?, 'send', id, ?, 'waiting', 0 FROM groups WHERE platform = ?",
            (f"{platform}.{number}", str(number), platform),
        )


def states(db: Database) -> list[str]:
    return [state for (state,) in db.execute("SELECT state FROM actions ORDER BY id")]


def test_what_stands_behind_a_waiting_action_does_not_pass_it(db: Database) -> None:
    queue(db, 50)
    now = [NOON]
    wait = Receipt(ActionState.WAITING, "slowly", 3.0)
    done = Receipt(ActionState.DONE)
    platform = Scripted("replay", [done, done, wait, *[done] * 30, wait])
    dispatch = Dispatch(db, {"replay": platform}, lease.take(db, "serve", NOON), lambda: now[0])
    for _ in range(3):
        asyncio.run(dispatch.step())
        assert platform.done == ["0", "1"]
        now[0] += 0.9
    now[0] = NOON + 3.1
    while platform.answers:
        asyncio.run(dispatch.step())
    now[0] += 3.1
    while asyncio.run(dispatch.step()):
        pass
    assert platform.done == [str(number) for number in range(50)]
    assert set(states(db)) == {"done"}


def test_a_platform_that_waits_holds_up_no_other(db: Database) -> None:
    queue(db, 3, "slow")
    queue(db, 3, "quick")
    slow = Scripted("slow", [Receipt(ActionState.WAITING, "later", 60.0)])
    quick = Scripted("quick", [])
    dispatch = Dispatch(db, {"slow": slow, "quick": quick}, lease.take(db, "serve", NOON), lambda: NOON)
    asyncio.run(dispatch.step())
    assert (slow.done, quick.done) == ([], ["0", "1", "2"])


def test_an_error_in_a_platforms_code_is_for_a_person_to_settle(db: Database) -> None:
    queue(db, 2)
    platform = Scripted("replay", [ValueError("https://service.test/bot-secret/send")])
    dispatch = Dispatch(db, {"replay": platform}, lease.take(db, "serve", NOON), lambda: NOON)
    first, second = asyncio.run(dispatch.step())
    assert first.receipt.state is ActionState.UNKNOWN
    assert first.receipt.words.startswith("an error in the platform's own code: ValueError at test_dispatch.py:")
    assert "secret" not in first.receipt.words
    assert second.receipt.state is ActionState.DONE
    assert states(db) == ["unknown", "done"]
