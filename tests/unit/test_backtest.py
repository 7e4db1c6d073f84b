"""A backtest says what rules would have hit in the stored history, and what people decided; it changes nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console import backtest as backtests
from console.backtest import Backtest, Hits, backtest
from console.desk import Desk
from console.intake import Intake
from console.platforms.base import Batch
from console.settings import Settings
from rules.engine import Engine
from rules.records import Message, MessageKey
from rules.rulebook import Rulebook, parse
from store import cases, history, lease, rulebooks, staff
from store.database import Database, open_database
from store.records import Decision, Role
from tests.unit.made import NOON, message

AD = "内部优惠券每天更新扫码进群免费领取联系客服小妹"
TALK = "周末一起去云台岭徒步吧早上八点校门口集合出发"
OLD = parse("""
version = 1
[rules.words]
kind = "words"
mode = "ask"
words = ["free cash", "lottery"]
[rules.copies]
kind = "duplicates"
mode = "ask"
count = 3
window = "10m"
min_members = 1
""")
NEW = parse("""
version = 1
[rules.words]
kind = "words"
mode = "ask"
words = ["free cash", "casino"]
[rules.known]
kind = "similar"
threshold = 85
templates = ["内部优惠券每天更新扫码进群免费领取"]
[rules.newcomers]
kind = "newcomer"
messages = 2
days = 0
thresholds = { known = 60 }
[rules.copies]
kind = "duplicates"
mode = "ask"
count = 2
window = "10m"
min_members = 1
""")


def fill(db: Database, chat: Sequence[Message], rulebook: Rulebook = OLD) -> None:
    """Take the chat in, as a worker with that rulebook does."""
    generation = lease.take(db, "serve", NOON)
    number = rulebooks.put_in_force(db, rulebook.source, NOON)
    places = Settings(db.path, db.path, db.path)
    Intake(db, places, Engine(rulebook), generation, number, clock=lambda: NOON).take(Batch(tuple(chat), ""), "test")
    lease.release(db, generation, NOON)


def outcome(db: Database, new: Rulebook = NEW, old: Rulebook = OLD, since: float | None = None) -> Backtest:
    return backtest(db, new, old, history.period(db, since), lambda _: None)


def rule(done: Backtest, name: str) -> Hits:
    return next(one for one in done.rules if one.rule == name)


def counts(one: Hits) -> tuple[int, int, int]:
    """Hit by both, only by the new rules, only by those in force."""
    return one.both, one.new - one.both, one.force - one.both


@pytest.fixture
def admin(db: Database, settings: Settings) -> Desk:
    staff.add(db, "ada", Role.OWNER, "ada", NOON)
    return Desk(db, settings, "ada", clock=lambda: NOON)


CHAT = [
    message("both", "free cash for all", member="a"),
    message("old", "buy a lottery ticket", member="b"),
    message("new", "casino tonight", member="c"),
    message("none", TALK, member="d"),
    message("ad", f"{AD}！", member="e"),
]


def test_the_difference_to_the_rules_in_force_is_counted_with_examples(db: Database) -> None:
    fill(db, CHAT)
    done = outcome(db)
    assert done.differs
    assert done.messages == 5
    assert counts(rule(done, "words")) == (1, 1, 1)
    assert counts(rule(done, "known")) == (0, 1, 0)
    assert (rule(done, "known").mode, rule(done, "known").was) == ("shadow", "")
    assert counts(done.any) == (1, 2, 1)
    assert [(one.text, one.rules) for one in done.only_new] == [
        ("casino tonight", ("words",)),
        (f"{AD}！", ("known", "newcomers")),
    ]
    assert [(one.text, one.rules) for one in done.only_old] == [("buy a lottery ticket", ("words",))]


def test_the_rules_in_force_differ_in_nothing_from_themselves(db: Database) -> None:
    fill(db, CHAT)
    done = outcome(db, OLD, OLD)
    assert not done.differs
    assert counts(rule(done, "words")) == (2, 0, 0)
    assert (done.only_new, done.only_old) == ((), ())


def test_precision_and_recall_come_from_what_people_decided(db: Database, admin: Desk) -> None:
    chat = [message(n, f"free cash {n}", member=f"m{n}") for n in range(6)]
    chat += [message(n, f"lottery {n}", member=f"m{n}") for n in range(6, 10)]
    fill(db, chat)
    listed = cases.listed(db)
    assert len(listed) == 10
    for row, decision in zip(
        listed, ["warn", "ban", "delete", "dismiss", "undone", "", "warn", "dismiss"], strict=False
    ):
        if decision == "undone":
            admin.undo(admin.decide(row.id, Decision.WARN).decision_id)
        elif decision:
            admin.decide(row.id, Decision(decision))
    done = outcome(db)
    assert (done.decided.confirmed, done.decided.dismissed) == (4, 2)
    words = rule(done, "words")
    assert (words.new, words.decided.confirmed, words.decided.dismissed) == (6, 3, 1)
    assert words.decided.precision == 0.75
    assert words.recall == 0.75
    assert rule(done, "known").recall == 0.0
    assert outcome(db, OLD, OLD).any.recall == 1.0


def test_without_decisions_there_is_neither(db: Database) -> None:
    fill(db, CHAT)
    done = outcome(db)
    assert (rule(done, "words").decided.precision, rule(done, "words").recall) == (None, None)


def test_the_copies_before_the_one_that_makes_a_campaign_are_hit_as_well(db: Database) -> None:
    fill(db, [message(n, AD, member=f"m{n}", time=NOON + n) for n in range(4)])
    done = outcome(db)
    assert counts(rule(done, "copies")) == (4, 0, 0)


@pytest.mark.parametrize("before", [0, 1, 2])
def test_what_came_before_the_period_fills_the_windows(db: Database, before: int) -> None:
    chat = [message(n, AD, member=f"m{n}", time=NOON - 60 + n) for n in range(before)]
    chat += [message(f"in{n}", AD, member=f"in{n}", time=NOON + n) for n in range(2)]
    fill(db, chat)
    done = outcome(db, OLD, OLD, since=NOON)
    assert done.messages == 2
    assert done.warmed == before
    assert rule(done, "copies").new == (0 if before == 0 else 2)


def test_who_is_new_is_known_from_what_came_before_the_period(db: Database) -> None:
    half = "内部优惠券每天更新谢谢大家支持我们的活动"
    book = parse("""
version = 1
[rules.known]
kind = "similar"
threshold = 95
templates = ["内部优惠券每天更新扫码进群免费领取"]
[rules.newcomers]
kind = "newcomer"
messages = 3
days = 0
thresholds = { known = 50 }
""")
    before = [message(f"old{n}", f"hello {n}", member="old", time=NOON - 999_999 + n) for n in range(5)]
    fill(db, [*before, message("x", half, member="old"), message("y", half + "呀", member="new")])
    done = outcome(db, book, book, since=NOON)
    hit = rule(done, "newcomers")
    assert (done.messages, hit.new) == (2, 1)


def test_old_messages_taken_in_late_are_no_part_of_the_period(db: Database) -> None:
    fill(db, [message(1, "free cash"), message(2, "free cash", member="n", time=NOON - 1e6), message(3, "hi")])
    done = outcome(db, since=NOON)
    assert (done.messages, done.any.new, done.first, done.last) == (2, 1, NOON, NOON)


def test_a_table_of_thresholds_shows_what_others_would_hit(db: Database, admin: Desk) -> None:
    texts = [AD, AD[:17], AD[:12] + TALK[:5], AD[:9] + TALK[:8], TALK, "free cash"]
    fill(db, [message(n, text, member=f"m{n}", time=NOON + 9_999 * n) for n, text in enumerate(texts)])
    admin.decide(cases.listed(db)[0].id, Decision.WARN)
    ((name, rows),) = outcome(db).thresholds
    assert name == "known"
    assert [row.threshold for row in rows] == [float(threshold) for threshold in range(50, 101, 5)]
    assert [row.threshold for row in rows if row.set] == [85.0]
    for row in rows:
        other = parse(NEW.source.replace("threshold = 85", f"threshold = {row.threshold}"))
        assert row.hits == rule(outcome(db, other), "known").new
    assert rows[0].hits > rows[7].hits > 0
    assert {row.recall for row in rows} == {0.0}


def test_nothing_in_the_store_changes(db: Database, admin: Desk) -> None:
    fill(db, CHAT)
    admin.decide(cases.listed(db)[0].id, Decision.WARN)
    before = list(db.connection.iterdump())
    db.execute("PRAGMA query_only = ON")
    outcome(db)
    db.execute("PRAGMA query_only = OFF")
    assert list(db.connection.iterdump()) == before


def test_a_worker_may_write_meanwhile(db: Database, store: Path) -> None:
    fill(db, [message(n, f"free cash {n}", member=f"m{n}", time=NOON + n) for n in range(backtests.CHUNK + 1)])
    other = open_database(store)
    written = []

    def progress(done: int) -> None:
        written.append(done)
        fill(db, [message(f"late{len(written)}", "free cash", time=NOON + 9_999)])

    try:
        done = backtest(other, NEW, OLD, history.period(other, None), progress)
    finally:
        other.close()
    assert written == [backtests.CHUNK, 1]
    assert done.messages == backtests.CHUNK + 1


_posted = st.tuples(
    st.sampled_from([AD, AD[:15], TALK, "free cash", "casino", "好"]), st.sampled_from("gh"), st.sampled_from("mno"),
    st.sampled_from([0.0, 5.0, 700.0]),
)  # fmt: skip


def _found(rulebook: Rulebook, chat: Sequence[Message]) -> dict[str, set[MessageKey]]:
    hit: dict[str, set[MessageKey]] = {one.name: set() for one in rulebook.rules}
    for posted, findings in zip(chat, Engine(rulebook).judge(chat), strict=True):
        for one in findings:
            hit[one.rule] |= {posted.key, *one.earlier}
    return hit


@settings(max_examples=40, deadline=None)
@given(st.lists(_posted, max_size=30))
def test_it_counts_what_the_rules_find(posted: list[tuple[str, str, str, float]]) -> None:
    chat: list[Message] = []
    at = NOON
    for text, group, member, later in posted:
        at += later
        chat.append(message(len(chat), text, group, member, at))
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "vigil.db", create=True)
        try:
            fill(db, chat)
            done = outcome(db)
        finally:
            db.close()
    new, old = _found(NEW, chat), _found(OLD, chat)
    for name in {*new, *old}:
        mine, theirs = new.get(name, set()), old.get(name, set())
        assert counts(rule(done, name)) == (len(mine & theirs), len(mine - theirs), len(theirs - mine))
    mine, theirs = set().union(*new.values()), set().union(*old.values())
    assert counts(done.any) == (len(mine & theirs), len(mine - theirs), len(theirs - mine))
