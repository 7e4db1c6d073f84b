"""Settings of the unit tests."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.unit.made import Clock

# Compiled loops are made at their first call, which takes seconds where no cache has them: no deadline an example.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")


@pytest.fixture
def clock() -> Clock:
    return Clock()
