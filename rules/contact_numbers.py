"""Numbers that could be somebody's: of phones, accounts, groups, however their digits are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from rules.fold import codes_of, text_of
from rules.weaker import sounds

FEWEST_DIGITS = 5
MOST_DIGITS = 15

PHONE_ALONE = 45.0
"""Score of a number in the form of a mobile phone's, without any cue."""
NUMBER_ALONE = 30.0
"""Score of a number of seven digits and more, without any cue."""

NUMERALS = dict(zip("一二三四五六七八九幺", "1234567891", strict=True))
_LOOK_LIKE = {"o": "0", "l": "1", "i": "1", "з": "3", "ч": "4", "б": "6"}
# Characters that sound as digits do, by one of each sound.
_SOUND_LIKE = dict(zip("一妖二三四五六七拐八九勾灵洞", "11234567789900", strict=True))

_DIGIT = f"[0-9{''.join(NUMERALS)}]"
_BETWEEN = r"[ \-_.*~,()/|+='•·]"
_CHAIN = re.compile(rf"{_DIGIT}(?:{_BETWEEN}{{0,3}}+{_DIGIT})*+")
# Five digits in a row are a number by themselves: a numeral behind them begins the next word.
_GROUP = re.compile(rf"[0-9]{{5,}}+|(?:(?![0-9]{{5}}){_DIGIT})++")
_DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?:[0-2]\d(?:[0-5]\d){1,2})?")
_MOBILE = re.compile(r"(?:0{0,2}86)?1[3-9]\d{9}|[78]?9\d{9}|0[1-9]\d{8,10}")
_WIDEST_GAP = 4
_PLAIN_ROW = 5
_FEWEST_HARD = 3
_CURRENCY = frozenset("$¥€£₽¢")
_ATTACHED = frozenset("#/\\_=%&?.@")
_UNITS = re.compile(
    r" ?(?:[%$€£₽¥°元块亿万千人个年月日分秒次名条张楼米度字倍位亓圆行集级家岁辆颗吨票]|号楼|小时|公里|公斤|"
    r"pyб|doллa|tыc|mлн|mлh|гpн|лet|чac|шt|(?:k?b|[kmgt]i?b|[kmg]?hz|ms|mah|p|r|k|usd|usdt|eur|rub|px|fps|kbps)\b|"
    r"dollar|bytes?)"
)


class Number(NamedTuple):
    """Digits from `start` to before `end` of a marked text.

    `phone`: in the form of a mobile phone's. `bare`: nothing about it says that it is something else, so that it
    may count without a cue. `apart`: in groups, as prices and dates are as well. `alone` is the score without a cue.
    """

    start: int
    end: int
    digits: str
    phone: bool
    bare: bool
    apart: bool

    @property
    def alone(self) -> float:
        if not self.bare:
            return 0.0
        if self.phone:
            return PHONE_ALONE
        return NUMBER_ALONE if len(self.digits) >= 7 and not self.apart else 0.0

    @property
    def date(self) -> bool:
        """Whether it can be read as a day, with or without the time."""
        return _DATE.fullmatch(self.digits) is not None


def numbers(text: str) -> Iterator[Number]:
    """The numbers of FEWEST_DIGITS to MOST_DIGITS in a marked text, from left to right. Linear in its length."""
    for chain in _CHAIN.finditer(text):
        if len(chain[0]) < FEWEST_DIGITS:
            continue
        groups = [group.span() for group in _GROUP.finditer(text, *chain.span())]
        if len(groups) > 1:
            whole = _whole(text, groups)
            if whole is not None:
                yield whole
                continue
        for start, end in groups:
            if FEWEST_DIGITS <= end - start <= MOST_DIGITS:
                yield _number(text, start, end, text[start:end], apart=False)


def _whole(text: str, groups: list[tuple[int, int]]) -> Number | None:
    """The groups as one number: digits one by one, or a phone number's groups."""
    start, end = groups[0][0], groups[-1][1]
    lengths = [last - first for first, last in groups]
    total = sum(lengths)
    if not FEWEST_DIGITS <= total <= MOST_DIGITS:
        return None
    digits = "".join(text[first:last] for first, last in groups)
    if max(lengths) == 1:
        plain = _plain(digits)
        counted = plain in "0123456789012345678" or plain in "9876543210"
        found = _number(text, start, end, digits, apart=True)
        return found._replace(bare=False) if counted else found
    gaps = {text[one[1] : two[0]].strip(" ") for one, two in pairwise(groups)}
    if not gaps <= {"", "-", "(", ")", ".", ")-", "•", "_", "*"} or ("." in gaps and total < 10):
        return None
    found = _number(text, start, end, digits, apart=True)
    if found.phone and _phone_groups(lengths, total):
        return found
    if total >= 10 and text[max(0, start - 2) : start].rstrip("(").endswith("+"):
        return found._replace(phone=True)
    regular = min(lengths) >= 3 and max(lengths) <= 4 and gaps <= {"", "-"} and total >= 7
    return found._replace(bare=False, phone=False) if regular else None


def _phone_groups(lengths: list[int], total: int) -> bool:
    """Whether a mobile number is grouped as people group them."""
    return total >= 10 and len(lengths) >= 2 and max(lengths) <= 10 and lengths.count(1) <= 2 and lengths[-1] >= 2


def _number(text: str, start: int, end: int, written: str, *, apart: bool) -> Number:
    digits = _plain(written)
    before = text[start - 1] if start else ""
    after = text[end] if end < len(text) else ""
    attached = (
        before in _ATTACHED
        or before in _CURRENCY
        or _latin(before)
        or _latin(after)
        or (before in ("-", ":", ",") and start > 1 and text[start - 2].isdigit())
        or (before == "-" and start > 1 and _latin(text[start - 2]))
        or (after in _ATTACHED | {":", "-"} and end + 1 < len(text) and text[end + 1].isalnum())
        or (after == "," and end + 1 < len(text) and text[end + 1].isdigit())
    )
    bare = not attached and _UNITS.match(text, end) is None
    return Number(start, end, digits, _MOBILE.fullmatch(digits) is not None, bare, apart)


def priced(text: str, number: Number) -> bool:
    """Whether a currency or a unit stands at the number, or more digits behind a point."""
    before = text[number.start - 1] if number.start else ""
    after = text[number.end : number.end + 2]
    return (
        before in _CURRENCY
        or _UNITS.match(text, number.end) is not None
        or (after[:1] in (".", ":", ",") and after[1:].isdigit())
    )


def _latin(char: str) -> bool:
    return bool(char) and char < "\u0e00" and char.isalpha()


def _plain(digits: str) -> str:
    return "".join(NUMERALS.get(char, char) for char in digits)


@cache
def _by_sound() -> tuple[dict[str, str], dict[str, str]]:
    """What a character stands for as a digit, by its looks, and by its sound."""
    sounded = text_of(sounds(codes_of(["".join(_SOUND_LIKE)]).codes))
    by_sound = dict(zip(sounded, _SOUND_LIKE.values(), strict=True))
    return {**NUMERALS, **_LOOK_LIKE, **{str(digit): str(digit) for digit in range(10)}}, by_sound


def spelled(squeezed: str, sounded: str, places: Sequence[int], place: int) -> tuple[int, str] | None:
    """Where the number ends that begins at `place` of a squeezed text, and its digits; None if none does.

    For where a cue says that a number should follow: its digits may also be letters that look like them, and
    characters that sound like them. `sounded` is the text by sound, `places` where its characters stand.
    """
    looks, by_sound = _by_sound()
    digits: list[str] = []
    hard = letters = row = 0
    for index in range(place, min(place + MOST_DIGITS + 1, len(squeezed))):
        char = squeezed[index]
        gap = places[index] - places[index - 1] - 1 if digits else 0
        digit = looks.get(char) or by_sound.get(sounded[index])
        if digit is None:
            if _latin(char) and digits and not gap:
                return None
            break
        is_hard = char.isdigit()
        if gap >= _WIDEST_GAP or (not is_hard and row >= (2 if gap else _PLAIN_ROW)):
            break
        row = (0 if gap else row) + 1 if is_hard else 0
        hard += is_hard
        letters += char in _LOOK_LIKE
        digits.append(digit)
    whole = "".join(digits)
    if not FEWEST_DIGITS + (not hard) <= len(whole) <= MOST_DIGITS or not _meant(whole, hard, letters):
        return None
    return place + len(whole), whole


def is_phone(digits: str) -> bool:
    """Whether digits are in the form of a mobile phone's number."""
    return _MOBILE.fullmatch(digits) is not None


def is_digits(written: str) -> bool:
    """Whether it is digits alone, some of them perhaps as letters that look like them."""
    letters = sum(char in _LOOK_LIKE for char in written)
    hard = sum(map(str.isdigit, written))
    return letters + hard == len(written) and _meant(
        "".join(_LOOK_LIKE.get(char, char) for char in written), hard, letters
    )


def _meant(digits: str, hard: int, letters: int) -> bool:
    """Whether letters among digits are meant as digits: not the most of them, or the whole is a phone's number."""
    return letters <= hard or (hard >= _FEWEST_HARD and is_phone(digits))
