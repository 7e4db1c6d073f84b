"""What a search for a member looks through: names folded, by their sound in full, and by its initials.

`yg`, `yangguang`, `阳光` and `陽光` all find 阳光. Sounds come from the table that `rules.weaker` reads, here without
numpy: the console searches as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice, product

from rules.letters import folded_letters, folded_piece, joins_to_the_letter_before
from rules.tables import tables
from rules.tables.spelled import NUMERALS, READINGS, SYLLABLES

LOOKED_AT = 100
"""So many characters of a name, a remark or an id are looked through."""

WAYS = 8
"""So many ways to read a name with characters of several sounds are looked through."""

_LONE = "\t"


def sought(name: str, remark: str, key: str) -> str:
    """What a search looks through, as fields with tabs between; never "", and without line breaks.

    It begins with the spelling of the name, of the id where there is no name: in that order names stand as in a
    dictionary, the Chinese ones by their sound.
    """
    fields: list[str] = []
    for text in (name.strip() or key, remark):
        folded, spoken = folded_name(text), _spoken(text)
        for way in (*_spelled(spoken), folded, *_initials(spoken)):
            if not any(way in field for field in fields):
                fields.append(way)
    folded = folded_name(key)
    if not any(folded in field for field in fields):
        fields.append(folded)
    return "\t".join(fields) or _LONE


def sought_query(text: str) -> str:
    """What was typed, in the form to look for in `sought`; "" for nothing."""
    return folded_name(text)


def folded_name(text: str) -> str:
    """The letters of `text` as `rules.fold` gives them; of a text without any, such as one of emoji, its signs."""
    text = text[:LOOKED_AT]
    return _folded(text) or "".join(char for char in text.casefold() if char.isprintable() and not char.isspace())


def _folded(text: str) -> str:
    folded = text.translate(_pieces())
    return folded_letters(text)[0] if _joining().search(folded) else folded


_NUMERAL = re.compile(f"([{re.sub('[a-z/ ]', '', NUMERALS)}])")


def _spoken(text: str) -> str:
    """The folded name, but for numerals that are read as characters: 陆 is a surname and no 6."""
    if _NUMERAL.search(text) is None:
        return folded_name(text)
    parts = _NUMERAL.split(text[:LOOKED_AT])
    return "".join(part if at % 2 else _folded(part) for at, part in enumerate(parts))


class _Pieces(dict[int, str]):
    """What each character folds to, looked up once."""

    def __missing__(self, code: int) -> str:
        piece = self[code] = folded_piece(chr(code))
        return piece


@cache
def _pieces() -> _Pieces:
    return _Pieces()


@cache
def _joining() -> re.Pattern[str]:
    return re.compile(f"[{re.escape(''.join(sorted(joins_to_the_letter_before())))}]")


class _Sounds(dict[int, tuple[str, ...]]):
    """The spellings of each character's sounds; a character without a sound spells itself."""

    def __init__(self) -> None:
        super().__init__()
        spelled = (re.fullmatch("([a-z]+)(.)", entry) for entry in SYLLABLES.split())
        self._spelled = {ord(match[2]): match[1] for match in spelled if match}
        self.update((ord(entry[0]), tuple(entry[1:].split("/"))) for entry in f"{READINGS} {NUMERALS}".split())

    def __missing__(self, code: int) -> tuple[str, ...]:
        parts = tables()
        sound = parts.sound_pages[parts.sound_page_of[code >> 8] * 256 + (code & 255)] or code
        spelling = self._spelled.get(sound, chr(code))
        # A keyboard has no ü: some type v for it, some u.
        ways = (spelling, spelling.replace("v", "u")) if spelling[:2] in ("lv", "nv") else (spelling,)
        self[code] = ways
        return ways


@cache
def _sounds() -> _Sounds:
    return _Sounds()


def _spelled(folded: str) -> Iterable[str]:
    """The text by its sound, in each way to read it; the text itself where it has no ideographs."""
    sounds = _sounds()
    return _ways([sounds[ord(char)] for char in folded])


def _initials(folded: str) -> Iterable[str]:
    """The text with only the initial of each sound."""
    sounds = _sounds()
    return _ways([tuple(dict.fromkeys(way[0] for way in sounds[ord(char)])) for char in folded])


def _ways(choices: Sequence[tuple[str, ...]]) -> Iterable[str]:
    return dict.fromkeys(map("".join, islice(product(*choices), WAYS)))
