"""The rulebook: what it gives, and what an error names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rules.beside
import rules.rulebook
from rules.kinds import KINDS, DuplicatesRule, FloodRule, SimilarRule, Step, WordsRule
from rules.records import Mode
from rules.rulebook import Auto, RulebookError, load, parse

GOOD = """\
version = 1
[ladder]
steps = ["warn", "mute 10m", "remove"]
strikes_expire = "7d"

[rules.ads]
kind = "similar"
mode = "ask"
text = { zh = "不许发广告", en = "no ads" }
ladder = ["delete", "ban"]
groups = ["123"]
threshold = 90
templates = [
  "代写论文联系我",
  "cheap followers here",
]

[rules.words]
kind = "words"
words = ["加微信"]
delete = false

[rules.copies]
kind = "duplicates"
text = "once is enough"

[rules.flood]
kind = "flood"
messages = 0
"""


def refusal(source: str) -> RulebookError:
    with pytest.raises(RulebookError) as caught:
        parse(source, "book.toml")
    return caught.value


def checked(source: str) -> RulebookError | None:
    try:
        parse(source)
    except RulebookError as error:
        return error
    return None


def test_a_good_rulebook_is_read() -> None:
    book = parse(GOOD)
    ads, words, copies, flood = book.rules
    assert isinstance(ads, SimilarRule)
    assert (ads.name, ads.mode, ads.threshold, ads.groups) == ("ads", Mode.ASK, 90, ("123",))
    assert isinstance(words, WordsRule)
    assert (words.mode, words.delete, words.score) == (Mode.SHADOW, False, 100)
    assert isinstance(copies, DuplicatesRule)
    assert (copies.count, copies.window, copies.threshold) == (4, 600, 85)
    assert isinstance(flood, FloodRule)
    assert (flood.messages, flood.window) == (0, 10)
    assert book.ladder.strikes_expire == 7 * 86_400
    assert book.steps("words") == (Step("warn"), Step("mute", 600), Step("remove"))
    assert book.steps("ads") == (Step("delete"), Step("ban"))
    assert str(Step("mute", 600)) == "mute 10m"
    assert book.source == GOOD
    assert book.rule("nothing") is None


@pytest.mark.parametrize(
    ("language", "shown"),
    [("zh", "不许发广告"), ("zh_CN", "不许发广告"), ("en-GB", "no ads"), ("fr", "不许发广告")],
)
def test_members_are_shown_the_text_of_their_language(language: str, shown: str) -> None:
    book = parse(GOOD)
    assert book.shown("ads", language) == shown
    assert book.shown("copies", language) == "once is enough"
    assert book.shown("words", language) == ""


@pytest.mark.parametrize(
    ("change", "line", "key", "says"),
    [
        (("threshold = 90", "threshold = 120"), 12, "rules.ads.threshold", "between 0 and 100, not 120"),
        (("threshold = 90", "threshold = nan"), 12, "rules.ads.threshold", "between 0 and 100"),
        (("threshold = 90", "threshold = true"), 12, "rules.ads.threshold", "a number between 0 and 100"),
        (('mode = "ask"', 'mode = "loud"'), 8, "rules.ads.mode", 'off, shadow, ask, auto, not "loud"'),
        (('kind = "flood"', 'kind = "rain"'), 28, "rules.flood.kind", "similar, words, pattern, contact"),
        (('kind = "flood"', ""), 27, "rules.flood.kind", "is missing"),
        (("messages = 0", "massages = 0"), 29, "rules.flood.massages", "messages, characters, stickers"),
        (("messages = 0", "messages = 1"), 29, "rules.flood.messages", "0 (off) or between 2 and 1000, not 1"),
        (("messages = 0", "messages = 2.5"), 29, "rules.flood.messages", "whole number"),
        (("messages = 0", 'window = "10"'), 29, "rules.flood.window", 'such as "10s"'),
        (("messages = 0", "window = 10"), 29, "rules.flood.window", 'such as "10s"'),
        (("messages = 0", 'window = "0s"'), 29, "rules.flood.window", 'between "1s" and "3650d"'),
        (('"代写论文联系我"', '"代写"'), 14, "rules.ads.templates[0]", "put it under words"),
        (('"cheap followers here"', "5"), 15, "rules.ads.templates[1]", "a text in quotation marks, not 5"),
        (('words = ["加微信"]', "words = []"), 20, "rules.words.words", "at least one word"),
        (('words = ["加微信"]', 'words = ["好", "！"]'), 20, "rules.words.words[1]", "under patterns"),
        (('words = ["加微信"]', 'words = "加微信"'), 20, "rules.words.words", "an array of texts"),
        (("delete = false", 'delete = "no"'), 21, "rules.words.delete", "true or false"),
        (('"mute 10m"', '"mute"'), 3, "ladder.steps[1]", "warn, mute DURATION, remove, ban, delete"),
        (('"mute 10m"', '"mute soon"'), 3, "ladder.steps[1]", 'not "soon"'),
        (('"7d"', '"7w"'), 4, "ladder.strikes_expire", '"30d"'),
        (('steps = ["warn", "mute 10m", "remove"]', "steps = []"), 3, "ladder.steps", "at least one step"),
        (("[ladder]", "[lader]"), 2, "lader", "version, ladder, rules"),
        (("version = 1", "version = 2"), 1, "version", "not 2"),
        (("[rules.flood]", '[rules."a b"]'), 27, 'rules."a b"', "letters"),
        (('text = "once is enough"', "text = 1979-05-27"), 25, "rules.copies.text", "a date or time"),
        (('{ zh = "不许发广告"', "{ zh = 3"), 9, "rules.ads.text.zh", "a text in quotation marks"),
    ],
)
def test_an_error_names_line_key_and_what_is_allowed(change: tuple[str, str], line: int, key: str, says: str) -> None:
    assert change[0] in GOOD
    error = refusal(GOOD.replace(*change))
    assert (error.path, error.line, error.key) == ("book.toml", line, key)
    assert says in error.problem
    assert str(error) == f"book.toml:{line}: {key}: {error.problem}"
    assert "\n" not in str(error)


def test_what_mode_auto_demands_has_defaults_and_bounds() -> None:
    assert parse(GOOD).auto == Auto(0.98, 50)
    assert parse("version = 1\n[auto]\nprecision = 1\ndecisions = 0\n").auto == Auto(1.0, 0)
    error = refusal("version = 1\n[auto]\nprecision = 98\n")
    assert (error.line, error.key, error.problem) == (3, "auto.precision", "must be between 0 and 1, not 98")


@pytest.mark.parametrize(
    ("demand", "confirmed", "decided", "allows", "refutes"),
    [
        (Auto(), 49, 49, False, False),
        (Auto(), 48, 49, False, False),
        (Auto(), 1, 3, False, True),
        (Auto(), 49, 50, True, False),
        (Auto(), 48, 50, False, True),
        (Auto(1.0, 1), 999, 1_000, False, True),
        (Auto(0.0, 50), 0, 99, True, False),
        (Auto(0.98, 0), 0, 99, True, False),
        (Auto(), 0, 0, False, False),
    ],
)
def test_a_rule_is_allowed_to_act_or_refuted_only_by_decisions_enough(
    demand: Auto, confirmed: int, decided: int, allows: bool, refutes: bool
) -> None:
    assert demand.allows(confirmed, decided) is allows
    assert demand.refutes(confirmed, decided) is refutes


def test_other_modes_leave_the_source_and_rules_that_do_not_act() -> None:
    source = GOOD.replace('mode = "ask"', 'mode = "auto"') + '\n[groups.fair.ads]\nmode = "shadow"\n'
    source = source.replace('groups = ["123"]\n', "")
    book = parse(source).with_modes({"ads": Mode.ASK, "words": Mode.ASK, "unknown": Mode.ASK})
    assert [rule.mode for rule in book.rules] == [Mode.ASK, *[Mode.SHADOW] * 4]
    assert book.source == source


def test_a_missing_version_has_no_line() -> None:
    assert str(refusal("")) == "book.toml: version: is missing; it must be 1"


@pytest.mark.parametrize(
    ("source", "line"), [("a = \n", 1), ("version = 1\n\nb = [1,\n", 3), ("a = 1\na = 2\n", 2), ("\0", 1)]
)
def test_bad_toml_is_named_with_its_line(source: str, line: int) -> None:
    error = refusal(source)
    assert (error.line, error.key) == (line, "")
    assert "is not TOML" in error.problem


@pytest.mark.parametrize("source", ["x = " + "[" * 100_000, "x = " + "9" * 5_000, "x.y" * 5_000])
def test_hostile_toml_is_refused(source: str) -> None:
    assert "is not TOML" in refusal(source).problem


def test_a_long_value_is_cut_in_the_message() -> None:
    assert len(str(refusal(GOOD.replace('"ask"', '"' + "x" * 10_000 + '"')))) < 200


@given(st.text())
def test_any_text_is_read_or_refused(source: str) -> None:
    error = checked(source)
    assert error is None or "\n" not in str(error)


@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.sampled_from(["", "]", '"', "\n", "=", "[[x]]\n", "é", "0"]))
def test_a_damaged_rulebook_is_read_or_refused(start: int, length: int, instead: str) -> None:
    error = checked(GOOD[:start] + instead + GOOD[start + length :])
    assert error is None or error.line is not None or error.key in ("version", "")


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rulebook.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert [rule.name for rule in load(path).rules] == ["ads", "words", "copies", "flood"]


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"version = 1\n# caf\xe9\n")
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * (rules.beside.LARGEST_FILE + 1))
    closed = tmp_path / "closed.toml"
    closed.write_text(GOOD)
    closed.chmod(0)
    cases = {
        tmp_path / "none.toml": "cannot be read: No such file",
        tmp_path: "is a directory",
        latin: "is not UTF-8 (byte 0xe9)",
        huge: "larger than",
        Path("a\0b"): "cannot be read",
    }
    if os.geteuid() != 0:
        cases[closed] = "cannot be read: Permission denied"
    for path, says in cases.items():
        with pytest.raises(RulebookError) as caught:
            load(path)
        assert says in caught.value.problem
        assert caught.value.path == str(path)
        assert caught.value.line == (2 if path == latin else None)


def test_the_default_rulebook_asks_and_speaks_both_languages() -> None:
    book = parse(rules.rulebook.DEFAULT_RULEBOOK)
    assert {rule.kind for rule in book.rules} <= set(KINDS)
    for rule in book.rules:
        assert rule.mode is (Mode.SHADOW if rule.name == "contacts" else Mode.ASK)
        assert rule.shown("zh")
        assert rule.shown("en")
        assert rule.shown("zh") != rule.shown("en")


def test_the_rulebook_stays_light_to_import() -> None:
    code = "import sys, rules.rulebook, rules.records; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"rapidfuzz", "re2", "ahocorasick_rs", "rules.engine"}.intersection(done.stdout.split())
