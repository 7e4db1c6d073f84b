"""What processes take, while they are at work: memory, files, threads, CPU. From /proc, so on Linux alone."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a process holds at a moment: megabytes resident, and its own share of them; open files, threads; the CPU
    seconds it has used so far."""

    at: float
    resident: float
    share: float
    files: int
    threads: int
    cpu: float


def taken(process: int) -> Taken:
    """Raises OSError when there is no such process."""
    place = Path(f"/proc/{process}")
    rollup = dict(
        line.split(":", 1) for line in (place / "smaps_rollup").read_text("ascii").splitlines()[1:] if ":" in line
    )
    megabytes = {name: int(value.split()[0]) * 1024 / 1e6 for name, value in rollup.items()}
    # The name, in brackets, may hold spaces.
    fields = (place / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return Taken(
        time.time(),
        megabytes["Rss"],
        megabytes["Pss"],
        len(list((place / "fd").iterdir())),
        int(fields[17]),
        (int(fields[11]) + int(fields[12])) / _TICKS,
    )
