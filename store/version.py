"""What tells a file as a store, and how far it has come."""

from __future__ import annotations

APPLICATION_ID = 0x5649474C
"""The letters VIGL: how a file is known as one of ours."""

SCHEMA_VERSION = 6
"""As many as there are migrations; stands in the file as user_version."""
