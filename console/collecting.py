"""What a process that judges messages does about memory: looks for garbage seldom, and gives back what is free."""

from __future__ import annotations

import ctypes
import gc

_NEW = 50_000
_TIMES = 10


def collect_seldom() -> None:
    """Look for cycles after every 50,000 new objects, not 700: windows keep hundreds of thousands that are none, and
    looking through them again and again takes a quarter of all the time."""
    gc.freeze()
    gc.set_threshold(_NEW, _TIMES, _TIMES)


def give_back() -> None:
    """Give memory that is free again back to the system, where its C library can: learning takes much for a moment."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
