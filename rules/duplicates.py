"""Campaigns: near-identical messages in a window of time, by whatever members in whatever groups."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import TypeAlias
from weakref import WeakValueDictionary

import numpy as np

from rules.clusters import SHOWN_CHARACTERS, Cluster, Entry, Key, Said, campaign_of, named_keys
from rules.copies import LONGEST, Coming, Copies
from rules.fold import Codes, codes_of
from rules.kinds import DuplicatesRule
from rules.pieces import Piece, Run, Runs
from rules.prepared import Prepared
from rules.records import Finding, Message, MessageKey
from rules.spans import densest

MOST_MESSAGES = 100_000
"""Messages a window holds. Beyond, the one that came first goes, whatever its time."""

FEWEST_MESSAGES = 20_000
"""Messages a window holds whatever their time: a recording may have one group after another."""

_LATE = 2
"""Beyond those a message goes that is so many windows old: what comes late by less than a window still finds it."""
_RECENT = 64
"""The earliest of so many messages tells the time, so that one from the future makes nothing go."""

COMPARED_CHARACTERS = LONGEST
"""How much of a folded text is kept and compared."""

_MOST_WAITING = 2_000
_BATCH = 1_024
_ZERO, _NINE = ord("0"), ord("9")


_Text: TypeAlias = tuple[int, str, Said, Sequence[Piece], int, int, int, int]
"""A text to compare: the number of its message in the batch, itself, what is held for it, what was joined (nothing
for a message), and as in `Coming` its place, what is leaving, what is replaced, and its run."""


class _Ring:
    """Places that are taken in turn, and given up by who came first. `first` and `next` count who ever came."""

    def __init__(self, most: int, recent: Collection[float]) -> None:
        """`recent` are the times of the messages that came last."""
        self._most = most
        self._recent = recent
        self._fewest = FEWEST_MESSAGES
        self._times: deque[float] = deque()
        self.first = self.next = 0

    def enter(self, time: float, window: float) -> tuple[int, int]:
        """The place of who is of the time `time`, and of one that goes, -1 for none."""
        room = self._most + 1
        place, gone = self.next % room, -1
        self.next += 1
        self._times.append(time)
        held = len(self._times)
        if held > self._most or (held > self._fewest and self._is_outdated(self._times[0], window)):
            self._times.popleft()
            gone = self.first % room
            self.first += 1
        return place, gone

    def _is_outdated(self, time: float, window: float) -> bool:
        return time < min(self._recent, default=-math.inf) - _LATE * window


class _Window:
    """The messages kept for comparing, and what was joined of them, by place."""

    def __init__(self) -> None:
        self._most = MOST_MESSAGES
        self._room = self._most + 1
        self.copies = Copies(self._room)
        self.held: list[Entry | Said | None] = [None] * (2 * self._room)
        self.runs = Runs()
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._came = _Ring(self._most, self._recent)
        self._joined = _Ring(self._most, self._recent)
        self._latest: dict[str, float] = {}
        self._keys: dict[Key, None] = {}
        self._named: dict[Key, None] = {}
        self._begun: set[str] = set()
        self._pinned: WeakValueDictionary[str, Cluster] = WeakValueDictionary()

    def time_of(self, message: Message) -> float:
        """The message's time, or where it has none that of the message before it on its platform."""
        if message.time is not None and math.isfinite(message.time):
            self._latest[message.platform] = message.time
            return message.time
        return self._latest.get(message.platform, 0.0)

    def __contains__(self, key: Key) -> bool:
        return key in self._keys

    def entry(self, place: int) -> Entry:
        """What is held at the place, as an entry from now on."""
        held = self.held[place]
        assert held is not None
        if isinstance(held, tuple):
            held = self.held[place] = Entry(*held)
        return held

    def enter(self, key: Key, time: float, window: float) -> tuple[int, int]:
        """The place of a new message, and of the one that goes for it, -1 for none."""
        self._keys[key] = None
        self._recent.append(time)
        place, gone = self._came.enter(time, window)
        if gone >= 0:
            del self._keys[next(iter(self._keys))]
        return place, gone

    def join(self, run: Run, time: float, window: float) -> tuple[int, int, int]:
        """The place of what is joined of a run, of what goes for it, and of what was joined before."""
        before = -1 if run.joined < self._joined.first else self._room + run.joined % self._room
        run.joined = self._joined.next
        place, gone = self._joined.enter(time, window)
        return self._room + place, gone if gone < 0 else self._room + gone, before

    def forget(self, *places: int) -> None:
        """Holds nothing any more for those that went."""
        for place in places:
            if place >= 0:
                self.held[place] = None

    def name(self, keys: Iterable[Key]) -> tuple[Key, ...]:
        """Those of the keys that no finding named yet. Now one has."""
        new = tuple(key for key in dict.fromkeys(keys) if key not in self._named)
        self._named.update(dict.fromkeys(new))
        for key in list(islice(self._named, max(len(self._named) - self._most, 0))):
            del self._named[key]
        return new

    def begin(self, keys: Iterable[Key], campaigns: Mapping[MessageKey, str]) -> None:
        """Takes note of the campaigns that begin with one of the messages."""
        for key in keys:
            campaign = campaigns.get(MessageKey(*key))
            if campaign is not None and campaign in (campaign_of((key,)), campaign_of((key, key))):
                self._begun.add(campaign)

    def pin(self, entry: Entry, campaign: str) -> None:
        """Has the message counted as found under `campaign`, with all that cluster with it.

        Where the campaign's beginning is known, only the message it begins with: what else belongs to it shows
        by comparing, and a piece of what was joined does not belong to it by itself.
        """
        if campaign in self._begun and campaign != campaign_of(entry.keys):
            return
        own = entry.cluster or entry.alone()
        cluster = self._pinned.setdefault(campaign, own)
        own.waiting = [waiting for waiting in own.waiting if waiting is not entry]
        entry.cluster = cluster
        cluster.campaign = campaign
        cluster.reached = True


class Duplicates:
    """A rule of kind duplicates at work.

    Texts are compared folded and with every digit as 0, by rapidfuzz's `ratio`; of long ones the first thousand
    characters. A message joins the cluster of the message most like it no further away in time than the window.
    Once `count` messages of a cluster stand within one window, the one that makes it so gets a finding that
    names the others, and each later copy gets a finding of its own. The campaign key is made of the key of the first
    message that is named. A message without a time counts as at the time of the one before it on its platform; one
    that came already is passed over.

    The messages of a membership that came each no more than `pieces` seconds after the one before, the last eight
    and of a thousand characters at most, are joined too, whatever their length. What is joined is compared as a
    message is, and each further message of the run has it joined anew in place of what was. It matches nothing of
    its own run. Pieces that are part of others are left out, and all of it where it is like one of them: repeating
    is not cutting up. It counts as one copy, unless a piece of it is one in the same cluster; the finding on the
    message that completes it names the others.

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
        if campaigns:
            keys = [prepared.message.key for prepared in batch]
            window.begin(keys, campaigns)
            window.name(key for key in keys if key in campaigns)
        coming = self._coming(batch)
        if not coming:
            return findings
        _, texts, all_said, _, *columns = zip(*coming, strict=True)
        places, leaving, replaced, runs = (np.array(column, np.int64) for column in columns)
        times = np.array([said[3] for said in all_said], np.float64)
        best, scores = window.copies.nearest(
            Coming(codes_of(texts), times, places, leaving, replaced, runs),
            self._rule.threshold,
            float(self._rule.window),
        )
        for (number, _, said, pieces, place, gone, before, _), other, score in zip(coming, best, scores, strict=True):
            like = None if other < 0 else window.entry(other)
            if pieces:
                entry = self._run_entry(said, before)
                window.held[place] = entry or said
                if like is not None:
                    more = self._completed(batch[number], window.entry(place), pieces, like, score)
                    findings[number] = _both(findings[number], more)
            else:
                window.held[place] = said
                if like is not None:
                    findings[number] = self._found(batch[number], window.entry(place), like, score)
                campaign = campaigns.get(batch[number].message.key)
                if campaign is not None:
                    window.pin(window.entry(place), campaign)
            window.forget(before, gone)
        return findings

    def _coming(self, batch: Sequence[Prepared]) -> list[_Text]:
        """The texts to compare: each message's, if it is long enough, and then what it completes."""
        window, rule = self._window, self._rule
        coming: list[_Text] = []
        for number, (prepared, (text, enough)) in enumerate(zip(batch, self._texts(batch), strict=True)):
            message = prepared.message
            time = window.time_of(message)
            if not enough and not (rule.pieces and text):
                continue
            key = (message.platform, message.group, message.id)
            if key in window:
                continue
            run: Run | None = None
            if rule.pieces:
                run = window.runs.run((message.platform, message.group, message.member), time, rule.pieces)
            shown = prepared.text[:SHOWN_CHARACTERS]
            place = -1
            if enough:
                place, gone = window.enter(key, time, rule.window)
                said: Said = ((key,), message.member, (shown,), time)
                coming.append((number, text, said, (), place, gone, -1, 0 if run is None else run.number))
            if run is None:
                continue
            run.add((key, text, shown, place), LONGEST)
            if len(run.pieces) < 2:
                continue
            joined, pieces = run.joined_text(rule.threshold)
            if len(joined) - joined.count("0") >= rule.min_length:
                keys = tuple([piece[0] for piece in pieces])
                said = (keys, message.member, tuple([piece[2] for piece in pieces]), time)
                coming.append((number, joined, said, pieces, *window.join(run, time, rule.window), run.number))
        return coming

    def _texts(self, batch: Sequence[Prepared]) -> list[tuple[str, bool]]:
        """What is compared of each message, and whether it is long enough to be."""
        codes, bounds = codes_of([prepared.folded.text[:COMPARED_CHARACTERS] for prepared in batch])
        digits = (codes >= _ZERO) & (codes <= _NINE)
        before = np.concatenate(([0], np.cumsum(~digits)))
        letters = before[bounds[1:]] - before[bounds[:-1]]
        texts = Codes(np.where(digits, np.uint32(_ZERO), codes), bounds).texts()
        return list(zip(texts, (letters >= self._rule.min_length).tolist(), strict=True))

    def _run_entry(self, said: Said, replaced: int) -> Entry | None:
        """The entry of what was joined of the run before, where it is in a cluster and has a piece in common."""
        before = None if replaced < 0 else self._window.held[replaced]
        if isinstance(before, Entry) and before.cluster is not None and set(before.keys) & set(said[0]):
            return before
        return None

    def _completed(
        self, prepared: Prepared, entry: Entry, pieces: Sequence[Piece], like: Entry, score: float
    ) -> Finding | None:
        """The finding on a message that completes what is like another."""
        if entry.cluster is None:
            if like.cluster is not None and any(self._counts(piece, like.cluster) for piece in pieces):
                return None
            return self._found(prepared, entry, like, score)
        if entry.cluster is not like.cluster:
            return None
        entry.keys = tuple(dict.fromkeys([*entry.keys, *(piece[0] for piece in pieces)]))
        return self._finding(prepared, entry, score) if entry.cluster.reached else None

    def _counts(self, piece: Piece, cluster: Cluster) -> bool:
        """Whether the piece is a copy in the cluster by itself."""
        held = None if piece[3] < 0 else self._window.held[piece[3]]
        return isinstance(held, Entry) and held.keys == (piece[0],) and held.cluster is cluster

    def _found(self, prepared: Prepared, entry: Entry, like: Entry, score: float) -> Finding | None:
        """Puts the entry into the cluster of the one like it; the finding if that has come to the count."""
        cluster = entry.cluster = like.clustered()
        reached = self._reached(cluster, entry)
        cluster.waiting.append(entry)
        return self._finding(prepared, entry, score) if reached else None

    def _finding(self, prepared: Prepared, entry: Entry, score: float) -> Finding:
        """The finding that names all who wait in the entry's cluster."""
        rule, cluster, own = self._rule, entry.clustered(), prepared.message.key
        waiting = [key for one in (*cluster.waiting, entry) for key in one.keys]
        named = self._window.name([*waiting, own])
        cluster.waiting.clear()
        return Finding(
            rule.name,
            rule.kind,
            rule.mode,
            score,
            prepared.whole(cluster.first_text),
            cluster.first_text,
            cluster.campaign,
            named_keys(tuple(key for key in named if key != own)),
        )

    def _reached(self, cluster: Cluster, entry: Entry) -> bool:
        """Whether the cluster, with `entry` new in it, has come to the count; forgets who waited too long."""
        if cluster.reached:
            return True
        rule = self._rule
        near = [waiting for waiting in cluster.waiting if abs(waiting.time - entry.time) <= rule.window]
        cluster.waiting = near[-_MOST_WAITING:]
        start, end = densest(sorted([entry.time, *(waiting.time for waiting in near)]), rule.window)
        memberships = {entry.membership, *(waiting.membership for waiting in near)}
        copies = end - start
        cluster.reached = (copies >= rule.count and len(memberships) >= rule.min_members) or (0 < rule.alone <= copies)
        if cluster.reached and cluster.waiting:
            # What was said before, and came to nothing, is not the campaign's: a restart does not know it any more.
            cluster.begin_with(cluster.waiting[0])
        return cluster.reached


def _both(finding: Finding | None, more: Finding | None) -> Finding | None:
    """The finding on a message by itself, naming those too that the one on its run names; or either alone."""
    if finding is None or more is None:
        return finding or more
    return replace(finding, earlier=finding.earlier + more.earlier)
