"""Account names and invite codes: what looks like one behind a word that announces it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

BOT_ALONE = 50.0
POINTED_AT = 62.0
"""A name with an at-sign behind an arrow."""
TRADE_CODE = 80.0
"""A code of a shop's app between signs of money."""
TRADE_CODE_BRACKETED = 62.0

_GAP = r"[ \n:=>\-~*•,.()\[\]<|'\"!]{0,8}+"
_WORDS = r"(?:id|号码|号|是|为|账号|帐号|账户|搜索|搜|我|名|ник|nick|username|user|bot|бot|kaнaл|kahaл|加|联系|码)?+"
_NAME = re.compile(rf"(?P<gap>{_GAP}{_WORDS}{_GAP}{_WORDS}{_GAP})(?P<name>@?[a-z][a-z0-9_\-]{{3,31}}+)(?![.@][a-z0-9])")
# Spelled out: every character by itself.
_APART = re.compile(
    rf"(?P<gap>{_GAP}{_WORDS}{_GAP})"
    r"(?P<name>@?[a-z0-9_](?![a-z0-9_])(?:[ .\-*~•,/]{1,2}+[a-z0-9_](?![a-z0-9_])){4,31}+)"
)
_CODE = re.compile(rf"(?P<gap>{_GAP}{_WORDS}{_GAP}{_WORDS}{_GAP})(?P<name>[a-z0-9]{{4,16}}+)(?![.@_-][a-z0-9])")
_AT = re.compile(r"(?<![a-z0-9_.<@/])@([a-z][a-z0-9_]{3,31}+)(?![.@-][a-z0-9])")
_MONEY = "¥₤₳₰₲₴¢$€£₵"
_TRADE = re.compile(
    rf"([{_MONEY}<([)])([a-z0-9]{{10,13}})([{_MONEY}<>)(\]/])(?P<tail>[)>/]{{0,2}} ?[a-z]{{2}}\d{{3,5}}+)?"
)
_NO_NAMES = frozenset(("http", "https", "www"))
_LOOK_BACK = 6


class Name(NamedTuple):
    """A name from `start` to before `end` of a marked text. `at`: it has an at-sign, which is no part of `name`.

    `sure`: nobody would write it as a word: it holds a digit or an underscore. `told`: a colon or the like stands
    before it. `joined`: nothing stands between it and what is before. `alone` is the score without a cue.
    """

    start: int
    end: int
    name: str
    at: bool
    sure: bool
    told: bool
    joined: bool
    alone: float = 0.0


def name_at(text: str, place: int) -> Name | None:
    """The account name that follows from `place` on in a marked text, if one does."""
    return _found(_NAME.match(text, place)) or _found(_APART.match(text, place))


def code_at(text: str, place: int) -> Name | None:
    """The invite code that follows from `place` on in a marked text, if one does."""
    return _found(_CODE.match(text, place))


def _found(match: re.Match[str] | None) -> Name | None:
    if match is None:
        return None
    written = match["name"].rstrip("-_")
    name = "".join(char for char in written if char.isalnum() or char in "_-")
    if name in _NO_NAMES:
        return None
    gap = match["gap"]
    sure = "_" in name or any(map(str.isdigit, name))
    told = any(sign in gap for sign in ":=>是为")
    start = match.start("name")
    return Name(start, start + len(written), name, written.startswith("@"), sure, told, not gap)


def names_with_at(text: str) -> Iterator[Name]:
    """The names with an at-sign in a marked text, from left to right."""
    for match in _AT.finditer(text):
        before = text[max(0, match.start() - _LOOK_BACK) : match.start()].rstrip(" ")
        name = match[1]
        alone = POINTED_AT if before.endswith(">") else BOT_ALONE if name.endswith("bot") else 0.0
        yield Name(*match.span(), name, True, True, False, False, alone)


def trade_codes(text: str) -> Iterator[Name]:
    """What could be the codes by which a shop's app opens an offer: the caller looks at their letters' case."""
    for match in _TRADE.finditer(text):
        sure = match[1] in _MONEY or match[3] in _MONEY or match["tail"] is not None
        score = TRADE_CODE if sure else TRADE_CODE_BRACKETED
        yield Name(match.start(), match.end(3), match[2], False, True, False, False, score)
