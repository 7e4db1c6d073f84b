"""The replay platform's settings: a recorded file, and at which pace it is played."""

from __future__ import annotations

from pathlib import Path

import msgspec

from console.platforms.base import Platform
from console.platforms.limits import Limits
from console.platforms.places import place
from rules.reading import Table

LIMITS = Limits()


class ReplayOptions(msgspec.Struct, frozen=True):
    """`speed` is a factor on the recording's own pace, None for no waiting at all ("max")."""

    file: Path
    speed: float | None


class ReplayKind:
    keys = ("file", "speed")

    def read(self, table: Table, folder: Path) -> ReplayOptions:
        """Raises Refused."""
        if not table.text("file", ""):
            table.refuse("file", 'is missing; it names the recorded messages, e.g. "chat.ndjson"')
        try:
            speed = parse_speed(table.text("speed", "1x"))
        except ValueError:
            table.refuse("speed", 'must be "max" or a factor such as "20x"')
        return ReplayOptions(place(folder, table, "file"), speed)

    def limits(self, options: ReplayOptions) -> Limits:
        return LIMITS

    def make(self, name: str, options: ReplayOptions, store: Path) -> Platform:
        from console.platforms.replay import Replay, effects_path

        return Replay(effects_path(store), path=options.file, speed=options.speed, name=name)


KIND = ReplayKind()


def parse_speed(text: str) -> float | None:
    """A pace: "20x" or "20" as 20.0, "max" as None. Raises ValueError."""
    if text == "max":
        return None
    speed = float(text.removesuffix("x"))
    if not 0 < speed < 1e9:
        raise ValueError(text)
    return speed
