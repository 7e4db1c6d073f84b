"""The model of what was learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.fold import Folded
from rules.records import Evidence

VERSION = 1


class Example(NamedTuple):
    text: str
    spam: bool
    weight: float = 1.0


class Model:
    threshold: float
    background: int
    examples: tuple[int, int]

    def scores(self, texts: Sequence[str], folded: Sequence[Folded]) -> NDArray[np.float64]:
        return np.zeros(len(texts))

    def evidence(self, text: str, folded: Folded, most: int = 5) -> tuple[Evidence, ...]:
        return ()

    def to_bytes(self) -> bytes:
        return b""

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        return cls()


def fit(examples: Sequence[Example], background: Sequence[str], *, alarms: float = 0.001) -> Model | None:
    return None
