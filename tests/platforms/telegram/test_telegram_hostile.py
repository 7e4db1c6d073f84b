"""Whatever answers in Telegram's place, reading goes on, and nothing is sent twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import stamina
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.platforms.base import PlatformError, Receipt
from console.platforms.telegram import Telegram
from console.platforms.telegram_albums import Waiting
from console.platforms.telegram_changes import Pairs, Told
from console.platforms.telegram_events import Reading
from console.platforms.telegram_kind import TelegramOptions
from store.records import ActionKind, ActionState, Order
from tests.platforms.connected import Connected, order
from tests.platforms.hostile import Answer, Hostile, as_json
from tests.platforms.synapse import until
from tests.platforms.telegram.packets import CHAT, message

TOKEN = "7:a-token-that-nobody-may-see"


def updates(*messages: dict[str, Any]) -> Answer:
    return as_json({"ok": True, "result": [{"update_id": 10 + one["message_id"], "message": one} for one in messages]})


class NoTelegram(Hostile):
    """Answers getUpdates from a list made ready, all else in order, unless `others` names the method."""

    def _chosen(self, path: str) -> Answer:
        method = path.rpartition("/")[2]
        if method in self.others:
            return self.others[method]
        if method == "getMe":
            return as_json({"ok": True, "result": {"id": 7, "is_bot": True, "first_name": "V", "username": "v_bot"}})
        if method == "getUpdates":
            found = next(self.syncs, None)
            if found is None:
                self._over.wait(0.2)
            return found or as_json({"ok": True, "result": []})
        if method == "sendMessage":
            return as_json({"ok": True, "result": message(1, "sent")})
        if method == "getWebhookInfo":
            return as_json({"ok": True, "result": {"url": ""}})
        if method == "getChat":
            return as_json({"ok": True, "result": {"id": CHAT, "type": "supergroup", "title": "Tea"}})
        if method == "getChatMember":
            return as_json({"ok": True, "result": {"user": {"id": 5}, "status": "member"}})
        return as_json({"ok": True, "result": True})


class Played(Connected):
    server: NoTelegram

    def delete_many(self, orders: Sequence[Order]) -> list[Receipt]:
        assert isinstance(self.platform, Telegram)
        return asyncio.run_coroutine_threadsafe(self.platform.delete_many(orders), self._loop).result(60)


Play = Callable[..., Played]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """Connects Vigil to a server of these answers, quick to try again and to give up waiting."""
    monkeypatch.setenv("VIGIL_HOSTILE_TOKEN", TOKEN)
    open_: list[Connected | Hostile] = []

    def make(*answers: Answer, others: dict[str, Answer] | None = None, position: str | None = None) -> Played:
        server = NoTelegram(answers, others)
        open_.append(server)
        options = TelegramOptions(server.base, None, "VIGIL_HOSTILE_TOKEN")
        platform = Telegram(
            "tg", options, tmp_path / "groups", answer_seconds=0.4, poll_seconds=0.0, waits=(0.005, 0.01)
        )
        connected = Played(platform, position)
        connected.server = server
        open_.insert(0, connected)
        return connected

    yield make
    for one in open_:
        one.close()


HTML = b"<html><body>Bad gateway</body></html>"
WRONG = {
    "a server error": (Answer(500, b"oops"), "(500)"),
    "an error page": (Answer(502, HTML, (("Content-Type", "text/html"),)), "(502)"),
    "a page where JSON belongs": (Answer(200, HTML), "an answer that is no JSON: '<html>"),
    "nothing": (Answer(200, b""), "an empty answer"),
    "JSON cut short": (Answer(200, updates(message(1, "x")).body[:-20]), "an answer that is no JSON"),
    "a body cut short": (Answer(200, b'{"ok":', length=500), "no connection"),
    "a list": (as_json([1, 2]), "another shape: Expected `object`, got `array`"),
    "no result": (as_json({"ok": True}), "another shape"),
    "a refusal that says 200": (as_json({"ok": False, "description": "no"}), "another shape"),
    "a result of another type": (as_json({"ok": True, "result": "x"}), "another shape"),
    "nested without end": (Answer(200, b'{"ok":true,"result":' + b"[" * 200_000), "an answer that is no JSON"),
    "ten megabytes and more": (Answer(200, b'{"result":"' + b"x" * 10_100_000 + b'"}'), "more than 10 MB"),
    "bytes that drip": (Answer(200, b" " * 100 + b"{}", pieces=100, pause=0.05), "no whole answer in"),
    "silence": (Answer(200, b"{}{}", pieces=2, pause=5.0), "no answer in"),
    "a redirect": (Answer(302, b"", (("Location", "/elsewhere"),)), "a redirect (302)"),
    "a redirect in a circle": (Answer(307, b"", (("Location", "getUpdates"),)), "more than 3 redirects"),
    "a redirect elsewhere": (Answer(307, b"", (("Location", f"http://127.0.0.2:1/bot{TOKEN}"),)), "a redirect to http"),
    "a refusal of the wrong type": (as_json({"description": 5, "parameters": []}, 400), "(400)"),
    "the token": (as_json({"ok": False, "description": f"bad {TOKEN}"}, 500), "bad … (500)"),
    "a wait that is none": (as_json({"description": "slow", "parameters": {"retry_after": -1e9}}, 429), "slow (429)"),
    "broken compression": (Answer(200, b"no gzip", (("Content-Encoding", "gzip"),)), "no connection"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_telegram_should_not_answer_is_said_and_read_past(play: Play, what: str) -> None:
    wrong, said = WRONG[what]
    circle = 4 if "circle" in what else 1
    read = play(updates(message(1, "before")), *[wrong] * circle, updates(message(2, "after it all")))
    assert read.texts(2) == [("text", "before"), ("text", "after it all")]
    assert read.failure is None
    assert said in "\n".join(read.problems)
    assert TOKEN[2:] not in "\n".join(read.problems)
    assert read.platform.health == "connected"


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("kind", [ActionKind.SEND, ActionKind.BAN])
def test_what_was_sent_once_is_not_sent_again_whatever_is_answered(play: Play, what: str, kind: ActionKind) -> None:
    wrong, _ = WRONG[what]
    if what == "a redirect in a circle":
        wrong = Answer(307, b"", (("Location", "sendMessage" if kind is ActionKind.SEND else "banChatMember"),))
    read = play(others={"sendMessage": wrong, "banChatMember": wrong})
    receipt = read.perform(order(kind, str(CHAT), "" if kind is ActionKind.SEND else "5", text="hello"))
    if kind is ActionKind.BAN or "wait" in what or "refusal of the wrong type" in what:
        expected = ActionState.WAITING
    else:
        expected = ActionState.UNKNOWN
    assert receipt.state is expected, receipt
    assert TOKEN[2:] not in receipt.words
    assert receipt.retry_after >= 0
    assert read.failure is None


METHODS = {
    ActionKind.DELETE: ("deleteMessage",),
    ActionKind.WARN: ("getChatMember", "sendMessage"),
    ActionKind.MUTE: ("getChatMember", "restrictChatMember"),
    ActionKind.UNMUTE: ("getChatMember", "restrictChatMember"),
    ActionKind.REMOVE: ("getChatMember", "banChatMember", "unbanChatMember"),
    ActionKind.UNBAN: ("unbanChatMember",),
    ActionKind.ADMIT: ("approveChatJoinRequest",),
    ActionKind.REFUSE: ("declineChatJoinRequest",),
}
"""What each action asks of Telegram, as far as the tests above do not have it."""
SLOW = ("bytes that drip", "silence")


@pytest.fixture
def at_once() -> Iterator[None]:
    """Tries again without waiting in between."""
    stamina.set_testing(True, attempts=2, cap=True)
    yield
    stamina.set_testing(False)


def wrongs(method: str) -> Iterator[tuple[str, Answer]]:
    """All wrong answers that come at once."""
    for what, (wrong, _) in WRONG.items():
        if what not in SLOW:
            circle = "circle" in what
            yield what, Answer(307, b"", (("Location", method),)) if circle else wrong


@pytest.mark.parametrize(("kind", "method"), [(kind, one) for kind, several in METHODS.items() for one in several])
def test_no_answer_to_an_action_makes_it_fail_for_good(
    play: Play, at_once: None, kind: ActionKind, method: str
) -> None:
    read = play()
    expected = ActionState.UNKNOWN if method == "sendMessage" else ActionState.WAITING
    for what, wrong in wrongs(method):
        read.server.others[method] = wrong
        before = read.server.asked.count(f"POST /bot{TOKEN}/sendMessage")
        receipt = read.perform(order(kind, str(CHAT), "5", "17", text="no ads", seconds=600))
        refused = method == "sendMessage" and ("wait" in what or "wrong type" in what)
        assert receipt.state is (ActionState.WAITING if refused else expected), (what, receipt)
        assert TOKEN[2:] not in receipt.words
        sent = read.server.asked.count(f"POST /bot{TOKEN}/sendMessage") - before
        assert sent == (method == "sendMessage") * (4 if "circle" in what else 1), what
    del read.server.others[method]
    assert read.perform(order(kind, str(CHAT), "5", "17", text="no ads", seconds=600)).state is ActionState.DONE


def test_no_answer_to_many_deletions_makes_them_fail_for_good(play: Play) -> None:
    read = play()
    for what, wrong in wrongs("deleteMessages"):
        read.server.others["deleteMessages"] = wrong
        receipts = read.delete_many([order(ActionKind.DELETE, str(CHAT), message=str(one)) for one in (1, 2)])
        assert [receipt.state for receipt in receipts] == [ActionState.WAITING] * 2, what


@pytest.mark.parametrize("method", ["getMe", "getChat", "getChatMember", "getWebhookInfo"])
def test_no_answer_to_a_look_at_the_groups_is_more_than_said(play: Play, at_once: None, method: str) -> None:
    read = play(updates(message(1, "hello")))
    read.texts(1)
    for what, wrong in wrongs(method):
        read.server.others[method] = wrong
        with pytest.raises(PlatformError) if method != "getMe" else contextlib.nullcontext() as caught:
            read.access()
        assert caught is None or TOKEN[2:] not in str(caught.value), what


PROXY = Answer(403, HTML, (("Content-Type", "text/html"),))


@pytest.mark.parametrize("kind", [ActionKind.SEND, ActionKind.BAN, ActionKind.DELETE])
def test_what_stands_before_telegram_decides_nothing(play: Play, kind: ActionKind) -> None:
    read = play(others={"sendMessage": PROXY, "banChatMember": PROXY, "deleteMessage": PROXY})
    member, number = ("", "") if kind is ActionKind.SEND else ("5", "7")
    receipt = read.perform(order(kind, str(CHAT), member, number, text="hello"))
    assert receipt.state is ActionState.WAITING, "no word of Telegram's: it was not asked at all"


def test_a_page_in_the_place_of_the_login_says_nothing_of_the_token(play: Play) -> None:
    read = play(others={"getMe": Answer(404, HTML)})
    until(lambda: read.problems)
    assert "does not accept the token" not in read.problems[0]
    assert "(404)" in read.problems[0]


def test_a_webhook_that_takes_the_updates_is_said(play: Play) -> None:
    conflict = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete it first"
    taken = as_json({"ok": False, "error_code": 409, "description": conflict}, 409)
    read = play(*[taken] * 3, updates(message(1, "after")))
    assert read.texts(1) == [("text", "after")]
    (said,) = read.problems
    assert "remove its webhook" in said


def test_no_part_of_the_token_is_in_what_is_said_of_a_page(play: Play) -> None:
    page = b"<html>" + b"-" * (74 - len(TOKEN) // 2) + TOKEN.encode()
    read = play(Answer(200, page), updates(message(1, "after")))
    read.texts(1)
    assert TOKEN[2:9] not in "\n".join(read.problems)


def test_deletions_behind_one_that_has_to_wait_are_not_asked_for(play: Play) -> None:
    refused = as_json({"ok": False, "error_code": 400, "description": "Bad Request: message can't be deleted"}, 400)
    slow = as_json({"ok": False, "error_code": 429, "description": "no", "parameters": {"retry_after": 9}}, 429)
    own = as_json({"ok": True, "result": {"user": {"id": 7}, "status": "creator"}})
    read = play(others={"deleteMessages": refused, "deleteMessage": slow, "getChatMember": own})
    orders = [order(ActionKind.DELETE, str(CHAT), message=str(number)) for number in range(1, 251)]
    receipts = read.delete_many(orders)
    assert {(receipt.state, receipt.retry_after) for receipt in receipts} == {(ActionState.WAITING, 9.0)}
    asked = [one.rpartition("/")[2] for one in read.server.asked if "/deleteMessage" in one]
    assert asked == ["deleteMessages"] * 7 + ["deleteMessage"], "halves of halves, and then nothing more"


def test_a_warning_goes_out_where_members_cannot_be_looked_up(play: Play) -> None:
    hidden = as_json({"ok": False, "error_code": 400, "description": "Bad Request: member list is inaccessible"}, 400)
    receipt = play(others={"getChatMember": hidden}).perform(order(ActionKind.WARN, str(CHAT), "5", text="no ads"))
    assert receipt.state is ActionState.DONE


def test_another_bots_token_is_said_also_when_telegram_is_away_at_first(play: Play) -> None:
    read = play(Answer(502, HTML), updates(message(1, "after")), position='{"bot":8,"offset":900}')
    read.texts(1)
    assert any("another bot's than before" in problem for problem in read.problems)


def test_a_wait_that_telegram_names_is_kept_to(play: Play) -> None:
    limited = as_json({"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 37}}, 429)
    read = play(others={"sendMessage": limited})
    receipt = read.perform(order(ActionKind.SEND, str(CHAT), text="hello"))
    assert (receipt.state, receipt.retry_after) == (ActionState.WAITING, 37)


def test_what_stands_beside_an_update_of_another_shape_is_read(play: Play) -> None:
    odd: Sequence[Any] = [
        5, None, {}, {"update_id": "x"}, {"update_id": 2**40, "message": message(9, "too far")},
        {"update_id": 3, "message": message(1, "date", date="today")},
        {"update_id": 4, "message": message(2, "entities", entities={"a": 1})},
        {"update_id": 5, "message": message(3, "read")},
        {"update_id": 6, "message": message(4, "sender", **{"from": []})},
    ]  # fmt: skip
    read = play(as_json({"ok": True, "result": odd}))
    assert read.texts(1) == [("text", "read")]
    until(lambda: len(read.problems) == 8)
    assert json.loads(read.position)["offset"] == 7


def test_updates_that_cannot_be_confirmed_are_not_asked_for_without_end(play: Play) -> None:
    read = play(*[as_json({"ok": True, "result": [{"update_id": "x"}]})] * 3, updates(message(1, "at last")))
    assert read.texts(1) == [("text", "at last")]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
_USER = st.fixed_dictionaries({"id": st.integers(1, 9)}, optional={"first_name": st.text(max_size=4) | _JSON}) | _JSON
_CHAT = st.fixed_dictionaries({"id": st.just(CHAT) | st.just(-5) | _JSON, "type": st.just("supergroup") | _JSON})
_MEMBER = st.fixed_dictionaries(
    {"user": _USER, "status": st.sampled_from(["member", "left", "kicked", "restricted"]) | _JSON}
)
_ENTITY = st.fixed_dictionaries(
    {"type": st.sampled_from(["mention", "text_link", "text_mention"]), "offset": st.integers(-5, 50) | _JSON,
     "length": st.integers(-5, 50)}, optional={"url": st.text(), "user": _USER},
)  # fmt: skip
_MESSAGE = st.fixed_dictionaries(
    {"message_id": st.integers(1, 50) | _JSON, "date": st.just(1_780_000_000) | _JSON, "chat": _CHAT},
    optional={
        "from": _USER, "text": st.text() | _JSON, "caption": st.text(), "entities": st.lists(_ENTITY, max_size=2),
        "media_group_id": st.sampled_from(["a", "b"]), "photo": _JSON, "new_chat_members": st.lists(_USER, max_size=2),
        "left_chat_member": _USER, "migrate_to_chat_id": st.just(CHAT) | _JSON, "migrate_from_chat_id": st.just(-5),
        "reply_markup": _JSON, "forward_origin": _JSON, "poll": _JSON, "sender_chat": _CHAT, "quote": _JSON,
        "external_reply": _JSON, "edit_date": st.just(1_780_000_001),
    },
)  # fmt: skip
_CHANGE = st.fixed_dictionaries(
    {"chat": _CHAT, "from": _USER, "date": st.just(1_780_000_000) | _JSON, "old_chat_member": _MEMBER,
     "new_chat_member": _MEMBER}, optional={"invite_link": _JSON},
)  # fmt: skip
_UPDATE = st.fixed_dictionaries(
    {"update_id": st.integers(1, 10**9) | _JSON},
    optional={
        "message": _MESSAGE | _JSON, "edited_message": _MESSAGE, "chat_member": _CHANGE | _JSON,
        "my_chat_member": _CHANGE, "chat_join_request": _CHANGE | _JSON,
    },
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(st.lists(_UPDATE | _JSON, max_size=6))
def test_no_update_of_any_shape_stops_the_reading(found: list[Any]) -> None:
    reading = Reading("tg")
    raw = [msgspec.Raw(json.dumps(update).encode()) for update in found]
    ready = Waiting().ready(reading.albums(raw), reading.dates(raw), more=False)
    assert 0 <= ready <= len(raw)
    offset = reading.next_offset(raw)
    assert offset is None or 0 < offset <= 2**31
    read = reading.read(raw)
    for one in read.messages:
        assert "\x00" not in one.text + one.name + one.group_name
        assert one.id
        assert one.member
        assert reading.chat(one.group) < 0


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["join", "leave"]), st.integers(0, 200)), max_size=30),
       st.randoms(use_true_random=False))  # fmt: skip
def test_changes_that_are_told_twice_count_once_in_any_order(happened: list[tuple[int, str, int]], chance: Any) -> None:
    told = []
    for member, kind, date in sorted(happened, key=lambda one: one[2]):
        both = ["message", "update"]
        chance.shuffle(both)
        told += [Told("g", str(member), kind, by, date) for by in both]
    pairs = Pairs([])
    seen = []
    for one in told:
        # As over a restart: what waits for its other side is kept with the position.
        pairs = Pairs(msgspec.json.decode(msgspec.json.encode(pairs.waiting), type=list[Told]))
        seen.append(pairs.is_second(one))
    assert seen == [False, True] * len(happened)
