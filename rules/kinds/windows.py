"""The kinds of rule that look at messages together: in a window of time, or in a member's first days."""

from __future__ import annotations

from typing import ClassVar

from rules.kinds.base import Rule
from rules.reading import Table


class DuplicatesRule(Rule, frozen=True, kw_only=True):
    """Near-identical messages: `count` of them in `window` seconds.

    They must come from at least `min_members` memberships (a member counts once in each group); `alone` of
    them are enough from whomever, 0 for never. `min_length` is in folded characters, digits not counted:
    shorter messages never count. A membership's messages no more than `pieces` seconds apart also count joined,
    0 for never.
    """

    kind: ClassVar[str] = "duplicates"
    keys: ClassVar[tuple[str, ...]] = (
        *Rule.keys, "threshold", "count", "window", "min_length", "min_members", "alone", "pieces",
    )  # fmt: skip

    threshold: float
    count: int
    window: int
    min_length: int
    min_members: int
    alone: int
    pieces: int

    @classmethod
    def read(cls, table: Table) -> dict[str, object]:
        return {
            "threshold": table.number("threshold", 50, 100, 85),
            "count": table.whole("count", 2, 1_000, 4),
            "window": table.duration("window", 600),
            "min_length": table.whole("min_length", 1, 1_000, 12),
            "min_members": table.whole("min_members", 1, 1_000, 2),
            "alone": table.whole("alone", 2, 1_000, 8, off=True),
            "pieces": table.duration("pieces", 60, off=True),
        }


class FloodRule(Rule, frozen=True, kw_only=True):
    """Too much at once, by one member in one group, or too much in one message. 0 switches a measure off.

    In `window` seconds, or in one message: `messages`, `characters` (code points), `lines`, `mentions`, `stickers` and
    `pictures`. In one message: `repeated` times the same letter.
    """

    kind: ClassVar[str] = "flood"
    keys: ClassVar[tuple[str, ...]] = (
        *Rule.keys, "window", "messages", "characters", "stickers", "pictures", "repeated", "lines", "mentions",
    )  # fmt: skip

    window: int
    messages: int
    characters: int
    stickers: int
    pictures: int
    repeated: int
    lines: int
    mentions: int

    @property
    def cut(self) -> float:
        return 50.0

    @classmethod
    def read(cls, table: Table) -> dict[str, object]:
        return {
            "window": table.duration("window", 10),
            "messages": table.whole("messages", 2, 1_000, 8, off=True),
            "characters": table.whole("characters", 2, 10_000_000, 12_000, off=True),
            "stickers": table.whole("stickers", 2, 1_000, 8, off=True),
            "pictures": table.whole("pictures", 2, 1_000, 15, off=True),
            "repeated": table.whole("repeated", 2, 100_000, 30, off=True),
            "lines": table.whole("lines", 2, 100_000, 200, off=True),
            "mentions": table.whole("mentions", 2, 100_000, 10, off=True),
        }


class BurstRule(Rule, frozen=True, kw_only=True):
    """Many newcomers to one group in `window` seconds: `joins`, or members writing there for the `first` time.

    0 switches a measure off.
    """

    kind: ClassVar[str] = "burst"
    keys: ClassVar[tuple[str, ...]] = (*Rule.keys, "window", "joins", "first")

    window: int
    joins: int
    first: int

    @property
    def cut(self) -> float:
        return 50.0

    @classmethod
    def read(cls, table: Table) -> dict[str, object]:
        return {
            "window": table.duration("window", 60),
            "joins": table.whole("joins", 2, 100_000, 15, off=True),
            "first": table.whole("first", 2, 100_000, 0, off=True),
        }


class NewcomerRule(Rule, frozen=True, kw_only=True):
    """Stricter thresholds for a member's first `messages` in a group, or first `days` (in seconds) there.

    0 switches either off. `thresholds` are pairs of a rule's name and the score from which on a newcomer's
    message is found, though that rule itself does not find it, or only counts.
    """

    kind: ClassVar[str] = "newcomer"
    keys: ClassVar[tuple[str, ...]] = (*Rule.keys, "messages", "days", "thresholds")

    messages: int
    days: int
    thresholds: tuple[tuple[str, float], ...]

    @classmethod
    def read(cls, table: Table) -> dict[str, object]:
        thresholds = table.table("thresholds", None)
        names = thresholds.names()
        if not names:
            table.refuse("thresholds", "must name at least one rule with a score, such as { known-ads = 75 }")
        return {
            "messages": table.whole("messages", 1, 100_000, 5, off=True),
            "days": table.whole("days", 1, 3_650, 3, off=True) * 86_400,
            "thresholds": tuple((name, thresholds.number(name, 0, 100, 100)) for name in names),
        }
