"""Settings of the unit tests."""

from __future__ import annotations

from hypothesis import settings

# Compiled loops are made at their first call, which takes seconds where no cache has them: no deadline an example.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
