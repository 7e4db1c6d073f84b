"""Makes characters.bin. Run by hand: `python -m rules.tables.build TSCharacters.txt confusables.txt chaizi.txt`.

Needs pypinyin, which running Vigil does not. What is derived from whom, and under which licence: NOTICE.md.
Sources of the method: Unicode NFKC and case folding (UAX #15), confusable letters (UTS #39), and the Unicode
names, which say of nearly every ornamented letter which letter it is. The result depends on the Unicode version
of the Python that runs this, and no longer on that of the Python that runs Vigil.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

from rules.tables import DROPPED, FIRST_EXPANSION, SEPARATES, Tables, packed

# What OpenCC's one-to-one table leaves as it is: the other spellings of Taiwan and Hong Kong, and 瞭, which
# chat writes for 了.
_VARIANTS = "瞭了 衹只 粧妆 衞卫 擡抬 敍叙 枱台 糭粽 著着"
# Look-alikes by pairs, after case folding: Cyrillic, Greek, Armenian, phonetic. Where capital and small
# letter look like two different Latin ones (н and Н), the capital decides: it makes the better disguise.
# They are exchanged everywhere, not only in words of mixed script: so a Russian word with Latin letters in it
# and the same word written honestly fold alike, and folding twice changes nothing. Whoever looks for a Latin
# word goes back to the original by `Folded.span` and sees whether it was Latin there (words.py does).
_LOOK_ALIKES = (
    "аa вb еe іi јj кk мm нh оo рp сc тt уy үy хx һh ԁd ԛq ԝw ѕs ӏl "
    "αa βb εe ζz ηh ιi κk μm νv οo ρp τt υy χx ϲc օo ոn սu հh ıi ɑa ɡg ƅb"
)
# The numerals of cheques, a usual disguise of account numbers, and the circle that stands for nought.
_NUMERALS = "零0 〇0 壹1 贰2 叁3 肆4 伍5 陆6 柒7 捌8 玖9"
# An apostrophe stands inside a word; the fillers, the vowels of Khmer that are no vowels and Mongolian's
# selectors are letters or marks to Unicode and nothing to the eye.
_NOTHING = "'’ʼ`´＇\u115f\u1160\u3164\uffa0\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f"

_NAMED_LETTER = re.compile(
    r"(?:NEGATIVE (?:CIRCLED|SQUARED) )?LATIN (?:(?:SMALL|CAPITAL) LETTER|LETTER SMALL CAPITAL) ([A-Z])"
    r"(?: WITH .+)?"
)
# Marks that ornament letters of any script. Marks of one script, such as the kana's voicing, belong to its
# spelling and stay.
_ORNAMENTS = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]+"
)
# Alphabets nobody's community chats in, or only by their Latin look-alikes. In living ones (Arabic, Hebrew, the
# scripts of India) a confusable is an accident; the look-alikes of Cyrillic and Greek are the few above.
_ORNAMENTAL_SCRIPTS = re.compile(
    r"LATIN |MODIFIER LETTER|MATHEMATICAL|CHEROKEE|COPTIC|LISU|DESERET|CANADIAN SYLLABICS|CARIAN|LYCIAN|LYDIAN|"
    r"OLD ITALIC|ELBASAN|OSAGE|WARANG CITI|RUNIC|TIFINAGH|SCRIPT |DOUBLE-STRUCK|BLACK-LETTER|TURNED |ROMAN NUMERAL"
)
_SEPARATOR = " "
# No parts of a split character: single strokes, and what ordinary words begin or end with everywhere.
_NO_PARTS = frozenset("一丨丶丿乙乚丩亅厶卜冖亠丷1人大小上下不了的个有")


def _rows(path: Path) -> Iterator[list[str]]:
    for line in path.read_text("utf-8-sig").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split("\t")


class _Folder:
    """Folds one character by the sources, to a fixed point."""

    def __init__(self, traditional: Path, confusables: Path) -> None:
        self._plain = {row[0]: row[1].split(" ")[0] for row in _rows(traditional)}
        for pairs in (_VARIANTS, _LOOK_ALIKES, _NUMERALS):
            self._plain.update((pair[0], pair[1]) for pair in pairs.split())
        self._plain.update(dict.fromkeys(_NOTHING, ""))
        self._latin: dict[str, str] = {}
        for row in _rows(confusables):
            source, target = (
                "".join(chr(int(code, 16)) for code in field.split()) for field in "".join(row).split(";")[:2]
            )
            if len(source) == 1 == len(target) and (
                (target.isascii() and target.isalnum() and _ORNAMENTAL_SCRIPTS.match(unicodedata.name(source, "")))
                or "\u2e80" <= source <= "\u2fdf"
            ):
                self._latin[source] = target

    def fold(self, char: str) -> str:
        before, after = "", char
        for _ in range(20):
            if before == after:
                return after
            before, after = after, "".join(map(self._step, after))
        raise ValueError(f"{char!a} folds to nothing that lasts")

    def _step(self, char: str) -> str:
        """One step: letters, " " for what separates words, "" for what nobody sees."""
        plain = self._plain.get(char)
        if plain is not None:
            return plain
        if char.isspace():
            return _SEPARATOR
        category = unicodedata.category(char)
        if category[0] == "C" or _ORNAMENTS.match(char):
            return ""
        # Roman numerals serve as letters (the V of a disguised WeChat); NFKC takes them apart.
        if category[0] == "N" and not "\u2160" <= char <= "\u217f":
            number = unicodedata.numeric(char)
            if number == int(number) >= 0:
                return str(int(number))
        compatible = unicodedata.normalize("NFKC", char).casefold()
        if compatible != char:
            return compatible
        name = _NAMED_LETTER.fullmatch(unicodedata.name(char, ""))
        if name is not None:
            return name[1].lower()
        if not char.isascii() and char in self._latin:
            return self._latin[char].lower()
        if category[0] in "ZPS":
            return _SEPARATOR
        bare = _ORNAMENTS.sub("", unicodedata.normalize("NFD", char))
        return unicodedata.normalize("NFC", bare)


def _paged(values: array[int]) -> tuple[array[int], array[int]]:
    """`values` of all code points as page numbers and pages of 256, each different page once."""
    known: dict[bytes, int] = {}
    numbers, pages = array("i"), array("i")
    for start in range(0, len(values), 256):
        page = values[start : start + 256]
        if page.tobytes() not in known:
            known[page.tobytes()] = len(known)
            pages.extend(page)
        numbers.append(known[page.tobytes()])
    return numbers, pages


def _joins(folds: list[str]) -> Iterator[tuple[str, str, str]]:
    """Pairs of folded characters that are written as one, and that one. Hangul's are many and are all here."""
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        parts = unicodedata.normalize("NFD", char)
        if len(parts) < 2 or folds[code] != char:
            continue
        first, second = unicodedata.normalize("NFC", parts[:-1]), parts[-1]
        if (
            len(first) == 1
            and _may_join(second)
            and unicodedata.normalize("NFC", first + second) == char
            and folds[ord(first)] == first
            and folds[ord(second)] == second
        ):
            yield first, second, char


def _may_join(char: str) -> bool:
    return unicodedata.category(char)[0] == "M" or "\u1161" <= char <= "\u11ff"


def _sounds(folds: list[str]) -> dict[str, str]:
    """Of each ideograph that folds to itself, the commonest one of the same toneless sound.

    A character has one sound, its commonest. GB 2312 stands for commonness: its first level, then its second.
    """
    from pypinyin import Style, pinyin

    def commonness(char: str) -> bytes:
        try:
            return char.encode("gb2312")
        except UnicodeEncodeError:
            return b"\xff" + char.encode("utf-32-be")

    ideographs = [chr(code) for code in (*range(0x3400, 0xA000), *range(0x20000, 0x32000)) if folds[code] == chr(code)]
    sound_of = {}
    for char in ideographs:
        sound = pinyin(char, style=Style.NORMAL, heteronym=False, errors="ignore")
        if sound and sound[0][0].isascii() and sound[0][0].isalpha():
            sound_of[char] = sound[0][0]
    commonest: dict[str, str] = {}
    for char in sorted(sound_of, key=commonness):
        commonest.setdefault(sound_of[char], char)
    return {char: commonest[sound] for char, sound in sound_of.items()}


def _splits(path: Path, folds: list[str]) -> dict[tuple[str, str], str]:
    """Pairs of parts that a reader takes for one character of GB 2312's first level."""
    found: dict[tuple[str, str], str] = {}
    for row in _rows(path):
        whole = "".join(folds[ord(letter)] for letter in row[0])
        if len(whole) != 1 or not _common(whole):
            continue
        for way in row[1:]:
            parts = ["".join(folds[ord(letter)] for letter in part) for part in way.split()]
            if len(parts) == 2 and all(
                len(part) == 1 and "\u2e80" <= part < "\ua000" and part not in _NO_PARTS for part in parts
            ):
                found.setdefault((parts[0], parts[1]), whole)
    return found


def _common(char: str) -> bool:
    try:
        return b"\xb0\xa1" <= char.encode("gb2312") <= b"\xd7\xf9"
    except UnicodeEncodeError:
        return False


def _values(folds: Iterable[str]) -> tuple[array[int], array[int], array[int]]:
    """Each character's value as in `Tables.pages`, and the expansions' ends and code points."""
    values, ends, expansions = array("i"), array("i"), array("i")
    numbers: dict[str, int] = {}
    for code, folded in enumerate(folds):
        if folded == chr(code):
            values.append(0)
        elif len(folded) < 2:
            values.append(DROPPED if not folded else SEPARATES if folded == _SEPARATOR else ord(folded))
        else:
            if folded not in numbers:
                numbers[folded] = len(numbers)
                expansions.extend(map(ord, folded))
                ends.append(len(expansions))
            values.append(FIRST_EXPANSION - numbers[folded])
    return values, ends, expansions


def built(traditional: Path, confusables: Path, splits: Path) -> Tables:
    """The tables from OpenCC's TSCharacters.txt, Unicode's confusables.txt and a list of characters' parts."""
    folder = _Folder(traditional, confusables)
    folds = [folder.fold(chr(code)) for code in range(sys.maxunicode + 1)]
    values, ends, expansions = _values(folds)
    joins = sorted(_joins(folds))
    by_sound = array("i", [0]) * (sys.maxunicode + 1)
    for char, sound in _sounds(folds).items():
        by_sound[ord(char)] = 0 if char == sound else ord(sound)
    pairs = sorted((a, b, whole) for (a, b), whole in _splits(splits, folds).items())
    joined, split = ([array("i", [ord(one[part]) for one in three]) for part in range(3)] for three in (joins, pairs))
    return Tables._make([*_paged(values), ends, expansions, *joined, *_paged(by_sound), *split])


if __name__ == "__main__":
    made = packed(built(*map(Path, sys.argv[1:])))
    Path(__file__).with_name("characters.bin").write_bytes(made)
