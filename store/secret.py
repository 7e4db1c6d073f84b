"""What may be shown to one person only: a value that no log, error or screen shows by accident."""

from __future__ import annotations

import json
import re
from html import escape
from typing import NoReturn
from urllib.parse import quote, quote_plus

MASK = "••••••••"
"""What stands where a secret would."""

_SHORTEST_PART = 4
"""So many of a secret's first characters are taken for the beginning of it, and hidden as well."""


class Secret:
    """A code or key in memory. Printed, formatted, logged or put into an error it is only a mask."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself: for the platform that sends it, or the person who may see it."""
        return self._value.decode()

    def reveal_bytes(self) -> bytes:
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, form: str) -> str:
        return format(MASK, form)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")


def scrub(words: str, secret: str) -> str:
    """`words` of somebody else without the secret in them: as it is, as it stands in JSON, in HTML or in an address,
    in any case, or cut short after its first half."""
    if not secret or not words:
        return words
    forms = {
        secret,
        json.dumps(secret)[1:-1],
        escape(secret),
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
    }
    ordered = sorted(forms, key=len, reverse=True)
    words = re.sub("|".join(map(re.escape, ordered)), MASK, words, flags=re.IGNORECASE)
    return re.sub("|".join(map(_cut_short, ordered)), MASK, words, flags=re.IGNORECASE)


def _cut_short(form: str) -> str:
    """A pattern for the form without some of its second half."""
    least = max(min(_SHORTEST_PART, len(form)), (len(form) + 1) // 2)
    rest = "".join(f"(?:{re.escape(char)}" for char in form[least:])
    return re.escape(form[:least]) + rest + ")?" * (len(form) - least)
