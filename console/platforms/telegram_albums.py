"""Albums: pictures sent as one message, which the Bot API hands over one by one, without a word on how many there are.

Nothing has to be remembered over a restart: the updates of an album that may not be whole yet are not confirmed, and
come again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from console.platforms.telegram_ids import album_id
from rules.records import Message

MOST_PARTS = 10
LINGER_SECONDS = 1.0
"""An album to which nothing came for so long is whole."""
PAST_SECONDS = 10
"""So is one that was sent so long before something else: after an interruption nobody waits for each."""

Album = tuple[int, str]
"""The chat, and the id that its parts share."""


@dataclass(frozen=True, slots=True)
class Read:
    """A message, and the album it is part of."""

    message: Message
    album: Album | None = None


class Waiting:
    """Tells which albums may not be whole yet: those to which something came in the last `linger` seconds."""

    def __init__(self, linger: float = LINGER_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._linger = linger
        self._clock = clock
        self._seen: dict[Album, tuple[int, float]] = {}

    def ready(self, albums: Sequence[Album | None], dates: Sequence[int], *, more: bool) -> int:
        """How many of the updates can be taken, from the first on: those before an album that may not be whole.

        `albums` names for each update the album it is part of, `dates` when it was written (epoch seconds, 0 where that
        is not known); `more` is whether the answer was full.
        """
        now = self._clock()
        counts: dict[Album, int] = {}
        written: dict[Album, int] = {}
        for album, date in zip(albums, dates, strict=True):
            if album is not None:
                counts[album] = counts.get(album, 0) + 1
                written[album] = max(written.get(album, 0), date)
        newest = max(dates, default=0)
        seen = {}
        for album, count in counts.items():
            before, since = self._seen.get(album, (0, now))
            seen[album] = (count, since if count == before else now)
        self._seen = seen
        open_ = {
            album: now - since < self._linger and newest - written[album] < PAST_SECONDS
            for album, (count, since) in seen.items()
            if count < MOST_PARTS
        }
        held = next((at for at, album in enumerate(albums) if album is not None and open_.get(album)), len(albums))
        held = _between(albums, held)
        if more and held == len(albums) > 0 and (last := albums[-1]) is not None and last in open_:
            # Its other parts come with the next answer, unless nothing can be taken without it.
            held = _between(albums, albums.index(last)) or held
        return held


def _between(albums: Sequence[Album | None], at: int) -> int:
    """The last place up to `at` before and after which no album has parts."""
    later = {album for album in albums[at:] if album is not None}
    for place in reversed(range(at)):
        if albums[place] in later:
            later |= {album for album in albums[place:at] if album is not None}
            at = place
    return at


def joined(read: Sequence[Read]) -> list[Message]:
    """The messages, those of an album as one, at the place of its first."""
    whole: list[Message] = []
    places: dict[Album, int] = {}
    parts: dict[Album, list[Message]] = {}
    for one in read:
        if one.album is None:
            whole.append(one.message)
            continue
        if one.album not in places:
            places[one.album] = len(whole)
            whole.append(one.message)
        parts.setdefault(one.album, []).append(one.message)
    for album, place in places.items():
        whole[place] = _one(parts[album])
    return whole


def _one(parts: Sequence[Message]) -> Message:
    first = parts[0]
    if len(parts) == 1:
        return first
    texts = [text for text, _ in groupby(filter(None, (part.text for part in parts)))]
    mentions = tuple(dict.fromkeys(mention for part in parts for mention in part.mentions))
    return replace(first, id=album_id([part.id for part in parts]), text="\n".join(texts), mentions=mentions)
