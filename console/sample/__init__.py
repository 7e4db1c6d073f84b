"""The sample community: two hours of chat in six groups, its rulebook, and what a correct run must find."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import cast

import msgspec


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The advertisement sent around: its copies, who posted them, and where."""

    messages: tuple[str, ...]
    members: tuple[str, ...]
    groups: tuple[str, ...]


class Single(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message to find, and who posted it."""

    message: str
    member: str


class Flood(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every message of the floods, those before the count was reached among them."""

    members: tuple[str, ...]
    messages: tuple[str, ...]


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the sample rulebook must find in the sample chat. Nothing else may open a case.

    `innocent` names the ordinary messages that look a little like the others.
    """

    campaign: Campaign
    ads: tuple[Single, ...]
    flood: Flood
    scam: Single
    innocent: tuple[str, ...]


def _file(name: str) -> Path:
    # Vigil is always installed unpacked, so the resource is a file.
    return cast(Path, resources.files(__name__).joinpath(name))


def chat() -> Path:
    """The recorded chat: NDJSON, one message a line, in the order of time."""
    return _file("community.ndjson")


def rulebook() -> Path:
    """The community's rulebook."""
    return _file("rulebook.toml")


def expected() -> Expected:
    """What a correct run must find."""
    return msgspec.json.decode(_file("expected.json").read_bytes(), type=Expected)
