"""Sets of message ids, a bit each: millions of messages take little room."""

from __future__ import annotations

from collections.abc import Iterator


class Ids:
    """Ids from `first` to `last`; others that are added are passed over."""

    def __init__(self, first: int, last: int) -> None:
        self._first = first
        self._count = max(0, last - first + 1)
        self._bytes = bytearray(self._count // 8 + 1)

    def add(self, number: int) -> None:
        place = number - self._first
        if 0 <= place < self._count:
            self._bytes[place >> 3] |= 1 << (place & 7)

    def __contains__(self, number: int) -> bool:
        place = number - self._first
        return 0 <= place < self._count and bool(self._bytes[place >> 3] >> (place & 7) & 1)

    def __len__(self) -> int:
        return int.from_bytes(self._bytes, "little").bit_count()

    def __iter__(self) -> Iterator[int]:
        for place, byte in enumerate(self._bytes):
            for bit in range(8) if byte else ():
                if byte >> bit & 1:
                    yield self._first + place * 8 + bit

    def __and__(self, other: Ids) -> Ids:
        return self._of(self._number() & other._number())

    def __or__(self, other: Ids) -> Ids:
        return self._of(self._number() | other._number())

    def __sub__(self, other: Ids) -> Ids:
        return self._of(self._number() & ~other._number())

    def _number(self) -> int:
        return int.from_bytes(self._bytes, "little")

    def _of(self, number: int) -> Ids:
        made = Ids(self._first, self._first + self._count - 1)
        made._bytes = bytearray(number.to_bytes(len(self._bytes), "little"))
        return made
