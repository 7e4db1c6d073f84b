"""Messages: stored once, counted right, found by any text in them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.records import Message, MessageKey, Mode
from store import messages
from store.database import Database, open_database
from store.records import Mark
from tests.unit.made import NOON, finding, message, take


def add(db: Database, *added: Message) -> list[int]:
    with db.transaction():
        writer = messages.MessageWriter(db)
        return [stored.id for stored in writer.add(writer.unknown(added), NOON)]


def texts(db: Database, text: str) -> list[str]:
    return [row.text for row in messages.rows(db, messages.ids(db, text=text))]


def membership(db: Database, member: str = "m", group: str = "g") -> tuple[float | None, ...]:
    found = db.execute(
        "SELECT s.messages, s.first_at, s.last_at, s.joined_at, s.left_at FROM memberships s"
        " JOIN members m ON m.id = s.member_id JOIN groups g ON g.id = s.group_id WHERE m.key = ? AND g.key = ?",
        (member, group),
    )
    return tuple(found.fetchone())


def test_messages_are_stored_in_order(db: Database) -> None:
    assert add(db, message("b"), message("a")) == [1, 2]
    assert add(db, message("c")) == [3]
    assert [row.id for row in messages.rows(db, messages.ids(db))] == [1, 2, 3]


def test_a_message_is_stored_once_in_the_order_of_its_first_coming(db: Database) -> None:
    first, second, again = message(1, "first"), message(2, "second"), message(1, "first, edited")
    add(db, first, second, again)
    add(db, again, message(3, "third"), first)
    assert texts(db, "") == ["first", "second", "third"]


def test_the_same_number_in_another_group_or_platform_is_another_message(db: Database) -> None:
    one = message(1)
    assert len(add(db, one, replace(one, group="h"), replace(one, platform="other"))) == 3


def test_names_follow_the_latest_that_is_given(db: Database) -> None:
    def names() -> tuple[str, str]:
        row = messages.rows(db, messages.ids(db))[0]
        return row.group, row.name

    one = message(1)
    add(db, one)
    assert names() == ("g", "m"), "without names the keys are shown"
    add(db, replace(one, id="2", name="Mia", group_name="Garden"))
    add(db, replace(one, id="3"))
    assert names() == ("Garden", "Mia")
    add(db, replace(one, id="4", name="Mia B."), replace(one, id="5", name="Mia C."))
    assert names() == ("Garden", "Mia C.")


def test_memberships_count_what_was_posted_and_when(db: Database) -> None:
    add(db, message(1, time=NOON + 5), message(2, time=NOON), message(3, time=None))
    add(db, message(4, time=NOON + 9), message(5, group="h"), message(6, member="n"))
    assert membership(db) == (4, NOON, NOON + 9, None, None)
    assert membership(db, group="h")[0] == membership(db, member="n")[0] == 1


def test_joining_and_leaving_are_noted_and_are_no_posts(db: Database) -> None:
    def come(number: int, kind: str, at: float) -> None:
        add(db, replace(message(number, "", time=at), kind=kind))

    come(1, "join", NOON)
    assert membership(db) == (0, None, None, NOON, None)
    come(2, "leave", NOON + 1)
    assert membership(db) == (0, None, None, NOON, NOON + 1)
    add(db, message(3, time=NOON + 2))
    assert membership(db) == (1, NOON + 2, NOON + 2, NOON, NOON + 1)
    come(4, "join", NOON + 3)
    assert membership(db) == (1, NOON + 2, NOON + 2, NOON + 3, None)


def test_an_edit_is_no_further_post_and_a_request_no_membership(db: Database) -> None:
    add(db, message(1, time=NOON), replace(message("1 e1", "mended", time=NOON + 5), kind="edit"))
    add(db, replace(message(2, "let me in", member="n"), kind="knock"))
    assert membership(db) == (1, NOON, NOON, None, None)
    assert db.value("SELECT count(*) FROM memberships") == 1
    assert db.value("SELECT count(*) FROM messages") == 3


def test_what_is_gone_on_the_platform_is_marked_with_its_edits_and_nothing_else(db: Database) -> None:
    keys = ["1", "1 e1", "1 e2", "10", "1!", "2"]
    add(db, *(message(key) for key in keys), message("1", group="h"))
    with db.transaction():
        messages.mark_gone(db, [MessageKey("replay", "g", "1"), MessageKey("replay", "g", "unknown")], NOON)
        messages.mark_gone(db, [MessageKey("replay", "none", "2")], NOON)
    gone = db.execute(
        "SELECT m.key, g.key FROM messages m JOIN groups g ON g.id = m.group_id WHERE deleted_at = ?", (NOON,)
    )
    assert sorted(gone) == [("1", "g"), ("1 e1", "g"), ("1 e2", "g")]
    with db.transaction():
        messages.mark_gone(db, [MessageKey("replay", "g", "1")], NOON + 1)
    assert db.value("SELECT count(*) FROM messages WHERE deleted_at = ?", (NOON + 1,)) == 0


def test_an_edit_that_is_gone_is_marked_by_its_own_id_and_what_it_edited_stays(db: Database) -> None:
    edits = [
        replace(message(key, group=group), kind="edit") for key, group in (("1 e1", "g"), ("1 e2", "g"), ("1 e1", "h"))
    ]
    add(db, message(1), message("e1 x"), message("x e1"), *edits)
    with db.transaction():
        messages.mark_gone(db, [MessageKey("replay", "g", "e2"), MessageKey("replay", "h", "e1")], NOON)
    gone = db.execute(
        "SELECT m.key, g.key FROM messages m JOIN groups g ON g.id = m.group_id WHERE deleted_at IS NOT NULL"
    )
    assert sorted(gone) == [("1 e1", "h"), ("1 e2", "g")]


def test_marking_what_is_gone_costs_the_same_however_much_is_stored(db: Database) -> None:
    def cost() -> int:
        """What SQLite does for it, in steps of its own."""
        steps = [0]

        def count() -> int:
            steps[0] += 1
            return 0

        with db.transaction():
            db.connection.set_progress_handler(count, 1)
            messages.mark_gone(db, [MessageKey("replay", "g", "none")], NOON)
            db.connection.set_progress_handler(None, 1)
        return steps[0]

    add(db, message(1), replace(message("1 e1"), kind="edit"))
    before = cost()
    add(db, *(replace(message(f"m{n} e{n}"), kind="edit") for n in range(500)), *(message(f"n{n}") for n in range(500)))
    assert cost() == before


def test_a_message_of_nobody_is_stored(db: Database) -> None:
    add(db, message(1, "system", member=""))
    (row,) = messages.rows(db, [1])
    assert (row.name, row.text) == ("", "system")


FOUND = [
    ("大家好，今天共读会改到八点半", ["共读", "好", "八点半", "今天共读会改到八点半"]),
    ("外卖優惠券每天更新", ["優惠", "外卖優惠券"]),
    ("今日の読書会は中止です。カラオケへ", ["読書", "カラオケ", "です"]),
    ("Всем привет, где ссылка?", ["привет", "ПРИВЕТ", "ссыл", "где ссылка"]),
    ("MiXeD case Links", ["mixed", "CASE", "xed ca", "links"]),
    ("안녕하세요 여러분", ["하세", "여러분"]),
    ("สวัสดีครับ", ["สวัส"]),
    ("مرحبا بالجميع", ["بالج"]),
    ("price 12.50 €, code AB-12", ["12.50", "AB-12", "ab12"]),
    ("no words 🎉🎉 here", ["🎉", "🎉🎉", " 🎉 "]),
    ("!!!???", ["!?", "???"]),
    ('a "quoted" word * AND OR NEAR(x)', ['"quoted"', "word *", "AND OR", "NEAR(x)", "* AND"]),
    ("it's 100% -sure^", ["it's", "100%", "-sure", "^"]),
]


@pytest.mark.parametrize(("text", "wanted"), [(text, wanted) for text, several in FOUND for wanted in several])
def test_a_message_is_found_by_what_is_in_it_in_any_script(db: Database, text: str, wanted: str) -> None:
    add(db, *(message(number, other) for number, (other, _) in enumerate(FOUND)))
    assert text in texts(db, wanted)


@pytest.mark.parametrize("absent", ["读共", "nowhere", "🎃", "привета", "xedmi", "ъ"])
def test_what_is_in_no_message_finds_none(db: Database, absent: str) -> None:
    add(db, *(message(number, other) for number, (other, _) in enumerate(FOUND)))
    assert texts(db, absent) == []


def test_searching_can_be_narrowed_to_a_group_and_to_what_is_new(db: Database) -> None:
    add(db, message(1, "tea"), message(2, "tea", group="h"), message(3, "rain"), message(4, "tea"))
    group = {name: number for number, name, _ in messages.groups(db)}["g"]
    assert messages.ids(db, text="tea") == [1, 2, 4]
    assert messages.ids(db, text="tea", group_id=group) == [1, 4]
    assert messages.ids(db, text="tea", after=1) == [2, 4]
    assert messages.ids(db, text="tea", limit=2) == [2, 4]
    assert messages.ids(db, group_id=group, after=1) == [3, 4]
    assert messages.groups(db) == [(group, "g", 3), (group + 1, "h", 1)]


def test_rows_come_in_the_order_asked_for_without_those_that_are_gone(db: Database) -> None:
    add(db, *(message(number) for number in range(1_000)))
    wanted = [900, 3, 77, 5_000, 4]
    assert [row.id for row in messages.rows(db, wanted)] == [900, 3, 77, 4]
    assert len(messages.rows(db, list(range(1, 1_001)))) == 1_000


def test_rows_are_marked_when_flagged_but_not_in_shadow(db: Database) -> None:
    take(db, [(message(1), [finding()]), (message(2), [finding(mode=Mode.SHADOW)]), (message(3), [])])
    assert [row.mark for row in messages.rows(db, [1, 2, 3])] == [Mark.FLAG, Mark.NONE, Mark.NONE]


def test_what_stands_around_a_message_is_of_its_group(db: Database) -> None:
    add(db, *(message(number, group="gh"[number % 2]) for number in range(1, 20)))
    assert [row.id for row in messages.around(db, 9, 2)] == [5, 7, 9, 11, 13]
    assert [row.id for row in messages.around(db, 1, 2)] == [1, 3, 5]


def test_a_position_is_what_was_set_last(db: Database) -> None:
    assert messages.position(db, "replay:x") is None
    for value in ("1", "2"):
        messages.set_position(db, "replay:x", value, NOON)
    messages.set_position(db, "replay:y", "9", NOON)
    assert messages.position(db, "replay:x") == "2"


@pytest.fixture(scope="module")
def shared() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder) / "vigil.db", create=True)
        yield database
        database.close()


# Python counts these as letters and the index's tokenizer does not.
_OTHERS = [chr(code) for code in (*range(0x19B0, 0x19CA), 0x1CF2, 0x1CF3)]
_text = st.text(
    st.characters(max_codepoint=0x323AF, exclude_categories=["Cs", "Cn"], exclude_characters=["\0", *_OTHERS]),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(_text, st.data())
def test_every_stored_text_is_found_by_any_of_its_words(shared: Database, text: str, data: st.DataObject) -> None:
    number = messages.newest_id(shared) + 1
    add(shared, message(number, text))
    start = data.draw(st.integers(0, len(text)))
    wanted = text[start : data.draw(st.integers(start, len(text)))]
    if wanted and all(char.isalnum() for char in wanted):
        assert number in messages.ids(shared, text=wanted)


def test_letters_of_two_words_are_no_word(db: Database) -> None:
    add(db, message(1, "press Shift"), message(2, "use ssh"), message(3, "加 微 信"))
    assert texts(db, "ssh") == ["use ssh"]
    assert texts(db, "s Sh") == ["press Shift"]
    assert texts(db, "微信") == ["加 微 信"], "set apart to hide it"
