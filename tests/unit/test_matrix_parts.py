"""Parts of the Matrix platform that need no server: texts, permissions, settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.platforms.base import edit_id, original_id, own_id, sound_id
from console.platforms.matrix_kind import MatrixOptions
from console.platforms.matrix_power import Power, is_at_least, power
from console.platforms.matrix_shapes import Create
from console.platforms.matrix_text import mention, one_line, poll_text, readable
from console.settings import SettingsError, parse
from store.records import ActionKind

FILE = Path("/etc/vigil/vigil.toml")

# --- texts ---


@pytest.mark.parametrize(
    ("body", "markup", "text"),
    [
        ("hello", "", "hello"),
        ("**hello** you", "<b>hello</b> you", "**hello** you"),
        ("- one\n- two", "<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("[here](https://a.test)", "<a href='https://a.test'>here</a>", "[here](https://a.test)"),
        ("hello", "buy <i>now</i>", "buy now\nhello"),
        ("click", "<a href='https://a.test/x'>click</a>", "click https://a.test/x\nclick"),
        ("ann: hi", '<a href="https://matrix.to/#/@ann:b">ann</a>: hi', "ann: hi"),
        ("a" * 9_000 + "buy now", "buy now", "buy now\n" + "a" * 9_000 + "buy now"),
        ("x", "<mx-reply>what another said</mx-reply>x", "x"),
        ("a\x00b", "", "a\ufffdb"),
    ],
)  # fmt: skip
def test_a_message_says_what_its_readers_see(body: str, markup: str, text: str) -> None:
    assert readable(body, markup, reply=False) == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"m.poll": {"question": {"m.text": [{"body": "Tea?"}]},
                     "answers": [{"m.id": "1", "m.text": [{"body": "Yes"}]}]},
          "m.text": [{"body": "Tea?\n1. Yes"}]}, "Tea?\n1. Yes"),
        ({"org.matrix.msc3381.poll.start": {"question": {"org.matrix.msc1767.text": "Buy here", "body": "x"},
          "answers": [{"id": "1", "org.matrix.msc1767.text": "now"}]}, "org.matrix.msc1767.text": "harmless"},
         "Buy here\nnow\nharmless"),
        ({"m.poll": {"question": {"body": "Tea?"}, "answers": 5}}, "Tea?"),
        ({"m.poll": 5, "m.text": [5]}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_a_poll_says_its_question_and_answers(content: dict[str, Any], text: str) -> None:
    assert poll_text(content) == text


def test_what_a_reply_quotes_is_not_its_writers() -> None:
    body = "> <@ann:b> buy this\n> now\n\nno thanks"
    assert readable(body, "", reply=True) == "no thanks"
    assert readable(body, "", reply=False) == body
    assert readable("> only looks quoted\nx", "", reply=True) == "> only looks quoted\nx"
    assert readable("> <@ann:b> all of it", "", reply=True) == "> <@ann:b> all of it"


@given(st.text(), st.text(alphabet="<>/=\"'ab! &;-?", max_size=200), st.booleans())
def test_any_markup_can_be_read(body: str, markup: str, reply: bool) -> None:
    assert "\x00" not in readable(body, markup, reply=reply)


@pytest.mark.parametrize("piece", ["<", "<a ", "<!--", "<![CDATA[", "&", "<a href='", "</", "<?", "<!", "x"])
def test_hostile_markup_takes_no_time(piece: str) -> None:
    assert readable("x", piece * (60_000 // len(piece)), reply=False)


@given(st.text(), st.text(), st.from_regex(r"@[a-z\"<>]{1,9}:b", fullmatch=True))
def test_a_notice_holds_no_markup_but_its_own(name: str, text: str, user: str) -> None:
    content = mention(user, name, text)
    markup = str(content["formatted_body"]).replace("<br>", "")
    assert markup.count("<") == 2
    assert content["m.mentions"] == {"user_ids": [user]}


@given(st.text() | st.integers() | st.none() | st.lists(st.text()))
def test_a_name_is_one_line(name: object) -> None:
    shown = one_line(name)
    assert len(shown) <= 200
    assert "\n" not in shown


# --- ids ---


@given(st.from_regex(r"\$[A-Za-z0-9_-]{1,43}", fullmatch=True), st.from_regex(r"\$[A-Za-z0-9_-]{1,43}", fullmatch=True))
def test_an_edits_id_leads_to_both(original: str, edit: str) -> None:
    assert sound_id(original)
    assert not sound_id(edit_id(original, edit))
    assert original_id(edit_id(original, edit)) == original_id(original) == original
    assert own_id(edit_id(original, edit)) == own_id(edit) == edit


# --- permissions ---

ANN, VIGIL, MEMBER = "@ann:b", "@vigil:b", "@member:b"


def levels(version: str = "11", **content: Any) -> Power:
    return power(Create(version), ANN, content)


def test_levels_are_read_as_the_server_reads_them() -> None:
    found = levels(users={VIGIL: 50, MEMBER: "7", "@x:b": True, "@y:b": []}, users_default=1)
    assert [found.level(user) for user in (VIGIL, MEMBER, "@x:b", "@y:b", "@z:b")] == [50, 7, 1, 1, 1]
    assert found.level(ANN) == 1
    assert levels("12").level(ANN) == float("inf")
    assert power(Create("12", ["@co:b"]), ANN, {}).level("@co:b") == float("inf")
    assert power(Create("9"), ANN, None).level(ANN) == 100


@pytest.mark.parametrize(
    ("version", "apart"), [("11", False), ("12", True), ("13", True), ("org.test", False), ("", False)]
)
def test_creators_stand_apart_from_version_twelve_on(version: str, apart: bool) -> None:
    assert is_at_least(version, 12) is apart


@pytest.mark.parametrize(
    ("kind", "content", "needed"),
    [
        (ActionKind.DELETE, {}, 50),
        (ActionKind.DELETE, {"redact": 10, "events": {"m.room.redaction": 30}}, 30),
        (ActionKind.MUTE, {}, 50),
        (ActionKind.MUTE, {"events": {"m.room.power_levels": 100}}, 100),
        (ActionKind.MUTE, {"state_default": 60}, 60),
        (ActionKind.REMOVE, {"kick": 20}, 20),
        (ActionKind.UNBAN, {"kick": 70, "ban": 20}, 70),
        (ActionKind.SEND, {"events_default": 5}, 5),
        (ActionKind.WARN, {"events_default": 5, "events": {"m.room.message": 40}}, 40),
        (ActionKind.ADMIT, {}, 0),
    ],
)
def test_what_an_action_takes(kind: ActionKind, content: dict[str, Any], needed: float) -> None:
    assert levels(**content).needed(kind) == needed
    has = levels(**content, users={VIGIL: int(needed)})
    assert has.lack(kind, VIGIL) == ""
    lacks = levels(**content, users={VIGIL: int(needed) - 1})
    assert f"takes power level {needed}" in lacks.lack(kind, VIGIL)


@given(
    st.dictionaries(st.sampled_from([ANN, VIGIL, MEMBER, "@z:b"]), st.integers(-10, 100)),
    st.integers(-5, 60),
    st.dictionaries(st.sampled_from(["m.room.message", "m.sticker", "m.reaction", "x"]), st.integers(-5, 100)),
)
def test_a_muted_member_can_say_nothing_and_gets_the_old_level_back(
    users: dict[str, int], default: int, events: dict[str, int]
) -> None:
    before = levels(users=users, events_default=default, events=events)
    muted = Power(before.with_level(MEMBER, before.silent()))
    for kind in ("m.room.message", "m.sticker", "m.reaction"):
        assert muted.level(MEMBER) < muted.to_send(kind)
    again = Power(muted.with_level(MEMBER, before.listed(MEMBER)))
    assert again.content == before.content


@given(st.dictionaries(st.sampled_from(["users", "events", "kick", "ban", "redact", "users_default"]), st.none()
                       | st.text() | st.lists(st.integers()) | st.booleans() | st.floats()))  # fmt: skip
def test_permissions_of_any_shape_can_be_asked(content: dict[str, Any]) -> None:
    found = levels(**content)
    for kind in ActionKind:
        found.lack(kind, VIGIL)
    found.with_level(MEMBER, found.silent())


# --- settings ---

TABLE = """
[platforms.mx]
kind = "matrix"
homeserver = "https://matrix.example.org/"
user = "@vigil:example.org"
password_file = "matrix.password"
inviters = ["@ada:example.org"]
"""


def test_settings_of_a_server_are_read() -> None:
    (found,) = parse(TABLE, FILE).platforms
    assert found.options == MatrixOptions(
        "https://matrix.example.org", "@vigil:example.org", None, "", FILE.with_name("matrix.password"), "",
        ("@ada:example.org",),
    )  # fmt: skip
    (found,) = parse(TABLE.replace('password_file = "matrix.password"', 'token_env = "T"'), FILE).platforms
    assert found.options.token_env == "T"


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ("https://matrix", "http://matrix", "must begin with https://"),
        ('"https://matrix.example.org/"', '"matrix.example.org"', "the address of the server's client API"),
        ('"https://matrix.example.org/"', '"https://[x"', "the address of the server's client API"),
        ('"https://matrix.example.org/"', '"https://a:b@x.org"', "the address of the server's client API"),
        ('"https://matrix.example.org/"', '"https://x.org:port"', "the address of the server's client API"),
        ('"@vigil:example.org"', '"vigil"', "a whole Matrix id"),
        ('user = "@vigil:example.org"', "", "user: is missing"),
        ('password_file = "matrix.password"', "", "give one of token_file, token_env, password_file, password_env"),
        ('password_file = "matrix.password"', 'password_file = "a"\ntoken_file = "b"', "give one of"),
        ('password_file = "matrix.password"', 'password_file = ""', "must not be empty"),
        ('password_file = "matrix.password"', 'token = "secret"', "must not stand here; name its file as token_file"),
        ('password_file = "matrix.password"', 'password = "secret"', "must not stand here"),
        ('["@ada:example.org"]', '["ada"]', "a whole Matrix id"),
        ('["@ada:example.org"]', '"@ada:example.org"', "must be an array"),
    ],
)
def test_a_wrong_setting_of_a_server_is_named(line: str, instead: str, said: str) -> None:
    assert line in TABLE
    with pytest.raises(SettingsError) as caught:
        parse(TABLE.replace(line, instead), FILE)
    assert "platforms.mx." in str(caught.value)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_server_on_this_machine_may_be_spoken_to_in_the_clear() -> None:
    for host in ("127.0.0.1:8008", "localhost:8008", "[::1]:8008"):
        (found,) = parse(TABLE.replace("https://matrix.example.org/", f"http://{host}"), FILE).platforms
        assert found.options.homeserver == f"http://{host}"
