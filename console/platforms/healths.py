"""The healths of platforms from which nothing comes: which are trouble, and which only take their time."""

from __future__ import annotations

NOT_THERE = (
    "not reachable", "in trouble", "login refused", "token refused", "read by another program",
    "the account is not logged in to QQ", "cannot be read", "has failed",
)  # fmt: skip
"""Healths of platforms of which nothing comes until somebody does something, or the service is back."""

AWAITED = ("connecting", "waiting to be connected to")
"""Healths of platforms that have yet to connect."""


def phrase(health: str) -> str:
    """A health without its detail in parentheses."""
    return health.partition(" (")[0]
