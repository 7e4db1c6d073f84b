"""The model of what was learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rules.fold import Folded
from rules.records import Evidence


class Model:
    threshold: float
    background: int
    examples: tuple[int, int]

    def scores(self, texts: Sequence[str], folded: Sequence[Folded]) -> NDArray[np.float64]:
        return np.zeros(len(texts))

    def evidence(self, text: str, folded: Folded, most: int = 5) -> tuple[Evidence, ...]:
        return ()
