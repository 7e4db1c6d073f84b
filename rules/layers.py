"""The stage a member is at, from when they joined, spoke last and how often; and what is missing for the next."""

from __future__ import annotations

from dataclasses import dataclass

from rules.community import DAY, Layer, Layers


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to go by. Times in epoch seconds, None for never; `days` and `messages` are counted within
    `Layers.core_within`; `gone` is whether the member has left every group."""

    joined: float | None
    last: float | None
    days: int
    messages: int
    gone: bool


@dataclass(frozen=True, slots=True)
class MissingLayer:
    """What it takes to reach `next`: so many more days with a word, and messages. Both 0: a word is enough."""

    next: Layer
    days: int
    messages: int


def layer(seen: Seen, now: float, layers: Layers) -> Layer:
    """The member's stage at `now` (epoch seconds)."""
    if seen.gone:
        return Layer.GONE
    if seen.joined is not None and now - seen.joined < layers.new:
        return Layer.NEW
    spoke = seen.joined if seen.last is None else seen.last
    if spoke is None or now - spoke >= layers.silent:
        return Layer.SILENT
    if seen.days >= layers.core_days and seen.messages >= layers.core_messages:
        return Layer.CORE
    return Layer.ACTIVE


def missing_layer(seen: Seen, now: float, layers: Layers) -> MissingLayer | None:
    """What is missing for the next stage, None for who is core or gone."""
    at = layer(seen, now, layers)
    if at in (Layer.CORE, Layer.GONE):
        return None
    if at is Layer.SILENT:
        return MissingLayer(Layer.ACTIVE, 0, 0)
    days = max(0, layers.core_days - seen.days)
    return MissingLayer(Layer.CORE, days, max(0, layers.core_messages - seen.messages))


def days_left_new(seen: Seen, now: float, layers: Layers) -> int:
    """How many days the member is still new, rounded up; 0 for who is not."""
    if seen.joined is None or layer(seen, now, layers) is not Layer.NEW:
        return 0
    return -int(-(seen.joined + layers.new - now) // DAY)
