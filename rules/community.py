"""What a rulebook says of members: time zones, layers, tiers, points, and the perks that are given by themselves."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import msgspec

DAY = 86_400


class Community(msgspec.Struct, frozen=True):
    """`time_zone` is every group's, unless `time_zones` holds pairs of a group's id or name and another."""

    time_zone: str = "UTC"
    time_zones: tuple[tuple[str, str], ...] = ()

    def zone(self, *group: str) -> str:
        """The time zone of the group of that id and name."""
        for name, zone in self.time_zones:
            if name in group:
                return zone
        return self.time_zone

    def day(self, time: float, *group: str) -> int:
        """The group's own day at `time` (epoch seconds), counted from day 1 on 1 January of the year 1."""
        return _day(self.zone(*group), int(time // _SAME_DAY))


_SAME_DAY = 30
"""Seconds: in no time zone does a day begin within so many, counted from the epoch."""


@lru_cache(maxsize=4_096)
def _day(zone: str, thirties: int) -> int:
    return datetime.fromtimestamp(thirties * _SAME_DAY, UTC).astimezone(_zone(zone)).toordinal()


@cache
def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)


class Layer(StrEnum):
    """The stage a member is at; GONE from every group is no stage and stands for itself."""

    NEW = "new"
    ACTIVE = "active"
    CORE = "core"
    SILENT = "silent"
    GONE = "gone"


def days_within(seconds: int) -> int:
    """How many of a group's own days count as "within" a duration, today among them."""
    return max(1, seconds // DAY)


class Layers(msgspec.Struct, frozen=True):
    """When a member is what; durations in seconds. New until `new` after joining; then silent without a word for
    `silent`; core with `core_messages` messages on `core_days` days within `core_within`; else active."""

    new: int = 7 * DAY
    silent: int = 3 * DAY
    core_days: int = 12
    core_messages: int = 40
    core_within: int = 30 * DAY


class Tier(msgspec.Struct, frozen=True):
    """One level: its name as the community calls it, and the points it begins at."""

    name: str
    points: int


class Tiers(msgspec.Struct, frozen=True):
    """The levels, lowest first; none is "no tiers". `by` is "earned" (what was spent on perks still counts) or
    "balance". A member loses a tier only after `grace` seconds with fewer points than it begins at less `margin`
    percent."""

    levels: tuple[Tier, ...] = ()
    by: str = "earned"
    grace: int = 14 * DAY
    margin: float = 10


class Speaking(msgspec.Struct, frozen=True):
    """`points` a message up to `daily_cap` points a member and day; messages of fewer than `min_length` letters, and
    the same words again within the day, earn nothing. 0 points: nothing is earned."""

    points: int = 0
    daily_cap: int = 10
    min_length: int = 4


class CheckIn(msgspec.Struct, frozen=True):
    """`points` for one of `words` as the whole message, once a member and day; `streaks` holds pairs of days in a
    row and points on top, on the day that they are reached."""

    words: tuple[str, ...] = ()
    points: int = 0
    streaks: tuple[tuple[int, int], ...] = ()


def as_word(text: str) -> str:
    """What is compared of a word that is the whole message: its letters and digits, whatever their case or width;
    where it has none, as with an emoji, all but the white space."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(str.isalnum, folded)) or "".join(folded.split())


class Invitation(msgspec.Struct, frozen=True):
    """`points` for each member brought who is new to the community, taken back when they leave within `stay`
    seconds."""

    points: int = 0
    stay: int = 7 * DAY


class Points(msgspec.Struct, frozen=True):
    """What earns points, and `sanctions`: pairs of an action (warn, mute, remove, ban) and the points it costs."""

    speaking: Speaking = Speaking()
    check_in: CheckIn = CheckIn()
    invitation: Invitation = Invitation()
    sanctions: tuple[tuple[str, int], ...] = ()


class Given(msgspec.Struct, frozen=True):
    """A perk given by itself: `on` is "join", "tier" (at the rise to `tier`) or "streak" (after `days` in a row)."""

    perk: str
    on: str
    tier: str = ""
    days: int = 0
