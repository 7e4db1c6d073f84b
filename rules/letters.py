"""Folding one text at a time, without numpy: for the rulebook's checks and as the reference of the fast way."""

from __future__ import annotations

from functools import cache, lru_cache

from rules.tables import DROPPED, FIRST_EXPANSION, SEPARATES, tables

_SEPARATOR = " "


@cache
def _join_table() -> dict[tuple[str, str], str]:
    parts = tables()
    pairs = zip(map(chr, parts.join_firsts), map(chr, parts.join_seconds), strict=True)
    return dict(zip(pairs, map(chr, parts.joined), strict=True))


@lru_cache(1 << 14)
def _piece(char: str) -> str:
    """What a character folds to: letters, a space where words come apart, or nothing."""
    parts = tables()
    code = ord(char)
    value = parts.pages[parts.page_of[code >> 8] * 256 + (code & 255)]
    if value >= 0:
        return chr(value) if value else char
    if value in (DROPPED, SEPARATES):
        return _SEPARATOR if value == SEPARATES else ""
    number = FIRST_EXPANSION - value
    start = parts.expansion_ends[number - 1] if number else 0
    return "".join(map(chr, parts.expansions[start : parts.expansion_ends[number]]))


def folded_letters(text: str) -> tuple[str, list[int], list[int]]:
    """The text, origin and starts of `rules.fold.fold(text)`, worked out character by character."""
    joins = _join_table()
    letters: list[str] = []
    origin: list[int] = []
    starts: list[int] = []
    apart = False
    for index, char in enumerate(text):
        for letter in _piece(char):
            if letter == _SEPARATOR:
                apart = True
                continue
            joined = joins.get((letters[-1], letter)) if letters else None
            if joined is not None:
                letters[-1] = joined
                continue
            if apart:
                apart = False
                if letters:
                    starts.append(len(letters))
            letters.append(letter)
            origin.append(index)
    return "".join(letters), origin, starts


def folded_piece(char: str) -> str:
    """What one character folds to, wherever it stands: without what separates words."""
    return _piece(char).replace(_SEPARATOR, "")


def joins_to_the_letter_before() -> frozenset[str]:
    """The folded letters that may become one with the letter before them."""
    return frozenset(second for _, second in _join_table())


def folded_length(text: str) -> int:
    """How many characters `text` folds to."""
    return len(folded_letters(text)[0])
