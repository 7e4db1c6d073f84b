"""Killed at every step of a draw, the same command given again comes to the same winners."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.access import system_user
from console.desk import Desk
from console.settings import Settings
from rules.draw_result import verify
from store import audit, draws, staff
from store.database import Database, open_database
from store.draw_records import DrawState, NewDraw
from store.perk_records import Eligibility
from store.records import Role
from tests.unit.killing import killed
from tests.unit.killing_runs import STORE
from tests.unit.made import NOON, message, take


@contextmanager
def at_desk(folder: Path, *, create: bool = False) -> Iterator[Desk]:
    db = open_database(folder / STORE, create=create)
    try:
        if create:
            staff.add(db, system_user(), Role.OWNER, "ada", NOON)
        settings = Settings(folder / "vigil.toml", folder / STORE, folder / "rulebook.toml")
        yield Desk(db, settings, system_user())
    finally:
        db.close()


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A folder with a store of six members and an open draw with two winners."""
    folder = tmp_path / "template"
    folder.mkdir()
    (folder / "vigil.toml").write_text("", "utf-8")
    (folder / "rulebook.toml").write_text("version = 1\n", "utf-8")
    with at_desk(folder, create=True) as desk:
        take(desk.db, [(message(n, f"hello {n}", member=f"m{n}"), ()) for n in range(6)])
        desk.draws.open(NewDraw("Spring draw", 2, eligible=Eligibility()))
    return folder


def after_kills(run: str, template: Path, tmp_path: Path) -> Iterator[Desk]:
    """The desks at all stores after a kill, each one step later, and after the same command once more."""
    for folder in killed(run, template, tmp_path / "work"):
        with at_desk(folder) as desk:
            yield desk


def posts(db: Database) -> list[str]:
    return [text for (text,) in db.execute("SELECT text FROM actions ORDER BY id")]


def events(db: Database) -> list[str]:
    return [row.event for row in audit.rows(db) if row.event.startswith("draw.")][::-1]


def test_an_opening_leaves_a_draw_with_a_secret_or_none(template: Path, tmp_path: Path) -> None:
    outcomes = set()
    for desk in after_kills("open", template, tmp_path):
        rows = desk.db.execute("SELECT name, secret IS NOT NULL, secret_sha256 <> '' FROM draws ORDER BY id").fetchall()
        outcomes.add(tuple(rows[1:]))
    assert outcomes == {(), (("Other draw", 1, 1),)}


def test_a_list_is_closed_once_and_the_group_told_once(template: Path, tmp_path: Path) -> None:
    lists = set()
    for desk in after_kills("commit", template, tmp_path):
        draw = draws.get(desk.db, 1)
        assert (draw.state, draw.entries) == (DrawState.COMMITTED, 6)
        assert posts(desk.db) == [desk.draws.closed_words(draw)]
        assert events(desk.db) == ["draw.open", "draw.commit", "draw.post"]
        lists.add(draws.entries(desk.db, 1))
    assert len(lists) == 1


def test_a_draw_is_held_once_with_the_same_winners(template: Path, tmp_path: Path) -> None:
    with at_desk(template) as desk:
        published = desk.draws.commit(1).text
    winners = set()
    for desk in after_kills("draw", template, tmp_path):
        draw = draws.get(desk.db, 1)
        winners.add(verify(desk.draws.full(draw), published).winners)
        assert posts(desk.db) == [desk.draws.told(draw)]
        assert events(desk.db) == ["draw.open", "draw.commit", "draw.draw", "draw.post"]
    assert len(winners) == 1


def test_one_winner_is_replaced_once(template: Path, tmp_path: Path) -> None:
    with at_desk(template) as desk:
        desk.draws.commit(1)
        held = desk.draws.draw(1)
        # So the command calls the first of them.
        first = draws.places(desk.db, 1)[0].member_id
        desk.db.execute("UPDATE members SET name = 'winner' WHERE id = ?", (first,))
        before = verify(desk.draws.full(held.draw)).winners
    after = set()
    for desk in after_kills("redraw", template, tmp_path):
        found = verify(desk.draws.full(draws.get(desk.db, 1)))
        assert (found.redraws, found.winners[1]) == (1, before[1])
        assert len(posts(desk.db)) == 1
        assert events(desk.db) == ["draw.open", "draw.commit", "draw.draw", "draw.redraw", "draw.post"]
        after.add(found.winners[0])
    assert len(after) == 1
    assert after != {before[0]}
