"""A community's own contacts, known again however they are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rules.contact_numbers import NUMERALS
from rules.marked import marked


class Own:
    """The contacts that are allowed: numbers, names, codes and links, compared folded and without separators."""

    def __init__(self, contacts: Iterable[str]) -> None:
        self._keys = frozenset(key for contact in contacts for key in _keys(contact))

    def holds(self, contact: str) -> bool:
        """Whether a contact that was found is one of them."""
        return bool(self._keys) and not self._keys.isdisjoint(_keys(contact))


def _keys(contact: str) -> Iterator[str]:
    """What a contact is compared by: all of it, the end of its path, the number without the country's."""
    text = marked(contact).text
    text = text.rpartition("://")[2].removeprefix("www.")
    whole = _squeezed(text)
    if whole.isdigit():
        yield whole
        yield _national(whole)
        return
    yield whole
    path = text.partition("?")[0].rstrip("/")
    if "/" in path:
        yield _squeezed(path)
        yield _squeezed(path.rpartition("/")[2])


def _squeezed(text: str) -> str:
    return "".join(NUMERALS.get(char, char) for char in text if char.isalnum())


def _national(digits: str) -> str:
    """The number without the digits that stand for China or Russia."""
    for country, length in (("0086", 15), ("86", 13), ("7", 11), ("8", 11)):
        if digits.startswith(country) and len(digits) == length:
            return digits[len(country) :]
    return digits
