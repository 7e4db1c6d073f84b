"""The audit log: a row that was changed, removed or put elsewhere is found."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import audit
from store.database import Database, open_database
from tests.unit.made import NOON

COLUMNS = ("at", "staff", "event", "subject", "detail", "previous", "hash")


def filled(db: Database, count: int) -> None:
    with db.transaction():
        for number in range(count):
            audit.record(db, NOON + number / 3, "ada", "case.decide", str(number), decision="warn", reason='太吵 "x"')


def test_an_untouched_log_holds(db: Database) -> None:
    assert audit.verify(db) == (0, "")
    filled(db, 20)
    assert audit.verify(db) == (20, "")
    assert [row.subject for row in audit.rows(db, 3)] == ["19", "18", "17"]
    assert audit.rows(db, 1)[0].detail == '{"decision":"warn","reason":"太吵 \\"x\\""}'


@pytest.mark.parametrize("column", COLUMNS)
def test_a_change_in_any_column_is_found(db: Database, column: str) -> None:
    filled(db, 20)
    changed = "at + 0.001" if column == "at" else f"{column} || ' '"
    db.execute(f"UPDATE audit SET {column} = {changed} WHERE id = 7")
    assert audit.verify(db) == (6, "row 7 was changed")


@pytest.mark.parametrize("row", [1, 7, 19])
def test_a_missing_row_is_found(db: Database, row: int) -> None:
    filled(db, 20)
    db.execute("DELETE FROM audit WHERE id = ?", (row,))
    assert audit.verify(db) == (row - 1, f"row {row} is missing")


def test_a_missing_row_is_found_though_the_others_were_numbered_anew(db: Database) -> None:
    filled(db, 20)
    db.execute("DELETE FROM audit WHERE id = 7")
    for number in range(8, 21):
        db.execute("UPDATE audit SET id = ? WHERE id = ?", (number - 1, number))
    assert audit.verify(db) == (6, "row 7 was changed")


def test_rows_put_in_another_order_are_found(db: Database) -> None:
    filled(db, 20)
    for old, new in ((7, 99), (8, 7), (99, 8)):
        db.execute("UPDATE audit SET id = ? WHERE id = ?", (new, old))
    assert audit.verify(db) == (6, "row 7 was changed")


_details = st.dictionaries(st.text(max_size=5), st.none() | st.integers(-9, 9) | st.text(max_size=10), max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=10), _details), min_size=1, max_size=10), st.data())
def test_whatever_is_recorded_holds_and_whatever_is_tampered_with_is_found(
    recorded: list[tuple[str, dict[str, object]]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "vigil.db", create=True)
        try:
            for subject, detail in recorded:
                audit.record(
                    db, NOON, "ada", "event", subject.replace("\0", ""), **{f"k{key}": detail[key] for key in detail}
                )
            assert audit.verify(db) == (len(recorded), "")
            row = data.draw(st.integers(1, len(recorded)))
            column = data.draw(st.sampled_from(COLUMNS[1:]))
            before = db.value(f"SELECT {column} FROM audit WHERE id = ?", (row,))
            after = data.draw(
                st.text(st.characters(exclude_categories=["Cs"]), max_size=10).filter(lambda t: t != before)
            )
            db.execute(f"UPDATE audit SET {column} = ? WHERE id = ?", (after, row))
            assert audit.verify(db)[0] == row - 1
            assert str(row) in audit.verify(db)[1]
        finally:
            db.close()
