"""Which rulebook a worker starts with, the settings' file or else the default one, and which is in force."""

from __future__ import annotations

from console.settings import Settings
from rules import rulebook
from rules.beside import Beside
from rules.rulebook import DEFAULT_RULEBOOK, Rulebook
from store import rulebooks
from store.database import Database


def load_rulebook(settings: Settings) -> Rulebook:
    """Raises RulebookError, also for a missing file that the settings name."""
    if settings.rulebook_named or settings.rulebook.exists():
        return rulebook.load(settings.rulebook)
    return rulebook.parse(DEFAULT_RULEBOOK, "default rulebook")


def rulebook_in_force(db: Database, settings: Settings | None) -> Rulebook | None:
    """What the last worker judged by, None before the first one. The lists it names are read as they are now, beside
    the settings' rulebook; without settings they count as empty. Raises RulebookError where such a list is gone."""
    stored = rulebooks.in_force(db)
    if stored is None:
        return None
    beside = Beside(settings.rulebook.parent) if settings else None
    return rulebook.parse(stored[1], "rulebook in force", beside)
