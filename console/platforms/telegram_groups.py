"""The groups a bot was seen in, kept beside the store: the Bot API does not tell them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

Groups = dict[str, tuple[int, str]]


class Kept(msgspec.Struct, frozen=True):
    """`groups` holds for each key the chat's id and its name."""

    bot: int
    groups: Groups


def load(file: Path, bot: int) -> Groups:
    """The groups of this bot; none where nothing sound is kept."""
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=Kept)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return dict(kept.groups) if kept.bot == bot else {}


def save(file: Path, bot: int, groups: Groups) -> None:
    """Keep them. Raises OSError."""
    beside = file.with_name(file.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(msgspec.json.encode(Kept(bot, groups)))
    beside.replace(file)
