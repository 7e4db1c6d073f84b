"""Files to learn from: one JSON object a line, with a text and what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from console.platforms.recorded import LONGEST_LINE, BadLine, as_object, as_text
from store.lessons import Label

_LABELS = {"spam": Label.SPAM, "ham": Label.HAM}

Report = Callable[[int, str], None]
"""Takes a line's number, from 1, and what is wrong with it."""


def labelled(path: Path, report: Report, advance: Callable[[int], None]) -> Iterator[tuple[Label, str]]:
    """The examples of a file whose lines hold "text" and "label": "spam" or "ham"; others are reported.

    `advance` is told how many bytes were read. Raises OSError.
    """
    for number, found in _objects(path, report, advance):
        label = _LABELS.get(str(found.get("label")))
        if label is None:
            report(number, 'no "label": "spam" or "ham"')
            continue
        yield from _example(label, found, number, report)


def background(path: Path, report: Report, advance: Callable[[int], None]) -> Iterator[tuple[Label, str]]:
    """The everyday talk of a recorded chat: every text but those labelled as spam.

    `advance` is told how many bytes were read. Raises OSError.
    """
    for number, found in _objects(path, report, advance):
        if found.get("label") != Label.SPAM:
            yield from _example(Label.BACKGROUND, found, number, report)


def _example(label: Label, found: dict[str, object], number: int, report: Report) -> Iterator[tuple[Label, str]]:
    try:
        text = as_text(found, "text").replace("\x00", "\ufffd")
    except BadLine as problem:
        report(number, str(problem))
        return
    if text.strip():
        yield label, text


def _objects(path: Path, report: Report, advance: Callable[[int], None]) -> Iterator[tuple[int, dict[str, object]]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            advance(len(line))
            if len(line) > LONGEST_LINE:
                report(number, f"longer than {LONGEST_LINE >> 20} MiB")
                while line and not line.endswith(b"\n"):
                    line = file.readline(LONGEST_LINE)
                    advance(len(line))
                continue
            source = line.decode(errors="replace").removeprefix("\ufeff").strip()
            if not source:
                continue
            try:
                yield number, as_object(source)
            except BadLine as problem:
                report(number, str(problem))
