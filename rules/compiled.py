"""Compiling the loops that numpy has no word for: numba, with what it compiled kept on disk where it can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba

_P = ParamSpec("_P")
_R = TypeVar("_R")


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """`function` as machine code, made at its first call in a process, or read from the cache.

    The cache is numba's: the package's `__pycache__`, else the user's cache folder, or NUMBA_CACHE_DIR where that
    is set. Where none of them can be written the code is made anew in every process, which takes some seconds.
    """
    options: dict[str, Any] = {"nogil": True, "boundscheck": False, "error_model": "numpy"}
    try:
        made: Callable[_P, _R] = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "no locator available": neither folder can be written
        made = numba.njit(**options)(function)
    return made
