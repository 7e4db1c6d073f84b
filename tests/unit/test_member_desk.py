"""What the staff may do with members: the card, notes and remarks by role, each change in the log; lists as files."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.desk import Desk, NotAllowed
from console.exporting import COLUMNS, ExportError, as_csv, as_ndjson, export, export_beside
from console.member_desk import CARD_DAYS, NOTE, REMARK
from console.settings import Settings
from rules.names import sought, sought_query
from rules.records import Message
from store import audit, ledger, messages, roster, staff
from store.database import Database
from store.errors import NotFound, StoreError
from store.records import Decision, Role
from store.roster_records import Chosen, Sort
from tests.unit.made import NOON, finding, take

At = Callable[[str], Desk]

HOSTILE = "\x1b]0;pwned\x07[b]bob[/]\u202e"


@pytest.fixture
def at(db: Database, settings: Settings) -> At:
    """The desk of ow, ad, mo or vi, at noon."""
    staff.found(db, "ow", NOON)
    for name, role in (("ad", Role.ADMIN), ("mo", Role.MODERATOR), ("vi", Role.VIEWER)):
        staff.add(db, name, role, "ow", NOON)
    return lambda name: Desk(db, settings, name, clock=lambda: NOON)


def say(db: Database, *names: str, text: str = "hello") -> None:
    """Each of these members, m1, m2 and so on, writes once in the group g."""
    with db.transaction():
        writer = messages.MessageWriter(db, sought)
        chat = [
            Message("replay", "g", f"{at}-{text}", f"m{at}", text, NOON - 60, name=name, group_name="Lenses")
            for at, name in enumerate(names, 1)
        ]
        writer.add(chat, NOON)


def found(db: Database, typed: str) -> list[int]:
    return list(roster.ids(db, Chosen(sought=sought_query(typed)), Sort.NAME, NOON))


def events(db: Database) -> list[tuple[str, str, str, dict[str, object]]]:
    return [
        (row.event, row.subject, row.staff, json.loads(row.detail))
        for row in audit.rows(db)
        if row.event.startswith("member")
    ]


def test_a_note_is_on_the_card_and_its_text_is_not_in_the_log(db: Database, at: At) -> None:
    say(db, "阳光")
    first = at("mo").members.note(1, "  helps\nnewcomers ")
    at("ad").members.note(1, "ask for the event")
    card = at("vi").members.card(1)
    assert [(note.staff, note.text) for note in card.notes] == [("ad", "ask for the event"), ("mo", "helps newcomers")]
    assert events(db)[-1] == ("member.note", "1", "mo", {"note": first})
    assert "newcomers" not in str(events(db))
    assert audit.verify(db)[1] == ""


def test_a_note_is_taken_off_by_who_wrote_it_or_an_admin_and_its_text_is_gone(db: Database, at: At) -> None:
    say(db, "anna")
    of_mo, of_ad = at("mo").members.note(1, "one"), at("ad").members.note(1, "two")
    with pytest.raises(NotAllowed):
        at("mo").members.remove_note(of_ad)
    at("ad").members.remove_note(of_mo)
    at("ad").members.remove_note(of_ad)
    assert at("vi").members.notes(1) == []
    assert db.execute("SELECT group_concat(text) FROM notes").fetchone()[0] == ","
    with pytest.raises(NotFound):
        at("ad").members.remove_note(of_ad)
    assert [event for event, *_ in events(db)] == ["member.note-removed"] * 2 + ["member.note"] * 2


def test_a_remark_is_beside_the_name_and_found(db: Database, at: At) -> None:
    say(db, "anna", "bob")
    assert at("mo").members.remark(2, " 卖 票 ")
    assert not at("mo").members.remark(2, "卖 票")
    assert [row.remark for row in roster.rows(db, [1, 2], NOON)] == ["", "卖 票"]
    assert found(db, "mp") == found(db, "bob") == [2]
    assert at("ad").members.remark(2, "")
    assert found(db, "mp") == []
    assert events(db) == [
        ("member.remark", "2", "ad", {"before": "卖 票", "after": ""}),
        ("member.remark", "2", "mo", {"before": "", "after": "卖 票"}),
    ]


def test_a_viewer_looks_on(db: Database, at: At) -> None:
    say(db, "anna")
    for write in (at("vi").members.note, at("vi").members.remark):
        with pytest.raises(NotAllowed):
            write(1, "text")
    assert list(at("vi").members.ids(Chosen(), Sort.NAME)) == [1]
    assert at("vi").members.card(1).member.name == "anna"
    assert events(db) == []


@pytest.mark.parametrize("text", ["", " \n ", "x" * (NOTE + 1)])
def test_a_note_that_cannot_be_is_refused(db: Database, at: At, text: str) -> None:
    say(db, "anna")
    with pytest.raises(StoreError):
        at("mo").members.note(1, text)
    assert at("mo").members.notes(1) == []


def test_what_there_is_no_member_for_is_refused(db: Database, at: At) -> None:
    say(db, "anna")
    with pytest.raises(StoreError):
        at("mo").members.remark(1, "x" * (REMARK + 1))
    for ask in (
        at("mo").members.card,
        lambda n: at("mo").members.note(n, "x"),
        lambda n: at("mo").members.remark(n, "x"),
    ):
        with pytest.raises(NotFound):
            ask(9)


def test_the_card_holds_all_there_is_of_a_member(db: Database, at: At) -> None:
    take(db, [(Message("replay", "g", "1", "m1", "buy", NOON, name="阳光", group_name="Lenses"), [finding()])])
    today = at("ow").rulebook().community.day(NOON)
    with db.transaction():
        for back, count in ((0, 3), (1, 5), (CARD_DAYS - 1, 7), (CARD_DAYS, 9), (-1, 1)):
            db.execute("INSERT INTO activity VALUES (1, ?, 1, ?)", (today - back, count))
        ledger.add(db, 1, 10, "event", "e", NOON, reason="quiz", staff="ad")
    at("ad").decide(1, Decision.WARN, reason="second time")
    card = at("vi").members.card(1)
    assert (card.member.called, card.member.strikes, card.today) == ("阳光", 1, today)
    assert card.earned == card.member.balance == sum(row.points for row in card.points)
    assert len(card.activity) == CARD_DAYS
    assert (card.activity[-1], card.activity[-2], card.activity[0], sum(card.activity)) == (3, 5, 7, 15)
    assert [(group.name, group.messages) for group in card.groups] == [("Lenses", 1)]
    assert (card.points[-1].points, card.points[-1].reason) == (10, "quiz")
    assert [(strike.rule, strike.by, strike.revoked_at) for strike in card.strikes] == [("ads", "ad", None)]
    (decision,) = card.decisions
    assert (decision.decision, decision.state, decision.reason, dict(decision.steps)["warn"]) == (
        "warn", "approved", "second time", 1,
    )  # fmt: skip
    at("ad").undo()
    card = at("vi").members.card(1)
    assert card.member.strikes == 0
    assert card.strikes[0].revoked_at == NOON
    assert card.decisions[0].state == "undone"


# --- lists as files ---


def cells(db: Database) -> list[list[str]]:
    ids = roster.ids(db, Chosen(), Sort.JOINED, NOON)
    return list(csv.reader(StringIO("".join(as_csv(db, ids, NOON)), newline="")))


def test_a_file_holds_the_members_shown_in_their_order(db: Database, at: At, tmp_path: Path) -> None:
    say(db, "阳光", HOSTILE)
    ids = [2, 1]
    export(db, ids, tmp_path / "a.csv", "csv", NOON)
    export(db, ids, tmp_path / "a.ndjson", "ndjson", NOON)
    header, *rows = csv.reader(StringIO((tmp_path / "a.csv").read_text("utf-8-sig"), newline=""))
    assert tuple(header) == COLUMNS
    assert [row[0] for row in rows] == ["2", "1"]
    assert rows[1][3] == "阳光"
    assert rows[1][COLUMNS.index("last")] == "2026-05-28 20:25:40+00:00"
    objects = [json.loads(line) for line in (tmp_path / "a.ndjson").read_text("utf-8").splitlines()]
    assert [(one["id"], one["name"]) for one in objects] == [(2, HOSTILE), (1, "阳光")]
    assert objects[1]["last"] == NOON - 60
    for path in tmp_path.glob("a.*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not set(path.read_text("utf-8")) & set("\x1b\x07\u202e")


@pytest.mark.parametrize("name", ["=1+2", "+1", "-1", "@SUM(A1)", "＝1+2", " =1", "\t=1", "|calc", "%x"])
def test_no_cell_is_a_formula(db: Database, at: At, name: str) -> None:
    say(db, name)
    at("mo").members.remark(1, name)
    row = cells(db)[1]
    for cell in (row[3], row[4]):
        assert cell.startswith("'")
    assert row[2] == "m1"


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=5))
def test_whatever_the_names_each_member_is_one_line_and_no_cell_begins_a_formula(names: Sequence[str]) -> None:
    from console.exporting import _cell, _csv_line

    lines = "".join(_csv_line(["7", *map(_cell, names)]) for _ in range(2))
    assert lines.count("\n") == 2
    for row in csv.reader(StringIO(lines, newline="")):
        assert len(row) == len(names) + 1
        assert not [cell for cell in row if cell.lstrip()[:1] in set("=+-@＝＋－＠\t\r|%") - {""}]


def test_a_file_that_is_there_is_left_as_it_is(db: Database, at: At, tmp_path: Path) -> None:
    say(db, "anna")
    path = tmp_path / "there.csv"
    path.write_text("mine", "utf-8")
    (tmp_path / "link.csv").symlink_to(tmp_path / "elsewhere")
    for name in ("there.csv", "link.csv", "no folder/a.csv"):
        with pytest.raises(ExportError):
            export(db, [1], tmp_path / name, "csv", NOON)
    assert path.read_text("utf-8") == "mine"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["", ".x", "../a", "/etc/a", "a/b", "a\x00", "a\nb", "x" * 201])
def test_a_console_writes_beside_the_store_alone(db: Database, at: At, name: str) -> None:
    say(db, "anna")
    with pytest.raises(ExportError):
        export_beside(db, [1], name, NOON)
    path = export_beside(db, [1], "阳光.csv", NOON)
    assert path == db.path.parent / "exports" / "阳光.csv"
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    with pytest.raises(ExportError):
        export_beside(db, [1], "阳光.csv", NOON)


def test_a_list_that_left_is_in_the_log(db: Database, at: At) -> None:
    at("vi").members.exported(7, "csv")
    assert events(db) == [("members.export", "members", "vi", {"count": 7, "form": "csv"})]


def test_json_of_members_names_every_column(db: Database, at: At) -> None:
    say(db, "anna")
    (line,) = as_ndjson(db, [1], NOON)
    assert tuple(json.loads(line)) == COLUMNS
