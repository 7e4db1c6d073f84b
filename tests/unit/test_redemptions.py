"""Perks that were used: marked once, by hand, by a word or from a file, and no code is shown on the way."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from console.arguments import UserError
from console.desk import Desk, NotAllowed
from console.listening import Heard
from console.redeem_file import Row, read_redemptions
from console.redeeming import Redeeming
from console.settings import Settings
from rules.records import Finding, Message, Mode
from store import audit, staff, vault
from store.database import Database, open_database
from store.errors import Conflict, NotFound
from store.messages import MessageWriter
from store.perk_records import NewPerk, PerkKind
from store.records import Role
from store.redemptions import Marked
from tests.unit.made import NOON, finding, message, take

SENT = NOON + 60
LATER = NOON + 3_600


@pytest.fixture
def desk(db: Database, settings: Settings) -> Desk:
    staff.add(db, "ow", Role.OWNER, "ow", NOON)
    take(db, [(message(n, f"hello {n}", member=f"m{n}"), ()) for n in range(6)])
    return Desk(db, settings, "ow", clock=lambda: LATER)


def member(desk: Desk, number: int) -> int:
    return int(desk.db.value("SELECT id FROM members WHERE key = ?", (f"m{number}",)))


def give(desk: Desk, perk: int, *numbers: int, key: str = "k", sent: float | None = SENT) -> list[int]:
    """Grants of a perk to these members, sent unless `sent` is None."""
    made = desk.perks.dispatch(perk, [member(desk, number) for number in numbers], key=key)
    if sent is not None:
        desk.db.execute("UPDATE grants SET state = 'sent', sent_at = ? WHERE dispatch_id = ?", (sent, made.dispatch_id))
    rows = desk.db.execute("SELECT id FROM grants WHERE dispatch_id = ? ORDER BY id", (made.dispatch_id,))
    return [row[0] for row in rows]


def codes(desk: Desk, name: str = "Coupon", count: int = 6, **more: object) -> int:
    """A perk with a pool of codes: CODE-name-0, CODE-name-1 and so on, given in this order."""
    new = replace(NewPerk(name, PerkKind.CODE, text="{code}"), **more)  # type: ignore[arg-type]
    perk = desk.perks.add(new)
    desk.perks.import_codes(perk, [(n + 1, f"CODE-{name}-{n}") for n in range(count)])
    return perk


def gifts(desk: Desk, name: str = "Mug", **more: object) -> int:
    return desk.perks.add(replace(NewPerk(name, PerkKind.GIFT, text="a mug"), **more))  # type: ignore[arg-type]


def redeemed(db: Database) -> dict[int, tuple[float, str]]:
    rows = db.execute("SELECT id, redeemed_at, redeemed_by FROM grants WHERE redeemed_at IS NOT NULL")
    return {row[0]: (row[1], row[2]) for row in rows}


# --- by hand ---


def test_a_grant_is_marked_once_and_can_be_corrected(desk: Desk) -> None:
    grant, other = give(desk, gifts(desk), 0, 1)
    done = desk.redemptions.redeem(grant)
    assert (done.grant_id, done.perk, done.in_time) == (grant, "Mug", True)
    with pytest.raises(Conflict, match="marked by ow"):
        desk.redemptions.redeem(grant)
    assert redeemed(desk.db) == {grant: (LATER, "ow")}
    desk.redemptions.take_back(grant)
    with pytest.raises(Conflict, match="not redeemed"):
        desk.redemptions.take_back(grant)
    assert redeemed(desk.db) == {}
    assert [row.event for row in audit.rows(desk.db, 2)] == ["grant.unredeem", "grant.redeem"]
    assert other


def test_what_was_not_sent_cannot_be_redeemed(desk: Desk) -> None:
    (grant,) = give(desk, gifts(desk), 0, sent=None)
    with pytest.raises(Conflict, match="not sent"):
        desk.redemptions.redeem(grant)
    with pytest.raises(NotFound, match="no grant 99"):
        desk.redemptions.redeem(99)
    with pytest.raises(Conflict, match="no grant of this perk"):
        desk.redemptions.redeem_of(1, member(desk, 0))


def test_the_oldest_grant_of_a_member_is_redeemed_first(desk: Desk) -> None:
    perk = gifts(desk, per_member=2)
    second = give(desk, perk, 0, key="a", sent=SENT + 9)
    first = give(desk, perk, 0, key="b", sent=SENT)
    done = [desk.redemptions.redeem_of(perk, member(desk, 0)).grant_id for _ in range(2)]
    assert done == [*first, *second]


@pytest.mark.parametrize(("at", "in_time"), [(NOON + 100, True), (NOON + 200, True), (NOON + 201, False)])
def test_redeemed_in_time_is_by_the_end_of_the_perks_validity(desk: Desk, at: float, in_time: bool) -> None:
    perk = gifts(desk)
    (grant,) = give(desk, perk, 0)
    desk.db.execute("UPDATE perks SET valid_until = ?", (NOON + 200,))
    assert desk.redemptions.redeem(grant, at).in_time is in_time
    assert desk.redemptions.reports()[0].figures.in_time == in_time


def test_nothing_is_redeemed_before_it_was_sent(desk: Desk) -> None:
    (grant,) = give(desk, gifts(desk), 0)
    assert desk.redemptions.redeem(grant, NOON).at == SENT


def test_a_viewer_marks_nothing(desk: Desk) -> None:
    perk = gifts(desk)
    (grant,) = give(desk, perk, 0)
    staff.add(desk.db, "vi", Role.VIEWER, "ow", NOON)
    vi = Desk(desk.db, desk.settings, "vi", clock=lambda: LATER)
    row = [Row(2, "m0", None)]
    for mark in (
        lambda: vi.redemptions.redeem(grant),
        lambda: vi.redemptions.redeem_of(perk, member(desk, 0)),
        lambda: vi.redemptions.take_back(grant),
        lambda: vi.redemptions.redeem_codes(perk, row),
        lambda: vi.redemptions.redeem_members(perk, row),
    ):
        with pytest.raises(NotAllowed):
            mark()
    assert vi.redemptions.reports()[0].figures.sent == 1
    assert redeemed(desk.db) == {}


# --- by a word in a chat ---


def say(db: Database, *said: Message, findings: tuple[Finding, ...] = ()) -> None:
    with db.transaction():
        stored = MessageWriter(db).add(said, LATER)
        Redeeming(db).hear([Heard(row, one, findings) for row, one in zip(stored, said, strict=True)], LATER)


def test_a_member_redeems_by_the_word_what_was_sent_to_them_one_at_a_time(desk: Desk) -> None:
    perk = gifts(desk, redeem_word="兑换", per_member=2)
    first = give(desk, perk, 0, 1, key="a")
    second = give(desk, perk, 0, key="b", sent=SENT + 5)
    say(desk.db, message("a", "兑换！", member="m0", time=NOON + 100), message("b", "兑换吗？兑换", member="m1"))
    assert redeemed(desk.db) == {first[0]: (NOON + 100, "worker")}
    say(desk.db, message("c", "兑换", member="m0", time=None), message("d", "兑换", member="m4"))
    assert redeemed(desk.db)[second[0]] == (LATER, "worker")
    say(desk.db, message("e", "兑换", member="m0"))
    assert len(redeemed(desk.db)) == 2


def test_a_flagged_message_redeems_nothing(desk: Desk) -> None:
    grants = give(desk, gifts(desk, redeem_word="redeem"), 0, 1)
    say(desk.db, message("a", "redeem", member="m0"), findings=(finding(),))
    say(desk.db, message("b", "Redeem", member="m1"), findings=(finding(mode=Mode.SHADOW),))
    assert list(redeemed(desk.db)) == [grants[1]]


def test_what_is_only_reserved_is_not_redeemed_by_a_word(desk: Desk) -> None:
    give(desk, gifts(desk, redeem_word="redeem"), 0, sent=None)
    say(desk.db, message("a", "redeem", member="m0"))
    assert redeemed(desk.db) == {}


# --- from a file ---


def rows(*what: str, at: float | None = None) -> list[Row]:
    return [Row(line, one, at) for line, one in enumerate(what, 2)]


def test_codes_from_a_file_are_marked_once_and_those_that_fit_nothing_are_told_by_line(desk: Desk) -> None:
    perk, other = codes(desk), codes(desk, "Other")
    grants = give(desk, perk, 0, 1, 2)
    give(desk, other, 0, key="other")
    file = rows("CODE-Coupon-1", "CODE-Coupon-9", "CODE-Other-0", "CODE-Coupon-5", "CODE-Coupon-1", "CODE-Coupon-0")
    assert desk.redemptions.redeem_codes(perk, file) == Marked(2, 1, (3, 4, 5))
    assert sorted(redeemed(desk.db)) == grants[:2]
    assert desk.redemptions.redeem_codes(perk, file) == Marked(0, 3, (3, 4, 5))
    assert desk.db.value("SELECT count(*) FROM audit WHERE event = 'grant.redeem'") == 1
    assert "CODE" not in "\n".join(desk.db.connection.iterdump())


def test_a_code_that_perhaps_arrived_is_redeemed_by_being_used(desk: Desk) -> None:
    perk = codes(desk)
    (grant,) = give(desk, perk, 0, sent=None)
    desk.db.execute("UPDATE grants SET state = 'unknown'")
    assert desk.redemptions.redeem_codes(perk, rows("CODE-Coupon-0")) == Marked(1, 0, ())
    assert list(redeemed(desk.db)) == [grant]


def test_without_the_key_codes_are_not_compared_and_members_are(desk: Desk) -> None:
    perk = codes(desk)
    give(desk, perk, 0)
    vault.key_path(desk.db.path).unlink()
    with pytest.raises(vault.KeyUnavailable):
        desk.redemptions.redeem_codes(perk, rows("CODE-Coupon-0"))
    assert desk.redemptions.redeem_members(perk, rows("m0")) == Marked(1, 0, ())


def test_members_from_a_file_redeem_as_often_as_they_are_named(desk: Desk) -> None:
    perk = gifts(desk, per_member=2)
    give(desk, perk, 0, 1, key="a")
    give(desk, perk, 0, key="b")
    file = rows("m0", "replay:m1", "nobody", "m5", "m0", at=NOON + 70)
    assert desk.redemptions.redeem_members(perk, file) == Marked(3, 0, (4, 5))
    assert desk.redemptions.redeem_members(perk, file) == Marked(0, 3, (4, 5))
    assert {at for at, _ in redeemed(desk.db).values()} == {NOON + 70}


@limits(max_examples=15)
@given(st.lists(st.integers(0, 3), max_size=8))
def test_the_same_file_again_redeems_nothing(named: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "vigil.db", create=True)
        try:
            staff.add(db, "ow", Role.OWNER, "ow", NOON)
            take(db, [(message(n, f"hello {n}", member=f"m{n}"), ()) for n in range(4)])
            settings = Settings(Path(folder) / "vigil.toml", db.path, Path(folder) / "rulebook.toml")
            desk = Desk(db, settings, "ow", clock=lambda: LATER)
            perk = gifts(desk, per_member=2)
            for number in range(3):
                for time in range(number):
                    give(desk, perk, number, key=f"{number} {time}")
            file = rows(*(f"m{number}" for number in named))
            first = desk.redemptions.redeem_members(perk, file)
            assert first.marked == sum(min(number, named.count(number)) for number in range(3))
            again = desk.redemptions.redeem_members(perk, file)
            assert again == Marked(0, first.marked, first.unknown)
        finally:
            db.close()


# --- the file itself ---


def test_a_file_is_read_with_its_lines_and_times() -> None:
    text = '\ufeffShop;Code;Time\r\n\r\nA;x-1;2026-05-01\r\nA;"x;2";2026-05-01 18:00\r\nA;x3;\r\n'
    column, found = read_redemptions(text.encode(), "f.csv", "Asia/Shanghai")
    assert column == "code"
    assert found == [Row(3, "x-1", 1_777_564_800.0), Row(4, "x;2", 1_777_629_600.0), Row(5, "x3", None)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"secret-1\nsecret-2\n", "code or member"),
        (b"code,member\nsecret-1,secret-2\n", "code or member"),
        (b"code\nsecret-1\nsecret-2,3\n", "line 3"),
        (b"code,time\nsecret-1,secret-2\n", "line 2"),
        (b"code,x\nsecret-1,2\n,secret-2\n", "line 3"),
        (b'code\n"secret-1\n', "line 2"),
        (b"code\nsecret-1\n\xff\xfe\n", "line 3"),
        (b"code\n" + b"secret-1" * 100, "line 2"),
        (b"code\nsecret-1\n" + b"x" * 200_000, "line 3"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_by_line_and_never_by_content(data: bytes, said: str) -> None:
    with pytest.raises(UserError, match=said) as refused:
        read_redemptions(data, "f.csv", "UTC")
    assert "secret" not in str(refused.value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: b"code\n" + text.encode("utf-8", "replace")))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        _, found = read_redemptions(data, "f.csv", "UTC")
    except UserError as refused:
        assert str(refused).startswith("f.csv: ")  # noqa: PT017
    else:
        assert all(row.what and row.line > 1 for row in found)
