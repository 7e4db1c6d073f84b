"""The words on screen, in the language that was installed."""

from __future__ import annotations

import gettext

_installed: gettext.NullTranslations = gettext.NullTranslations()


def install(translation: gettext.NullTranslations) -> None:
    """Speak the language of `translation` from the next painting on."""
    global _installed
    _installed = translation


def say(text: str, **values: object) -> str:
    """Return the message `text` in the installed language, with `values` put in as by `str.format`.

    Called when something is painted, never at import, so that a language installed later still counts.
    """
    spoken = _installed.gettext(text)
    return _filled(spoken, text, values) if values else spoken


def say_n(one: str, many: str, n: int, **values: object) -> str:
    """Return `one` or `many`, whichever the installed language uses for `n`, with `n` and `values` put in."""
    spoken = _installed.ngettext(one, many, n)
    return _filled(spoken, one if n == 1 else many, {"n": n, **values})


def _filled(spoken: str, text: str, values: dict[str, object]) -> str:
    try:
        return spoken.format(**values)
    except (LookupError, ValueError):  # a translator's slip must not cost anybody the screen
        return text.format(**values)


def mark(text: str) -> str:
    """Return `text` as it is, marked for translation where it stands; `say` translates it when it is shown."""
    return text
