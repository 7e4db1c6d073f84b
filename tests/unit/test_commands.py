"""The registry of commands: no two share a key, and settings that would make them are refused."""

from __future__ import annotations

import re

import pytest

from console.commands import COMMANDS, KeysError, Pane, here, resolve

MOVES = [("list.down", "down,j"), ("list.up", "up,k")]


def test_the_defaults_have_no_clash() -> None:
    keys = resolve({}, MOVES)
    assert set(keys) == {command.id for command in COMMANDS} | {"list.down", "list.up"}
    for pane in Pane:
        taken = [key for command in here(pane) for key in keys[command.id].split(",")]
        assert len(taken) == len(set(taken))


def test_the_consoles_own_moves_have_no_clash() -> None:
    from console.app import moves

    assert set(resolve({}, moves())) > {command.id for command in COMMANDS}


def test_every_command_has_an_id_a_key_and_words_of_its_own() -> None:
    assert len({command.id for command in COMMANDS}) == len(COMMANDS)
    for command in COMMANDS:
        assert re.fullmatch(r"[a-z]+(\.[a-z-]+)?", command.id)
        assert command.key
        assert command.label
        assert command.help


def test_a_key_can_be_changed() -> None:
    keys = resolve({"case.warn": " W ", "list.down": "ctrl+n"}, MOVES)
    assert (keys["case.warn"], keys["list.down"]) == ("W", "ctrl+n")


def test_two_keys_can_be_exchanged() -> None:
    keys = resolve({"case.warn": "m", "case.mute": "w"}, MOVES)
    assert (keys["case.warn"], keys["case.mute"]) == ("m", "w")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"case.warn": "m"}, ["m", "case.warn", "case.mute"]),
        ({"case.warn": "q"}, ["q", "case.warn", "quit"]),
        ({"quit": "o"}, ["o", "quit", "members.export"]),
        ({"case.warn": "j"}, ["j", "case.warn", "list.down"]),
        ({"list.down": "w"}, ["w", "case.warn", "list.down"]),
        ({"case.warn": "x,y"}, ["x", "case.warn", "case.delete"]),
        ({"feed.filter": "question_mark"}, ["?", "feed.filter", "help"]),
        ({"list.down": "up"}, ["up", "list.down", "list.up"]),
        ({"case.warn": "W,W"}, ["W", "case.warn"]),
    ],
)
def test_two_commands_with_one_key_are_refused_and_both_named(changed: dict[str, str], named: list[str]) -> None:
    with pytest.raises(KeysError) as caught:
        resolve(changed, MOVES)
    for word in named:
        assert repr(word) in str(caught.value)


def test_one_key_may_mean_different_things_in_different_panes() -> None:
    keys = resolve({"case.warn": "g"}, MOVES)
    assert keys["case.warn"] == keys["feed.group"] == "g"


def test_an_unknown_command_is_refused_and_the_known_are_listed() -> None:
    with pytest.raises(KeysError, match=r"'case\.warm'.*case\.warn"):
        resolve({"case.warm": "w"}, MOVES)


@pytest.mark.parametrize("key", ["", "  "])
def test_a_command_without_a_key_is_refused(key: str) -> None:
    with pytest.raises(KeysError, match=r"case\.warn"):
        resolve({"case.warn": key}, MOVES)
