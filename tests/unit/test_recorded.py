"""A recorded line becomes a message, or is refused by name: whatever stands in it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.platforms.recorded import BadLine, Parsed, parse_line
from rules.records import Message

NOW = 1_780_000_000.0
LEAST = {"id": "1", "group": "g", "text": "hello"}


def parsed(source: str | bytes) -> Parsed:
    found = parse_line(source.encode() if isinstance(source, str) else source, "p", NOW)
    assert found is not None
    return found


def with_(**values: Any) -> Parsed:
    return parsed(json.dumps({**LEAST, **values}))


def refused(source: str | bytes) -> str:
    with pytest.raises(BadLine) as caught:
        parse_line(source.encode() if isinstance(source, str) else source, "p", NOW)
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 400
    return said


def test_a_whole_line_is_a_whole_message() -> None:
    line = {
        "id": "7", "group": "g", "group_name": "Group", "user": "u", "name": "Ursula", "text": "hi", "kind": "text",
        "ts": "2026-05-16T19:00:03Z", "reply_to": "6", "mentions": ["a", "b"], "edited": True, "client": {"os": "x"},
    }  # fmt: skip
    found = parsed(json.dumps(line))
    assert found.remarks == ()
    assert json.loads(found.message.extra) == {"edited": True, "client": {"os": "x"}}
    assert found.message == Message(
        "p", "g", "7", "u", "hi", 1_778_958_003.0, "text", "Ursula", "Group", "6", ("a", "b"), found.message.extra
    )


def test_a_line_needs_little() -> None:
    assert parsed('{"id":"1","group":"g","text":"hello"}').message == Message("p", "g", "1", "", "hello", None)
    assert parsed('{"id":"1","group":"g","kind":"join"}').message.text == ""


def test_a_join_says_who_brought_the_member() -> None:
    assert with_(kind="join", user="u", inviter="host").message.inviter == "host"
    assert with_(kind="join", user="u", inviter=10001).message.inviter == "10001"
    odd = with_(kind="join", user="u", inviter=["host"])
    assert (odd.message.inviter, odd.message.extra, len(odd.remarks)) == ("", "", 1)


@pytest.mark.parametrize("blank", [b"", b"\n", b"  \t\r\n", "\ufeff\n".encode()])
def test_a_blank_line_is_none(blank: bytes) -> None:
    assert parse_line(blank, "p", NOW) is None


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parsed("\ufeff" + json.dumps(LEAST)).message.id == "1"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("no json", "not JSON"),
        ('{"id": "1", "group": "g", "text": "cut o', "not JSON"),
        ("{} {}", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"a":' * 100_000, "not JSON"),
        ('{"id":"1","group":"g","text":"x","a":' + "[" * 5_000 + "]" * 5_000 + "}", "not JSON"),
        ("[]", "list"),
        ("null", "null"),
        ("true", "true or false"),
        ("3", "number"),
        ('"text"', "string"),
        ("{}", '"text"'),
        ('{"text": "x"}', '"group"'),
        ('{"group": "g", "text": "x"}', '"id"'),
        ('{"id": "", "group": "g", "text": "x"}', '"id"'),
        ('{"id": null, "group": "g", "text": "x"}', '"id"'),
        ('{"id": "1", "group": "g"}', '"text"'),
    ],
)
def test_what_is_no_message_is_refused_by_name(source: str, said: str) -> None:
    assert said in refused(source)


_WRONG: dict[str, list[Any]] = {
    "id": [1.5, True, [], {}],
    "group": [1.5, False, ["g"], {"id": "g"}],
    "user": [1.5, True, [], {}],
    "text": [1, 1.5, True, [], {}],
}

_LEFT_OUT: dict[str, list[Any]] = {
    "name": [1.5, True, [], {}],
    "group_name": [1.5, [], {}],
    "kind": [1.5, True, [], {}],
    "reply_to": [1.5, True, [], {}],
    "mentions": ["u", 1, True, {}, [1.5], [None], [[]], [True]],
    "ts": [True, [], {}, "yesterday", "", "16.05.2026", "2026-13-01", "1960-01-01\u001b07:00:00"],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in _WRONG.items() for value in values])
def test_a_value_of_the_wrong_kind_is_refused_by_its_key(key: str, value: Any) -> None:
    assert f'"{key}"' in refused(json.dumps({**LEAST, key: value}))


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in _LEFT_OUT.items() for value in values])
def test_a_key_that_a_message_can_do_without_is_left_out_when_it_is_wrong(key: str, value: Any) -> None:
    found = parse_line(json.dumps({**LEAST, key: value}).encode(), "p", NOW)
    assert found is not None
    assert found.message == parsed(json.dumps(LEAST)).message
    (remark,) = found.remarks
    assert f'"{key}"' in remark
    assert remark.isprintable()


def test_names_and_kinds_have_an_end() -> None:
    found = with_(name="n" * 5_000_000, group_name="g" * 300, kind="k" * 300)
    lengths = len(found.message.name), len(found.message.group_name), len(found.message.kind)
    assert (lengths, len(found.remarks)) == ((200, 200, 40), 3)
    assert "longer than 500" in refused(json.dumps({**LEAST, "id": "i" * 501}))


def test_epoch_seconds_may_stand_in_quotation_marks() -> None:
    assert with_(ts="1715886000").message.time == 1_715_886_000.0


def test_numbers_may_be_ids() -> None:
    message = with_(id=7, group=-100123456789012345678, user=5, reply_to=6, mentions=[8, "9"]).message
    assert (message.id, message.group, message.member) == ("7", "-100123456789012345678", "5")
    assert (message.reply_to, message.mentions) == ("6", ("8", "9"))


def test_null_is_as_good_as_nothing() -> None:
    absent = dict.fromkeys(["user", "name", "group_name", "kind", "reply_to", "mentions", "ts"])
    assert with_(**absent).message == parsed(json.dumps(LEAST)).message


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("0", 0.0),
        ("1778958003", 1_778_958_003.0),
        ("1778958003.25", 1_778_958_003.25),
        ('"2026-05-16T19:00:03Z"', 1_778_958_003.0),
        ('"2026-05-16T19:00:03+00:00"', 1_778_958_003.0),
        ('"2026-05-17T03:00:03+08:00"', 1_778_958_003.0),
        ('"2026-05-16 19:00:03.250"', 1_778_958_003.25),
        ('"20260516T190003Z"', 1_778_958_003.0),
        ('"2026-05-16"', 1_778_889_600.0),
        (str(NOW + 86_000), NOW + 86_000),
    ],
)
def test_times_are_seconds_or_iso_8601_and_without_a_zone_utc(written: str, seconds: float) -> None:
    found = parsed(f'{{"id":"1","group":"g","text":"x","ts":{written}}}')
    assert (found.message.time, found.remarks) == (seconds, ())


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("-1", "before 1970"),
        ('"1969-12-31T23:59:59Z"', "before 1970"),
        ('"0001-01-01T00:00:00+23:59"', "before 1970"),
        ("1778958003000", "milliseconds"),
        (str(NOW + 90_000), "future"),
        ('"9999-12-31T23:59:59-23:59"', ""),
        ("9" * 400, "future"),
        ("1e400", ""),
    ],
)
def test_an_impossible_time_is_taken_without_and_remarked_on(written: str, said: str) -> None:
    found = parsed(f'{{"id":"1","group":"g","text":"x","ts":{written}}}')
    assert found.message.time is None
    (remark,) = found.remarks
    assert said in remark
    assert len(remark) < 200


def test_not_a_number_is_no_time() -> None:
    assert parsed('{"id":"1","group":"g","text":"x","ts":NaN}').message.time is None


def test_numbers_beyond_all_bounds_are_refused_or_kept_never_fatal() -> None:
    for written in ("9" * 5_000, "-" + "9" * 5_000, "1e999999", "-Infinity"):
        for key in ("id", "ts", "more", "text", "mentions"):
            try:
                found = parse_line(f'{{"id":"1","group":"g","text":"x","{key}":{written}}}'.encode(), "p", NOW)
            except BadLine:
                continue
            assert found is not None
            assert found.message.time is None


def test_what_utf_8_and_sqlite_cannot_hold_becomes_the_replacement_character() -> None:
    message = parsed(r'{"id":"1","group":"\ud800g","text":"a\udfffb","name":"\ud83d","mentions":["\udc00"]}').message
    assert (message.group, message.text, message.name, message.mentions) == ("�g", "a�b", "�", ("�",))
    found = parsed(b'{"id":"1","group":"g","text":"a\xff\xfeb"}')
    assert found.message.text == "a��b"
    assert "UTF-8" in found.remarks[0]
    found = with_(text="a\0b")
    assert found.message.text == "a�b"
    assert "NUL" in found.remarks[0]
    assert with_(text="\ud83d\ude00").message.text == "😀"


def test_what_is_kept_of_unknown_keys_is_json_whatever_stood_there() -> None:
    found = parsed(r'{"id":"1","group":"g","text":"x","a":"\ud800","b":1e400,"c":[NaN,-Infinity]}')
    kept = json.loads(found.message.extra, parse_constant=_refuse_constant)
    assert kept == {"a": "\ud800", "b": None, "c": [None, None]}


def _refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_key = st.sampled_from(["id", "group", "user", "text", "ts", "name", "group_name", "kind", "reply_to", "mentions", "x"])


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(_key, _json), st.booleans())
def test_any_object_is_a_message_or_refused(values: dict[str, Any], whole: bool) -> None:
    _any(json.dumps({**LEAST, **values} if whole else values).encode())


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_message_or_refused(line: bytes) -> None:
    _any(line)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_damaged_line_is_a_message_or_refused(data: st.DataObject) -> None:
    line = bytearray(json.dumps({**LEAST, "ts": 5, "user": "u", "more": [1, {"a": "b"}], "mentions": ["x"]}).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(line) - 1))
        line[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    _any(bytes(line))


def _any(line: bytes) -> None:
    try:
        found = parse_line(line, "p", NOW)
    except BadLine as refusal:
        said = str(refusal)
        if "\n" in said:
            raise AssertionError(said) from None
        return
    if found is None:
        return
    message = found.message
    for text in (
        message.group,
        message.id,
        message.member,
        message.text,
        message.name,
        message.kind,
        *message.mentions,
    ):
        text.encode()
    assert message.id
    assert message.group
    assert message.time is None or 0 <= message.time <= NOW + 86_400
    if message.extra:
        assert isinstance(json.loads(message.extra, parse_constant=_refuse_constant), dict)


_written = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_plain, _name = st.text(_written), st.text(_written, max_size=200)
_messages = st.builds(
    Message,
    platform=st.just("p"),
    group=_plain.filter(bool),
    id=_plain.filter(bool),
    member=_plain,
    text=_plain,
    time=st.none() | st.floats(0, NOW),
    kind=st.sampled_from(["text", "image", "join"]),
    name=_name,
    group_name=_name,
    reply_to=_plain,
    mentions=st.lists(_plain).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(_messages, st.booleans())
def test_what_is_written_is_read(message: Message, escaped: bool) -> None:
    line = {
        "id": message.id, "group": message.group, "user": message.member, "text": message.text, "ts": message.time,
        "kind": message.kind, "name": message.name, "group_name": message.group_name, "reply_to": message.reply_to,
        "mentions": message.mentions,
    }  # fmt: skip
    assert parsed(json.dumps(line, ensure_ascii=escaped)) == Parsed(message, ())


PLAIN = st.fixed_dictionaries(
    {"id": st.text(min_size=1, max_size=8), "group": st.text(min_size=1, max_size=8), "text": st.text(max_size=20)},
    optional={
        "user": st.text(max_size=8),
        "ts": st.one_of(
            st.none(), st.floats(allow_nan=False, allow_infinity=False), st.integers(), st.text(max_size=8)
        ),
        "name": st.text(max_size=210),
        "kind": st.sampled_from(["text", "image", "", "k" * 50]),
        "reply_to": st.text(max_size=8),
        "mentions": st.lists(st.text(max_size=5), max_size=3),
    },
)


@given(PLAIN, st.booleans())
def test_a_key_nobody_knows_changes_nothing_else(values: dict[str, object], escaped: bool) -> None:
    def read(found: dict[str, object]) -> object:
        line = json.dumps(found, ensure_ascii=escaped, allow_nan=False)
        try:
            parsed = parse_line(line.encode("utf-8", "surrogatepass"), "p", 2e9)
        except BadLine as error:
            return str(error)
        return parsed and (replace(parsed.message, extra=""), parsed.remarks)

    assert read(values) == read({**values, "else": 1})
