"""Everything the store can object to, on one page."""

from __future__ import annotations


class StoreError(Exception):
    """The root of them all; its text is one clear line for a person."""


class StoreUnavailable(StoreError):
    """The file cannot be opened, read or written: the text names it and says what to do."""


class NotAStore(StoreUnavailable):
    """The file is something else than a Vigil store; it was not touched."""


class NewerStore(StoreUnavailable):
    """The file was made by a newer version of Vigil; it was not touched."""


class NotFound(StoreError):
    """No case, decision or staff member of that id or name."""


class Conflict(StoreError):
    """Somebody else was first: the text says who did what."""


class LeaseHeld(StoreError):
    """Another worker holds the store."""


class LeaseLost(StoreError):
    """This worker no longer holds the store: it must stop without writing."""
