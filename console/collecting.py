"""How often Python looks for garbage in a process that judges messages."""

from __future__ import annotations

import gc

_NEW = 50_000
_TIMES = 10


def collect_seldom() -> None:
    """Look for cycles after every 50,000 new objects, not 700: windows keep hundreds of thousands that are none, and
    looking through them again and again takes a quarter of all the time."""
    gc.freeze()
    gc.set_threshold(_NEW, _TIMES, _TIMES)
