"""Killed at every step between reservation and confirmation, nobody gets a code twice and no code is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.settings import Settings
from store import staff
from store.database import Database, open_database
from store.perk_records import GrantState
from store.records import Role
from store.vault import key_path
from tests.unit.killing import killed
from tests.unit.killing_runs import NOTHING, STORE
from tests.unit.perks_made import (
    check_books,
    codes,
    community,
    coupon,
    desk_of,
    now,
    numbered,
    once_each,
    pool_of,
    received,
)

POOL = codes(4)
RULES = 'version = 1\n[rules.ads]\nkind = "words"\nmode = "ask"\nwords = ["x"]\ntext = "no"\n'
"""A rulebook that is read quickly, for each of many processes."""


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    db = open_database(path, create=True)
    try:
        yield db
    finally:
        db.close()


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A folder with a store of two members and a perk that costs 30 of their 100 points, with four codes."""
    folder = tmp_path / "template"
    folder.mkdir()
    (folder / "vigil.toml").write_text("[outbox]\nundo_seconds = 0\n", "utf-8")
    (folder / "rulebook.toml").write_text(RULES, "utf-8")
    (folder / NOTHING).write_bytes(b"")
    (folder / "codes.csv").write_text("\n".join(["code", *codes(4, "NEW")]), "utf-8")
    with opened(folder / STORE) as db:
        from console.access import system_user

        staff.add(db, system_user(), Role.OWNER, "ada", now())
        staff.add(db, "ben", Role.ADMIN, "ada", now())
        community(db, 2, at=now())
        coupon(desk_of(db, settings_of(folder), at=now()), POOL, cost=30)
    return folder


def settings_of(folder: Path) -> Settings:
    return Settings(folder / "vigil.toml", folder / STORE, folder / "rulebook.toml", undo_seconds=0)


def states(db: Database) -> list[str]:
    return [state for (state,) in db.execute("SELECT state FROM grants ORDER BY id")]


def test_a_console_killed_at_any_step_of_giving_has_given_all_or_nothing(template: Path, tmp_path: Path) -> None:
    for folder in killed("grant", template, tmp_path / "work"):
        # The same command was given again, and a worker came.
        with opened(folder / STORE) as db:
            check_books(db)
            assert states(db) == ["sent"] * 2
            assert [row[0] for row in db.execute("SELECT balance FROM members")] == [70] * 2
            assert pool_of(db) == POOL
        assert once_each(folder / STORE, POOL) == 2


def test_a_console_killed_at_any_step_of_approving_has_given_all_or_nothing(template: Path, tmp_path: Path) -> None:
    with opened(template / STORE) as db:
        mo = desk_of(db, settings_of(template), "mo", Role.MODERATOR, at=now())
        assert not mo.perks.dispatch(1, [1, 2], key="once").approved
    outcomes = set()
    for folder in killed("approve", template, tmp_path / "work"):
        with opened(folder / STORE) as db:
            check_books(db)
            outcomes.add((tuple(states(db)), once_each(folder / STORE, POOL)))
    assert outcomes == {(("proposed",) * 2, 0), (("sent",) * 2, 2)}


def test_a_console_killed_at_any_step_of_an_undo_has_taken_back_all_or_nothing(template: Path, tmp_path: Path) -> None:
    with opened(template / STORE) as db:
        desk_of(db, settings_of(template), at=now()).perks.dispatch(1, [1, 2], key="once")
    outcomes = set()
    for folder in killed("undo", template, tmp_path / "work"):
        with opened(folder / STORE) as db:
            check_books(db)
            outcomes.add((tuple(states(db)), once_each(folder / STORE, POOL)))
    assert outcomes == {(("returned",) * 2, 0), (("sent",) * 2, 2)}


def test_a_worker_killed_at_any_step_sends_each_code_once(template: Path, tmp_path: Path) -> None:
    with opened(template / STORE) as db:
        desk_of(db, settings_of(template), at=now()).perks.dispatch(1, [1, 2], key="once")
    for folder in killed("work", template, tmp_path / "work"):
        with opened(folder / STORE) as db:
            check_books(db)
            assert states(db) == ["sent"] * 2
        assert once_each(folder / STORE, POOL) == 2


def test_a_worker_killed_while_it_makes_up_for_a_killed_one_sends_each_code_once(
    template: Path, tmp_path: Path
) -> None:
    with opened(template / STORE) as db:
        desk_of(db, settings_of(template), at=now()).perks.dispatch(1, [1, 2], key="once")
        # Where a kill between sending and noting leaves it.
        left_sending = {"state": "sending", "generation": 0}
        db.execute("UPDATE actions SET state = :state, generation = :generation", tuple(left_sending.values()))
    for folder in killed("work", template, tmp_path / "work"):
        with opened(folder / STORE) as db:
            check_books(db)
            assert states(db) == ["sent"] * 2
        assert once_each(folder / STORE, POOL) == 2


def test_where_a_platform_cannot_tell_a_message_sent_twice_a_person_settles_what_the_kill_left_open(
    template: Path, tmp_path: Path
) -> None:
    with opened(template / STORE) as db:
        desk_of(db, settings_of(template), at=now()).perks.dispatch(1, [1, 2], key="once")
    unsure = 0
    for folder in killed("careless", template, tmp_path / "work"):
        with opened(folder / STORE) as db:
            check_books(db)
            assert set(states(db)) <= {"sent", "unknown"}
            got = set(received(folder / STORE))
            once_each(folder / STORE, POOL)
            desk = desk_of(db, settings_of(folder), at=now())
            for grant in desk.perks.grants(states=(GrantState.UNKNOWN,)):
                unsure += 1
                desk.perks.settle(grant.id, arrived=f"m{grant.member_id}" in got)
            check_books(db)
            # Whose message was lost gets another code, and nobody a second one.
            lost = [grant.member_id for grant in desk.perks.grants(states=(GrantState.RETURNED,))]
            if lost:
                assert desk.perks.dispatch(1, [1, 2], key="again").members == len(lost)
            assert len(got) + len(lost) == 2
            check_books(db)
    assert unsure > 0


def test_a_person_killed_while_settling_has_settled_or_not(template: Path, tmp_path: Path) -> None:
    with opened(template / STORE) as db:
        desk_of(db, settings_of(template), at=now()).perks.dispatch(1, [1], key="once")
        db.execute("UPDATE actions SET state = 'unknown'")
        db.execute("UPDATE grants SET state = 'unknown'")
    outcomes = set()
    for folder in killed("settle", template, tmp_path / "work"):
        with opened(folder / STORE) as db:
            check_books(db)
            spoiled = db.value("SELECT count(*) FROM vouchers WHERE spoiled_at IS NOT NULL")
            outcomes.add((*states(db), spoiled, db.value("SELECT balance FROM members WHERE id = 1")))
    assert outcomes == {("unknown", 0, 70), ("returned", 1, 100)}


@pytest.mark.parametrize("first", [False, True], ids=["with a key", "the first codes of a store"])
def test_an_import_killed_at_any_step_has_stored_all_codes_or_none(template: Path, tmp_path: Path, first: bool) -> None:
    before = [] if first else POOL
    if first:
        with opened(template / STORE) as db:
            db.execute("DELETE FROM vouchers")
            db.execute("DELETE FROM vault")
        key_path(template / STORE).unlink()
    outcomes = set()
    for folder in killed("import", template, tmp_path / "work"):
        with opened(folder / STORE) as db:
            check_books(db)
            if db.value("SELECT count(*) FROM vouchers"):
                outcomes.add(tuple(pool_of(db)))
            else:
                outcomes.add(())
                coupon_codes = numbered(codes(2, "AFTER"))
                desk_of(db, settings_of(folder), at=now()).perks.import_codes(1, coupon_codes)
                assert len(pool_of(db)) == 2
    assert outcomes == {tuple(before), (*before, *codes(4, "NEW"))}


def test_a_change_of_the_key_killed_at_any_step_leaves_a_store_and_a_key_that_fit(
    template: Path, tmp_path: Path
) -> None:
    old = key_path(template / STORE).read_bytes()
    keys = set()
    for folder in killed("rekey", template, tmp_path / "work"):
        with opened(folder / STORE) as db:
            assert pool_of(db) == POOL
            check_books(db)
            # The next code that is needed is found, too.
            assert desk_of(db, settings_of(folder), at=now()).perks.dispatch(1, [1], key="x").members == 1
        left = [path.name for path in folder.glob("*.key*")]
        assert left == [key_path(folder / STORE).name]
        keys.add(key_path(folder / STORE).read_bytes() == old)
    assert keys == {True, False}
