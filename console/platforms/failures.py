"""What is said of an error in a platform's own code."""

from __future__ import annotations

import traceback
from pathlib import Path


def described(error: BaseException) -> str:
    """The error's type and where it arose, for whoever wrote the platform. What it says may hold a token: left out."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
