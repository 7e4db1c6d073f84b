"""Draws at the desk: who is on the list, one draw however many ask, and what a result says of the rest."""

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

from console.desk import Desk, NotAllowed
from console.entering import Entering
from console.listening import Heard
from console.settings import Settings
from rules.draw_result import verify
from rules.records import Finding, Message, Mode
from store import audit, draws, posts, staff, vault
from store.database import Database, open_database
from store.draw_records import Draw, DrawState, NewDraw, PlaceState
from store.errors import Conflict, NotFound, StoreError
from store.messages import MessageWriter
from store.perk_records import Eligibility
from store.records import Decision, Role
from tests.unit.made import NOON, finding, message, take

LATER = NOON + 60


@pytest.fixture
def desk(db: Database, settings: Settings) -> Desk:
    staff.add(db, "ow", Role.OWNER, "ow", NOON)
    return Desk(db, settings, "ow", clock=lambda: LATER)


def populate(db: Database, count: int, group: str = "g") -> list[int]:
    """So many members, who have each said something in the group."""
    found = [message(f"{group}{n}", f"hello {n}", group, member=f"m{n}", time=NOON - 10) for n in range(count)]
    take(db, [(one, ()) for one in found])
    return [member_id(db, f"m{n}") for n in range(count)]


def member_id(db: Database, key: str) -> int:
    return int(db.value("SELECT id FROM members WHERE key = ?", (key,)))


def ban(db: Database, member: int, *, undone: bool = False) -> None:
    group = db.value("SELECT group_id FROM memberships WHERE member_id = ?", (member,))
    columns = "(key, kind, group_id, member_id, state, inverse_of, created_at)"
    values = f"INSERT INTO actions {columns} VALUES (?, ?, ?, ?, 'done', ?, 0)"
    number = db.execute(values, (f"ban {member}", "ban", group, member, None)).lastrowid
    if undone:
        db.execute(values, (f"unban {member}", "unban", group, member, number))


def leave(db: Database, *keys: str) -> None:
    gone = [Message("replay", "g", f"left {key}", key, "", NOON, "leave") for key in keys]
    take(db, [(one, ()) for one in gone])


def keys(desk: Desk, draw: Draw) -> list[str]:
    """The members on a draw's list."""
    lines = draws.entries(desk.db, draw.id).split("entries: ")[1].splitlines()[1:]
    return sorted(line.split(" ")[1].partition(":")[2] for line in lines)


def everybody(name: str = "Spring", winners: int = 2, **more: object) -> NewDraw:
    return replace(NewDraw(name, winners, eligible=Eligibility()), **more)  # type: ignore[arg-type]


# --- the whole way ---


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


# --- who is on the list ---


def test_the_banned_and_the_departed_are_not_on_the_list(desk: Desk) -> None:
    members = populate(desk.db, 6)
    ban(desk.db, members[0])
    ban(desk.db, members[1], undone=True)
    leave(desk.db, "m2", "m3")
    take(desk.db, [(message("again", "back", member="m3"), ())])
    take(desk.db, [(Message("replay", "g", "rejoined", "m3", "", NOON + 5, "join"), ())])
    closed = desk.draws.commit(desk.draws.open(everybody()).id)
    assert keys(desk, closed.draw) == ["m1", "m3", "m4", "m5"]
    assert closed.left_out == 2


def test_earlier_winners_are_left_out_where_the_draw_says_so(desk: Desk) -> None:
    populate(desk.db, 6)
    first = desk.draws.open(everybody("First"))
    desk.draws.commit(first.id)
    desk.draws.draw(first.id)
    replaced, winner = draws.places(desk.db, first.id)
    desk.draws.redraw(first.id, replaced.member_id, "no answer")
    won = {one.member_id for one in draws.places(desk.db, first.id) if one.state is PlaceState.WINNER}
    without = desk.draws.commit(desk.draws.open(everybody("Second", without_winners=True)).id)
    listed = {member_id(desk.db, key) for key in keys(desk, without.draw)}
    assert won == {winner.member_id, draws.places(desk.db, first.id)[2].member_id}
    assert listed == set(map(int, (r[0] for r in desk.db.execute("SELECT id FROM members")))) - won
    assert desk.draws.commit(desk.draws.open(everybody("Third")).id).draw.entries == 6


def test_eligibility_is_looked_at_when_the_list_is_closed(desk: Desk) -> None:
    members = populate(desk.db, 6)
    populate(desk.db, 2, "other")
    tiers = {0: "Gold", 1: "Silver", 2: "Gold", 3: "Gold"}
    for number, tier in tiers.items():
        desk.db.execute("UPDATE members SET tier = ?, layer = 'core' WHERE id = ?", (tier, members[number]))
    desk.db.execute("UPDATE members SET layer = 'silent' WHERE id = ?", (members[3],))
    desk.db.execute("UPDATE memberships SET joined_at = ?", (LATER - 10 * 86_400,))
    desk.db.execute("UPDATE memberships SET joined_at = ? WHERE member_id = ?", (LATER - 86_400, members[2]))

    def listed(name: str, who: Eligibility) -> list[str]:
        return keys(desk, desk.draws.commit(desk.draws.open(NewDraw(name, 1, eligible=who)).id).draw)

    assert listed("a", Eligibility(tiers=("Gold",))) == ["m0", "m2", "m3"]
    assert listed("b", Eligibility(tiers=("Gold", "Silver"), layers=("core",))) == ["m0", "m1", "m2"]
    assert listed("c", Eligibility(days=7)) == ["m0", "m1", "m3", "m4", "m5"]
    assert listed("d", Eligibility(groups=("other",))) == ["m0", "m1"]
    take(desk.db, [(message("bad", "spam", member="m0"), [finding()])])
    owner_bans = Desk(desk.db, replace(desk.settings, undo_seconds=0), "ow", clock=lambda: LATER)
    owner_bans.decide(1, Decision.WARN)
    assert listed("e", Eligibility(tiers=("Gold",), clean=True)) == ["m2", "m3"]


def test_who_enters_by_hand_or_perk_needs_no_eligibility_and_who_says_the_word_does(desk: Desk) -> None:
    members = populate(desk.db, 5)
    desk.db.execute("UPDATE members SET tier = 'Gold' WHERE id IN (?, ?)", members[:2])
    opened = desk.draws.open(NewDraw("Spring", 1, "抽奖", Eligibility(tiers=("Gold",))))
    say(desk.db, [message("1", "抽奖", member="m0"), message("2", "抽奖", member="m2")])
    assert desk.draws.enter(opened.id, [members[3], members[3], members[0]]) == 1
    draws.enter(desk.db, opened.id, [(members[4], None)], "perk", LATER)
    closed = desk.draws.commit(opened.id)
    assert keys(desk, closed.draw) == ["m0", "m3", "m4"]
    assert closed.left_out == 1


def test_an_entry_that_was_taken_back_does_not_count_until_they_enter_again(desk: Desk) -> None:
    one, two = populate(desk.db, 2)
    opened = desk.draws.open(NewDraw("Spring", 1))
    desk.draws.enter(opened.id, [one, two])
    desk.db.execute("UPDATE draw_entries SET withdrawn_at = 1 WHERE member_id = ?", (one,))
    assert draws.get(desk.db, opened.id).entries == 1
    assert desk.draws.enter(opened.id, [one]) == 1
    assert draws.get(desk.db, opened.id).entries == 2


# --- the word in a chat ---


def say(db: Database, said: list[Message], findings: tuple[Finding, ...] = (), now: float = LATER) -> None:
    """Store messages as an intake does, with its listener for the words of draws."""
    with db.transaction():
        stored = MessageWriter(db).add(said, now)
        Entering(db).hear([Heard(row, one, findings) for row, one in zip(stored, said, strict=True)], now)


def entered(db: Database) -> list[str]:
    return [row[0] for row in db.execute("SELECT m.key FROM draw_entries e JOIN members m ON m.id = e.member_id"
                                         " WHERE e.withdrawn_at IS NULL ORDER BY m.key")]  # fmt: skip


def test_who_says_the_word_alone_enters_once(desk: Desk) -> None:
    desk.draws.open(NewDraw("Spring", 1, word="抽奖"))
    texts = ["抽奖", " 抽奖！ ", "抽 奖", "我要抽奖", "抽奖" * 2, "", "抽"]
    say(desk.db, [message(n, text, member=f"m{n}") for n, text in enumerate(texts)])
    say(desk.db, [message("again", "抽奖", member="m0"), message("image", "抽奖", member="m9")])
    say(desk.db, [replace(message("kind", "抽奖", member="m8"), kind="image")])
    assert entered(desk.db) == ["m0", "m1", "m2", "m9"]


def test_a_word_with_signs_alone_is_compared_by_its_signs(desk: Desk) -> None:
    desk.draws.open(NewDraw("Spring", 1, word="🎁"))
    say(desk.db, [message(n, text, member=f"m{n}") for n, text in enumerate(["🎁", " 🎁 ", "🎉", "🎁🎁"])])
    assert entered(desk.db) == ["m0", "m1"]


def test_a_flagged_message_enters_nobody_but_one_of_a_rule_in_shadow_does(desk: Desk) -> None:
    desk.draws.open(NewDraw("Spring", 1, word="抽奖"))
    say(desk.db, [message("1", "抽奖", member="m1")], (finding(),))
    say(desk.db, [message("2", "抽奖", member="m2")], (finding(mode=Mode.SHADOW),))
    assert entered(desk.db) == ["m2"]


def test_only_what_is_said_after_the_opening_and_before_the_closing_counts(desk: Desk) -> None:
    say(desk.db, [message("early", "抽奖", member="m0")])
    opened = desk.draws.open(NewDraw("Spring", 1, word="抽奖"))
    # What a worker takes in late was said when it was said.
    say(desk.db, [message("late", "抽奖", member="m1", time=NOON - 3_600)])
    say(desk.db, [message("timeless", "抽奖", member="m2", time=None), message("now", "抽奖", member="m3")])
    assert entered(desk.db) == ["m2", "m3"]
    desk.draws.commit(opened.id)
    say(desk.db, [message("after", "抽奖", member="m4")])
    assert entered(desk.db) == ["m2", "m3"]


def test_one_word_enters_every_draw_that_waits_for_it(desk: Desk) -> None:
    one, two = (desk.draws.open(NewDraw(name, 1, word=word)) for name, word in (("One", "Join"), ("Two", "join!")))
    say(desk.db, [message("1", "JOIN", member="m1")])
    assert [draws.get(desk.db, draw.id).entries for draw in (one, two)] == [1, 1]


# --- skipping and redrawing ---


def drawn(desk: Desk, count: int = 8, winners: int = 3) -> Draw:
    populate(desk.db, count)
    opened = desk.draws.open(everybody(winners=winners))
    desk.draws.commit(opened.id)
    return opened


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
            staff.add(db, "ow", Role.OWNER, "ow", NOON)
            settings = Settings(Path(folder) / "vigil.toml", db.path, Path(folder) / "rulebook.toml")
            desk = Desk(db, settings, "ow", clock=lambda: LATER)
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
