"""The catalogues: every word on screen translated, with the same places for values, and compiled."""

from __future__ import annotations

import gettext
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import console
import widgets
from console.language import LOCALES, translation
from console.perk_words import refusal_words
from store.perk_records import Eligibility, Perk, PerkKind, Refusal
from widgets.language import install

KEYWORDS = {"say": None, "say_n": (1, 2), "mark": None}
CATALOGUE = LOCALES / "zh_CN" / "LC_MESSAGES" / "vigil"


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with CATALOGUE.with_suffix(".po").open("rb") as file:
        return read_po(file)


def _spoken() -> Iterator[str]:
    for package in (console, widgets):
        folder = Path(str(package.__file__)).parent
        for _, _, message, _, _ in extract_from_dir(folder, keywords=KEYWORDS, method_map=[("**.py", "python")]):
            yield message if isinstance(message, str) else message[0]


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _said(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def test_every_word_on_screen_is_in_the_chinese_catalogue(chinese: Catalog) -> None:
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in chinese if message.id}
    assert set(_spoken()) == known


def test_every_translation_has_the_places_of_its_original(chinese: Catalog) -> None:
    for message in chinese:
        if message.id:
            originals = [message.id] if isinstance(message.id, str) else list(message.id)
            assert all(said for said in _said(message)), message.id
            assert {frozenset(_fields(said)) for said in _said(message)} == {frozenset(_fields(originals[-1]))}


def test_the_compiled_catalogue_is_that_of_the_text(chinese: Catalog) -> None:
    compiled = translation("zh")
    for message in chinese:
        if isinstance(message.id, str):
            assert not message.id or compiled.gettext(message.id) == message.string
        else:
            assert [compiled.ngettext(message.id[0], message.id[1], 1)] == _said(message)


@pytest.mark.parametrize(
    ("setting", "environment", "word"),
    [
        ("zh", {}, "批准"),
        ("en", {"LANG": "zh_CN.UTF-8"}, "approve"),
        ("auto", {"LANG": "zh_CN.UTF-8"}, "批准"),
        ("auto", {"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "approve"),
        ("auto", {"LANG": "C.UTF-8"}, "approve"),
        ("auto", {}, "approve"),
    ],
)
def test_the_language_is_that_of_the_setting_or_else_of_the_locale(
    setting: str, environment: dict[str, str], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert translation(setting).gettext("approve") == word


def test_why_members_do_not_get_a_perk_names_their_stage_in_the_language_of_the_screen() -> None:
    perk = Perk(1, "Tea", PerkKind.SEAT, "", None, 0, None, None, None, Eligibility(layers=("silent",)),
                1, 0, 1, 0, "", None, None)  # fmt: skip
    install(translation("zh"))
    try:
        assert refusal_words(Refusal.LAYERS, perk) == "只给沉默"
    finally:
        install(gettext.NullTranslations())
