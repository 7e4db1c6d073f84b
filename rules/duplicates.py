"""Campaigns: near-identical messages in a window of time, by whatever members in whatever groups."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort_right
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from types import MappingProxyType
from typing import NamedTuple
from weakref import WeakValueDictionary

import numpy as np
from rapidfuzz import fuzz

from rules.copies import Copies
from rules.fold import Codes, codes_of
from rules.kinds import DuplicatesRule
from rules.loop_arrays import UNSOUGHT
from rules.prepared import Prepared
from rules.records import Finding, Message, MessageKey
from rules.spans import densest

MOST_MESSAGES = 100_000
"""Messages a window holds. Beyond, the one that came first goes, whatever its time."""
SHOWN_CHARACTERS = 120
"""How much of the first copy's text a finding quotes."""

COMPARED_CHARACTERS = 1_000
"""How much of a folded text is kept and compared."""

_MOST_WAITING = 2_000
_BATCH = 1_024
_ZERO, _NINE = ord("0"), ord("9")


@dataclass(slots=True, eq=False)
class _Entry:
    """A message in the window; `number` is its text's, and moves when the texts are numbered anew."""

    key: MessageKey
    membership: tuple[str, str, str]
    text: str
    time: float
    number: int
    cluster: _Cluster | None = None


@dataclass(slots=True, eq=False, weakref_slot=True)
class _Cluster:
    """Messages alike. `waiting` are those no finding has named yet; `reached`: the count was reached once."""

    campaign: str
    first_text: str
    reached: bool = False
    waiting: list[_Entry] = field(default_factory=list)


class _Match(NamedTuple):
    """A message's cluster, None for a new one, and how like that cluster's message it is."""

    cluster: _Cluster | None
    score: float


def _time_of(entry: _Entry) -> float:
    return entry.time


class _Window:
    """The messages kept for comparing: in order of coming, by key, and by text."""

    def __init__(self, threshold: float, reach: float) -> None:
        self._threshold = threshold
        self._reach = reach
        self._latest: dict[str, float] = {}
        self._arrived: deque[_Entry] = deque()
        self._keys: dict[MessageKey, _Entry] = {}
        self._pinned: WeakValueDictionary[str, _Cluster] = WeakValueDictionary()
        self._copies = Copies(threshold, reach)
        self._numbers: dict[str, int] = {}
        self._seen: list[list[_Entry]] = []
        """By number the messages with that text, by time."""

    def time_of(self, message: Message) -> float:
        """The message's time, or where it has none that of the message before it on its platform."""
        if message.time is not None and math.isfinite(message.time):
            self._latest[message.platform] = message.time
            return message.time
        return self._latest.get(message.platform, 0.0)

    def enter(self, message: Message, text: str, time: float) -> tuple[_Entry, _Entry | None] | None:
        """A new entry and the one that has to go for it; None when the message is in the window already."""
        key = message.key
        if key in self._keys:
            return None
        entry = _Entry(key, (message.platform, message.group, message.member), text, time, -1)
        self._keys[key] = entry
        self._arrived.append(entry)
        if len(self._arrived) <= MOST_MESSAGES:
            return entry, None
        gone = self._arrived.popleft()
        del self._keys[gone.key]
        return entry, gone

    def match(self, entries: Sequence[_Entry]) -> list[tuple[int, float]]:
        """For each of the next entries the number of the text most like it (or as `Copies.like` has it) and the score.

        Those in between count as if none of them had gone, and a text as seen all the time from first to last:
        `nearest` looks closer.
        """
        kept = self._copies.compacted(len(self._numbers), lambda number: bool(self._seen[number]))
        if kept is not None:
            self._seen = [self._seen[number] for number in kept]
            for number, seen in enumerate(self._seen):
                self._numbers[seen[0].text] = number
                for entry in seen:
                    entry.number = number
        new: list[str] = []
        for entry in entries:
            number = self._numbers.setdefault(entry.text, len(self._seen))
            if number == len(self._seen):
                self._seen.append([])
                new.append(entry.text)
            entry.number = number
        best, scores = self._copies.like(new, [entry.number for entry in entries], [entry.time for entry in entries])
        return list(zip(best, scores, strict=True))

    def nearest(self, entry: _Entry, found: tuple[int, float]) -> _Match | None:
        """The message before `entry` that is most like it, no further away than the reach; None for none."""
        same = self._within(entry.number, entry.time)
        if same is not None:
            return _Match(same.cluster, 100.0)
        number, score = found
        if number == -1:
            return None
        if number != UNSOUGHT:
            other = self._within(number, entry.time)
            if other is not None:
                return _Match(other.cluster, score)
        return self._nearest_of_all(entry)

    def _within(self, number: int, time: float) -> _Entry | None:
        """The last message with text `number` that is no further from `time` than the reach."""
        seen = self._seen[number]
        if not seen:
            return None
        place = bisect_right(seen, time + self._reach, key=_time_of)
        return seen[place - 1] if place and seen[place - 1].time >= time - self._reach else None

    def _nearest_of_all(self, entry: _Entry) -> _Match | None:
        """As `nearest`, by looking at everything: for texts that went, or came at times far apart."""
        best: tuple[float, float, int, str] | None = None
        match: _Match | None = None
        for number, seen in enumerate(self._seen):
            if not seen or number == entry.number:
                continue
            score = fuzz.ratio(entry.text, seen[0].text, score_cutoff=self._threshold if best is None else best[0])
            if score < self._threshold:
                continue
            other = self._within(number, entry.time)
            if other is None:
                continue
            rank = (score, seen[-1].time, -len(other.text), other.text)
            if best is None or rank[:3] > best[:3] or (rank[:3] == best[:3] and rank[3] < best[3]):
                best, match = rank, _Match(other.cluster, score)
        return match

    def add(self, entry: _Entry) -> None:
        """Has the entry count from now on."""
        insort_right(self._seen[entry.number], entry, key=_time_of)

    def drop(self, entry: _Entry) -> None:
        """Has the entry count no more."""
        seen = self._seen[entry.number]
        del seen[seen.index(entry, bisect_left(seen, entry.time, key=_time_of))]

    def settle(self, entries: Iterable[_Entry]) -> None:
        """To be called when entries came or went, before the next `match`."""
        for entry in entries:
            number, seen = entry.number, self._seen[entry.number]
            if seen:
                self._numbers[entry.text] = number
                self._copies.earliest[number], self._copies.latest[number] = seen[0].time, seen[-1].time
            elif self._numbers.get(entry.text) == number:
                del self._numbers[entry.text]
                self._copies.forget(number)

    def changed(self, threshold: float, reach: float) -> _Window:
        """A window with the same messages for other settings. This one must not be used any more."""
        window = _Window(threshold, reach)
        window._latest, window._pinned = self._latest, self._pinned
        window._arrived, window._keys = self._arrived, self._keys
        entries = list(self._arrived)
        window.match(entries)
        for entry in entries:
            window.add(entry)
        window.settle(entries)
        return window

    def pin(self, key: MessageKey, campaign: str) -> None:
        """Has the message counted as found under `campaign`, with all that cluster with it."""
        entry = self._keys.get(key)
        if entry is None or entry.cluster is None:
            return
        cluster = self._pinned.setdefault(campaign, entry.cluster)
        entry.cluster.waiting = [waiting for waiting in entry.cluster.waiting if waiting is not entry]
        entry.cluster = cluster
        cluster.campaign = campaign
        cluster.reached = True


class Duplicates:
    """A rule of kind duplicates at work.

    Texts are compared folded and with every digit as 0, by rapidfuzz's `ratio`; of long ones the first thousand
    characters. A message joins the cluster of the message most like it no further away in time than the window;
    the cluster's campaign key is made of its first message's key.
    Once `count` messages of a cluster stand within one window, the one that makes it so gets a finding that
    names the others, and each later copy gets a finding of its own. A message without a time counts as at the
    time of the one before it on its platform; one that came already is passed over.
    """

    def __init__(self, rule: DuplicatesRule) -> None:
        self._rule = rule
        self.cut = rule.cut
        self._window = _Window(rule.threshold, rule.window)

    def adopt(self, previous: object) -> None:
        """Goes on with the window of `previous`, if it is such a rule's too. It must judge no more then."""
        if not isinstance(previous, Duplicates):
            return
        before, now = previous._rule, self._rule
        if (before.threshold, before.window) == (now.threshold, now.window):
            self._window = previous._window
        else:
            self._window = previous._window.changed(now.threshold, now.window)

    def judge(self, batch: Sequence[Prepared]) -> list[Finding | None]:
        """A finding or None for each message."""
        findings: list[Finding | None] = []
        for start in range(0, len(batch), _BATCH):
            findings.extend(self._judge(batch[start : start + _BATCH]))
        return findings

    def warm(self, batch: Sequence[Prepared], campaigns: Mapping[MessageKey, str]) -> None:
        """Takes in stored messages. Those in `campaigns` are known to be found, under the key given there."""
        for start in range(0, len(batch), _BATCH):
            self._judge(batch[start : start + _BATCH], campaigns)

    def _judge(
        self, batch: Sequence[Prepared], campaigns: Mapping[MessageKey, str] = MappingProxyType({})
    ) -> list[Finding | None]:
        window = self._window
        findings: list[Finding | None] = [None] * len(batch)
        entered: list[_Entry] = []
        gone: list[_Entry | None] = []
        places: list[int] = []
        for place, (prepared, (text, long_enough)) in enumerate(zip(batch, self._texts(batch), strict=True)):
            time = window.time_of(prepared.message)
            new = window.enter(prepared.message, text, time) if long_enough else None
            if new is not None:
                entered.append(new[0])
                gone.append(new[1])
                places.append(place)
        for place, entry, dropped, found in zip(places, entered, gone, window.match(entered), strict=True):
            findings[place] = self._found(batch[place], entry, window.nearest(entry, found))
            window.add(entry)
            if dropped is not None:
                window.drop(dropped)
            campaign = campaigns.get(entry.key)
            if campaign is not None:
                window.pin(entry.key, campaign)
        window.settle([*entered, *(one for one in gone if one is not None)])
        return findings

    def _texts(self, batch: Sequence[Prepared]) -> list[tuple[str, bool]]:
        """What is compared of each message, and whether it is long enough to be."""
        codes, bounds = codes_of([prepared.folded.text[:COMPARED_CHARACTERS] for prepared in batch])
        digits = (codes >= _ZERO) & (codes <= _NINE)
        before = np.concatenate(([0], np.cumsum(~digits)))
        letters = before[bounds[1:]] - before[bounds[:-1]]
        texts = Codes(np.where(digits, np.uint32(_ZERO), codes), bounds).texts()
        return list(zip(texts, (letters >= self._rule.min_length).tolist(), strict=True))

    def _found(self, prepared: Prepared, entry: _Entry, match: _Match | None) -> Finding | None:
        """Puts the entry into its cluster; the finding if that has come to the count."""
        rule = self._rule
        cluster = None if match is None else match.cluster
        if cluster is None:
            cluster = _Cluster(_campaign(entry.key), prepared.text[:SHOWN_CHARACTERS])
        entry.cluster = cluster
        if match is None or not self._reached(cluster, entry):
            cluster.waiting.append(entry)
            return None
        earlier = tuple(waiting.key for waiting in cluster.waiting)
        cluster.waiting.clear()
        return Finding(
            rule.name,
            rule.kind,
            rule.mode,
            match.score,
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
