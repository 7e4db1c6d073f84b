"""Paths in the settings, relative to the folder of the file they stand in."""

from __future__ import annotations

from pathlib import Path

from rules.reading import Table


def place(folder: Path, table: Table, key: str, default: str = "") -> Path:
    """The path at `key`. Raises Refused."""
    written = table.text(key, default)
    if "\0" in written:
        table.refuse(key, "must be the name of a file, without NUL")
    try:
        return folder / Path(written).expanduser()
    except RuntimeError:
        table.refuse(key, f"begins with {written.partition('/')[0]}, and there is no such user")
