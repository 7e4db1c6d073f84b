"""Whatever a platform's code hands over, the worker takes in what it can and says what it could not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.platforms.base import Batch, PlatformError, Receipt
from console.platforms.registry import make_platform
from console.platforms.sound import LONGEST_WAIT, health_of, sound_batch, sound_members, sound_receipt
from console.settings import Settings, SettingsError, parse
from console.worker import Worker
from rules.names import sought
from rules.records import Message, MessageKey
from store import listed, messages
from store.database import Database, open_database
from store.listed import ListedMember
from store.records import ActionKind, ActionState
from tests.unit.made import NOON, message

ODD = st.one_of(
    st.none(), st.integers(), st.sampled_from([2**70, 10**400]), st.floats(),
    st.binary(max_size=3), st.text(max_size=3), st.just("\ud83d"),
    st.just(()), st.lists(st.integers(), max_size=1),
)  # fmt: skip
FIELDS = [field.name for field in fields(Message)]


class Odd:
    """A platform that hands over what it was made with."""

    can: frozenset[ActionKind] = frozenset()
    repeatable = True
    source = "odd"
    health: Any = "fine"
    name = "replay"

    def __init__(self, batches: list[Any]) -> None:
        self._batches = batches

    async def batches(self, position: str | None) -> AsyncIterator[Any]:
        for one in self._batches:
            yield one

    async def close(self) -> None:
        raise RuntimeError("at the end as well")


def work(settings: Settings, batches: list[Any]) -> tuple[list[str], int]:
    """Take these in; returns what the worker says and how many problems it counted."""
    said: list[str] = []
    worker = Worker(settings, "serve", [Odd(batches)], said.append)  # type: ignore[list-item]

    async def run() -> None:
        task = asyncio.create_task(worker.run())
        while not any(line.startswith("replay: read") for line in said) and not task.done():
            await asyncio.sleep(0.01)
        worker.stop()
        await task

    asyncio.run(run())
    return said, worker.problems


def test_a_platform_that_was_said_to_be_away_is_said_to_be_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.worker.HEARTBEAT_SECONDS", 0.01)
    said: list[str] = []

    class Flaky(Odd):
        async def batches(self, position: str | None) -> AsyncIterator[Any]:
            self.health = "not reachable"
            yield Batch((), "", ("no connection",))
            self.health = "connected"
            await asyncio.Event().wait()

    worker = Worker(settings, "serve", [Flaky([])], said.append)  # type: ignore[list-item]

    async def run() -> None:
        task = asyncio.create_task(worker.run())
        while "replay: connected again" not in said and not task.done():
            await asyncio.sleep(0.01)
        worker.stop()
        await task

    asyncio.run(asyncio.wait_for(run(), 30))
    assert said.index("replay: no connection") < said.index("replay: connected again")
    assert said.count("replay: connected again") == 1


def texts(settings: Settings) -> list[str]:
    db = open_database(settings.store)
    try:
        return [text for (text,) in db.execute("SELECT text FROM messages ORDER BY id")]
    finally:
        db.close()


def test_what_cannot_be_taken_in_is_told_and_the_rest_taken_in(settings: Settings) -> None:
    good = message(1, "good")
    odd = [replace(message(2), text=7), replace(message(3), time="noon"), None, replace(message(4), platform="other")]  # type: ignore[arg-type]
    torn = replace(message(5), text="half \ud83d of it")
    said, problems = work(settings, [Batch((good, *odd, torn), "1")])  # type: ignore[arg-type]
    assert texts(settings) == ["good", "half ? of it"]
    assert problems == 4
    assert any("its text is a value of type int, not text" in line for line in said)
    assert any("an error in the platform's own code: RuntimeError" in line for line in said), "closing"
    assert said[-1] == "worker stopped"


@pytest.mark.parametrize("batch", ["no batch", Batch((), 7), Batch(None, "1")], ids=str)  # type: ignore[arg-type]
def test_what_is_no_batch_ends_reading_for_a_while_and_not_the_worker(settings: Settings, batch: object) -> None:
    said, problems = work(settings, [batch])
    assert problems == 1
    assert any("an error in the platform's own code: TypeError" in line for line in said)
    assert any("read again from where it stood" in line for line in said)


@given(st.sampled_from(FIELDS), ODD)
def test_whatever_a_field_holds_the_message_is_whole_or_left_out(field: str, value: object) -> None:
    changes: dict[str, Any] = {field: value}
    given = Batch((replace(message(1), **changes),), "1", (), (MessageKey("replay", "g", "1"), value))  # type: ignore[arg-type]
    batch = sound_batch(given, "replay")
    for one in batch.messages:
        assert one.time is None or abs(one.time) < 1e11
    assert len(batch.messages) + len(batch.problems) == 1
    for one in batch.messages:
        assert isinstance(one.text, str)
        "".join((one.text, one.group, one.id, one.member, one.name, one.extra)).encode()
    assert batch.gone[0] == MessageKey("replay", "g", "1")


@given(ODD)
def test_whatever_health_is_it_is_one_short_line(value: object) -> None:
    odd = Odd([])
    odd.health = value
    said = health_of(odd)  # type: ignore[arg-type]
    said.encode()
    assert len(said) <= 100
    assert "\n" not in said


@given(st.sampled_from(list(ActionState)), ODD, ODD)
def test_whatever_a_receipt_says_is_a_state_words_and_a_wait_of_a_day_at_most(
    state: ActionState, words: object, wait: object
) -> None:
    found = sound_receipt(Receipt(state, words, wait))  # type: ignore[arg-type]
    found.words.encode()
    assert 0.0 <= found.retry_after <= LONGEST_WAIT


def test_whatever_is_handed_over_can_be_stored(db: Database) -> None:
    torn = MessageKey("replay", "g", "\ud83d")
    batch = sound_batch(Batch((replace(message(1), time=2**70), message(2)), "1", (), (torn,)), "replay")
    people = [
        ListedMember("ada", "half \ud83d of it", "", "", 2**70, float("nan")),
        ListedMember("bob", None, "", "", None, None),  # type: ignore[arg-type]
        None,
    ]
    with db.transaction():
        messages.MessageWriter(db, sought).add(batch.messages, NOON)
        messages.mark_gone(db, batch.gone, NOON)
        listed.add(db, "replay", "g", sound_members(people), NOON, sought)
    assert db.value("SELECT group_concat(key) FROM messages") == "2"
    assert db.execute("SELECT name, joined_at, last_at FROM members WHERE key = 'ada'").fetchall() == [
        ("half ? of it", None, None)
    ]


class Locked(Odd):
    """A platform that nobody tells how it is, which cannot be read, and does not know its groups."""

    health = property(lambda self: "mine")

    def groups(self) -> list[str]:
        raise RuntimeError

    async def members(self, group: str) -> list[ListedMember]:
        return []

    def batches(self, position: str | None) -> AsyncIterator[Any]:
        raise PlatformError("no way in")


def test_a_platform_that_fails_in_every_way_ends_no_worker(settings: Settings) -> None:
    said: list[str] = []
    worker = Worker(settings, "serve", [Locked([])], said.append)  # type: ignore[list-item]

    async def run() -> None:
        task = asyncio.create_task(worker.run())
        while len([line for line in said if line.startswith("replay: ")]) < 2 and not task.done():
            await asyncio.sleep(0.01)
        worker.stop()
        await task

    asyncio.run(run())
    assert "replay: no way in" in said
    assert any(line.startswith("replay: an error in the platform's own code: RuntimeError") for line in said)


class Kind:
    keys = ()

    def __init__(self, made: object) -> None:
        self._made = made

    def read(self, table: object, folder: Path) -> object:
        raise RuntimeError("secret-token")

    def make(self, name: str, options: object, store: Path) -> object:
        return self._made


@pytest.mark.parametrize(("made", "lacks"), [(None, "no name, no can, "), (Odd([]), "no perform, no access")])
def test_a_platform_without_its_parts_is_refused_before_it_is_used(
    monkeypatch: pytest.MonkeyPatch, made: object, lacks: str
) -> None:
    monkeypatch.setattr("console.platforms.registry.find_kind", lambda kind: Kind(made))
    with pytest.raises(PlatformError, match=lacks):
        make_platform("odd", "replay", None, Path("x"))


def test_settings_that_its_code_cannot_read_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.settings.find_kind", lambda kind: Kind(None))
    with pytest.raises(SettingsError, match=r":2: platforms.hall.kind: an error in the code of 'odd': RuntimeError"):
        parse('[platforms.hall]\nkind = "odd"\n', Path("vigil.toml"))
