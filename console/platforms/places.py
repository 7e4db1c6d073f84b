"""Where the settings say that something lies: paths relative to the folder of their file, and secrets."""

from __future__ import annotations

from collections.abc import Sequence
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


def no_secret(table: Table, *names: str) -> None:
    """Raises Refused where a secret itself stands in the settings."""
    for name in names:
        if name in table:
            table.refuse(name, f"must not stand here; name its file as {name}_file, or its variable as {name}_env")


def secret_key(table: Table, keys: Sequence[str], *, needed: bool = True) -> str:
    """The one of these keys that says where the secret lies; "" for none, if none is needed. Raises Refused."""
    given = [key for key in keys if key in table]
    if len(given) > 1 or (needed and not given):
        table.refuse(given[1] if given else keys[0], f"give one of {', '.join(keys)}")
    if given and not table.text(given[0], ""):
        table.refuse(given[0], "must not be empty")
    return given[0] if given else ""
