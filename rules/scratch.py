"""Memory the compiled loops work in, kept between calls: clearing it anew would cost more than the work."""

from __future__ import annotations

import sys

import numpy as np


class Scratch:
    """`seen` has a nought for each key of `bits` bits, `letter_of` one for each code point. Loops leave them so.

    Not for two threads at once.
    """

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.mask = (1 << bits) - 1
        self.seen = np.zeros(1 << bits, np.uint16)
        # calloc: pages of it that no text touches take no memory.
        self.letter_of = np.zeros(sys.maxunicode + 1, np.int32)
