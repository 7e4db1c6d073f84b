"""Where the keys of a TOML text stand."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from rules.keylines import KeyPath, key_lines, line_of

SOURCE = '''\
# comment [not.a.table]
version = 1 # = 2

[a."b.c"]
x.y = "]"
list = [ # [
  "one",
  """two
three \\""" "", """, 'f"our',
  { k = 1, "l m" = [1, 2] },
]
[[items]]
n = 1
[items.sub]
m = 1
[[items]]
n = 2
[[items.inner]]
o = 1
[[items.inner]]
o = 2
'''


def test_tables_keys_and_items_are_found() -> None:
    lines = key_lines(SOURCE)
    expected: dict[KeyPath, int] = {
        ("version",): 2,
        ("a", "b.c"): 4,
        ("a", "b.c", "x", "y"): 5,
        ("a", "b.c", "list"): 6,
        ("a", "b.c", "list", 0): 7,
        ("a", "b.c", "list", 1): 8,
        ("a", "b.c", "list", 2): 9,
        ("a", "b.c", "list", 3, "l m", 1): 10,
        ("items", 0): 12,
        ("items", 0, "n"): 13,
        ("items", 0, "sub", "m"): 15,
        ("items", 1): 16,
        ("items", 1, "n"): 17,
        ("items", 1, "inner", 0, "o"): 19,
        ("items", 1, "inner", 1): 20,
        ("items", 1, "inner", 1, "o"): 21,
    }
    assert {key: lines.get(key) for key in expected} == expected


def test_line_ends_of_windows_count_once() -> None:
    assert key_lines(SOURCE.replace("\n", "\r\n")) == key_lines(SOURCE)


def test_a_missing_key_is_placed_at_its_table() -> None:
    lines = key_lines(SOURCE)
    assert line_of(lines, ("items", 0, "sub", "missing", 3)) == 14
    assert line_of(lines, ("missing",)) is None


NAMES = st.text("abз\"'. \\#=[]", max_size=4)
SCALARS = st.one_of(st.integers(), st.booleans(), st.text("ab\n\"'\\#[]{},=中", max_size=8), st.floats(allow_nan=False))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)


ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in '"\\'}


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\u{ord(char):04x}" if char in '"\\\n' else char for char in text) + '"'


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"""\n' + value.translate(ESCAPES) + '"""' if "\n" in value else _quoted(value)
    if isinstance(value, list):
        return "[\n" + "".join(f"# ]\n{_written(item)} ,\n" for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)} = {_written(item)}" for key, item in value.items()) + "}"
    return str(value)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=3), max_size=3))
def test_every_key_of_any_document_has_the_line_it_was_written_on(document: dict[str, dict[str, object]]) -> None:
    source = ""
    expected: dict[KeyPath, int] = {}
    for table, values in document.items():
        source += f"\n[{_quoted(table)}] # x\n"
        expected[(table,)] = source.count("\n")
        for key, value in values.items():
            expected[(table, key)] = source.count("\n") + 1
            source += f"{_quoted(key)} = {_written(value)}\n"
    assert tomllib.loads(source) == document
    lines = key_lines(source)
    assert {key: lines.get(key) for key in expected} == expected
