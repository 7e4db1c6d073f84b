"""The outbox over a platform that is told to wait, refuses or fails: order is kept, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.dispatch import DELETED_AT_ONCE, Dispatch, log_lines
from console.platforms.base import Access, Batch, Receipt
from store import actions, lease
from store.database import Database, open_database
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


class Bulk(Scripted):
    """A platform with a call that deletes several messages; it notes what each call carried out."""

    can = frozenset([ActionKind.SEND, ActionKind.DELETE])

    def __init__(self, name: str, answers: list[Receipt | Exception], *, repeatable: bool = False) -> None:
        super().__init__(name, answers)
        self.repeatable = repeatable
        self.calls: list[list[str]] = []

    async def perform(self, order: Order) -> Receipt:
        self.calls.append([order.text])
        return await super().perform(order)

    async def delete_many(self, orders: Sequence[Order]) -> list[Receipt]:
        assert {(order.kind, order.group) for order in orders} == {(ActionKind.DELETE, orders[0].group)}
        self.calls.append([order.text for order in orders])
        return [await super(Bulk, self).perform(order) for order in orders]


def queue_kinds(db: Database, wanted: Sequence[tuple[str, str]]) -> None:
    """Actions of these kinds in these groups, named by their numbers."""
    for number, (kind, group) in enumerate(wanted):
        db.execute("INSERT INTO groups (platform, key) VALUES ('replay', ?) ON CONFLICT DO NOTHING", (group,))
        db.execute(
            "INSERT INTO actions (key, kind, group_id, text, state, created_at)"
            " SELECT ?, ?, id, ?, 'waiting', 0 FROM groups WHERE key = ?",
            (f"a.{number}", kind, str(number), group),
        )


def run_out(dispatch: Dispatch) -> None:
    while asyncio.run(dispatch.step()):
        pass


@pytest.mark.parametrize("repeatable", [False, True])
def test_forty_deletions_are_one_call(db: Database, repeatable: bool) -> None:
    queue_kinds(db, [("delete", "g")] * 40 + [("send", "g")])
    platform = Bulk("replay", [], repeatable=repeatable)
    run_out(Dispatch(db, {"replay": platform}, lease.take(db, "serve", NOON), lambda: NOON))
    assert list(map(len, platform.calls)) == [40, 1]
    assert set(states(db)) == {"done"}


def test_no_call_deletes_more_than_the_most_there_may_be(db: Database) -> None:
    queue_kinds(db, [("delete", "g")] * 250)
    platform = Bulk("replay", [])
    run_out(Dispatch(db, {"replay": platform}, lease.take(db, "serve", NOON), lambda: NOON))
    assert list(map(len, platform.calls)) == [DELETED_AT_ONCE, DELETED_AT_ONCE, 50]


def test_what_one_call_left_undone_waits_or_fails_by_itself(db: Database) -> None:
    queue_kinds(db, [("delete", "g")] * 4 + [("send", "g")])
    now = [NOON]
    done = Receipt(ActionState.DONE)
    late, wait = Receipt(ActionState.FAILED, "too old"), Receipt(ActionState.WAITING, "slowly", 5.0)
    platform = Bulk("replay", [done, late, wait, wait])
    dispatch = Dispatch(db, {"replay": platform}, lease.take(db, "serve", NOON), lambda: now[0])
    run_out(dispatch)
    assert states(db) == ["done", "failed", "waiting", "waiting", "waiting"], "what stands behind does not pass"
    now[0] += 5.1
    run_out(dispatch)
    assert states(db) == ["done", "failed", "done", "done", "done"]


def test_a_bulk_that_waits_is_one_line_in_the_log(db: Database) -> None:
    queue_kinds(db, [("delete", "g")] * 42)
    done, failed = Receipt(ActionState.DONE), Receipt(ActionState.FAILED, "too old")
    wait = Receipt(ActionState.WAITING, "Too Many Requests", 5.0)
    platform = Bulk("replay", [done, failed, *[wait] * 40])
    dispatch = Dispatch(db, {"replay": platform}, lease.take(db, "serve", NOON), lambda: NOON)
    assert log_lines(asyncio.run(dispatch.step())) == [
        "action a.0 delete on replay: done",
        "action a.1 delete on replay: failed: too old",
        "40 deletions on replay: waiting: Too Many Requests",
    ]


@pytest.mark.parametrize("fault", ["raises", "miscounts"])
def test_a_fault_in_the_call_leaves_all_of_it_for_a_person(db: Database, fault: str) -> None:
    queue_kinds(db, [("delete", "g")] * 3 + [("send", "g")])

    class Faulty(Bulk):
        async def delete_many(self, orders: Sequence[Order]) -> list[Receipt]:
            if fault == "raises":
                raise ValueError("oh")
            return [Receipt(ActionState.DONE)]

    run_out(Dispatch(db, {"replay": Faulty("replay", [])}, lease.take(db, "serve", NOON), lambda: NOON))
    assert states(db) == ["unknown", "unknown", "unknown", "done"]


def test_a_crash_in_the_call_leaves_all_of_it_for_a_person(db: Database) -> None:
    queue_kinds(db, [("delete", "g")] * 5)
    generation = lease.take(db, "serve", NOON)
    assert len(actions.claim(db, generation, NOON, 1, "replay", "g", DELETED_AT_ONCE)) == 5
    lease.release(db, generation, NOON)
    Dispatch(db, {"replay": Bulk("replay", [])}, lease.take(db, "serve", NOON), lambda: NOON).recover()
    assert set(states(db)) == {"unknown"}


@given(st.lists(st.tuples(st.sampled_from(["delete", "delete", "send"]), st.sampled_from("gh")), max_size=30),
       st.booleans())  # fmt: skip
def test_every_action_is_carried_out_once_and_in_its_groups_order(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[tuple[str, str]], repeatable: bool
) -> None:
    db = open_database(tmp_path_factory.mktemp("bulk") / "vigil.db", create=True)
    try:
        queue_kinds(db, wanted)
        platform = Bulk("replay", [], repeatable=repeatable)
        run_out(Dispatch(db, {"replay": platform}, lease.take(db, "serve", NOON), lambda: NOON))
        sent = [int(one) for call in platform.calls for one in call]
        assert len(sent) == len(wanted)
        for group in "gh":
            of_group = [number for number in sent if wanted[number][1] == group]
            assert of_group == [number for number, one in enumerate(wanted) if one[1] == group]
    finally:
        db.close()


def test_a_worker_that_takes_over_lets_nothing_pass_what_the_platform_lets_wait(db: Database) -> None:
    queue(db, 25)
    waits = Scripted("replay", [Receipt(ActionState.DONE), Receipt(ActionState.WAITING, "slow down", 30.0)])
    first = Dispatch(db, {"replay": waits}, lease.take(db, "serve", NOON), clock=lambda: NOON)
    asyncio.run(first.step())
    db.execute("UPDATE lease SET released = 1")
    fresh, now = Scripted("replay", []), [NOON + 10]
    second = Dispatch(db, {"replay": fresh}, lease.take(db, "serve", NOON + 10), clock=lambda: now[0])
    second.recover()
    asyncio.run(second.step())
    assert fresh.done == []
    now[0] = NOON + 31
    for _ in range(2):
        asyncio.run(second.step())
    assert fresh.done == [str(number) for number in range(1, 25)]


SLOWLY = Receipt(ActionState.WAITING, "slow down", 30.0)
DONE = Receipt(ActionState.DONE)


def test_a_group_that_has_to_wait_holds_up_no_other(db: Database) -> None:
    queue_kinds(db, [("send", "g"), ("send", "g"), ("send", "h"), ("send", "h")])
    platform, now = Bulk("replay", [SLOWLY]), [NOON]
    dispatch = Dispatch(db, {"replay": platform}, lease.take(db, "serve", NOON), lambda: now[0])
    run_out(dispatch)
    assert platform.done == ["2", "3"]
    assert states(db) == ["waiting", "waiting", "done", "done"]
    now[0] += 30.1
    run_out(dispatch)
    assert platform.done == ["2", "3", "0", "1"]


def test_when_two_groups_have_to_wait_the_platform_is_left_alone(db: Database) -> None:
    queue_kinds(db, [("send", group) for group in "abcdefgh"])
    platform, now = Bulk("replay", [SLOWLY] * 3), [NOON]
    dispatch = Dispatch(db, {"replay": platform}, lease.take(db, "serve", NOON), lambda: now[0])
    run_out(dispatch)
    assert len(platform.calls) == 2, "a service that is down is not asked once for every group"
    now[0] += 30.1
    run_out(dispatch)
    assert len(platform.calls) == 3, "nor is it after the wait"
    now[0] += 30.1
    run_out(dispatch)
    assert sorted(platform.done) == list("01234567")


def test_groups_take_turns(db: Database) -> None:
    queue_kinds(db, [("send", "raided")] * 50 + [("send", "quiet")])
    platform = Bulk("replay", [])
    dispatch = Dispatch(db, {"replay": platform}, lease.take(db, "serve", NOON), lambda: NOON)
    for _ in range(2):
        asyncio.run(dispatch.step())
    assert platform.done == ["0", "50"]


NONSENSE: list[object] = [
    None,
    "done",
    {"state": "done"},
    Receipt("sending"),  # type: ignore[arg-type]
    Receipt(ActionState.PROPOSED),
    Receipt(ActionState.DONE, None),  # type: ignore[arg-type]
    Receipt([]),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("answer", NONSENSE, ids=str)
@pytest.mark.parametrize("repeatable", [False, True])
def test_an_answer_that_is_no_receipt_is_for_a_person_to_settle(db: Database, answer: object, repeatable: bool) -> None:
    queue_kinds(db, [("send", "g"), ("delete", "g"), ("delete", "g"), ("send", "g")])

    class Odd(Bulk):
        async def perform(self, order: Order) -> Receipt:
            return answer  # type: ignore[return-value]

        async def delete_many(self, orders: Sequence[Order]) -> list[Receipt]:
            return [answer, DONE]  # type: ignore[list-item]

    odd = Odd("replay", [], repeatable=repeatable)
    run_out(Dispatch(db, {"replay": odd}, lease.take(db, "serve", NOON), lambda: NOON))
    assert states(db) == ["unknown", "unknown", "done", "unknown"]
    assert "no receipt" in db.value("SELECT result FROM actions")


@pytest.mark.parametrize("wait", [float("nan"), float("inf"), -1e300, "soon", None], ids=str)
def test_a_wait_that_makes_no_sense_ends_some_day(db: Database, wait: object) -> None:
    queue_kinds(db, [("send", "g")])
    platform, now = Bulk("replay", [Receipt(ActionState.WAITING, "later", wait)]), [NOON]  # type: ignore[arg-type]
    dispatch = Dispatch(db, {"replay": platform}, lease.take(db, "serve", NOON), lambda: now[0])
    asyncio.run(dispatch.step())
    assert states(db) == ["waiting"]
    now[0] += 86_401
    run_out(dispatch)
    assert states(db) == ["done"]


def test_something_of_its_own_that_is_cancelled_does_not_end_the_worker(db: Database) -> None:
    queue_kinds(db, [("send", "g"), ("send", "g")])

    class Cancelled(Bulk):
        async def perform(self, order: Order) -> Receipt:
            inner = asyncio.ensure_future(asyncio.Event().wait())
            inner.cancel()
            await inner
            return DONE

    run_out(Dispatch(db, {"replay": Cancelled("replay", [])}, lease.take(db, "serve", NOON), lambda: NOON))
    assert states(db) == ["unknown", "unknown"]


@pytest.mark.parametrize(("repeatable", "state"), [(False, "unknown"), (True, "waiting")])
def test_code_that_hangs_holds_nothing_up_for_ever(
    db: Database, repeatable: bool, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.dispatch.LONGEST_SECONDS", 0.0)
    queue_kinds(db, [("send", "g")])

    class Hangs(Bulk):
        async def perform(self, order: Order) -> Receipt:
            await asyncio.Event().wait()
            return DONE

    hangs = Hangs("replay", [], repeatable=repeatable)
    (one,) = asyncio.run(Dispatch(db, {"replay": hangs}, lease.take(db, "serve", NOON), lambda: NOON).step())
    assert "gave no answer" in one.receipt.words
    assert states(db) == [state]


def test_later_without_a_time_is_not_at_once_for_ever(db: Database) -> None:
    queue_kinds(db, [("send", "g")])
    platform, now = Bulk("replay", [Receipt(ActionState.WAITING)] * 3), [NOON]
    dispatch = Dispatch(db, {"replay": platform}, lease.take(db, "serve", NOON), lambda: now[0])
    run_out(dispatch)
    assert len(platform.calls) == 1
    for _ in range(3):
        now[0] += 0.2
        run_out(dispatch)
    assert platform.done == ["0"]
