"""Finding members as their names are typed: in memory, each key within a frame, whatever the number of members.

What is looked through stands as UTF-8 in long pieces, a line a member, and is searched by Python's own search of
bytes: a string a member would take more memory, and more time, than all of the rest.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, compress, repeat

_NEW_LINE = b"\n"


class NameSearch:
    """Searches `parts`, pairs of ids and as many lines (`store.roster.sought_in`)."""

    def __init__(self, parts: Iterable[tuple[Sequence[int], bytes]]) -> None:
        self._parts = list(parts)
        self._reach = 1 + max((max(ids) for ids, _ in self._parts), default=0)
        self._order: array[int] | None = None
        self._asked = ""
        self._found: array[int] = array("q")

    def among(self, order: array[int], sought: str) -> array[int]:
        """Those of `order`, in its order, whose line holds `sought`; all for ""."""
        if not sought:
            return order
        if order is not self._order:
            self._order, self._asked = order, ""
            # Who came after this was read is in no line of it.
            self._reach = max(self._reach, 1 + max(order, default=0))
        # One key more finds nobody who was not there before it.
        before = self._found if self._asked and self._asked in sought else order
        hits = self._hits(sought.encode("utf-8", "ignore"))
        self._found = array("q", [number for number in before if hits[number]])
        self._asked = sought
        return self._found

    def _hits(self, needle: bytes) -> bytearray:
        """By id, whether the member's line holds `needle`."""
        hits = bytearray(self._reach)
        if len(needle) == 1:
            # Found in most lines, often several times: what stays of each line is that character alone.
            others = bytes(set(range(256)) - {needle[0], *_NEW_LINE})
            for ids, lines in self._parts:
                for number in compress(ids, lines.translate(None, others).split(_NEW_LINE)):
                    hits[number] = 1
            return hits
        for ids, lines in self._parts:
            before = lines.split(needle)
            before.pop()
            for line in accumulate(map(bytes.count, before, repeat(_NEW_LINE))):
                hits[ids[line]] = 1
        return hits
