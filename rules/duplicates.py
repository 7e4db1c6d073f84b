"""Campaigns: near-identical messages in a window of time, by whatever members in whatever groups."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from weakref import WeakValueDictionary

from rapidfuzz import fuzz, process

from rules.prepared import Prepared
from rules.records import Finding, Message, MessageKey
from rules.rulebook import DuplicatesRule
from rules.spans import densest

MOST_MESSAGES = 10_000
"""Messages a window holds. Beyond, the one that came first goes, whatever its time."""
SHOWN_CHARACTERS = 120
"""How much of the first copy's text a finding quotes."""

COMPARED_CHARACTERS = 1_000
"""How much of a folded text is kept and compared."""

# Comparing grows with the square of the length: a window of long texts is sifted by their beginnings, and only
# the best of those is compared as a whole.
_SIFTED_CHARACTERS = 200
_MOST_WAITING = 2_000
_ZEROS = {ord(digit): "0" for digit in "123456789"}


@dataclass(slots=True, eq=False)
class _Entry:
    key: MessageKey
    membership: tuple[str, str, str]
    text: str
    time: float
    cluster: _Cluster


@dataclass(slots=True, eq=False, weakref_slot=True)
class _Cluster:
    """Messages alike. `waiting` are those no finding has named yet; `reached`: the count was reached once."""

    campaign: str
    first_text: str
    reached: bool = False
    waiting: list[_Entry] = field(default_factory=list)


def _time_of(entry: _Entry) -> float:
    return entry.time


class _Shelf:
    """Entries by time, with the beginnings of their texts in the same order, as rapidfuzz takes them."""

    __slots__ = ("_entries", "_texts", "_times")

    def __init__(self) -> None:
        self._times: list[float] = []
        self._texts: list[str] = []
        self._entries: list[_Entry] = []

    def add(self, entry: _Entry) -> None:
        place = bisect_right(self._times, entry.time)
        self._times.insert(place, entry.time)
        self._texts.insert(place, entry.text[:_SIFTED_CHARACTERS])
        self._entries.insert(place, entry)

    def remove(self, entry: _Entry) -> None:
        place = self._entries.index(entry, bisect_left(self._times, entry.time))
        del self._times[place], self._texts[place], self._entries[place]

    def best(self, text: str, first: float, last: float, cutoff: float) -> tuple[_Entry, float] | None:
        start, end = bisect_left(self._times, first), bisect_right(self._times, last)
        if start == end:
            return None
        beginning = text[:_SIFTED_CHARACTERS]
        found = process.extractOne(beginning, self._texts[start:end], scorer=fuzz.ratio, score_cutoff=cutoff)
        if found is None:
            return None
        entry = self._entries[start + found[2]]
        score = found[1]
        if max(len(text), len(entry.text)) > _SIFTED_CHARACTERS:
            score = fuzz.ratio(text, entry.text, score_cutoff=cutoff)
        return (entry, score) if score >= cutoff else None


class _Window:
    """The messages kept for comparing: by key, by text, and by length on shelves."""

    def __init__(self) -> None:
        self.latest: dict[str, float] = {}
        self._arrived: deque[_Entry] = deque()
        self._keys: dict[MessageKey, _Entry] = {}
        self._pinned: WeakValueDictionary[str, _Cluster] = WeakValueDictionary()
        self._same: dict[str, list[_Entry]] = {}
        self._shelves: dict[int, _Shelf] = {}

    def __contains__(self, key: MessageKey) -> bool:
        return key in self._keys

    def time_of(self, message: Message) -> float:
        """The message's time, or where it has none that of the message before it on its platform."""
        if message.time is not None and math.isfinite(message.time):
            self.latest[message.platform] = message.time
            return message.time
        return self.latest.get(message.platform, 0.0)

    def add(self, entry: _Entry) -> None:
        self._keys[entry.key] = entry
        self._arrived.append(entry)
        insort_right(self._same.setdefault(entry.text, []), entry, key=_time_of)
        self._shelves.setdefault(_shelf(len(entry.text)), _Shelf()).add(entry)
        if len(self._arrived) > MOST_MESSAGES:
            self._drop(self._arrived.popleft())

    def pin(self, key: MessageKey, campaign: str) -> None:
        """Has the message counted as found under `campaign`, with all that cluster with it."""
        entry = self._keys.get(key)
        if entry is None:
            return
        cluster = self._pinned.setdefault(campaign, entry.cluster)
        entry.cluster.waiting = [waiting for waiting in entry.cluster.waiting if waiting is not entry]
        entry.cluster = cluster
        cluster.campaign = campaign
        cluster.reached = True

    def _drop(self, entry: _Entry) -> None:
        del self._keys[entry.key]
        same = self._same[entry.text]
        del same[same.index(entry, bisect_left(same, entry.time, key=_time_of))]
        if not same:
            del self._same[entry.text]
        self._shelves[_shelf(len(entry.text))].remove(entry)

    def nearest(self, text: str, time: float, reach: float, threshold: float) -> tuple[_Entry, float] | None:
        """The entry most like `text`, at most `reach` seconds away, and its score; or None."""
        same = self._same.get(text, ())
        place = bisect_right(same, time + reach, key=_time_of)
        if place and same[place - 1].time >= time - reach:
            return same[place - 1], 100.0
        best: tuple[_Entry, float] | None = None
        for shelf in self._shelves_for(len(text), threshold):
            found = shelf.best(text, time - reach, time + reach, threshold if best is None else best[1])
            if found is not None and (best is None or found[1] > best[1]):
                best = found
        return best

    def _shelves_for(self, length: int, threshold: float) -> Iterator[_Shelf]:
        # A ratio of r needs the shorter text to have at least r / (2 - r) of the longer one's length.
        least = threshold / (200 - threshold)
        for number in range(_shelf(max(1, math.floor(length * least))), _shelf(math.ceil(length / least)) + 1):
            if number in self._shelves:
                yield self._shelves[number]


def _shelf(length: int) -> int:
    return int(2 * math.log2(length))


class Duplicates:
    """A rule of kind duplicates at work.

    Texts are compared folded and with every digit as 0, by rapidfuzz's `ratio`; of long ones the first thousand
    characters, and only those whose beginnings are alike. A message joins the cluster of the message most like
    it no further away in time than the window; the cluster's campaign key is made of its first message's key.
    Once `count` messages of a cluster stand within one window, the one that makes it so gets a finding that
    names the others, and each later copy gets a finding of its own. A message without a time counts as at the
    time of the one before it on its platform; one that came already is passed over.
    """

    def __init__(self, rule: DuplicatesRule) -> None:
        self._rule = rule
        self._window = _Window()

    def adopt(self, previous: object) -> None:
        """Goes on with the window of `previous`, if it is such a rule's too. It must judge no more then."""
        if isinstance(previous, Duplicates):
            self._window = previous._window

    def judge(self, batch: Sequence[Prepared]) -> list[Finding | None]:
        """A finding or None for each message."""
        return [self._judge(prepared) for prepared in batch]

    def warm(self, batch: Sequence[Prepared], campaigns: Mapping[MessageKey, str]) -> None:
        """Takes in stored messages. Those in `campaigns` are known to be found, under the key given there."""
        for prepared in batch:
            self._judge(prepared)
            campaign = campaigns.get(prepared.message.key)
            if campaign is not None:
                self._window.pin(prepared.message.key, campaign)

    def _judge(self, prepared: Prepared) -> Finding | None:
        message, rule = prepared.message, self._rule
        time = self._window.time_of(message)
        text = prepared.folded.text[:COMPARED_CHARACTERS].translate(_ZEROS)
        if len(text) - text.count("0") < rule.min_length or message.key in self._window:
            return None
        match = self._window.nearest(text, time, rule.window, rule.threshold)
        if match is None:
            cluster = _Cluster(_campaign(message.key), prepared.text[:SHOWN_CHARACTERS])
        else:
            cluster = match[0].cluster
        entry = _Entry(message.key, (message.platform, message.group, message.member), text, time, cluster)
        self._window.add(entry)
        if match is None or not self._reached(cluster, entry):
            cluster.waiting.append(entry)
            return None
        earlier = tuple(waiting.key for waiting in cluster.waiting)
        cluster.waiting.clear()
        return Finding(
            rule.name,
            rule.kind,
            rule.mode,
            match[1],
            prepared.whole(cluster.first_text),
            cluster.first_text,
            cluster.campaign,
            earlier,
        )

    def _reached(self, cluster: _Cluster, entry: _Entry) -> bool:
        """Whether the cluster, with `entry` new in it, has come to the count; forgets who waited too long."""
        if cluster.reached:
            return True
        rule = self._rule
        near = [waiting for waiting in cluster.waiting if abs(waiting.time - entry.time) <= rule.window]
        cluster.waiting = near[-_MOST_WAITING:]
        start, end = densest(sorted([entry.time, *map(_time_of, near)]), rule.window)
        memberships = {entry.membership, *(waiting.membership for waiting in near)}
        copies = end - start
        cluster.reached = (copies >= rule.count and len(memberships) >= rule.min_members) or (0 < rule.alone <= copies)
        return cluster.reached


def _campaign(key: MessageKey) -> str:
    return blake2b("\0".join(key).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
