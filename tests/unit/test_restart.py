"""A worker that starts again goes on judging as if it had never stopped."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.intake import Intake
from console.platforms.base import Batch
from console.settings import Settings
from rules.engine import Engine
from rules.records import Message
from rules.rulebook import parse
from store import cases, lease, rulebooks
from store.database import Database, open_database
from tests.unit.made import NOON, Vigil, message, record

RULEBOOK = """
version = 1
[rules.campaign]
kind = "duplicates"
mode = "ask"
count = 4
window = "10m"
[rules.flood]
kind = "flood"
mode = "ask"
messages = 5
window = "10s"
"""
AD = "内部优惠券每天更新，扫码进群免费领取，联系客服小妹"
TEXTS = [
    AD,
    "周末一起去云台岭徒步吧早上八点校门口集合出发",
    "the library closes early on friday because of the inventory",
    "好",
]

Judged = list[tuple[bool, list[tuple[str, str]]]]


def copies(count: int) -> list[Message]:
    return [message(n, f"{AD}{'！' * (n % 3)}", f"g{n % 5}", f"m{n % 9}", NOON + 10 * n) for n in range(count)]


def judged(db: Database) -> Judged:
    """Every open case: whether it is a campaign, and its flags."""
    found: Judged = []
    for case in cases.listed(db):
        flags = db.execute(
            "SELECT m.key, f.rule FROM flags f JOIN messages m ON m.id = f.message_id WHERE f.case_id = ?"
            " ORDER BY m.key, f.rule",
            (case.id,),
        )
        found.append((case.campaign, flags.fetchall()))
    return sorted(found)


def work(db: Database, batches: Sequence[Sequence[Message]]) -> None:
    """One worker's life: it starts, takes these batches in, and ends."""
    rulebook = parse(RULEBOOK)
    generation = lease.take(db, "serve", NOON)
    number = rulebooks.put_in_force(db, rulebook.source, NOON)
    places = Settings(db.path, db.path, db.path)
    intake = Intake(db, places, Engine(rulebook), generation, number, clock=lambda: NOON)
    intake.warm()
    intake.settle()
    for place, batch in enumerate(batches):
        intake.take(Batch(tuple(batch), str(place)), "test")
    lease.release(db, generation, NOON)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_campaign_cut_by_a_restart_is_one_case(db: Database, cut: int) -> None:
    chat = copies(12)
    work(db, [chat[:cut]])
    work(db, [chat[cut:]])
    (case,) = cases.listed(db)
    assert (case.campaign, case.messages, case.members, case.groups) == (True, 12, 9, 5)


def test_a_campaign_with_a_restart_after_every_message_is_one_case(db: Database) -> None:
    for copy in copies(12):
        work(db, [[copy]])
    assert [case.messages for case in cases.listed(db)] == [12]


def test_a_flood_cut_by_a_restart_is_one_case(db: Database) -> None:
    for number in range(7):
        work(db, [[message(number, TEXTS[number % 4], time=NOON + number)]])
    (case,) = cases.listed(db)
    assert (case.rule, case.messages) == ("flood", 7)


def test_what_came_again_after_a_restart_counts_once(db: Database) -> None:
    chat = copies(3)
    for _ in range(3):
        work(db, [chat])
    assert cases.listed(db) == []


def test_old_copies_are_no_part_of_a_new_campaign(db: Database) -> None:
    work(db, [copies(3)])
    work(db, [[message("late", AD, "g", "late", NOON + 3_600)]])
    assert cases.listed(db) == []


def test_a_campaign_cut_by_the_end_of_a_recording_is_one_case(tmp_path: Path, store: Path, vigil: Vigil) -> None:
    chat = copies(12)
    for name, part in (("one", chat[:2]), ("two", chat[2:6]), ("three", chat[6:])):
        done = vigil("replay", record(tmp_path / name, part), "--speed", "max", "--store", store)
        assert done.returncode == 0, done.stderr
    with_cases = open_database(store)
    try:
        assert [(case.campaign, case.messages) for case in cases.listed(with_cases)] == [(True, 12)]
    finally:
        with_cases.close()


_posted = st.tuples(
    st.sampled_from(TEXTS), st.sampled_from("gh"), st.sampled_from("mno"), st.sampled_from([0.0, 1.0, 3.0, 90.0, 400.0])
)


@settings(max_examples=40, deadline=None)
@given(st.lists(_posted, max_size=40), st.lists(st.integers(0, 40), max_size=3), st.integers(1, 9))
def test_restarts_anywhere_make_no_difference(
    posted: list[tuple[str, str, str, float]], cuts: list[int], size: int
) -> None:
    chat: list[Message] = []
    at = NOON
    for text, group, member, later in posted:
        at += later
        chat.append(message(len(chat), text, group, member, at))
    edges = [0, *sorted(cuts), len(chat)]
    lives = [chat[start:end] for start, end in pairwise(edges)]
    found: list[Judged] = []
    for parts in ([chat], lives):
        with tempfile.TemporaryDirectory() as folder:
            db = open_database(Path(folder) / "vigil.db", create=True)
            try:
                for life in parts:
                    work(db, [life[start : start + size] for start in range(0, len(life), size)])
                found.append(judged(db))
            finally:
                db.close()
    assert found[0] == found[1]
