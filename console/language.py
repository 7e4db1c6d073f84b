"""The language of the screens, by setting or locale."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

LOCALES = Path(__file__).parent / "locale"
CATALOGUES = {"zh": "zh_CN"}


def translation(setting: str) -> gettext.NullTranslations:
    """The catalogue for "en", "zh", or "auto": what the environment's locale asks for."""
    name = CATALOGUES.get(wanted() if setting == "auto" else setting)
    if name is None:
        return gettext.NullTranslations()
    return gettext.translation("vigil", LOCALES, [name], fallback=True)


def wanted() -> str:
    """The language that the environment's locale asks for: "en" or "zh"."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"
