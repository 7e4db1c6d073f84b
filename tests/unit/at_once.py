"""Processes that do something at the same moment: first all get ready, then all are told to begin."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def at_once(script: str, arguments: Iterable[Sequence[object]]) -> list[str]:
    """Run a script in a process for each of the `arguments`; returns what each said in the end.

    The script says `ready` when it is, and begins when it reads a line. Every process has to end well.
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, *map(str, words)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )
        for words in arguments
    ]  # fmt: skip
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    said = []
    for process in processes:
        out, problems = process.communicate(timeout=120)
        assert (process.returncode, problems) == (0, "")
        said.append(out)
    return said
