"""A text as contacts are sought in it: its cues, and the ways between its forms."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from rules.contact_cues import Said
from rules.marked import Marked

_MOST_CUES = 400


class View:
    """A text with its cues, and the ways between its forms."""

    def __init__(self, original: str, text: Marked, sounded: str, cues: list[Said]) -> None:
        self.original = original
        self.marked = text
        self.text = text.text
        self.squeezed = text.squeezed
        self.sounded = sounded
        self.places: list[int] = text.places.tolist()
        self.cues = _outermost([cue for cue in cues[:_MOST_CUES] if self._stands(cue)])
        self._ends = [cue.end for cue in sorted(self.cues, key=_end)]
        self._by_end = sorted(self.cues, key=_end)
        self._starts = [cue.start for cue in self.cues]

    def _stands(self, cue: Said) -> bool:
        """Whether a cue is no part of another word, where its script sets words apart."""
        squeezed, places = self.squeezed, self.places
        start, end = cue.start, cue.end
        if start and places[start] - places[start - 1] == 1:
            before, first = squeezed[start - 1], squeezed[start]
            if alphabetic(before) and (alphabetic(first) or first == "+"):
                return False
            if first == "+" and before.isdigit():
                return False
        after = self.text[places[end - 1] + 1 : places[end - 1] + 2]
        if not alphabetic(squeezed[end - 1]) or not (alphabetic(after) or after.isdigit() or after == "_"):
            return True
        if alphabetic(squeezed[start]):
            return not alphabetic(after)
        # Joined to what follows: "加vabc" is read so, but the x of "加v xabc" is the name's.
        return end - start < 2 or places[end - 1] - places[end - 2] == 1

    def index(self, place: int) -> int:
        """The index in `squeezed` of the first character at or behind `place` of the marked text."""
        return bisect_left(self.places, place)

    def before(self, index: int, reach: int) -> Iterator[tuple[Said, int]]:
        """The cues that end within `reach` letters before `index`, and how many letters are between."""
        for place in range(bisect_left(self._ends, index - reach), bisect_right(self._ends, index)):
            yield self._by_end[place], index - self._ends[place]

    def behind(self, index: int, reach: int) -> Iterator[tuple[Said, int]]:
        """The cues that start within `reach` letters from `index` on."""
        for place in range(bisect_left(self._starts, index), bisect_right(self._starts, index + reach)):
            yield self.cues[place], self._starts[place] - index

    def end_of(self, cue: Said) -> int:
        """Where in the marked text a cue ends."""
        return self.places[cue.end - 1] + 1

    def span_of(self, cue: Said) -> tuple[int, int]:
        """Where in the marked text a cue stands."""
        return self.places[cue.start], self.end_of(cue)


class Stretches:
    """Stretches of a text, (start, end), and whether another one touches any of them."""

    def __init__(self, stretches: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(stretches):
            self._starts.append(start)
            self._ends.append(max(end, self._ends[-1]) if self._ends else end)

    def __len__(self) -> int:
        return len(self._starts)

    def touch(self, start: int, end: int) -> bool:
        """Whether a character from `start` to before `end` is in any of them."""
        index = bisect_left(self._starts, end)
        return index > 0 and start < self._ends[index - 1]


def _outermost(cues: list[Said]) -> list[Said]:
    """The cues, by their starts, without those inside another one that is written as it is spelled."""
    kept: list[Said] = []
    past = -1
    for cue in sorted(cues, key=lambda cue: (cue.start, -cue.end, cue.sounds)):
        if cue.end > past or (kept and (cue.start, cue.end) == (kept[-1].start, kept[-1].end) and not cue.sounds):
            kept.append(cue)
            if not cue.sounds:
                past = max(past, cue.end)
    return kept


def _end(cue: Said) -> int:
    return cue.end


def alphabetic(char: str) -> bool:
    return "" < char < "\u0e00" and char.isalpha()
