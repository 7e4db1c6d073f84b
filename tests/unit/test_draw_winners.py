"""Who wins a draw: one result however many ask and whatever fails, without who cannot win, and with replacements."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from console.desk import Desk
from console.settings import Settings
from rules.draw_result import verify
from store import draws, vault
from store.database import Database, open_database
from store.draw_records import Draw, DrawState, PlaceState
from store.errors import Conflict, StoreError
from tests.unit.draws_made import LATER, ban, drawn, everybody, leave, member_id, owners_desk, populate


@pytest.fixture
def desk(db: Database, settings: Settings) -> Desk:
    return owners_desk(db, settings)


def test_who_was_banned_or_left_since_the_list_was_closed_is_skipped_and_named(desk: Desk) -> None:
    opened = drawn(desk, 8, 8)
    ban(desk.db, member_id(desk.db, "m1"))
    leave(desk.db, "m2")
    held = desk.draws.draw(opened.id)
    found = verify(desk.draws.full(held.draw))
    assert (len(found.winners), found.skipped, found.entries) == (6, 2, 8)
    reasons = {one.member_id: one.reason for one in draws.places(desk.db, opened.id)}
    assert reasons[member_id(desk.db, "m1")] == "banned"
    assert reasons[member_id(desk.db, "m2")] == "left"
    assert sum(1 for line in held.text.splitlines() if line.startswith("跳过")) == 2


def test_a_redraw_replaces_the_one_winner_by_the_next_ticket_and_skips_who_cannot_win(desk: Desk) -> None:
    opened = drawn(desk)
    desk.draws.draw(opened.id)
    before = draws.places(desk.db, opened.id)
    order = verify_order(desk, opened)
    ban(desk.db, member_id(desk.db, order[3]))
    desk.draws.redraw(opened.id, before[1].member_id, "no\nanswer")
    after = draws.places(desk.db, opened.id)
    assert [one.state for one in after] == [
        PlaceState.WINNER, PlaceState.REPLACED, PlaceState.WINNER, PlaceState.SKIPPED, PlaceState.WINNER,
    ]  # fmt: skip
    assert after[4].member_id == member_id(desk.db, order[4])
    assert after[4].instead_of == 2
    full = desk.draws.full(draws.get(desk.db, opened.id))
    assert verify(full).winners == (before[0].entry, after[4].entry, before[2].entry)
    assert "no answer" in full
    # The one who came in may be replaced as well.
    desk.draws.redraw(opened.id, after[4].member_id, "gave it away")
    assert verify(desk.draws.full(draws.get(desk.db, opened.id))).redraws == 2


def verify_order(desk: Desk, draw: Draw) -> list[str]:
    """The keys of the members on the list by their tickets, recomputed as anyone could."""
    row = desk.db.execute("SELECT revealed, entries, public_value FROM draws WHERE id = ?", (draw.id,)).fetchone()
    listed = sha256(row[1].encode()).hexdigest()
    seed = sha256(f"{row[0]}\n{listed}\n{row[2]}\n".encode()).hexdigest()
    lines = row[1].split("entries: ")[1].splitlines()[1:]
    lines.sort(key=lambda line: sha256(f"{seed} {line}".encode()).hexdigest())
    return [line.split(" ")[1].partition(":")[2] for line in lines]


def test_a_redraw_is_refused_where_it_cannot_be(desk: Desk) -> None:
    opened = drawn(desk, 3, 2)
    desk.draws.draw(opened.id)
    one, two = draws.places(desk.db, opened.id)
    losers = {r[0] for r in desk.db.execute("SELECT id FROM members")} - {one.member_id, two.member_id}
    with pytest.raises(Conflict, match="did not win"):
        desk.draws.redraw(opened.id, losers.pop(), "why")
    with pytest.raises(StoreError, match="needs a reason"):
        desk.draws.redraw(opened.id, one.member_id, " \n ")
    desk.draws.redraw(opened.id, one.member_id, "why")
    with pytest.raises(Conflict, match="at its end"):
        desk.draws.redraw(opened.id, two.member_id, "why")


@limits(max_examples=25)
@given(st.data())
def test_any_history_of_bans_leavings_and_redraws_verifies(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "vigil.db", create=True)
        try:
            settings = Settings(Path(folder) / "vigil.toml", db.path, Path(folder) / "rulebook.toml")
            desk = owners_desk(db, settings)
            count = data.draw(st.integers(1, 10))
            opened = drawn(desk, count, data.draw(st.integers(1, 5)))
            for number in data.draw(st.sets(st.integers(0, count - 1))):
                ban(db, member_id(db, f"m{number}"))
            desk.draws.draw(opened.id)
            for _ in range(data.draw(st.integers(0, 4))):
                won = [one for one in draws.places(db, opened.id) if one.state is PlaceState.WINNER]
                if not won:
                    break
                try:
                    desk.draws.redraw(opened.id, data.draw(st.sampled_from(won)).member_id, "why")
                except Conflict as refused:
                    assert "at its end" in str(refused)  # noqa: PT017
            found = verify(desk.draws.full(draws.get(db, opened.id)))
            winning = {one.entry for one in draws.places(db, opened.id) if one.state is PlaceState.WINNER}
            assert set(found.winners) == winning
        finally:
            db.close()


# --- several at once, and what goes wrong ---


def test_of_two_desks_one_draws_and_both_tell_the_same(desk: Desk) -> None:
    opened = drawn(desk)
    other = open_database(desk.db.path)
    try:
        beside = Desk(other, desk.settings, "ow", clock=lambda: LATER)
        first, second = desk.draws.draw(opened.id), beside.draws.draw(opened.id)
        assert (first.known, second.known) == (False, True)
        assert first.text == second.text
        assert beside.draws.commit(opened.id).known
    finally:
        other.close()


def test_a_step_on_a_draw_as_it_was_before_is_refused(desk: Desk) -> None:
    opened = drawn(desk)
    seen = draws.get(desk.db, opened.id)
    desk.draws.draw(opened.id)
    with desk.db.transaction(), pytest.raises(Conflict, match="has changed since"):
        draws.hold(desk.db, seen, "", "", [], "ow", LATER)
    with desk.db.transaction(), pytest.raises(Conflict, match="has changed since"):
        draws.commit(desk.db, replace(seen, state=DrawState.OPEN), "", "", 0, "ow", LATER)


@pytest.mark.parametrize("step", ["commit", "draw", "redraw"])
def test_a_step_that_fails_half_way_leaves_all_as_it_was(desk: Desk, step: str) -> None:
    populate(desk.db, 8)
    opened = desk.draws.open(everybody())
    steps: dict[str, Callable[[], object]] = {
        "commit": lambda: desk.draws.commit(opened.id),
        "draw": lambda: desk.draws.draw(opened.id),
        "redraw": lambda: desk.draws.redraw(opened.id, draws.places(desk.db, opened.id)[0].member_id, "why"),
    }
    for name in list(steps)[: list(steps).index(step)]:
        steps[name]()
    before = list(desk.db.connection.iterdump())
    # The last thing that each step writes is its audit row.
    desk.db.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no more'); END")
    with pytest.raises(sqlite3.IntegrityError):
        steps[step]()
    desk.db.execute("DROP TRIGGER full")
    assert list(desk.db.connection.iterdump()) == before
    steps[step]()
    if step != "commit":
        assert verify(desk.draws.full(draws.get(desk.db, opened.id)))


def test_a_list_that_was_changed_in_the_file_is_not_drawn_from(desk: Desk) -> None:
    opened = drawn(desk)
    desk.db.execute("UPDATE draws SET entries = replace(entries, 'm1', 'm9')")
    with pytest.raises(Conflict, match="not the one published"):
        desk.draws.draw(opened.id)


def test_without_the_key_nothing_is_drawn_and_all_else_goes_on(desk: Desk) -> None:
    opened = drawn(desk)
    key = vault.key_path(desk.db.path)
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(vault.KeyUnavailable):
        desk.draws.draw(opened.id)
    assert desk.draws.commit(opened.id).known
    key.write_bytes(kept)
    assert not desk.draws.draw(opened.id).known


def test_a_new_key_opens_the_secret_of_a_draw_that_was_not_held(desk: Desk) -> None:
    opened = drawn(desk)
    assert vault.rekey(desk.db, "ow", LATER)[0] == 1
    assert verify(desk.draws.full(desk.draws.draw(opened.id).draw))
