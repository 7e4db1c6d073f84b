"""The list of members: every order and filter as the rows say, and what a search looks through kept up to date."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.name_search import NameSearch
from rules.names import sought, sought_query
from rules.records import Message
from store import member_cards, messages, roster
from store.database import Database, open_database
from store.roster_records import Change, Chosen, Sort
from tests.unit.made import NOON

DAY = roster.DAY


@dataclass(frozen=True)
class Made:
    """A member to be; `groups` are numbers of groups from 1 on, `left` those of them the member left."""

    name: str = "anna"
    layer: str = "active"
    rank: int = 0
    balance: int = 0
    joined: float | None = None
    last: float | None = None
    strikes: int = 0
    groups: tuple[int, ...] = (1,)
    left: tuple[int, ...] = ()


def make(db: Database, made: Iterable[Made]) -> list[int]:
    """Stores members with ids from 1 on, and three groups."""
    with db.transaction():
        for number in (1, 2, 3):
            db.execute(
                "INSERT INTO groups (id, platform, key, name) VALUES (?, 'p', ?, ?)",
                (number, f"g{number}", f"G{number}"),
            )
        db.execute("INSERT INTO cases (id, state, opened_at, updated_at) VALUES (1, 'decided', 0, 0)")
        for number, one in enumerate(made, 1):
            db.execute(
                "INSERT INTO members (id, platform, key, name, sought, layer, tier, tier_rank, balance, joined_at,"
                " last_at) VALUES (?, 'p', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (number, f"m{number}", one.name, sought(one.name, "", f"m{number}"), one.layer,
                 f"T{one.rank}" if one.rank else "", one.rank, one.balance, one.joined, one.last),
            )  # fmt: skip
            for group in one.groups:
                left = NOON if group in one.left else None
                db.execute(
                    "INSERT INTO memberships (member_id, group_id, left_at) VALUES (?, ?, ?)", (number, group, left)
                )
            for _ in range(one.strikes):
                decision = db.execute(
                    "INSERT INTO decisions (case_id, decision, state, staff, decided_at) VALUES (1, 'warn', 'approved',"
                    " 'ad', 0) RETURNING id"
                ).fetchone()[0]
                db.execute(
                    "INSERT INTO strikes (member_id, decision_id, rule, given_at, expires_at)"
                    " VALUES (?, ?, 'ads', 0, ?)",
                    (number, decision, NOON + 1),
                )
    return list(range(1, number + 1))


EVERYBODY = Chosen()


def listed(db: Database, chosen: Chosen = EVERYBODY, sort: Sort = Sort.JOINED, *, reverse: bool = False) -> list[int]:
    return list(roster.ids(db, chosen, sort, NOON, reverse=reverse))


MEMBERS = st.builds(
    Made,
    name=st.sampled_from(["anna", "阳光", "Bob", "", "zoe", "安娜"]),
    layer=st.sampled_from(["new", "active", "core", "silent"]),
    rank=st.integers(0, 3),
    balance=st.integers(-5, 5),
    joined=st.none() | st.integers(1, 9).map(float),
    last=st.none() | st.integers(1, 9).map(float),
    strikes=st.integers(0, 2),
)


@settings(max_examples=40)
@given(st.lists(MEMBERS, min_size=1, max_size=8), st.sampled_from(Sort), st.booleans())
def test_every_order_is_the_one_the_rows_say(made: list[Made], sort: Sort, reverse: bool) -> None:
    with TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "vigil.db", create=True)
        numbers = make(db, made)
        keys: dict[Sort, Callable[[int], float | str]] = {
            Sort.NAME: lambda n: sought(made[n - 1].name, "", f"m{n}"),
            Sort.TIER: lambda n: -made[n - 1].rank,
            Sort.POINTS: lambda n: -made[n - 1].balance,
            Sort.LAYER: lambda n: roster.LAYERS.index(made[n - 1].layer),
            Sort.LAST: lambda n: -(made[n - 1].last or 0),
            Sort.STRIKES: lambda n: -made[n - 1].strikes,
            Sort.JOINED: lambda n: -(made[n - 1].joined or 0),
        }
        # Of equals the one that was stored first comes first, either way round.
        assert listed(db, sort=sort, reverse=reverse) == sorted(numbers, key=keys[sort], reverse=reverse)
        rows = roster.rows(db, listed(db, sort=sort), NOON)
        assert [row.strikes for row in rows] == [made[row.id - 1].strikes for row in rows]
        db.close()


@pytest.fixture
def filled(db: Database) -> Database:
    make(
        db,
        [
            Made("anna", "core", 3, 100, joined=NOON - 90 * DAY, last=NOON - DAY, groups=(1, 2)),
            Made("阳光", "silent", 3, 50, joined=NOON - 80 * DAY, last=NOON - 31 * DAY, strikes=1),
            Made("陽小明", "silent", 1, 10, joined=NOON - 70 * DAY, last=NOON - 40 * DAY, groups=(2,)),
            Made("mike", "new", 0, 0, joined=NOON - 2 * DAY, groups=(2, 3), left=(3,)),
            Made("bob", "gone", 0, 0, joined=NOON - 60 * DAY, last=NOON - 50 * DAY, groups=(1, 2), left=(1, 2)),
        ],
    )
    return db


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Chosen(), [4, 3, 2, 1]),
        (Chosen(departed=True), [4, 5, 3, 2, 1]),
        (Chosen(layer="gone"), [5]),
        (Chosen(group_id=1), [2, 1]),
        (Chosen(group_id=1, departed=True), [5, 2, 1]),
        (Chosen(group_id=3), []),
        (Chosen(tier="T3"), [2, 1]),
        (Chosen(layer="silent"), [3, 2]),
        (Chosen(clean=True), [4, 3, 1]),
        (Chosen(silent_days=30), [3, 2]),
        (Chosen(silent_days=2), [4, 3, 2]),
        (Chosen(silent_days=30, clean=True, group_id=2), [3]),
        (Chosen(sought=sought_query("阳")), [3, 2]),
        (Chosen(sought=sought_query("yg")), [2]),
        (Chosen(sought=sought_query("M1")), [1]),
    ],
)
def test_a_filter_leaves_those_it_says(filled: Database, chosen: Chosen, expected: list[int]) -> None:
    assert listed(filled, chosen) == expected


def test_strikes_that_ran_out_or_were_revoked_do_not_count(filled: Database) -> None:
    assert 2 in roster.ids(filled, Chosen(clean=True), Sort.NAME, NOON + 2)
    with filled.transaction():
        filled.execute("UPDATE strikes SET revoked_at = 1")
    assert 2 in listed(filled, Chosen(clean=True))
    assert roster.rows(filled, [2], NOON)[0].strikes == 0


def test_who_wrote_after_leaving_is_there_again(filled: Database) -> None:
    with filled.transaction():
        filled.execute("UPDATE memberships SET last_at = ? WHERE member_id = 4 AND group_id = 3", (NOON + 1,))
    assert listed(filled, Chosen(group_id=3)) == [4]
    assert roster.rows(filled, [4], NOON)[0].groups == 2
    assert [group.left_at for group in member_cards.groups(filled, 4)] == [None, None]


def test_rows_come_in_the_order_asked_for_without_those_that_are_none(filled: Database) -> None:
    rows = roster.rows(filled, [3, 99, 1], NOON)
    assert [(row.id, row.called, row.groups, row.tier) for row in rows] == [
        (3, "陽小明", 1, "T1"),
        (1, "anna", 2, "T3"),
    ]


def test_groups_are_counted_and_found(filled: Database) -> None:
    assert roster.groups(filled) == [(2, "G2", 3), (1, "G1", 2), (3, "G3", 0)]
    assert roster.groups_called(filled, "G2") == roster.groups_called(filled, "g2") == [2]
    assert roster.groups_called(filled, "none") == []
    assert roster.tiers(filled) == ["T3", "T1"]


def test_a_change_is_a_filter_on_exactly_its_members(filled: Database) -> None:
    with filled.transaction():
        filled.executemany(
            "INSERT INTO standing_changes (member_id, what, before, after, rose, at) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (1, "layer", "active", "core", 0, NOON - DAY),
                (2, "layer", "active", "silent", 0, NOON - DAY),
                (3, "layer", "active", "silent", 0, NOON - DAY),
                (3, "layer", "silent", "silent", 0, NOON - DAY + 1),
                (4, "layer", "active", "silent", 0, NOON - DAY),  # is new again
                (5, "layer", "active", "gone", 0, NOON - 8 * DAY),
                (2, "tier", "T1", "T3", 1, NOON - DAY),
                (3, "tier", "T3", "T1", 0, NOON - DAY),
            ],
        )
    since = NOON - 7 * DAY
    found = roster.changes(filled, since)
    assert {(change.what, change.after, change.rose, change.members) for change in found} == {
        ("layer", "core", False, 1), ("layer", "silent", False, 2), ("tier", "T3", True, 1), ("tier", "T1", False, 1),
    }  # fmt: skip
    for change in found:
        assert len(listed(filled, Chosen(changed=change))) == change.members
    assert listed(filled, Chosen(changed=Change("layer", "silent", False, 2, since))) == [3, 2]


# --- what a search looks through ---


def write(db: Database, *written: tuple[str, str]) -> None:
    with db.transaction():
        writer = messages.MessageWriter(db, sought)
        chat = [Message("p", "g", f"{key}-{name}", key, "hello", NOON, name=name) for key, name in written]
        writer.add(chat, NOON)


def searched(db: Database, typed: str) -> list[str]:
    return [row.key for row in roster.rows(db, listed(db, Chosen(sought=sought_query(typed)), Sort.NAME), NOON)]


def test_a_name_is_found_once_it_is_stored_and_after_it_has_changed(db: Database) -> None:
    write(db, ("1", "阳光"), ("2", "anna"))
    assert searched(db, "yg") == ["1"]
    write(db, ("1", "张三"), ("2", ""))
    assert searched(db, "yg") == []
    assert searched(db, "zs") == ["1"]
    assert searched(db, "anna") == ["2"]


def test_a_new_name_leaves_the_remark_to_be_found(db: Database) -> None:
    write(db, ("1", "阳光"))
    with db.transaction():
        member_cards.set_remark(db, 1, "卖票", sought("阳光", "卖票", "1"), "ad", NOON)
    write(db, ("1", "张三"))
    assert searched(db, "mp") == ["1"]


def test_members_of_an_older_store_are_filled_in_piece_by_piece(db: Database) -> None:
    write(db, ("1", "阳光"), ("2", "anna"), ("3", ""))
    with db.transaction():
        db.execute("UPDATE members SET sought = ''")
    with db.transaction():
        assert roster.fill_sought(db, sought, 2) == 2
    with db.transaction():
        assert roster.fill_sought(db, sought, 2) == 1
    with db.transaction():
        assert roster.fill_sought(db, sought, 2) == 0
    assert searched(db, "yg") == ["1"]


@given(
    st.lists(st.text("ab阳光\t7", max_size=6).map(lambda line: line or "x"), max_size=30),
    st.lists(st.text("ab阳光7", max_size=3), max_size=6),
    st.randoms(use_true_random=False),
)
def test_a_search_finds_whose_line_holds_what_was_typed_in_the_lists_order(
    lines: list[str], typed: list[str], chance: Random
) -> None:
    ids = [3 * at + 1 for at in range(len(lines))]
    search = NameSearch((ids[at : at + 4], "\n".join(lines[at : at + 4]).encode()) for at in range(0, len(ids), 4))
    shuffled = [*ids, 1_000]
    chance.shuffle(shuffled)
    order = array("q", shuffled)
    for text in typed:
        for end in range(len(text) + 1):
            found = search.among(order, text[:end])
            holding = {number for number, line in zip(ids, lines, strict=True) if text[:end] in line}
            assert list(found) == [number for number in order if number in holding or not text[:end]]


def test_the_pieces_of_a_search_hold_every_member_once(db: Database) -> None:
    write(db, *((str(number), f"name {number}") for number in range(10)))
    with db.transaction():
        db.execute("DELETE FROM memberships WHERE member_id = 4")
        db.execute("DELETE FROM messages WHERE member_id = 4")
        db.execute("DELETE FROM members WHERE id = 4")
    pieces = list(roster.sought_in(db, span=3))
    assert [number for ids, _ in pieces for number in ids] == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert [line.decode() for _, lines in pieces for line in lines.split(b"\n")][3] == "name4"
