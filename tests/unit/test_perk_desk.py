"""Who gets a perk, who may give it, and that giving it twice gives it once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.desk import Desk, NotAllowed
from console.settings import Settings
from store import actions, perks
from store.database import Database
from store.errors import Conflict, NotFound, StoreError, StoreUnavailable
from store.perk_records import Cause, Eligibility, GrantState, NewPerk, PerkKind
from store.records import Role
from tests.unit.made import NOON
from tests.unit.perks_made import DAY, TEXT, check_books, codes, community, coupon, desk_of, numbered


@pytest.fixture
def ids(db: Database) -> list[int]:
    return community(db, 6)


@pytest.fixture
def desk(db: Database, settings: Settings, ids: list[int]) -> Desk:
    return desk_of(db, settings)


@pytest.fixture
def mo(db: Database, settings: Settings, desk: Desk) -> Desk:
    return desk_of(db, settings, "mo", Role.MODERATOR)


def reasons(desk: Desk, perk: int, members: list[int]) -> dict[str, int]:
    return dict(desk.perks.preview(perk, members).refused)


def kind(desk: Desk, name: str, what: PerkKind = PerkKind.SEAT, **more: Any) -> int:
    return desk.perks.add(NewPerk(name, what, **more))


# --- who may get it ---


def test_a_preview_says_who_may_get_it_who_not_and_why_and_what_the_first_will_read(
    db: Database, desk: Desk, ids: list[int]
) -> None:
    perk = coupon(desk, codes(2), cost=30, eligibility=Eligibility(days=7, clean=True))
    db.execute("UPDATE memberships SET left_at = ? WHERE member_id = 1", (NOON,))
    db.execute("UPDATE memberships SET joined_at = ? WHERE member_id = 2", (NOON - 3 * DAY,))
    db.execute("UPDATE members SET balance = 29 WHERE id = 3")
    preview = desk.perks.preview(perk, [*ids, 6, 99])
    assert preview.members == (4, 5)
    assert dict(preview.refused) == {
        "gone from the groups": 1,
        "not 7 days in the group": 1,
        "fewer than 30 points": 1,
        "no stock left": 1,
        "chosen twice": 1,
        "no member of this store": 1,
    }
    assert preview.message == "Mia 4: ••••••••"
    assert preview.examples == ("Mia 4", "Mia 5")
    assert (preview.needs_approval, preview.why_not) == (False, "")


def test_eligibility_asks_for_layer_groups_and_a_clean_record(db: Database, desk: Desk, ids: list[int]) -> None:
    silent = kind(desk, "Back", eligibility=Eligibility(layers=("silent",)))
    db.execute("UPDATE members SET layer = 'silent' WHERE id = 2")
    assert desk.perks.preview(silent, ids).members == (2,)
    assert reasons(desk, silent, ids) == {"only for silent": 5}

    here = kind(desk, "Here", eligibility=Eligibility(groups=("Group 1", "nowhere")))
    assert desk.perks.preview(here, ids).members == (1, 3, 5)
    assert reasons(desk, here, ids) == {"not in Group 1, nowhere": 3}

    clean = kind(desk, "Clean", eligibility=Eligibility(clean=True))
    db.execute("INSERT INTO cases (id, state, opened_at, updated_at) VALUES (1, 'decided', 1, 1)")
    db.execute(
        "INSERT INTO decisions (id, case_id, decision, state, staff, decided_at)"
        " VALUES (1, 1, 'warn', 'approved', 'a', 1)"
    )
    for member, expires, revoked in ((1, NOON + 9, None), (2, NOON - 9, None), (3, NOON + 9, NOON)):
        db.execute(
            "INSERT INTO strikes (member_id, decision_id, rule, given_at, expires_at, revoked_at)"
            " VALUES (?, 1, 'ads', 1, ?, ?)",
            (member, expires, revoked),
        )
    assert reasons(desk, clean, ids) == {"has a strike": 1}
    assert desk.perks.preview(clean, ids).members == (2, 3, 4, 5, 6)


def test_who_was_banned_from_their_only_group_gets_nothing_until_it_is_lifted(
    db: Database, desk: Desk, ids: list[int]
) -> None:
    perk = kind(desk, "Seat")
    for number, what, inverse in ((1, "ban", None), (2, "unban", 1)):
        db.execute(
            "INSERT INTO actions (id, key, kind, group_id, member_id, state, inverse_of, created_at)"
            " VALUES (?, ?, ?, (SELECT group_id FROM memberships WHERE member_id = 1), 1, 'done', ?, 1)",
            (number, str(number), what, inverse),
        )
        expected = {"gone from the groups": 1} if what == "ban" else {}
        assert reasons(desk, perk, ids) == expected


def test_a_member_of_several_groups_reads_it_where_they_last_spoke_if_that_is_allowed(db: Database, desk: Desk) -> None:
    for group, last in (("g0", NOON - 5), ("g1", NOON - 1)):
        db.execute(
            "INSERT OR REPLACE INTO memberships (group_id, member_id, joined_at, last_at)"
            " VALUES ((SELECT id FROM groups WHERE key = ?), 1, 1, ?)",
            (group, last),
        )
    desk.perks.dispatch(kind(desk, "A", text="hi"), [1], key="a")
    desk.perks.dispatch(kind(desk, "B", text="hi", eligibility=Eligibility(groups=("g0",))), [1], key="b")
    sent = "SELECT g.key FROM actions a JOIN groups g ON g.id = a.group_id ORDER BY a.id"
    assert [row[0] for row in db.execute(sent)] == ["g1", "g0"]


def test_a_limit_a_member_counts_what_is_in_force(desk: Desk, ids: list[int]) -> None:
    perk = kind(desk, "Seat", per_member=2, text="come")
    first = desk.perks.dispatch(perk, [1], key="a")
    desk.perks.dispatch(perk, [1], key="b")
    assert reasons(desk, perk, [1]) == {"has it 2 times already": 1}
    desk.perks.undo(first.dispatch_id)
    assert desk.perks.dispatch(perk, [1], key="c").members == 1
    with pytest.raises(Conflict, match="has it 2 times already"):
        desk.perks.dispatch(perk, [1], key="d")


@pytest.mark.parametrize(
    ("more", "at", "said"),
    [
        ({"valid_from": NOON + 5}, NOON, "not valid before 2026-05-29"),
        ({"valid_until": NOON + 5}, NOON + 6, "not valid any more since 2026-05-29"),
    ],
)
def test_a_perk_is_given_while_it_is_valid(
    db: Database, settings: Settings, ids: list[int], more: dict[str, Any], at: float, said: str
) -> None:
    perk = kind(desk_of(db, settings), "Seat", **more)
    later = desk_of(db, settings, at=at)
    assert said in later.perks.preview(perk, ids).why_not
    with pytest.raises(Conflict, match=said):
        later.perks.dispatch(perk, ids, key="a")


def test_an_empty_pool_and_a_closed_perk_say_so(desk: Desk, ids: list[int]) -> None:
    perk = coupon(desk, [])
    assert "import-codes" in desk.perks.preview(perk, ids).why_not
    desk.perks.import_codes(perk, numbered(codes(1)))
    desk.perks.close(perk)
    assert desk.perks.perks() == []
    assert desk.perks.preview(perk, ids).why_not == "this perk is closed"
    for refused in (lambda: desk.perks.dispatch(perk, ids, key="a"), lambda: desk.perks.close(perk)):
        with pytest.raises(Conflict, match="closed"):
            refused()


# --- giving ---


def test_each_kind_gives_what_it_is(db: Database, desk: Desk, ids: list[int]) -> None:
    db.execute(
        "INSERT INTO draws (id, name, state, winners, opened_by, opened_at) VALUES (1, 'Raffle', 'open', 1, 'ada', 1)"
    )
    points = kind(desk, "Points", PerkKind.POINTS, points=50)
    entry = kind(desk, "Entry", PerkKind.DRAW, draw="Raffle", cost=10)
    for perk in (points, entry):
        desk.perks.dispatch(perk, [1, 2], key=str(perk))
    assert [row[0] for row in db.execute("SELECT balance FROM members LIMIT 3")] == [140, 140, 100]
    assert db.execute("SELECT member_id, how FROM draw_entries").fetchall() == [(1, "perk"), (2, "perk")]
    assert {grant.state for grant in desk.perks.grants()} == {GrantState.SENT}
    assert actions.outbox(db) == {}, "nobody has to be told"
    assert reasons(desk, entry, [1]) == {"is in the draw already": 1}
    check_books(db)
    # Nobody was told of it: it can come back.
    assert [desk.perks.undo(number) for number in (1, 2)] == [(2, 0), (2, 0)]
    assert [row[0] for row in db.execute("SELECT balance FROM members LIMIT 3")] == [100] * 3
    assert db.value("SELECT count(*) FROM draw_entries WHERE withdrawn_at IS NULL") == 0
    check_books(db)
    assert desk.perks.dispatch(entry, [1], key="again").members == 1
    db.execute("UPDATE draws SET state = 'committed'")
    assert "takes nobody in" in desk.perks.preview(entry, ids).why_not


def test_the_same_key_gives_nothing_twice(db: Database, desk: Desk, ids: list[int]) -> None:
    perk, other = coupon(desk, codes(6), per_member=5), kind(desk, "Seat")
    first = desk.perks.dispatch(perk, ids[:3], key="import", cause=Cause.IMPORT)
    again = desk.perks.dispatch(perk, ids, key="import", cause=Cause.IMPORT)
    assert (again.dispatch_id, again.members, again.known) == (first.dispatch_id, 3, True)
    assert db.value("SELECT count(*) FROM grants") == 3
    with pytest.raises(Conflict, match="used for the perk 'Coupon'"):
        desk.perks.dispatch(other, ids, key="import")


def test_a_gift_is_handed_over_by_a_person_once(desk: Desk, mo: Desk) -> None:
    desk.perks.dispatch(kind(desk, "Mug", PerkKind.GIFT), [1], key="a")
    desk.perks.dispatch(kind(desk, "Tea", PerkKind.GIFT, text="come and get it"), [1], key="b")
    mo.perks.fulfil(1)
    assert desk.perks.grants()[-1].fulfilled_at == NOON
    with pytest.raises(Conflict, match="mo has handed it over already"):
        desk.perks.fulfil(1)
    with pytest.raises(Conflict, match="once it was sent"):
        desk.perks.fulfil(2)


def test_what_was_sent_stays_when_the_rest_is_taken_back(db: Database, desk: Desk) -> None:
    sent = desk.perks.dispatch(coupon(desk, codes(3)), [1, 2, 3], key="a")
    db.execute("UPDATE actions SET state = 'sending' WHERE id = 1")
    assert desk.perks.latest() == sent.dispatch_id
    assert desk.perks.undo(sent.dispatch_id) == (2, 1)
    with pytest.raises(Conflict, match="it was sent already"):
        desk.perks.undo(sent.dispatch_id)
    with pytest.raises(Conflict, match="no perk of yours"):
        desk.perks.latest()
    check_books(db)


def test_a_full_disk_leaves_everything_as_it_was(db: Database, desk: Desk, ids: list[int]) -> None:
    perk = coupon(desk, codes(6), cost=10)
    before = list(db.connection.iterdump())
    db.execute(f"PRAGMA max_page_count = {db.value('PRAGMA page_count')}")
    with pytest.raises(StoreUnavailable, match="disk is full"):
        desk.perks.import_codes(perk, numbered(codes(4_000, "NEW")))
    with pytest.raises(StoreUnavailable, match="disk is full"):
        desk.perks.dispatch(perk, ids, key="long" * 4_000)
    assert list(db.connection.iterdump()) == before


# --- approval ---


def test_a_moderator_proposes_and_an_admin_gives(db: Database, desk: Desk, mo: Desk, ids: list[int]) -> None:
    perk = coupon(desk, codes(4), cost=40)
    sent = mo.perks.dispatch(perk, ids[:4], key="a", reason="for the quiz")
    assert not sent.approved
    assert mo.perks.preview(perk, ids[:4]).needs_approval
    assert desk.perks.perks()[0].left == 4, "a proposal reserves nothing"
    (waiting,) = desk.perks.waiting()
    assert (waiting.perk, waiting.by, waiting.members, waiting.reason) == ("Coupon", "mo", 4, "for the quiz")
    assert (waiting.left, waiting.cost, waiting.text) == (4, 40, "Mia 1: ••••••••")
    assert waiting.names == ("Mia 1", "Mia 2", "Mia 3", "Mia 4")

    db.execute("UPDATE memberships SET left_at = ? WHERE member_id = 1", (NOON,))
    desk.perks.dispatch(perk, [2], key="b")
    with pytest.raises(NotAllowed, match="approving takes the role"):
        mo.perks.approve(sent.dispatch_id)
    with pytest.raises(Conflict, match="has changed"):
        desk.perks.approve(sent.dispatch_id, version=9)
    done = desk.perks.approve(sent.dispatch_id, version=waiting.version)
    assert (done.members, dict(done.refused)) == (2, {"gone from the groups": 1, "has it already": 1})
    states = {grant.member_id: (grant.state, grant.result) for grant in desk.perks.grants() if grant.dispatch_id == 1}
    assert states[1] == (GrantState.RETURNED, "gone from the groups")
    assert states[3] == (GrantState.RESERVED, "")
    assert desk.perks.waiting() == []
    check_books(db)
    with pytest.raises(Conflict, match="ada approved it at"):
        desk.perks.approve(sent.dispatch_id)


def test_a_proposal_that_nobody_may_get_any_more_stays_a_proposal(db: Database, desk: Desk, mo: Desk) -> None:
    perk = kind(desk, "Seat")
    sent = mo.perks.dispatch(perk, [1], key="a")
    desk.perks.dispatch(perk, [1], key="b")
    with pytest.raises(Conflict, match="has it already"):
        desk.perks.approve(sent.dispatch_id)
    assert len(desk.perks.waiting()) == 1
    desk.perks.reject(sent.dispatch_id, "has one")
    assert desk.perks.waiting() == []
    with pytest.raises(Conflict, match="ada rejected it"):
        desk.perks.undo(sent.dispatch_id)


def test_a_rejection_needs_a_reason_and_gives_nothing(db: Database, desk: Desk, mo: Desk) -> None:
    sent = mo.perks.dispatch(kind(desk, "Seat"), [1, 2], key="a")
    with pytest.raises(NotAllowed, match="needs a reason"):
        desk.perks.reject(sent.dispatch_id, "  ")
    desk.perks.reject(sent.dispatch_id, "last week already")
    assert {(grant.state, grant.result) for grant in desk.perks.grants()} == {
        (GrantState.RETURNED, "last week already")
    }
    check_books(db)


@pytest.mark.parametrize(
    ("approval_from", "members", "needs"), [(1, 1, True), (3, 2, False), (3, 3, True), (0, 6, False)]
)
def test_from_how_many_members_on_a_moderator_needs_a_yes_is_the_perks_own(
    desk: Desk, mo: Desk, ids: list[int], approval_from: int, members: int, needs: bool
) -> None:
    perk = kind(desk, "Seat", approval_from=approval_from)
    assert mo.perks.preview(perk, ids[:members]).needs_approval is needs
    assert mo.perks.dispatch(perk, ids[:members], key="a").approved is not needs


def test_nobody_approves_their_own_unless_they_are_alone(db: Database, settings: Settings, ids: list[int]) -> None:
    mo = desk_of(db, settings, "mo", Role.MODERATOR)
    ada = desk_of(db, settings)
    sent = mo.perks.dispatch(kind(ada, "Seat"), [1], key="a")
    desk_of(db, settings, "mo", Role.ADMIN)
    with pytest.raises(NotAllowed, match="your own proposal"):
        mo.perks.approve(sent.dispatch_id)
    db.execute("UPDATE staff SET removed_at = 1 WHERE name = 'ada'")
    assert mo.perks.approve(sent.dispatch_id).members == 1


def test_a_viewer_looks_and_a_moderator_neither_adds_nor_reveals(
    db: Database, settings: Settings, desk: Desk, mo: Desk
) -> None:
    vi = desk_of(db, settings, "vi", Role.VIEWER)
    perk = coupon(desk, codes(2))
    desk.perks.dispatch(perk, [1], key="a")
    assert vi.perks.perks()
    assert "looks on" in vi.perks.preview(perk, [2]).why_not
    for refused in (
        lambda: vi.perks.dispatch(perk, [2], key="b"),
        lambda: vi.perks.undo(1),
        lambda: vi.perks.fulfil(1),
        lambda: mo.perks.undo(1),
        lambda: mo.perks.reveal(1),
        lambda: mo.perks.settle(1, arrived=True),
        lambda: mo.perks.close(perk),
        lambda: mo.perks.import_codes(perk, numbered(codes(1, "NEW"))),
        lambda: mo.perks.add(NewPerk("More", PerkKind.SEAT)),
        lambda: desk.perks.rekey(),
    ):
        with pytest.raises(NotAllowed):
            refused()


# --- perks ---


@pytest.mark.parametrize(
    ("new", "secret", "said"),
    [
        (NewPerk("A", PerkKind.CODE, "hi"), "", "must hold {code}"),
        (NewPerk("A", PerkKind.CODE, TEXT + "{coed}"), "", "there are {name}"),
        (NewPerk("A", PerkKind.SEAT, stock=0), "", "at least 1"),
        (NewPerk("A", PerkKind.SEAT, valid_until=NOON - 1), "", "is over"),
        (NewPerk("A", PerkKind.SEAT, points=5), "", "points above 0 belong to kind points"),
        (NewPerk("A", PerkKind.POINTS), "", "points above 0 belong to kind points"),
        (NewPerk("A", PerkKind.DRAW), "", "a draw belongs to kind draw"),
        (NewPerk("A", PerkKind.DRAW, draw="none"), "", "no draw 'none'"),
        (NewPerk("A", PerkKind.FIXED, "{code}"), "", "belongs to kind fixed"),
        (NewPerk("A", PerkKind.SEAT), "LINK", "belongs to kind fixed"),
        (NewPerk("A", PerkKind.SEAT, eligibility=Eligibility(layers=("asleep",))), "", "new, active, core, silent"),
        (NewPerk("A", PerkKind.SEAT, eligibility=Eligibility(tiers=("Tin",))), "", "tier 'Tin'"),
        (NewPerk("  ", PerkKind.SEAT), "", "printable"),
        (NewPerk("17", PerkKind.SEAT), "", "no number"),
        (NewPerk("A\x1b[2J", PerkKind.SEAT), "", "printable"),
    ],
)
def test_a_perk_that_cannot_be_is_refused_with_what_is_allowed(
    desk: Desk, new: NewPerk, secret: str, said: str
) -> None:
    with pytest.raises(StoreError) as caught:
        desk.perks.add(new, secret)
    assert said in str(caught.value)
    assert desk.perks.perks() == []


def test_a_perk_is_found_by_name_number_and_beginning(db: Database, desk: Desk) -> None:
    spring, summer = kind(desk, "Spring coupon"), kind(desk, "Summer coupon")
    for text, number in (("Spring coupon", spring), ("spring COUPON", spring), (f"#{summer}", summer), ("su", summer)):
        assert perks.find(db, text) == number
    for text in ("s", "coupon", "", "99"):
        with pytest.raises(NotFound, match="Spring coupon, Summer coupon"):
            perks.find(db, text)
    with pytest.raises(Conflict, match="is there already"):
        kind(desk, "Spring  coupon")


@given(st.lists(st.integers(-5, 30), max_size=30))
def test_a_preview_of_any_list_counts_each_of_it_once(members: list[int]) -> None:
    import tempfile
    from pathlib import Path

    from store.database import open_database

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vigil.db"
        db = open_database(path, create=True)
        try:
            community(db, 9)
            desk = desk_of(db, Settings(path, path, Path(folder) / "none"))
            preview = desk.perks.preview(kind(desk, "Seat", stock=4), members)
            assert len(preview.members) + sum(count for _, count in preview.refused) == len(members)
            assert len(preview.members) == min(4, len({one for one in members if 1 <= one <= 9}))
        finally:
            db.close()
