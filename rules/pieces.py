"""A membership's messages one soon after the other, which may be one text cut into pieces."""

from __future__ import annotations

from typing import TypeAlias

from rules.clusters import Key

MOST_PIECES = 8
"""Messages joined at most: a longer run goes on without its first."""
_MOST_RUNS = 100_000
"""Memberships remembered. Beyond, the one whose run began first goes."""

Piece: TypeAlias = tuple[Key, str, str, int]
"""A message: its key, its text as it is compared, that as it is shown, its place in the window or -1."""


class Run:
    """The last messages of a membership, each within the time allowed after the one before.

    `number` is its own, from 1; `joined` that of what was joined last, -1 for nothing.
    """

    __slots__ = ("joined", "letters", "number", "pieces", "time")

    def __init__(self, number: int) -> None:
        self.number = number
        self.time = 0.0
        self.pieces: list[Piece] = []
        self.letters = 0
        self.joined = -1

    def add(self, piece: Piece, longest: int) -> None:
        """Puts the piece at the end, and cuts the run to `longest` letters."""
        pieces = self.pieces
        pieces.append(piece)
        self.letters += len(piece[1])
        while len(pieces) > MOST_PIECES or (self.letters > longest and len(pieces) > 1):
            self.letters -= len(pieces.pop(0)[1])

    def joined_text(self, threshold: float) -> tuple[str, list[Piece]]:
        """The text the pieces make with the last one, and those pieces; nothing where they make none of their own.

        A piece that is part of another is left out: repeating is not cutting up. And a text that a single piece is
        as like as `threshold` says nothing new: a piece of l letters has a `ratio` of 2l / (l + L) to all L.
        """
        kept = self.pieces
        texts = [piece[1] for piece in kept]
        whole = "\0".join(texts)
        if whole.count(texts[-1]) > 1:
            return "", []
        if max(map(whole.count, texts)) > 1:
            # Of those that are the same the last one stays.
            last = {piece[1]: piece for piece in kept}
            whole = "\0".join(last)
            kept = [piece for piece in kept if last[piece[1]] is piece and whole.count(piece[1]) == 1]
            texts = [piece[1] for piece in kept]
        joined = "".join(texts)
        longest = max(map(len, texts))
        if 200 * longest >= threshold * (longest + len(joined)):
            return "", []
        return joined, list(kept)


class Runs:
    """The runs going on, by membership."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str, str], Run] = {}
        self._begun = 0

    def run(self, membership: tuple[str, str, str], time: float, gap: float) -> Run:
        """The membership's run, a new one where the message before `time` was more than `gap` seconds away."""
        run = self._runs.get(membership)
        if run is None or abs(time - run.time) > gap:
            self._begun += 1
            self._runs.pop(membership, None)
            run = self._runs[membership] = Run(self._begun)
            if len(self._runs) > _MOST_RUNS:
                del self._runs[next(iter(self._runs))]
        run.time = time
        return run
