"""What a group tells newcomers: read from the rulebook, and put into words."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from rules.reading import Table, quoted, text_in

PLACEHOLDERS = ("name", "group", "rules")
NAMED = 3
"""Of many newcomers greeted at once so many are named."""
LONGEST_NAME = 40
"""Characters of a name: whoever joins chooses it, and Vigil says it before the whole group."""

_LINKS = re.compile(r"@|/|(?<=\w)\.(?=\w)|:(?=/)")
_UNLINKED = {"@": "＠", "/": "／", ".": "．", ":": "："}
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")
_Texts = tuple[tuple[str, str], ...]


class Welcome(msgspec.Struct, frozen=True):
    """`texts` are pairs of language ("" for any) and text, none for no welcome; `groups` pairs of a group's id or name
    and its own texts, empty for none there. Who joined more than `within` seconds ago is not greeted; more newcomers
    than `at_once` at once, or within a minute, share one message."""

    texts: _Texts = ()
    groups: tuple[tuple[str, _Texts], ...] = ()
    within: int = 600
    at_once: int = 5

    def shown(self, language: str, *group: str) -> str:
        """The text for the group of that id and name, with its placeholders, "" for none."""
        own = next((texts for name, texts in self.groups if name in group), self.texts)
        return text_in(own, language)

    def __bool__(self) -> bool:
        return any(text for texts in (self.texts, *(own for _, own in self.groups)) for _, text in texts)


def read_welcome(top: Table) -> Welcome:
    """Raises Refused."""
    if "welcome" not in top:
        return Welcome()
    table = top.table("welcome", ("text", "within", "at_once", "groups"))
    groups = table.table("groups", None)
    if "text" not in table and not groups.names():
        table.refuse("text", 'is missing; it is what newcomers are told, such as { zh = "…", en = "…" }')
    usual = Welcome()
    return Welcome(
        _texts(table, "text"),
        tuple((name, _texts(groups, name)) for name in groups.names()),
        table.duration("within", usual.within),
        table.whole("at_once", 1, 1_000, usual.at_once),
    )


def _texts(table: Table, name: str) -> _Texts:
    texts = table.texts_by_language(name)
    for language, text in texts:
        place = table.table(name, None) if language else table
        for found in _PLACEHOLDER.findall(text):
            if found not in PLACEHOLDERS:
                known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
                place.refuse(language or name, f"{quoted(f'{{{found}}}')} stands for nothing; there are {known}")
    return texts


def welcome_words(text: str, names: Sequence[str], group: str, rules: Sequence[str], language: str) -> str:
    """The text with its placeholders filled in: whom it greets, the group's name, and the rules, a line each."""
    values = {
        "name": _named(names, language),
        "group": one_line(group, 100),
        "rules": "\n".join(f"· {r}" for r in rules),
    }
    # At once, because a name may look like a placeholder.
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def one_line(text: str, longest: int) -> str:
    """A name as it may stand in a sentence: no line breaks, nothing invisible, and not for ever."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _named(names: Sequence[str], language: str) -> str:
    chinese = language.replace("_", "-").partition("-")[0] == "zh"
    # What a chat makes a link or a mention of it makes of a name as well.
    shown = [_LINKS.sub(lambda found: _UNLINKED[found[0]], one_line(name, LONGEST_NAME)) for name in names]
    if len(shown) > NAMED:
        first = ("、" if chinese else ", ").join(shown[:NAMED])
        others = len(shown) - NAMED
        counted = "1 other" if others == 1 else f"{others} others"
        return f"{first}等 {len(shown)} 人" if chinese else f"{first} and {counted}"
    return ("、" if chinese else ", ").join(shown)
