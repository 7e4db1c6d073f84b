"""Disguises of a text, such as advertisers use: each at any strength, and always the same for the same text.

Characters that look or sound alike come from the tables of a folder (`resources/evasion`) where it is there, and
from the rules' own tables where not, which flatters the rules.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np

from rules.tables import tables
from rules.weaker import sounds

Disguise = Callable[[str, float, random.Random], str]

STRENGTHS = (0.15, 0.3, 0.6)
"""Shares of the characters that can be disguised, or of the places between two."""

_COMMON = range(0x4E00, 0x9FA6)
_LOOK_ALIKES = dict(
    zip(
        "aceopxyisjABCEHIKMOPTXYZавекмнорстухАВЕКМНОРСТХ",
        "асеорхуіѕјАΒСΕΗΙΚΜΟΡΤΧΥΖaвeкмнopcтyxABEKMHOPCTX",
        strict=True,
    )
)
_LEET = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7", "b": "8", "g": "9", "а": "4", "о": "0", "з": "3"}
_DIGITS = ["０１２３４５６７８９", "⓪①②③④⑤⑥⑦⑧⑨", "零壹贰叁肆伍陆柒捌玖", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "٠١٢٣٤٥٦٧٨٩"]
_EMOJI = "🔥💰🎁✨😀👍🌸⭐"


def disguised(name: str, text: str, strength: float, disguises: Mapping[str, Disguise]) -> str:
    """`text` in the disguise of that name; the same text comes out the same."""
    return disguises[name](text, strength, random.Random(f"{name} {strength} {text}"))


def all_disguises(evasion: Path | None) -> dict[str, Disguise]:
    """Every disguise by its name; `evasion` is a folder of tables of characters."""
    return {
        "full-width": _letters(lambda char, _: chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char),
        "zero-width": _between(lambda chosen: chosen.choice("\u200b\u200c\u200d\u2060\ufeff")),
        "bidi marks": _between(lambda chosen: chosen.choice("\u200e\u200f\u202a\u202c\u2066\u2069")),
        "separators": _same_between(".-_·*|~、"),
        "spaces": _same_between(" "),
        "emoji": _between(lambda chosen: chosen.choice(_EMOJI)),
        "homoglyphs": _letters(lambda char, _: _LOOK_ALIKES.get(char, char)),
        "circled": _letters(_circled),
        "mathematical": _letters(_mathematical),
        "digits": _letters(lambda char, chosen: chosen.choice(_DIGITS)[int(char)] if "0" <= char <= "9" else char),
        "traditional": _exchanged(_listed(evasion, "opencc_STCharacters_Apache-2.0.txt", _traditional)),
        "combining": _between(lambda chosen: chosen.choice("\u0336\u0301\u0308\u0323\u0332")),
        "leet": _letters(lambda char, _: _LEET.get(char.lower(), char)),
        "homophones": _exchanged(_listed(evasion, "zh_sound_near_SimilarCharacter_MIT.txt", _homophones)),
        "split": _exchanged(_split(evasion)),
    }


def _letters(change: Callable[[str, random.Random], str]) -> Disguise:
    def disguise(text: str, strength: float, chosen: random.Random) -> str:
        return "".join(change(char, chosen) if chosen.random() < strength else char for char in text)

    return disguise


def _exchanged(table: Mapping[str, list[str]]) -> Disguise:
    return _letters(lambda char, chosen: chosen.choice(table[char]) if char in table else char)


def _between(made: Callable[[random.Random], str]) -> Disguise:
    def disguise(text: str, strength: float, chosen: random.Random) -> str:
        pieces = [char + made(chosen) if chosen.random() < strength else char for char in text[:-1]]
        return "".join(pieces) + text[-1:]

    return disguise


def _same_between(marks: str) -> Disguise:
    def disguise(text: str, strength: float, chosen: random.Random) -> str:
        mark = chosen.choice(marks)
        return _between(lambda _: mark)(text, strength, chosen)

    return disguise


def _circled(char: str, _: random.Random) -> str:
    if "a" <= char <= "z":
        return chr(0x24D0 + ord(char) - ord("a"))
    if "A" <= char <= "Z":
        return chr(0x1F150 + ord(char) - ord("A"))
    return chr(0x2460 + ord(char) - ord("1")) if "1" <= char <= "9" else char


def _mathematical(char: str, chosen: random.Random) -> str:
    style = chosen.choice([0x1D400, 0x1D468, 0x1D5D4, 0x1D670])
    if "a" <= char <= "z":
        return chr(style + 26 + ord(char) - ord("a"))
    return chr(style + ord(char) - ord("A")) if "A" <= char <= "Z" else char


def _listed(evasion: Path | None, name: str, otherwise: Callable[[], dict[str, list[str]]]) -> dict[str, list[str]]:
    """A table of lines: a character and, after white space, those that may stand for it."""
    if evasion is None or not (evasion / name).exists():
        return otherwise()
    lines = (line.split() for line in (evasion / name).read_text("utf-8").splitlines())
    return {parts[0]: list("".join(parts[1:])) for parts in lines if len(parts) > 1 and len(parts[0]) == 1}


@cache
def _homophones() -> dict[str, list[str]]:
    alike = defaultdict(list)
    for char, sound in zip(_COMMON, sounds(np.array(_COMMON, np.uint32)).tolist(), strict=True):
        alike[sound].append(chr(char))
    return {
        char: [other for other in group if other != char] for group in alike.values() if group[1:] for char in group
    }


@cache
def _traditional() -> dict[str, list[str]]:
    parts = tables()
    made = defaultdict(list)
    for code in _COMMON:
        plain = parts.pages[parts.page_of[code >> 8] * 256 + (code & 255)]
        if plain in _COMMON:
            made[chr(plain)].append(chr(code))
    return dict(made)


def _split(evasion: Path | None) -> dict[str, list[str]]:
    """Characters in two parts that stand beside each other, as people write them: a common one each."""
    name = "zh_chaizi_simplified_CC-BY-3.0.txt"
    made = defaultdict(list)
    if evasion is None or not (evasion / name).exists():
        parts = tables()
        for first, second, whole in zip(parts.split_firsts, parts.split_seconds, parts.split_wholes, strict=True):
            made[chr(whole)].append(chr(first) + chr(second))
        return dict(made)
    for line in (evasion / name).read_text("utf-8").splitlines():
        char, *ways = line.split("\t")
        halves = [way.replace(" ", "") for way in ways if re.fullmatch(r"[一-龥] [一-龥]", way)]
        if halves:
            made[char] = halves[:1]
    return dict(made)
