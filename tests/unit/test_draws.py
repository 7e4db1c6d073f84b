"""Draws at the desk, from opening to a result: each step once, by whom it may be done, and told once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.desk import Desk, NotAllowed
from console.settings import Settings
from rules.draw_result import verify
from store import audit, draws, posts, staff
from store.database import Database
from store.draw_records import DrawState, NewDraw
from store.errors import Conflict, NotFound, StoreError
from store.records import Role
from tests.unit.draws_made import LATER, drawn, everybody, owners_desk, populate
from tests.unit.made import NOON, message, take


@pytest.fixture
def desk(db: Database, settings: Settings) -> Desk:
    return owners_desk(db, settings)


def test_a_draw_from_opening_to_a_result_that_anyone_can_verify(desk: Desk) -> None:
    populate(desk.db, 9)
    opened = desk.draws.open(everybody(public_value_of="closing value"))
    closed = desk.draws.commit(opened.id)
    assert (closed.draw.state, closed.draw.entries, closed.left_out, closed.known) == (DrawState.COMMITTED, 9, 0, False)
    held = desk.draws.draw(opened.id, "3127.44")
    found = verify(desk.draws.full(held.draw), closed.text)
    assert (found.entries, len(found.winners)) == (9, 2)
    assert held.draw.secret_sha256 in closed.text
    assert held.draw.revealed in held.text
    assert [row.event for row in audit.rows(desk.db, 3)] == ["draw.draw", "draw.commit", "draw.open"]


def test_the_secret_is_nowhere_to_be_read_before_the_draw(desk: Desk) -> None:
    populate(desk.db, 5)
    opened = desk.draws.open(everybody())
    desk.draws.commit(opened.id)
    desk.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sealed = desk.db.path.read_bytes()
    secret = desk.draws.draw(opened.id).draw.revealed
    assert secret.encode() not in sealed
    assert bytes.fromhex(secret) not in sealed
    assert desk.db.value("SELECT secret FROM draws") is None


def test_each_step_done_again_changes_nothing_and_tells_the_same(desk: Desk) -> None:
    populate(desk.db, 9)
    opened = desk.draws.open(everybody(public_value_of="closing value"))
    assert desk.draws.commit(opened.id).text == (again := desk.draws.commit(opened.id)).text
    assert again.known
    first = desk.draws.draw(opened.id, "1")
    assert desk.draws.draw(opened.id) == replace(first, known=True)
    assert desk.draws.commit(opened.id).text == again.text
    winner = draws.places(desk.db, opened.id)[0].member_id
    redrawn = desk.draws.redraw(opened.id, winner, "no answer")
    assert desk.draws.redraw(opened.id, winner, "another reason") == replace(redrawn, known=True)
    assert desk.db.value("SELECT count(*) FROM draw_winners") == 3
    assert desk.db.value("SELECT count(*) FROM audit WHERE event LIKE 'draw.%'") == 4


def test_steps_out_of_order_are_refused_with_what_comes_first(desk: Desk) -> None:
    one, *_ = populate(desk.db, 4)
    plain = desk.draws.open(everybody("Plain"))
    valued = desk.draws.open(everybody("Valued", public_value_of="closing value"))
    with pytest.raises(Conflict, match="not closed yet"):
        desk.draws.draw(plain.id)
    with pytest.raises(Conflict, match="not drawn yet"):
        desk.draws.redraw(plain.id, one, "why")
    with pytest.raises(Conflict, match="not closed yet"):
        desk.draws.closed_words(plain)
    desk.draws.commit(plain.id)
    desk.draws.commit(valued.id)
    with pytest.raises(Conflict, match="nobody can enter"):
        desk.draws.enter(plain.id, [one])
    with pytest.raises(Conflict, match="no public value was named"):
        desk.draws.draw(plain.id, "3")
    with pytest.raises(Conflict, match="closing value"):
        desk.draws.draw(valued.id)
    desk.draws.draw(valued.id, "3")
    with pytest.raises(Conflict, match="with the public value 3"):
        desk.draws.draw(valued.id, "4")
    with pytest.raises(Conflict, match="cannot be cancelled"):
        desk.draws.cancel(valued.id)
    desk.draws.cancel(plain.id)
    assert desk.draws.cancel(plain.id).state is DrawState.CANCELLED
    for step in (desk.draws.commit, desk.draws.draw):
        with pytest.raises(Conflict, match="is cancelled"):
            step(plain.id)


def test_a_draw_without_entries_is_not_closed(desk: Desk) -> None:
    opened = desk.draws.open(NewDraw("Nobody", 1))
    with pytest.raises(Conflict, match="nobody can win"):
        desk.draws.commit(opened.id)
    assert draws.get(desk.db, opened.id).state is DrawState.OPEN


@pytest.mark.parametrize(
    "new",
    [
        NewDraw("", 1),
        NewDraw("a\nb", 1),
        NewDraw("x" * 81, 1),
        NewDraw("17", 1),
        NewDraw("ok", 1, word="a\x1b"),
        NewDraw("ok", 1, public_value_of="\u202e"),
    ],
)
def test_words_that_would_break_the_list_are_refused(desk: Desk, new: NewDraw) -> None:
    with pytest.raises(StoreError, match="characters"):
        desk.draws.open(new)
    assert draws.listed(desk.db) == []


def test_a_name_stays_a_draws_own(desk: Desk) -> None:
    desk.draws.cancel(desk.draws.open(NewDraw("Spring", 1)).id)
    with pytest.raises(Conflict, match="keeps its name"):
        desk.draws.open(NewDraw("Spring", 1))


# --- who may ---


def test_below_the_role_of_the_settings_one_only_looks(desk: Desk) -> None:
    opened = drawn(desk)
    staff.add(desk.db, "mo", Role.MODERATOR, "ow", NOON)
    mo = Desk(desk.db, desk.settings, "mo", clock=lambda: LATER)
    group = posts.find_group(desk.db, "g")
    steps: list[Callable[[], object]] = [
        lambda: mo.draws.open(NewDraw("Mine", 1)),
        lambda: mo.draws.enter(opened.id, [1]),
        lambda: mo.draws.commit(opened.id),
        lambda: mo.draws.draw(opened.id),
        lambda: mo.draws.redraw(opened.id, 1, "why"),
        lambda: mo.draws.cancel(opened.id),
        lambda: mo.draws.post(opened.id, group),
    ]
    before = list(desk.db.connection.iterdump())
    for step in steps:
        with pytest.raises(NotAllowed, match="admin"):
            step()
    assert list(desk.db.connection.iterdump()) == before
    assert mo.draws.closed_words(draws.get(desk.db, opened.id))
    lowered = Desk(desk.db, replace(desk.settings, draw=Role.MODERATOR), "mo", clock=lambda: LATER)
    assert not lowered.draws.draw(opened.id).known


# --- telling groups ---


def test_a_group_is_told_each_result_once(desk: Desk) -> None:
    opened = drawn(desk)
    group = posts.find_group(desk.db, "g")
    assert [desk.draws.post(opened.id, group) for _ in range(2)] == [True, False]
    held = desk.draws.draw(opened.id)
    assert [desk.draws.post(opened.id, group) for _ in range(2)] == [True, False]
    redrawn = desk.draws.redraw(opened.id, draws.places(desk.db, opened.id)[0].member_id, "why")
    assert desk.draws.post(opened.id, group)
    rows = desk.db.execute("SELECT kind, member_id, text, state FROM actions ORDER BY id").fetchall()
    assert [row[2] for row in rows] == [desk.draws.commit(opened.id).text, held.text, redrawn.text]
    assert {(row[0], row[1], row[3]) for row in rows} == {("send", None, "waiting")}


def test_no_group_is_told_of_a_draw_that_was_called_off_or_is_open(desk: Desk) -> None:
    opened = desk.draws.open(everybody())
    populate(desk.db, 3)
    group = posts.find_group(desk.db, "g")
    with pytest.raises(Conflict, match="not closed yet"):
        desk.draws.post(opened.id, group)
    desk.draws.commit(opened.id)
    desk.draws.cancel(opened.id)
    with pytest.raises(Conflict, match="is cancelled"):
        desk.draws.post(opened.id, group)


def test_a_draw_is_found_by_its_name_or_id(desk: Desk) -> None:
    one, two = (desk.draws.open(NewDraw(name, 1)) for name in ("Spring", "spring"))
    assert draws.find(desk.db, "Spring") == one.id
    assert draws.find(desk.db, " spring ") == two.id
    assert draws.find(desk.db, f"#{two.id}") == two.id
    with pytest.raises(NotFound, match="there are: spring, Spring"):
        draws.find(desk.db, "Summer")


def test_a_group_is_found_by_its_id_or_name(db: Database) -> None:
    take(db, [(replace(message("1", group="g1"), group_name="Tea"), ())])
    take(db, [(replace(message("2", group="g2"), group_name="Tea"), ())])
    assert posts.find_group(db, "g2") == posts.find_group(db, "replay:g2") == 2
    with pytest.raises(NotFound, match="replay:g1, replay:g2"):
        posts.find_group(db, "Tea")
    with pytest.raises(NotFound, match="no group"):
        posts.find_group(db, "Coffee")
