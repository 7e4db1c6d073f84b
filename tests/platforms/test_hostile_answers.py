"""Whatever a server answers, reading goes on: what was seen is said in a line, and what comes after it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
import stamina
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.platforms.matrix import Matrix
from console.platforms.matrix_actions import MOST_TRIES
from console.platforms.matrix_events import Reading
from console.platforms.matrix_kind import MatrixOptions
from store.records import ActionKind, ActionState
from tests.platforms.connected import Connected, order
from tests.platforms.hostile import ROOM, TOKEN, USER, Answer, Hostile, as_json, message, sync
from tests.platforms.synapse import until

ADA, BOB = "@ada:hostile.test", "@bob:hostile.test"
HTML = Answer(502, b"<html><body>Bad gateway</body></html>", (("Content-Type", "text/html"),))

Play = Callable[..., Connected]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """Connects Vigil to a server of these answers, quick to try again and to give up waiting."""
    monkeypatch.setenv("VIGIL_HOSTILE_TOKEN", TOKEN)
    open_: list[Connected | Hostile] = []

    def make(
        *syncs: Answer,
        others: dict[str, Answer] | None = None,
        first: dict[str, list[Answer]] | None = None,
        password: bool = False,
    ) -> Connected:
        server = Hostile(syncs, others, first)
        open_.append(server)
        token, secret = ("", "VIGIL_HOSTILE_TOKEN") if password else ("VIGIL_HOSTILE_TOKEN", "")
        user = USER if password else ""
        options = MatrixOptions(server.base, user, None, token, None, secret, (ADA,))
        quick = Matrix(
            "mx", options, tmp_path / "login", answer_seconds=0.4, poll_seconds=0.0, waits=(0.005, 0.01)
        )  # fmt: skip
        connected = Connected(quick)
        open_.insert(0, connected)
        return connected

    yield make
    for one in open_:
        one.close()


WRONG = {
    "a server error": (Answer(500, b"oops"), "(500)"),
    "an error page": (HTML, "(502)"),
    "a page where JSON belongs": (Answer(200, HTML.body), "an answer that is no JSON: '<html>"),
    "nothing": (Answer(200, b""), "an empty answer"),
    "JSON cut short": (Answer(200, sync("s9").body[:-20]), "an answer that is no JSON"),
    "a body cut short": (Answer(200, b'{"next', length=500), "no connection"),
    "a list": (as_json([1, 2]), "another shape: Expected `object`, got `array`"),
    "a number for the position": (as_json({"next_batch": 5}), "another shape: Expected `str`, got `int`"),
    "rooms as a text": (as_json({"next_batch": "s", "rooms": "none"}), "at `$.rooms`"),
    "a null": (Answer(200, b"null"), "another shape"),
    "nested without end": (Answer(200, b'{"next_batch":"s","x":' + b"[" * 200_000), "an answer that is no JSON"),
    "ten megabytes and more": (Answer(200, b'{"next_batch":"' + b"x" * 10_100_000 + b'"}'), "more than 10 MB"),
    "bytes that drip": (Answer(200, b" " * 100 + b"{}", pieces=100, pause=0.05), "no whole answer in"),
    "silence": (Answer(200, b"{}{}", pieces=2, pause=5.0), "no answer in"),
    "a redirect in a circle": (
        Answer(302, b"", (("Location", "?again"),)), "more than 3 redirects",
    ),
    "a redirect elsewhere": (
        Answer(302, b"", (("Location", f"http://127.0.0.2:1/{TOKEN}"),)), "a redirect to http://127.0.0.2:1;",
    ),
    "a redirect to nowhere": (Answer(302, b"", ()), "a redirect to no address"),
    "a refusal of the wrong type": (as_json({"errcode": 5, "error": []}, 400), "(400)"),
    "the token": (as_json({"errcode": "M_UNKNOWN", "error": f"bad {TOKEN}"}, 500), "bad … (M_UNKNOWN)"),
    "broken compression": (Answer(200, b"no gzip", (("Content-Encoding", "gzip"),)), "no connection"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_a_server_should_not_answer_is_said_and_read_past(play: Play, what: str) -> None:
    wrong, said = WRONG[what]
    circle = 4 if "circle" in what else 1
    read = play(sync("s1"), *[wrong] * circle, sync("s2", [message(1, "after it all")]))
    assert read.texts(1) == [("text", "after it all")]
    assert read.failure is None
    assert said in "\n".join(read.problems)
    assert TOKEN not in "\n".join(read.problems)
    assert read.platform.health == "connected"


def test_a_server_that_stays_away_is_said_once_and_waited_for(play: Play) -> None:
    read = play(sync("s1"), *[Answer(503, b"down")] * 40, sync("s2", [message(1, "back again")]))
    assert read.texts(1) == [("text", "back again")]
    assert len(read.problems) == 1


def test_a_strange_event_hides_none_of_the_others(play: Play) -> None:
    strange: list[Any] = [
        5, None, "text", [], {}, {"type": 7}, {"type": "m.room.message"},
        message(1, "x", event_id=5), message(2, "x", sender="two words"), message(3, "x", event_id="$a b"),
        message(4, "x", content=[]), message(5, "x", content={"body": 5}), message(6, "x", origin_server_ts="soon"),
        {"type": "m.room.member", "event_id": "$m", "sender": "@x:y", "state_key": "@x:y", "content": {}},
        {"type": "m.room.redaction", "event_id": "$r", "sender": "@x:y", "content": {"redacts": 3}},
        {"type": "m.room.name", "event_id": "$n", "sender": "@x:y", "state_key": "", "content": {"name": []}},
    ]  # fmt: skip
    read = play(sync("s1"), sync("s2", [*strange, message(9, "fine")]))
    assert read.texts(1) == [("text", "fine")]
    assert len(read.problems) >= 13
    assert all(problem.startswith(ROOM) for problem in read.problems)


def test_half_a_surrogate_pair_in_one_message_hides_no_message(play: Play) -> None:
    body = sync("s2", [message(1, "HALF"), message(2, "whole")]).body.replace(b"HALF", b"a\\ud83d")
    read = play(sync("s1"), Answer(200, body))
    assert read.texts(2) == [("text", "a\ufffd"), ("text", "whole")]


def test_a_time_that_cannot_be_is_no_time(play: Play) -> None:
    read = play(sync("s1"), sync("s2", [message(1, "x", origin_server_ts=9e15), message(2, "y", origin_server_ts=-5)]))
    read.texts(2)
    assert [one.time for one in read.messages] == [None, None]


def test_a_history_that_goes_round_in_a_circle_is_left(play: Play) -> None:
    page = as_json({"chunk": [message(1, "missed")], "end": "p"})
    gap = sync("s2", [message(2, "after")], limited=True)
    read = play(sync("s1"), gap, others={"/messages": page})
    assert read.texts(2) == [("text", "missed"), ("text", "after")]
    assert any("goes round in a circle" in problem for problem in read.problems)


def test_too_much_at_once_is_read_in_smaller_parts(play: Play) -> None:
    large = Answer(200, b'{"next_batch":"' + b"x" * 10_100_000 + b'"}')
    server_said = play(sync("s1"), large, large, sync("s2", [message(1, "read")]))
    assert server_said.texts(1) == [("text", "read")]


EVERYWHERE = [what for what in WRONG if what not in ("a number for the position", "rooms as a text")]
"""What is wrong whatever was asked for."""


def every_wrong() -> list[Answer]:
    return [WRONG[what][0] for what in EVERYWHERE for _ in range(4 if "circle" in what else 1)]


@pytest.fixture
def at_once() -> Iterator[None]:
    """Requests are tried once each, without a wait."""
    with stamina.set_testing(True, attempts=1):
        yield


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("end", ["/whoami", "/login", "/account_data/m.direct", "/account_data/vigil.mutes"])
def test_whatever_is_answered_before_reading_begins_it_begins_at_last(play: Play, end: str) -> None:
    others = {"/login": as_json({"user_id": USER, "access_token": "another", "device_id": "D"})}
    syncs = (sync("s1"), sync("s2", [message(1, "begun")]))
    read = play(*syncs, others=others, first={end: every_wrong()}, password=end == "/login")
    until(lambda: read.failure or read.messages, 60)
    assert read.failure is None
    assert "an answer that is no JSON" in "\n".join(read.problems)
    assert TOKEN not in "\n".join(read.problems)
    assert read.platform.health == "connected"


STATE = f"/rooms/{quote(ROOM, safe='')}/state"
MEMBER, OWN = (f"/state/m.room.member/{quote(user, safe='')}" for user in (BOB, USER))
GOOD = {
    OWN: as_json({"membership": "join"}),
    f"{STATE}/m.room.create": as_json(
        {"type": "m.room.create", "sender": ADA, "state_key": "", "content": {"room_version": "11"}}
    ),
    f"{STATE}/m.room.power_levels": as_json({"users": {USER: 100}, "event_id": "$levels"}),
    f"{STATE}/m.room.name": as_json({"name": "Tea"}),
    f"{STATE}/m.room.canonical_alias": as_json({}),
    "/event/%24x": as_json({"type": "m.room.message", "event_id": "$x", "sender": BOB}),
}
"""What a server in order answers, beside what this one does of its own."""


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("kind", "membership", "end"),
    [
        (ActionKind.DELETE, "join", "/redact/%24x/test.key.delete"),
        (ActionKind.DELETE, "join", "/redact/%24y/test.key.edit"),
        (ActionKind.DELETE, "join", "/event/%24x"),
        (ActionKind.SEND, "join", "/send/m.room.message/test.key.direct"),
        (ActionKind.WARN, "join", MEMBER),
        (ActionKind.WARN, "join", "/send/m.room.message/test.key.warn"),
        (ActionKind.WARN, "join", f"{STATE}/m.room.name"),
        (ActionKind.WARN, "join", "/createRoom"),
        (ActionKind.MUTE, "join", f"{STATE}/m.room.create"),
        (ActionKind.MUTE, "join", f"{STATE}/m.room.power_levels"),
        (ActionKind.REMOVE, "leave", "/kick"),
        (ActionKind.BAN, "ban", "/ban"),
        (ActionKind.BAN, "ban", MEMBER),
        (ActionKind.UNBAN, "leave", "/unban"),
        (ActionKind.ADMIT, "invite", MEMBER),
    ],
    ids=lambda value: str(value).rpartition("/")[2],
)
def test_whatever_is_answered_to_an_action_it_is_done_at_last(
    play: Play, kind: ActionKind, membership: str, end: str
) -> None:
    others = {MEMBER: as_json({"membership": membership}), **GOOD}
    read = play(sync("s1"), others=others, first={end: every_wrong()})
    until(lambda: read.position)
    message_id = "$x $y" if "%24x" in end or "%24y" in end else ""
    one = order(kind, ROOM, BOB, message_id, "words", 60, key="test.key")
    for _ in range(40):
        receipt = read.perform(one)
        assert TOKEN not in receipt.words
        if receipt.state is not ActionState.WAITING:
            break
        assert receipt.words
    assert receipt.state is ActionState.DONE, receipt
    assert read.failure is None
    until(lambda: read.platform.health == "connected")


def invited() -> Answer:
    state = {"type": "m.room.member", "sender": ADA, "state_key": USER, "content": {"membership": "invite"}}
    return as_json(
        {"next_batch": "s2", "rooms": {"invite": {"!new:hostile.test": {"invite_state": {"events": [state]}}}}}
    )


def replaced() -> Answer:
    tombstone = {"type": "m.room.tombstone", "event_id": "$t", "sender": ADA, "state_key": "",
                 "content": {"replacement_room": "!new:hostile.test"}}  # fmt: skip
    return sync("s2", [tombstone])


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("happened", "end"),
    [
        (invited, "/join/%21new%3Ahostile.test"),
        (replaced, f"{STATE}/m.room.tombstone"),
        (replaced, "/rooms/%21new%3Ahostile.test/state/m.room.create"),
    ],
)
def test_whatever_is_answered_to_coming_into_a_group_reading_goes_on(
    play: Play, happened: Callable[[], Answer], end: str
) -> None:
    member = f"/rooms/%21new%3Ahostile.test/state/m.room.member/{quote(USER, safe='')}"
    others = {
        f"{STATE}/m.room.tombstone": as_json({"replacement_room": "!new:hostile.test"}),
        member: as_json({"errcode": "M_FORBIDDEN", "error": "not in the room"}, 403),
    }
    wrong = every_wrong()
    syncs = [sync("s1"), *[happened()] * (len(wrong) + 1), sync("s3", [message(1, "after it all")])]
    read = play(*syncs, others=others, first={end: wrong})
    until(lambda: read.failure or read.messages, 60)
    assert read.failure is None
    assert "cannot come in" in "\n".join(read.problems)
    assert TOKEN not in "\n".join(read.problems)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("part", [0, 1, 2])
def test_whatever_is_answered_for_a_gap_it_is_filled_at_last(play: Play, part: int) -> None:
    wrong = every_wrong()[part::3]
    page = as_json({"chunk": [message(1, "missed")]})
    gap = sync("s2", [message(2, "after")], limited=True)
    read = play(sync("s1"), *[gap] * (len(wrong) + 1), others={"/messages": page}, first={"/messages": wrong})
    assert read.texts(2) == [("text", "missed"), ("text", "after")]


@pytest.mark.usefixtures("at_once")
def test_what_is_said_of_a_group_once_is_said_though_the_gap_in_another_is_not_filled_at_once(play: Play) -> None:
    encrypted = {"type": "m.room.encryption", "event_id": "$e", "sender": ADA, "state_key": "", "content": {}}
    rooms = {"!a:hostile.test": {"timeline": {"events": [encrypted]}},
             ROOM: {"timeline": {"events": [message(2, "after")], "limited": True, "prev_batch": "p"}}}  # fmt: skip
    gap = as_json({"next_batch": "s2", "rooms": {"join": rooms}})
    page = as_json({"chunk": [message(1, "missed")]})
    wrong = [as_json({"errcode": "M_UNKNOWN", "error": "Internal server error"}, 500)] * 6
    read = play(sync("s1"), *[gap] * 13, others={"/messages": page}, first={"/messages": wrong})
    assert read.texts(2) == [("text", "missed"), ("text", "after")]
    until(lambda: read.batches[-1].position)
    assert len([problem for problem in read.problems if "!a:hostile.test: is encrypted" in problem]) == 1


@pytest.mark.usefixtures("at_once")
def test_a_gap_that_cannot_be_read_holds_up_nothing_for_ever(play: Play) -> None:
    gap = sync("s2", [message(2, "after")], limited=True)
    broken = as_json({"errcode": "M_UNKNOWN", "error": "Internal server error"}, 500)
    read = play(sync("s1"), *[gap] * 30, others={"/messages": broken})
    assert read.texts(1) == [("text", "after")]
    assert any("what was missed cannot be read: Internal server error" in problem for problem in read.problems)


def test_a_gap_of_which_nobody_knows_where_it_begins_is_said(play: Play) -> None:
    read = play(sync("s1"), sync("s2", [message(2, "after")], limited=True, prev_batch=""))
    assert read.texts(1) == [("text", "after")]
    assert any("some of what was written was missed" in problem for problem in read.problems)


def test_an_action_that_fails_by_itself_holds_up_no_other_for_ever(play: Play) -> None:
    broken = as_json({"errcode": "M_UNKNOWN", "error": "Internal server error"}, 500)
    read = play(sync("s1"), others={"/redact/%24x/test.key.delete": broken})
    one = order(ActionKind.DELETE, ROOM, message="$x", key="test.key")
    states = [read.perform(one).state for _ in range(MOST_TRIES)]
    assert states == [*[ActionState.WAITING] * (MOST_TRIES - 1), ActionState.UNKNOWN]


def test_a_refused_action_says_nothing_of_the_connection(play: Play) -> None:
    refusal = as_json({"errcode": "M_FORBIDDEN", "error": "no"}, 403)
    slow = Answer(200, b" " * 40 + b'{"next_batch":"s2"}', pieces=40, pause=0.01)
    read = play(sync("s1"), slow, others={"/send/m.room.message/test.key.send": refusal, **GOOD})
    until(lambda: read.platform.health == "connected")
    for _ in range(5):
        assert read.perform(order(ActionKind.SEND, ROOM, text="x", key="test.key")).state is ActionState.FAILED
        assert read.platform.health == "connected"


def test_a_wait_that_only_a_header_names_is_kept_to(play: Play) -> None:
    limited = Answer(429, b'{"errcode":"M_LIMIT_EXCEEDED","error":"slow down"}', (("Retry-After", "7"),))
    read = play(sync("s1"), others={"/redact/%24x/test.key.delete": limited})
    receipt = read.perform(order(ActionKind.DELETE, ROOM, message="$x", key="test.key"))
    assert (receipt.state, receipt.retry_after) == (ActionState.WAITING, 7.0)
    assert receipt.words == "slow down (M_LIMIT_EXCEEDED)"


def test_a_login_that_comes_too_soon_is_tried_when_the_server_says(play: Play) -> None:
    limited = Answer(429, b'{"errcode":"M_LIMIT_EXCEEDED","error":"too many logins"}', (("Retry-After", "0.5"),))
    good = as_json({"user_id": USER, "access_token": "another", "device_id": "D"})
    read = play(sync("s1"), sync("s2", [message(1, "in")]), others={"/login": good}, first={"/login": [limited]},
                password=True)  # fmt: skip
    assert read.texts(1) == [("text", "in")]
    assert read.problems == [read.problems[0]]
    assert "too many logins (M_LIMIT_EXCEEDED)" in read.problems[0]


def test_the_room_of_a_member_is_made_once_though_the_list_was_read_late(play: Play) -> None:
    """A list that was sent before the room was on it, and comes after."""
    listed = as_json({BOB: ["!new:hostile.test"]})
    others = {
        "/account_data/m.direct": listed, MEMBER: as_json({"membership": "join"}), **GOOD,
        "/createRoom": as_json({"errcode": "M_UNKNOWN", "error": "a second room"}, 400),
    }  # fmt: skip
    read = play(sync("s1"), others=others, first={"/account_data/m.direct": [as_json({})]})
    until(lambda: read.position)
    receipt = read.perform(order(ActionKind.WARN, ROOM, BOB, text="x", key="test.key"))
    assert (receipt.state, receipt.words) == (ActionState.DONE, "")


@pytest.mark.parametrize("before", [60, 66, 71])
def test_half_a_token_is_shown_no_more_than_a_whole_one(play: Play, before: int) -> None:
    echo = Answer(200, b"<" + b"x" * before + TOKEN.encode() + b">")
    read = play(sync("s1"), echo, sync("s2", [message(1, "after")]))
    read.texts(1)
    assert TOKEN[:8] not in "\n".join(read.problems)


@pytest.mark.parametrize(
    "content",
    [
        {"m.new_content": 5, "m.relates_to": {"rel_type": "m.replace", "event_id": "$a"}},
        {"m.new_content": {"body": 5}, "m.relates_to": {"rel_type": "m.replace", "event_id": "$a"}},
        {"m.new_content": {}, "m.relates_to": {"rel_type": "m.replace", "event_id": "$a"}},
        {"m.new_content": {"body": "x"}, "m.relates_to": {"rel_type": "m.replace", "event_id": "two words"}},
        {"m.new_content": {"body": "x"}, "m.relates_to": {"rel_type": "m.replace", "event_id": 5}},
        {"m.new_content": {"body": "x"}, "m.relates_to": 5},
    ],
)
def test_an_ad_that_only_looks_like_an_edit_is_read_as_it_stands(play: Play, content: dict[str, Any]) -> None:
    ad = message(1, "", content={"msgtype": "m.text", "body": "buy here", **content})
    assert play(sync("s1"), sync("s2", [ad])).texts(1) == [("text", "buy here")]


@pytest.mark.parametrize("what", EVERYWHERE)
def test_an_action_waits_until_the_answer_is_one(play: Play, what: str) -> None:
    wrong, _ = WRONG[what]
    read = play(sync("s1"), others={"/redact/%24x/test.key.delete": wrong})
    receipt = read.perform(order(ActionKind.DELETE, ROOM, message="$x", key="test.key"))
    assert receipt.state is ActionState.WAITING, receipt
    assert TOKEN not in receipt.words
    until(lambda: read.position)
    assert read.failure is None


def test_a_secret_that_a_server_repeats_is_not_noted(play: Play) -> None:
    refusal = as_json({"errcode": "M_BAD_JSON", "error": "may not say CODE-4711 here"}, 400)
    read = play(sync("s1"), others={"/send/m.room.message/test.key.send": refusal})
    told = replace(order(ActionKind.SEND, ROOM, text="your code: CODE-4711", key="test.key"), secret="CODE-4711")
    receipt = read.perform(told)
    assert receipt.state is ActionState.FAILED
    assert receipt.words == "may not say … here (M_BAD_JSON)"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**18) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
_TYPES = st.sampled_from(
    ["m.room.message", "m.sticker", "m.poll.start", "m.room.member", "m.room.redaction", "m.room.encrypted",
     "m.room.name", "m.room.create", "m.room.canonical_alias", "m.room.tombstone", "m.room.encryption"]
)  # fmt: skip
_KEYS = [
    "body", "msgtype", "m.relates_to", "m.new_content", "m.mentions", "membership", "displayname", "reason", "redacts",
    "name", "alias", "m.poll", "m.text", "question", "answers", "replaces_state",
    "replacement_room", "formatted_body", "format", "filename", "rel_type", "event_id", "user_ids", "vigil.direct",
]  # fmt: skip
_CONTENT = st.dictionaries(st.sampled_from(_KEYS), _JSON | st.dictionaries(st.sampled_from(_KEYS), _JSON), max_size=6)
_EVENT = st.fixed_dictionaries(
    {"type": _TYPES | _JSON, "event_id": st.just("$a") | _JSON, "sender": st.just("@a:b") | _JSON},
    optional={
        "content": _CONTENT | _JSON, "state_key": st.just("@a:b") | _JSON, "origin_server_ts": st.just(1e12) | _JSON,
        "unsigned": st.fixed_dictionaries({"prev_content": _CONTENT | _JSON}) | _JSON, "redacts": _JSON,
    },
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(st.lists(_EVENT | _JSON, max_size=6))
def test_no_event_of_any_shape_stops_the_reading(events: list[Any]) -> None:
    reading = Reading("mx")
    reading.user = "@vigil:b"
    raw = [msgspec.Raw(json.dumps(event).encode()) for event in events]
    names: dict[str, str] = {}
    reading.learn(ROOM, raw, names)
    found = reading.read(ROOM, raw, names)
    assert not any("\x00" in one.text + one.name + one.group_name for one in found.messages)
    for one in found.messages:
        assert one.id
        assert one.member
