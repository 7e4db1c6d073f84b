"""Messages that are alike, put together until they are found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TypeAlias

from rules.records import MessageKey

Key: TypeAlias = tuple[str, str, str]
"""A message's key as a plain tuple: there are many, and those of its kind cost the garbage collector nothing."""
Said: TypeAlias = tuple[tuple[Key, ...], str, tuple[str, ...], float]
"""What an `Entry` begins as, for the same reason: keys, member, beginnings of the texts, time."""


@dataclass(slots=True, eq=False)
class Entry:
    """A message, or several of one membership joined, that is like another or known to be found.

    `keys` are the messages' keys, `shown` the beginnings of their texts, `time` the last one's.
    """

    keys: tuple[Key, ...]
    member: str
    shown: tuple[str, ...]
    time: float
    cluster: Cluster | None = None

    @property
    def membership(self) -> tuple[str, str, str]:
        platform, group, _ = self.keys[0]
        return platform, group, self.member

    @property
    def beginning(self) -> str:
        return " ".join(self.shown)[:SHOWN_CHARACTERS]

    def clustered(self) -> Cluster:
        """The entry's cluster; where it has none, one in which it waits."""
        if self.cluster is None:
            self.cluster = self.alone()
            self.cluster.waiting.append(self)
        return self.cluster

    def alone(self) -> Cluster:
        """A cluster that begins with the entry, nobody waiting in it."""
        return Cluster(campaign_of(self.keys), self.beginning)


@dataclass(slots=True, eq=False, weakref_slot=True)
class Cluster:
    """Entries alike. `waiting` are those no finding has named yet; `reached`: the count was reached once."""

    campaign: str
    first_text: str
    reached: bool = False
    waiting: list[Entry] = field(default_factory=list)

    def begin_with(self, entry: Entry) -> None:
        """Names the cluster after the entry."""
        self.campaign, self.first_text = campaign_of(entry.keys), entry.beginning


SHOWN_CHARACTERS = 120
"""How much of the first copy's text a finding quotes."""


def campaign_of(keys: tuple[Key, ...]) -> str:
    """The key of a campaign that begins with that message, or with the first of those joined: 16 hex digits."""
    named = [*keys[0], "joined"] if len(keys) > 1 else keys[0]
    return hashed(named)


def hashed(parts: Iterable[str]) -> str:
    """The key of a campaign that is told by these: 16 hex digits."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def named_keys(keys: tuple[Key, ...]) -> tuple[MessageKey, ...]:
    """The keys as findings have them."""
    return tuple(MessageKey(*key) for key in keys)
