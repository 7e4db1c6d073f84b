"""A draw that anyone can recompute: the list of entries, what is published of it, and the order of the tickets.

The list is a text, so that its SHA-256 can be taken with any tool: a head, then a line for each entry. Before the draw
the SHA-256 of the list and of a secret are published. The draw publishes the secret. With `seed` the SHA-256 of three
lines (secret, SHA-256 of the list, public value or nothing), an entry's ticket is the SHA-256 of the seed, a space and
the entry's line; all of them as lower-case hexadecimal text in UTF-8. The lowest tickets win, so that whoever takes the
place of a winner is simply the next in that order. docs/draws.md says the same for people.

Why nobody can choose the winners: SHA-256 binds the secret and the list before anybody can know a ticket (commit and
reveal: M. Blum, "Coin flipping by telephone", 1981), and to all who do not know the secret tickets are as good as
random. Who makes the secret could try many: against that stands the public value, which is named before and known to
nobody until after the list is closed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, unquote

HEAD = "vigil draw list 1"
"""The first line of a list."""

LONGEST_NAME = 40
LONGEST_WORDS = 200
"""Characters of a name in the list, and of other words in what is published."""

_MARKS = 3
# Nothing in these ranges combines, or is written otherwise in NFC: most names need no second look.
_PLAIN = re.compile("[ -~\u00a1-\u02ff\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]*")
_BLANK = ("Cc", "Zl", "Zp", "Zs")
_HIDDEN = ("Cf", "Cs", "Co")
_SAFE_IN_ID = "@:!#$+=._-~/&"
_PLAIN_ID = re.compile(f"[A-Za-z0-9{re.escape(_SAFE_IN_ID)}]*")


class Person(NamedTuple):
    """Somebody who takes part: the platform, its id of the member, and the name they go by."""

    platform: str
    key: str
    name: str


def one_line(text: str, limit: int = LONGEST_WORDS) -> str:
    """The text on one line, in NFC, without control, invisible and private characters, at most `limit` characters.
    Doing it again changes nothing."""
    if _PLAIN.fullmatch(text) and text.isprintable():
        return " ".join(text.split())[:limit].rstrip()
    shown = "".join(
        " " if category in _BLANK else char
        for char in text[: 4 * limit]
        if (category := unicodedata.category(char)) not in _HIDDEN
    )
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", shown):
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks <= _MARKS:
            kept.append(char)
    return " ".join(" ".join("".join(kept).split())[:limit].split())


def identity(person: Person) -> str:
    """The member as the list names them: platform and id, all but a few ASCII characters percent-encoded."""
    named = f"{person.platform}:{person.key}"
    return named if _PLAIN_ID.fullmatch(named) else quote(named, safe=_SAFE_IN_ID, errors="surrogatepass")


def entries(people: Iterable[Person]) -> list[str]:
    """The lines of these entries, numbered in the order of their ids, each id once."""
    named = {identity(person): one_line(person.name, LONGEST_NAME) for person in people}
    return [f"{number} {key} {named[key]}".rstrip() for number, key in enumerate(sorted(named), 1)]


def list_text(name: str, winners: int, public_value_of: str, lines: Sequence[str]) -> str:
    """The list to publish. `public_value_of` says which value will count as well, "" for none.

    Raises ValueError for words that are not on one line.
    """
    if any(words != one_line(words) for words in (name, public_value_of)):
        raise ValueError("the name of a draw and of its public value are on one line, without control characters")
    head = [HEAD, f"draw: {name}", f"winners: {winners}"]
    if public_value_of:
        head.append(f"public value: {public_value_of}")
    return "\n".join([*head, f"entries: {len(lines)}", *lines, ""])


def digest(text: str) -> str:
    """The SHA-256 of a text in UTF-8, hexadecimal."""
    return sha256(text.encode()).hexdigest()


def tickets(secret: str, list_sha256: str, public_value: str, lines: Sequence[str]) -> list[str]:
    """The ticket of each entry, in their order. `secret` is text: as published, 64 hexadecimal digits."""
    base = sha256((digest(f"{secret}\n{list_sha256}\n{public_value}\n") + " ").encode())
    found = []
    for line in lines:
        ticket = base.copy()
        ticket.update(line.encode())
        found.append(ticket.hexdigest())
    return found


def order(secret: str, list_sha256: str, public_value: str, lines: Sequence[str]) -> list[int]:
    """The indices of the entries by their tickets, the lowest first: place 1 is `lines[order[0]]`."""
    drawn = tickets(secret, list_sha256, public_value, lines)
    return sorted(range(len(lines)), key=drawn.__getitem__)


def member_of(line: str) -> tuple[str, str]:
    """The platform and the platform's id of the member in an entry's line."""
    platform, _, key = line.split(" ", 2)[1].partition(":")
    return unquote(platform, errors="surrogatepass"), unquote(key, errors="surrogatepass")
