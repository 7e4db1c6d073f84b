"""Codes and members from files as spreadsheets write them; errors name lines and quote nothing."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.arguments import UserError
from console.csv_column import read_column

CODES = [(1, "A-1"), (2, "B-2")]
HEADED = [(2, "A-1"), (3, "B-2")]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"A-1\nB-2\n", CODES),
        (b"A-1\r\nB-2", CODES),
        (b"code\nA-1\nB-2\n", HEADED),
        (b"Code\r\nA-1\r\nB-2\r\n", HEADED),
        (b"\xef\xbb\xbfcode\nA-1\nB-2\n", HEADED),
        (b'"A-1"\n"B-2"\n', CODES),
        (b"name,code\nMia,A-1\nJo,B-2\n", HEADED),
        (b"name;code\nMia;A-1\nJo;B-2\n", HEADED),
        (b"code\tname\nA-1\tMia\nB-2\tJo\n", HEADED),
        ("code\r\nA-1\r\nB-2\r\n".encode("utf-16"), HEADED),
        (b"\n\nA-1\n\n  B-2  \n\n", [(3, "A-1"), (5, "B-2")]),
        (b'"say ""hi"""\n', [(1, 'say "hi"')]),
        ("兑换码一\n".encode(), [(1, "兑换码一")]),
    ],
)
def test_a_column_is_read_as_spreadsheets_write_it(data: bytes, found: list[tuple[int, str]]) -> None:
    assert read_column(data, "codes.csv", ("code",)) == found


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "nothing to read"),
        (b"code\n", "nothing to read"),
        (b"SECRET,SECRET\n", "2 columns"),
        (b"code,name\nSECRET,Mia\nSECRET\n", "line 3: has 1 columns where the first has 2"),
        (b"code,name\nSECRET,Mia\n,Mia\n", "line 3: the column is empty"),
        (b"SECRET\nSECRET\x1b[31m\n", "line 2: holds a control character"),
        (b'SECRET\n"SECRET\nSECRET"\n', "line 2: holds a control character or a line break"),
        (b'SECRET\n"SECRET\n', "line 2: is no CSV"),
        (b"SECRET\nSECRET\xff\n", "line 2: is not UTF-8"),
        (b"SECRET\n" + b"SECRET" * 200 + b"\n", "line 2: is longer than"),
        (b"SECRET\0\n", "line 1"),
    ],
)
def test_what_is_wrong_is_told_by_line_and_nothing_is_quoted(data: bytes, said: str) -> None:
    with pytest.raises(UserError) as caught:
        read_column(data, "codes.csv", ("code",))
    assert said in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert str(caught.value).startswith("codes.csv: ")
    # Nor does what a traceback would show beside it.
    assert caught.value.__cause__ is None


FIELD = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=30)


@given(st.lists(FIELD.map(str.strip).filter(bool), min_size=1, max_size=20))
def test_what_a_csv_writer_wrote_comes_back(fields: list[str]) -> None:
    written = io.StringIO()
    csv.writer(written).writerows([["note", "code"], *([f"n{number}", field] for number, field in enumerate(fields))])
    assert [field for _, field in read_column(written.getvalue().encode(), "x", ("code",))] == fields


@given(st.binary(max_size=200))
def test_whatever_bytes_come_it_reads_them_or_says_which_line(data: bytes) -> None:
    said = "x: "
    try:
        read_column(data, "x", ("code",))
    except UserError as error:
        said = str(error)
    assert said.startswith("x: ")
