"""Another mode for a rule changes that mode in the rulebook's text, and not one other character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.promotion import with_mode
from rules.records import Mode
from rules.rulebook import RulebookError, parse

_COMMENT = st.sampled_from(
    ["", "# ads\n", '# mode = "off" 模式\n', "\n", "  \t\n", "# [rules.ads]\n", '#kind = "words"\n\n']
)
_SPACE = st.sampled_from(["", " ", "\t", "  "])
_QUOTE = st.sampled_from("'\"")
_OTHERS = st.sampled_from(
    [
        '[rules.other]\nkind = "words"\nmode = "ask"\nwords = ["mode = \\"ask\\""]\n',
        "[rules.other]\nkind = 'flood'\ntext = '''\n[rules.ads]\nmode = \"ask\"\n'''\n",
        '[ladder]\nsteps = ["warn"] # mode = "ask"\n',
        "",
    ]
)
_AFTER = st.sampled_from(["", " # why so\n", '\nwords = [\n  "mode", # mode = "ask"\n]\n', "\ndelete = false\n"])


@st.composite
def _pieces(draw: st.DrawFn, *, written: bool) -> tuple[str, str, str]:
    """A rulebook's text before the mode of the rule ads, what stands in its place, and what comes after it."""

    def key(name: str) -> str:
        quote = draw(st.sampled_from(["", "'", '"']))
        return f"{draw(_SPACE)}{quote}{name}{quote}{draw(_SPACE)}={draw(_SPACE)}"

    header = draw(st.sampled_from(["[rules.ads]", "[ rules . ads ]", '[rules."ads"]']))
    quote = draw(_QUOTE)
    kind = f"{key('kind')}{quote}words{quote}{draw(st.sampled_from(['', ' ', ' # a list']))}"
    before = f"version = 1\n{draw(_COMMENT)}{draw(_OTHERS)}{draw(_COMMENT)}{header}\n{draw(_COMMENT)}"
    after = draw(_AFTER)
    words = "" if "words =" in after else '\nwords = ["x"]'
    if not written:
        return f"{before}{kind}", "", f"{words}{after}"
    if draw(st.booleans()):
        before, words = f"{before}{kind}\n", words
    else:
        words = f"{words}\n{kind}"
    quote = draw(_QUOTE)
    if " #" in after[:2]:
        words, after = "", f"{after.rstrip()}{words}\n"
    return (
        f"{before}{draw(_COMMENT)}{key('mode')}{quote}",
        draw(st.sampled_from(list(Mode))).value,
        quote + words + after,
    )


@given(_pieces(written=True), st.sampled_from(list(Mode)), st.booleans())
def test_only_the_word_changes_where_the_mode_is_written(
    pieces: tuple[str, str, str], mode: Mode, windows: bool
) -> None:
    before, old, after = (piece.replace("\n", "\r\n") if windows else piece for piece in pieces)
    assert with_mode(before + old + after, "book.toml", "ads", mode) == before + mode + after


@given(_pieces(written=False), st.sampled_from(list(Mode)), st.booleans())
def test_a_line_follows_the_kind_where_no_mode_is_written(
    pieces: tuple[str, str, str], mode: Mode, windows: bool
) -> None:
    before, _, after = (piece.replace("\n", "\r\n") if windows else piece for piece in pieces)
    kind = before.rpartition("\n")[2]
    indent = kind[: len(kind) - len(kind.lstrip(" \t"))]
    changed = with_mode(before + after, "book.toml", "ads", mode)
    end = "\r\n" if windows else "\n"
    first = after.partition("\n")[0] + "\n" if after.startswith((" #", end)) else ""
    rest = after.removeprefix(first)
    assert changed == f'{before}{first or end}{indent}mode = "{mode}"{end if first else ""}{rest}'
    rule = parse(changed).rule("ads")
    assert rule is not None
    assert rule.mode is mode


def test_the_last_line_of_a_file_may_be_the_kind() -> None:
    source = '[rules.ads]\nwords = ["x"]\nkind = "words"'
    assert with_mode(source, "b", "ads", Mode.ASK) == f'{source}\nmode = "ask"'


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('[rules]\nads = { kind = "words", mode = "ask", words = ["x"] }\n', 2),
        ('[rules]\nads = { kind = "words", words = ["x"] }\n', 2),
        ('[rules]\nads.kind = "words"\nads.mode = "ask"\nads.words = ["x"]\n', 3),
        ('[rules.ads]\nkind = "words"\nmode = """ask"""\nwords = ["x"]\n', 3),
        ('[rules.ads]\nkind = "words"\nmode = "\\u0061sk"\nwords = ["x"]\n', 3),
        ('rules.ads.kind = "words"\nrules.ads.words = ["x"]\n', 1),
    ],
)
def test_what_is_written_otherwise_is_left_to_a_person(source: str, line: int) -> None:
    with pytest.raises(RulebookError, match='mode = "auto" there by hand') as caught:
        with_mode(source, "book.toml", "ads", Mode.AUTO)
    assert (caught.value.line, caught.value.key) == (line, "rules.ads.mode")
