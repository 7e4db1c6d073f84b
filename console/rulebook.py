"""Which rulebook a worker starts with: the settings' file, or the default one where none is written."""

from __future__ import annotations

from console.settings import Settings
from rules import rulebook
from rules.rulebook import DEFAULT_RULEBOOK, Rulebook


def load_rulebook(settings: Settings) -> Rulebook:
    """Raises RulebookError, also for a missing file that the settings name."""
    if settings.rulebook_named or settings.rulebook.exists():
        return rulebook.load(settings.rulebook)
    return rulebook.parse(DEFAULT_RULEBOOK, "default rulebook")
