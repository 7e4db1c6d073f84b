"""Domains made to be taken for others: homoglyphs, a letter's slip, the name inside another domain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rapidfuzz.distance import OSA

from rules.domains import comparable, registered, within
from rules.marked import marked

SHORTEST_NAME = 4
"""Letters. Shorter protected names are compared only as a whole domain: "qq" stands in many others."""
SHORTEST_SLIP = 6
"""Letters. One edit makes another common word of shorter names."""

SAME_LOOKS = 100.0
SAME_SHAPE = 95.0
INSIDE = 95.0
SLIP = 90.0
SLIP_ELSEWHERE = 80.0
OTHER_ENDING = 85.0
PART = 85.0
WITH_BAIT = 80.0
RUN_TOGETHER = 70.0
"""The name with whatever before or behind it: as often its owner's other domain."""

# What is read as another letter though Unicode does not say so; applied to both sides.
_SHAPES = (
    ("rn", "m"),
    ("vv", "w"),
    ("cl", "d"),
    ("0", "o"),
    ("1", "l"),
    ("i", "l"),
    ("5", "s"),
    ("3", "e"),
    ("4", "a"),
)
_BAIT_WORDS = """
    app apps auth bonus claim code drop event free gift gifts help login mail nitro official online pay promo
    reward rewards safe secure security service shop sign signin skin skins support team trade trades verify vip
    wallet web win www airdrop account accounts community user users id sale store
"""
_BAIT = frozenset(_BAIT_WORDS.split())


class Likeness(NamedTuple):
    """Which protected domain a host is like, how much (a score from 70 to 100), and how in a few words."""

    domain: str
    score: float
    how: str


class _Protected(NamedTuple):
    domain: str
    looks: str
    name: str
    suffix: str
    name_looks: str
    shape: str


class Lookalikes:
    """The protected domains, and whether a host is made to be taken for one.

    Slips are one edit in Damerau's sense (insert, delete, replace, swap neighbours), by rapidfuzz's optimal string
    alignment.
    """

    def __init__(self, domains: Iterable[str]) -> None:
        self._domains = [_protected(domain) for domain in domains]

    def nearest(self, host: str, user: str = "") -> Likeness | None:
        """The strongest likeness of a comparable host, None for a protected domain itself and what is below it.

        `user` is what stands between scheme and host.
        """
        if not self._domains or any(within(host, one.domain) for one in self._domains):
            return None
        best: Likeness | None = None
        looks = looks_of(host)
        name, suffix = registered(host)
        for one in self._domains:
            like = _likeness(one, looks, looks_of(name), suffix, looks_of(user))
            if like is not None and (best is None or like.score > best.score):
                best = like
        return best


def looks_of(host: str) -> str:
    """A host by its looks: what is written with homoglyphs of its letters is the same."""
    return marked(host).text if not host.isascii() else host


def _protected(written: str) -> _Protected:
    domain = comparable(written)
    name, suffix = registered(domain)
    name = name or domain.partition(".")[0]
    looks = looks_of(name)
    return _Protected(domain, looks_of(domain), name, suffix, looks, _shape(looks))


def _shape(name: str) -> str:
    for written, read in _SHAPES:
        name = name.replace(written, read)
    return name


def _likeness(one: _Protected, looks: str, name: str, suffix: str, user: str) -> Likeness | None:
    if within(looks, one.looks):
        return Likeness(one.domain, SAME_LOOKS, "looks like")
    if one.looks in user:
        return Likeness(one.domain, INSIDE, "pretends to be")
    if f".{looks}.".find(f".{one.looks}.") >= 0:
        return Likeness(one.domain, INSIDE, "has inside it")
    if len(one.name_looks) < SHORTEST_NAME or not name:
        return None
    if name == one.name_looks:
        return Likeness(one.domain, OTHER_ENDING, "is but for its ending")
    if _shape(name) == one.shape:
        return Likeness(one.domain, SAME_SHAPE, "looks like")
    parts = looks.removesuffix(f".{suffix}").replace("-", ".").replace("_", ".").split(".")
    if one.name_looks in parts:
        return Likeness(one.domain, PART, "has inside it")
    if len(one.name_looks) >= SHORTEST_SLIP:
        if OSA.distance(name, one.name_looks, score_cutoff=1) <= 1:
            score = SLIP if suffix == one.suffix else SLIP_ELSEWHERE
            return Likeness(one.domain, score, "is one letter from")
        if any(OSA.distance(part, one.name_looks, score_cutoff=1) <= 1 for part in parts):
            return Likeness(one.domain, SLIP_ELSEWHERE, "has inside it, but for a letter,")
        if any(_baited(part, one) for part in parts):
            return Likeness(one.domain, WITH_BAIT, "has inside it")
        if any(part.startswith(one.name_looks) or part.endswith(one.name_looks) for part in parts):
            return Likeness(one.domain, RUN_TOGETHER, "has inside it")
    return None


def _baited(part: str, one: _Protected) -> bool:
    """Whether a part is the protected name run together with a word that makes people trust it."""
    shape = _shape(part)
    if shape.startswith(one.shape):
        return _shape_of_bait(shape[len(one.shape) :])
    return shape.endswith(one.shape) and _shape_of_bait(shape[: -len(one.shape)])


_BAIT_SHAPES = frozenset(map(_shape, _BAIT))


def _shape_of_bait(rest: str) -> bool:
    return rest.strip("0123456789") in _BAIT_SHAPES
