"""What OneBot's packets say, and its settings: without any implementation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.platforms.base import sound_id
from console.platforms.onebot_calls import Failed, sound
from console.platforms.onebot_cards import json_card, xml_card
from console.platforms.onebot_events import Found, Knock, Reading, in_order, is_written, knock_id, knock_of
from console.platforms.onebot_shapes import Event, Member, number, sequence, spelled
from console.platforms.onebot_text import from_codes, said, unescaped
from console.settings import SettingsError, parse
from tests.platforms.onebot.packets import escaped, written

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(
    ["text", "at", "face", "image", "json", "xml", "forward", "node", "file", "reply", "mface", "share", "markdown"]
)
PARTS = st.lists(
    st.fixed_dictionaries(
        {
            "type": KINDS,
            "data": st.dictionaries(st.sampled_from(["text", "qq", "data", "content", "id", "name"]), ANYTHING),
        }
    ),
    max_size=6,
)


def part(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "data": data}


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        ("hello", "text", "hello"),
        ("a&#91;b&#93;&amp;c", "text", "a[b]&c"),
        ([part("text", text="buy "), part("image"), part("text", text=" now")], "text", "buy [image] now"),
        ("buy [CQ:image,file=a.jpg] now", "text", "buy [image] now"),
        ([part("image", file="a.jpg")], "image", ""),
        ([part("image", file="a.jpg"), part("image", file="b.jpg")], "image", ""),
        ([part("image"), part("video")], "text", "[image][video]"),
        ([part("record", file="a.amr")], "voice", ""),
        ([part("file", file="cheap.txt", file_id="x")], "file", "cheap.txt"),
        ([part("mface", summary="[笑]")], "sticker", "笑"),
        ([part("text", text="加"), part("face", id="14"), part("text", text="我")], "text", "加🙂我"),
        ([part("at", qq="42", name="@ada"), part("text", text="look")], "text", "@ada look"),
        ([part("at", qq="all"), part("text", text="look")], "text", "@all look"),
        ([part("contact", type="group", id="123456")], "card", "group 123456"),
        ([part("share", title="Tea", content="cheap", url="https://example.org")], "card", "Tea cheap https://example.org"),
        ([part("forward", id="7")], "forward", ""),
        ([part("text", text="see"), part("forward", id="7")], "text", "see[forward]"),
        (part("text", text="alone"), "text", "alone"),
        ([part("markdown", content="**buy**")], "text", "**buy**"),
        ([{"type": 7}, part("text", text="after")], "text", "[unknown]after"),
        ([], "text", ""),
    ],
)  # fmt: skip
def test_a_message_says_what_its_readers_see(message: object, kind: str, text: str) -> None:
    found = said(message)
    assert (found.kind, found.text) == (kind, text)


def test_what_is_forwarded_is_read_line_by_line() -> None:
    nodes = [
        {"sender": {"nickname": "x"}, "message": [part("text", text="first")]},
        part("node", content=[part("text", text="second"), part("image")]),
        {"message": [part("forward", content=[{"message": "third"}])]},
        {"nothing": 1},
    ]
    assert said([part("forward", id="7", content=nodes)]).text == "first\nsecond[image]\nthird"
    deep: object = "bottom"
    for _ in range(50):
        deep = [part("forward", content=[{"message": deep}])]
    assert said(deep).text == "[forward]"


CARD = {
    "app": "com.tencent.miniapp_01",
    "prompt": "[QQ小程序]Quackly",
    "meta": {
        "detail_1": {
            "title": "Quackly", "desc": "enter code 999333", "preview": "https://example.org/a.png",
            "qqdocurl": "https://example.org/join", "host": {"nick": "bob"}, "icon": "https://example.org/i.png",
        }
    },
}  # fmt: skip


@pytest.mark.parametrize("data", [CARD, json.dumps(CARD)], ids=["object", "text"])
def test_a_mini_program_is_unpacked_to_what_it_says(data: object) -> None:
    found = said([part("json", data=data)])
    assert found.kind == "card"
    assert found.text == "[QQ小程序]Quackly Quackly enter code 999333 https://example.org/join bob"
    mixed = said([part("text", text="see "), part("json", data=data)])
    assert mixed.text.startswith("see [card: [QQ小程序]Quackly Quackly enter code 999333")


def test_a_card_within_cq_codes_is_unpacked_too() -> None:
    text = json.dumps(CARD, ensure_ascii=False)
    found = said(f"[CQ:json,data={escaped(text, comma=True)}]")
    assert "enter code 999333" in found.text


def test_a_card_in_xml_is_unpacked() -> None:
    xml = (
        '<?xml version="1.0"?><msg brief="[share] cheap" url="https://example.org/x" serviceID="1"><item>'
        "<title>Join &amp; win</title><summary><![CDATA[group 123]]></summary></item></msg>"
    )
    assert xml_card(xml) == "[share] cheap https://example.org/x Join & win group 123"


@given(ANYTHING)
def test_any_card_has_a_bounded_text(data: object) -> None:
    assert len(json_card(data)) <= 4_000
    assert len(json_card(json.dumps(data))) <= 4_000
    assert isinstance(xml_card(data), str)


@given(st.text())
def test_any_text_comes_out_of_cq_codes_as_it_went_in(text: str) -> None:
    assert unescaped(escaped(text, comma=True)) == text
    assert unescaped(escaped(text, comma=False)) == text
    assert said(escaped(text, comma=False)).text == text.replace("\x00", "\ufffd")


@given(st.lists(st.tuples(st.sampled_from(["text", "at", "image"]), st.text(min_size=1)), max_size=8))
def test_segments_and_cq_codes_say_the_same(pairs: list[tuple[str, str]]) -> None:
    names = {"text": "text", "at": "qq", "image": "file"}
    parts = [part(kind, **{names[kind]: value}) for kind, value in pairs]
    assert said(written(parts)).text == said(parts).text
    assert [one.type for one in from_codes(written(parts))].count("image") == [k for k, _ in pairs].count("image")


@given(st.text() | PARTS)
def test_any_message_is_read(message: object) -> None:
    found = said(message)
    assert len(found.text) <= 20_000
    assert "\x00" not in found.text
    assert found.kind


@given(st.dictionaries(st.sampled_from(Event.__struct_fields__), ANYTHING))
def test_any_packet_is_a_message_a_problem_or_nothing(packet: dict[str, object]) -> None:
    reading, found = Reading("qq", clock=lambda: 1_700_000_000.0), Found()
    reading.read(json.dumps(packet).encode(), found)
    for message in found.messages:
        assert sound_id(message.id)
        assert sound_id(message.group)
        assert sound_id(message.member)
    assert all(len(problem.splitlines()) == 1 for problem in found.problems)


@given(st.binary())
def test_any_bytes_are_a_problem_at_most(raw: bytes) -> None:
    found = Found()
    Reading("qq").read(raw, found)
    assert len(found.problems) <= 1


@given(st.sampled_from(["add", "invite"]), st.text(st.characters(blacklist_categories=["Cs"]), min_size=1))
def test_a_request_is_found_again_by_its_message(kind: str, flag: str) -> None:
    one = Knock(kind, flag)
    made = knock_id(one)
    if made:
        assert sound_id(made)
        assert knock_of(made) == one
        assert not is_written(made)
    else:
        assert len(flag.encode()) > 60


@given(st.lists(st.integers(0, 9), min_size=2, max_size=9), st.booleans())
def test_a_page_of_history_is_put_in_order(steps: list[int], turned: bool) -> None:
    times = [1_000 + sum(steps[: at + 1]) for at in range(len(steps))]
    page = [Event(time=float(time), message_id=at, real_seq=str(at + 50)) for at, time in enumerate(times)]
    assert in_order(page[::-1] if turned else page) == page
    bare = [msgspec.structs.replace(event, real_seq=None) for event in page]
    if times[0] < times[-1]:
        assert in_order(bare[::-1] if turned else bare) == bare


def test_a_message_knows_its_place_in_the_group_where_the_program_says() -> None:
    assert sequence(Event(message_id=7, message_seq=7)) is None
    assert sequence(Event(message_id=7, message_seq=7, real_seq="40")) == 40
    assert sequence(Event(message_id=7, message_seq=12)) == 12
    assert sequence(Event(message_id=7)) is None


@given(st.integers(-(2**40), 2**40))
def test_ids_stay_the_same_as_numbers_and_as_texts(value: int) -> None:
    assert spelled(value) == spelled(str(value)) == str(value)
    assert number(str(value)) == value


def test_an_unknown_action_is_told_from_one_that_failed() -> None:
    assert Failed("1404", "get_x API 不存在").unsupported
    assert Failed("200", "不支持的Api get_x").unsupported
    assert not Failed("1200", "消息5不存在").unsupported


def settings(*lines: str) -> str:
    return "\n".join(["[platforms.qq]", 'kind = "onebot"', *lines])


@pytest.mark.parametrize(
    ("lines", "said_"),
    [
        ([], "connect: give one of connect"),
        (['connect = "ws://127.0.0.1:1"', 'listen = "127.0.0.1:2"'], "listen: give one of connect"),
        (['connect = "http://127.0.0.1:1"'], "connect: must be an address such as"),
        (['connect = "ws://example.org:1"', 'token_env = "T"'], "connect: must begin with wss://"),
        (['connect = "ws://127.0.0.1:1/?access_token=x"'], "connect: must hold no token"),
        (['connect = "ws://127.0.0.1:1"', 'token = "x"'], "token: must not stand here"),
        (['connect = "ws://napcat:1"'], "token_file: is missing"),
        (['listen = "127.0.0.1:2"'], "token_file: is missing"),
        (['listen = "2"', 'token_env = "T"'], "listen: must be host and port"),
        (['listen = "127.0.0.1:70000"', 'token_env = "T"'], "listen: must be host and port"),
        (['connect = "ws://127.0.0.1:1"', 'http = "ftp://x"'], "http: must be an address such as"),
        (['connect = "ws://127.0.0.1:1"', 'http = "http://example.org"', 'token_env = "T"'], "must begin with https://"),
        (['connect = "ws://127.0.0.1:1"', 'profile = "other"'], "profile: must be one of spec, napcat, llbot"),
        (['connect = "ws://127.0.0.1:1"', 'groups = ["tea"]'], "groups.0: must be the number of a group"),
        (['connect = "ws://127.0.0.1:1"', "per_second = 0"], "per_second: must be between"),
        (['connect = "ws://127.0.0.1:1"', 'token_file = "a"', 'token_env = "B"'], "token_env: give one of"),
        (['connect = "ws://127.0.0.1:1"', 'token_file = ""'], "token_file: must not be empty"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used_name_the_key(lines: list[str], said_: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(settings(*lines), Path("/x/vigil.toml"))
    assert said_ in str(refused.value)


def test_settings_are_read() -> None:
    lines = [
        'listen = "[::1]:8095"', 'token_file = "qq.token"', 'profile = "llbot"', 'groups = ["12345678"]',
        "per_second = 0.5",
    ]  # fmt: skip
    (found,) = parse(settings(*lines), Path("/x/vigil.toml")).platforms
    assert found.options.listen == ("::1", 8095)
    assert found.options.token_file == Path("/x/qq.token")
    assert (found.options.profile, found.options.groups, found.options.per_second) == ("llbot", ("12345678",), 0.5)
    (near,) = parse(settings('connect = "ws://napcat:3001"', 'token_env = "T"'), Path("/x/vigil.toml")).platforms
    assert near.options.place == "ws://napcat:3001"


@pytest.mark.parametrize(
    "card",
    ["<" * 100_000, "<![CDATA[" * 20_000, "title='" * 20_000, "title" + " " * 100_000, '<a title="' * 20_000],
)
def test_a_card_made_to_take_long_takes_no_longer_than_another(card: str) -> None:
    """Each took seconds once, or minutes."""
    assert len(xml_card(card)) <= 4_000


@pytest.mark.parametrize("codes", ["[CQ:a," * 300_000, "[CQ:a" + ",x" * 300_000, "[" * 1_000_000])
def test_codes_that_never_end_are_text(codes: str) -> None:
    assert said(codes).text == codes[:20_000]


def test_what_stands_in_cdata_is_read_whatever_brackets_it_holds() -> None:
    assert xml_card("<msg><![CDATA[<buy> at 5]]><b>now</b></msg>") == "<buy> at 5 now"


def test_cards_of_hostile_shape_come_to_an_end() -> None:
    assert len(json_card("[" + "[]," * 1_000_000 + "[]]")) <= 4_000
    assert json_card({str(number): {"title": "x"} for number in range(100_000)}) == "x"
    deep: Any = "x"
    for _ in range(900):
        deep = {"title": deep}
    assert json_card(deep) == ""


GROUP_EVENT = {"post_type": "message", "time": 1_700_000_000, "group_id": 5, "user_id": 7, "message_id": 9}


def read(*events: dict[str, Any], account: str = "1") -> Found:
    reading, found = Reading("qq"), Found()
    reading.account = account
    for event in events:
        reading.read(json.dumps(event).encode(), found)
    return found


def test_what_vigil_wrote_is_its_own_before_its_account_is_known_too() -> None:
    assert read(GROUP_EVENT | {"self_id": 7, "message": "mine"}, account="").messages == []


def test_what_comes_to_another_account_is_passed_over_and_said_once() -> None:
    found = read(*[GROUP_EVENT | {"self_id": 2, "message_id": number, "message": "x"} for number in range(3)])
    assert found.messages == []
    assert found.problems == ["what comes to the account 2 is passed over: Vigil's is 1"]
    assert found.marks == {}
    beat = {"post_type": "meta_event", "meta_event_type": "heartbeat", "self_id": 2, "status": {"online": False}}
    assert read(beat).online is None
    assert read(beat | {"self_id": 1}).online is False


def test_two_who_write_anonymously_are_two() -> None:
    first, second = read(
        *[
            GROUP_EVENT | {"user_id": 80_000_000, "message_id": number, "message": "x", "sub_type": "anonymous",
                           "anonymous": {"id": number, "name": f"mask {number}", "flag": "f"}}
            for number in (3, 4)
        ]
    ).messages  # fmt: skip
    assert (first.member, first.name) == ("anonymous.3", "mask 3")
    assert (second.member, second.name) == ("anonymous.4", "mask 4")


def test_two_files_without_a_number_are_two() -> None:
    reading, found = Reading("qq"), Found()
    reading.uploads = True
    for moment in (1_700_000_000, 1_700_000_001):
        event = {"post_type": "notice", "notice_type": "group_upload", "group_id": 5, "user_id": 7, "time": moment,
                 "file": {"name": "a.txt"}}  # fmt: skip
        reading.read(json.dumps(event).encode(), found)
    assert len({message.id for message in found.messages}) == 2


def test_one_member_or_group_of_another_shape_takes_no_other_along() -> None:
    parts = [
        msgspec.Raw(part) for part in (b'{"user_id":5,"join_time":"x"}', b'{"user_id":{}}', b"7", b'{"user_id":"6"}')
    ]
    assert [spelled(one.user_id) for one in sound(parts, Member)] == ["5", "6"]


@given(
    st.fixed_dictionaries(
        {"post_type": st.sampled_from(["message", "notice", "request", "meta_event", "message_sent"])},
        optional={name: ANYTHING for name in Event.__struct_fields__ if name != "post_type"}
        | {"notice_type": st.sampled_from(["group_recall", "group_increase", "group_decrease", "group_upload"])},
    )
)
def test_no_event_of_any_shape_is_more_than_a_problem(event: dict[str, Any]) -> None:
    found = read(event | {"group_id": 5, "user_id": 7}, event)
    assert all(isinstance(message.text, str) and sound_id(message.id) for message in found.messages)
    assert all(problem.isprintable() for problem in found.problems)
