"""The stored history is read back as it came in, whatever the ranges it is read by."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.records import Message
from rules.standing import Membership, Standing
from store import history, messages
from store.database import Database, open_database
from tests.unit.made import NOON, message

UNWRITTEN = {"join", "leave"}


def store(db: Database, chat: list[Message]) -> None:
    with db.transaction():
        messages.MessageWriter(db).add(chat, NOON)


def test_a_message_is_read_back_whole(db: Database) -> None:
    whole = Message("p", "g", "1", "m", "hi", NOON, "text", "Mo", "Readers", "0", ("a", "b"), '{"x":1}')
    bare = Message("p", "g", "2", "", "", None, "image")
    store(db, [whole, bare])
    (_, first), (number, second) = history.between(db, 1, 2)
    assert first == whole
    assert (number, second.member, second.time, second.mentions) == (2, "", None, ())
    assert history.between(db, 3, 9) == []


def test_a_period_begins_with_the_first_message_of_that_time(db: Database) -> None:
    times = [0.0, 50.0, None, 100.0, 20.0, 110.0]
    store(db, [message(n, time=time) for n, time in enumerate(times)])
    period = history.period(db, 90.0)
    assert (period.first, period.last) == (4, 6)
    assert [number for number, one in history.between(db, 4, 6) if period.holds(one)] == [4, 6]
    everything = history.period(db, None)
    assert (everything.first, everything.last) == (1, 6)
    nothing = history.period(db, 1_000.0)
    assert nothing.last < nothing.first


def test_an_empty_store_has_no_period(db: Database) -> None:
    assert history.newest_time(db) is None
    period = history.period(db, None)
    assert period.last < period.first


@pytest.mark.parametrize("wrong", [0.0, 1e12])
def test_one_message_with_a_wrong_time_does_not_say_what_time_it_is(db: Database, wrong: float) -> None:
    store(db, [*(message(n, time=NOON + n) for n in range(20)), message("wrong", time=wrong)])
    newest = history.newest_time(db)
    assert newest is not None
    assert NOON <= newest <= NOON + 20


def _posted(kinds: list[str], times: st.SearchStrategy[float | None]) -> st.SearchStrategy[Message]:
    return st.builds(
        lambda group, member, kind, time: Message("p", group, "", member, "", time, kind),
        st.sampled_from("gh"), st.sampled_from(["", "m", "n"]), st.sampled_from(kinds), times,
    )  # fmt: skip


_TIMES = st.floats(0, 100)
# A joining that nobody timed says nothing of when it was, so what is known from before holds.
_POSTED = _posted(["text", "leave"], st.none() | _TIMES) | _posted(["join"], _TIMES)


@settings(max_examples=60, deadline=None)
@given(st.lists(_POSTED, max_size=30), st.integers(0, 31), st.integers(1, 9))
def test_members_stand_as_if_every_message_had_been_counted(posted: list[Message], before: int, size: int) -> None:
    # Written in the order of time, as platforms send them.
    times = sorted(one.time for one in posted if one.time is not None)
    chat = []
    for number, one in enumerate(posted):
        time = None if one.time is None else times.pop(0)
        chat.append(Message(one.platform, one.group, str(number), one.member, "", time, one.kind))
    counted, known = Standing(), Standing()
    for one in chat[: max(0, before - 1)]:
        counted.count(one, written=one.kind not in UNWRITTEN)
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "vigil.db", create=True)
        try:
            store(db, chat)
            known.know(Membership(*one) for one in history.standings_before(db, before, sorted(UNWRITTEN), size))
        finally:
            db.close()
    for group in "gh":
        for member in "mn":
            asked = Message("p", group, "asked", member, "", 1_000.0)
            ours, theirs = known.count(asked, written=True), counted.count(asked, written=True)
            assert ours[:2] == theirs[:2]
