"""What commands print fits a terminal, breaks at words, and loses nothing."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.fitted import fitted, print_fitted
from widgets.safe import cells, safe

COMMAND = "`vigil outbox drop 42`"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text().map(safe), st.integers(20, 120), st.integers(0, 8))
def test_nothing_is_lost_and_only_single_pieces_are_too_long(text: str, width: int, further: int) -> None:
    lines = fitted(text, width, further)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        long = cells(line) > width
        assert not long or " " not in line.strip() or "`" in line


def test_a_sentence_breaks_between_words_and_goes_on_further_in() -> None:
    assert fitted("  once its cause is cured: retry it", 20, 4) == ["  once its cause is", "    cured: retry it"]


def test_a_command_is_never_torn() -> None:
    for width in range(24, 80):
        lines = fitted(f"what failed can be given up again: {COMMAND}; see the list", width)
        assert sum(COMMAND in line for line in lines) == 1


def test_chinese_breaks_anywhere_but_not_before_a_closing_mark() -> None:
    lines = fitted("茶馆里的消息很多，" * 8, 34)
    assert max(map(cells, lines)) <= 34
    assert not any(line.strip().startswith("，") for line in lines)


@pytest.mark.parametrize("err", [False, True])
def test_a_pipe_gets_one_line_and_a_terminal_lines_that_fit(monkeypatch: pytest.MonkeyPatch, err: bool) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = "vigil: " + "the platform was not reachable " * 8
    for stream, most in ((io.StringIO(), 1), (Terminal(), 4)):
        monkeypatch.setattr("sys.stderr" if err else "sys.stdout", stream)
        print_fitted(text, err=err)
        lines = stream.getvalue().splitlines()
        assert len(lines) == most
        assert most == 1 or max(map(len, lines)) <= 80
