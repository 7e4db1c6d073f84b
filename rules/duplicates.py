"""Campaigns: near-identical messages in a window of time, by whatever members in whatever groups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from types import MappingProxyType
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from rules.copies import LONGEST, Coming, Copies
from rules.fold import Codes, codes_of
from rules.kinds import DuplicatesRule
from rules.prepared import Prepared
from rules.records import Finding, Message, MessageKey
from rules.spans import densest

MOST_MESSAGES = 100_000
"""Messages a window holds. Beyond, the one that came first goes, whatever its time."""
SHOWN_CHARACTERS = 120
"""How much of the first copy's text a finding quotes."""

COMPARED_CHARACTERS = LONGEST
"""How much of a folded text is kept and compared."""

_MOST_WAITING = 2_000
_BATCH = 1_024
_ZERO, _NINE = ord("0"), ord("9")


@dataclass(slots=True, eq=False)
class _Entry:
    """A message in the window. It has a cluster once another is like it, or it is known to be found."""

    key: MessageKey
    member: str
    shown: str
    time: float
    cluster: _Cluster | None = None


@dataclass(slots=True, eq=False, weakref_slot=True)
class _Cluster:
    """Messages alike. `waiting` are those no finding has named yet; `reached`: the count was reached once."""

    campaign: str
    first_text: str
    reached: bool = False
    waiting: list[_Entry] = field(default_factory=list)


class _Window:
    """The messages kept for comparing, by place and by key."""

    def __init__(self) -> None:
        self.most = MOST_MESSAGES
        self.copies = Copies(self.most + 1)
        self.entries: list[_Entry] = []
        self._came = 0
        self._latest: dict[str, float] = {}
        self._keys: set[MessageKey] = set()
        self._arrived: list[MessageKey] = []
        self._pinned: WeakValueDictionary[str, _Cluster] = WeakValueDictionary()

    def time_of(self, message: Message) -> float:
        """The message's time, or where it has none that of the message before it on its platform."""
        if message.time is not None and math.isfinite(message.time):
            self._latest[message.platform] = message.time
            return message.time
        return self._latest.get(message.platform, 0.0)

    def enter(self, key: MessageKey) -> tuple[int, int] | None:
        """The place of a new message and of the one that has to go for it, -1 for none; None when it came already."""
        if key in self._keys:
            return None
        room = self.most + 1
        place = self._came % room
        gone = -1
        if self._came >= self.most:
            gone = (self._came - self.most) % room
            self._keys.remove(self._arrived[gone])
        if place == len(self._arrived):
            self._arrived.append(key)
        else:
            self._arrived[place] = key
        self._keys.add(key)
        self._came += 1
        return place, gone

    def hold(self, place: int, entry: _Entry) -> None:
        """Puts the entry at its place."""
        if place == len(self.entries):
            self.entries.append(entry)
        else:
            self.entries[place] = entry

    def pin(self, entry: _Entry, campaign: str) -> None:
        """Has the message counted as found under `campaign`, with all that cluster with it."""
        own = entry.cluster or _cluster_of(entry)
        cluster = self._pinned.setdefault(campaign, own)
        own.waiting = [waiting for waiting in own.waiting if waiting is not entry]
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
    The time for a message is bounded: where more of the window may be alike than can be compared in some
    milliseconds (with 40 letters each some 20,000 different texts, with 1,000 letters over a hundred, or as many
    as differ in a few letters only), it is compared with those that came last.
    """

    def __init__(self, rule: DuplicatesRule) -> None:
        self._rule = rule
        self.cut = rule.cut
        self._window = _Window()

    def adopt(self, previous: object) -> None:
        """Goes on with the window of `previous`, if it is such a rule's too. It must judge no more then."""
        if isinstance(previous, Duplicates):
            self._window = previous._window

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
        texts, long_enough = self._texts(batch)
        entered: list[int] = []
        entries: list[_Entry] = []
        places: list[tuple[int, int]] = []
        for number, (prepared, enough) in enumerate(zip(batch, long_enough, strict=True)):
            message = prepared.message
            time = window.time_of(message)
            if not enough:
                continue
            key = message.key
            came = window.enter(key)
            if came is not None:
                entered.append(number)
                entries.append(_Entry(key, message.member, prepared.text[:SHOWN_CHARACTERS], time))
                places.append(came)
        if not entered:
            return findings
        where = np.array(places, np.int64)
        coming = Coming(
            _chosen(texts, np.array(entered, np.int64)),
            np.array([entry.time for entry in entries]),
            where[:, 0],
            where[:, 1],
            np.zeros(len(entered), np.int64),
        )
        best, scores = window.copies.nearest(coming, self._rule.threshold, float(self._rule.window))
        for number, entry, (place, _), other, score in zip(entered, entries, places, best, scores, strict=True):
            if other >= 0:
                findings[number] = self._found(batch[number], entry, window.entries[other], score)
            window.hold(place, entry)
            campaign = campaigns.get(entry.key)
            if campaign is not None:
                window.pin(entry, campaign)
        return findings

    def _texts(self, batch: Sequence[Prepared]) -> tuple[Codes, list[bool]]:
        """What is compared of each message, and whether it is long enough to be."""
        codes, bounds = codes_of([prepared.folded.text[:COMPARED_CHARACTERS] for prepared in batch])
        digits = (codes >= _ZERO) & (codes <= _NINE)
        before = np.concatenate(([0], np.cumsum(~digits)))
        letters = before[bounds[1:]] - before[bounds[:-1]]
        plain = np.where(digits, np.uint32(_ZERO), codes)
        return Codes(plain, bounds), (letters >= self._rule.min_length).tolist()

    def _found(self, prepared: Prepared, entry: _Entry, like: _Entry, score: float) -> Finding | None:
        """Puts the entry into the cluster of the one like it; the finding if that has come to the count."""
        rule = self._rule
        if like.cluster is None:
            like.cluster = _cluster_of(like)
            like.cluster.waiting.append(like)
        cluster = entry.cluster = like.cluster
        if not self._reached(cluster, entry):
            cluster.waiting.append(entry)
            return None
        earlier = tuple(waiting.key for waiting in cluster.waiting)
        cluster.waiting.clear()
        return Finding(
            rule.name,
            rule.kind,
            rule.mode,
            score,
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
        start, end = densest(sorted([entry.time, *(waiting.time for waiting in near)]), rule.window)
        memberships = {_membership(entry), *map(_membership, near)}
        copies = end - start
        cluster.reached = (copies >= rule.count and len(memberships) >= rule.min_members) or (0 < rule.alone <= copies)
        return cluster.reached


def _membership(entry: _Entry) -> tuple[str, str, str]:
    return entry.key.platform, entry.key.group, entry.member


def _chosen(texts: Codes, numbers: NDArray[np.int64]) -> Codes:
    """Those of the texts."""
    sizes = np.diff(texts.bounds)
    kept = np.zeros(len(sizes), np.bool_)
    kept[numbers] = True
    bounds = np.zeros(len(numbers) + 1, np.int64)
    np.cumsum(sizes[numbers], out=bounds[1:])
    return Codes(texts.codes[np.repeat(kept, sizes)], bounds)


def _cluster_of(entry: _Entry) -> _Cluster:
    """A cluster that begins with the entry, nobody waiting in it."""
    campaign = blake2b("\0".join(entry.key).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return _Cluster(campaign, entry.shown)
