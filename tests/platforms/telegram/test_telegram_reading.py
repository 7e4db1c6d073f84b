"""What happens in a Telegram group, as Vigil reads it from the Bot API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.platforms import telegram
from console.platforms.base import original_id
from tests.platforms.connected import Connected
from tests.platforms.synapse import until
from tests.platforms.telegram.conftest import Connect
from tests.platforms.telegram.simulator import PHOTO, TOKEN, Simulator, Tea


def test_messages_come_in_order_with_their_names_and_times(tea: Tea, connect: Connect) -> None:
    read = connect()
    numbers = [tea.say(user, f"number {number}") for number, user in enumerate([tea.bob, tea.eve, tea.bob])]
    assert read.texts(3) == [("text", "number 0"), ("text", "number 1"), ("text", "number 2")]
    first = read.messages[0]
    assert (first.platform, first.group, first.group_name) == ("tg", tea.group, "Tea")
    assert (first.member, first.name) == (str(tea.bob), "Bob")
    assert [message.id for message in read.messages] == [str(number) for number in numbers]
    assert None not in [message.time for message in read.messages]
    assert read.problems == []


def test_what_can_be_read_in_a_message_is_its_text(tea: Tea, connect: Connect) -> None:
    read = connect()
    link = {"type": "text_link", "offset": 0, "length": 4, "url": "https://example.org/a"}
    tea.say(tea.bob, "look here", entities=[link])
    tea.say(tea.bob, caption="a caption", **PHOTO)
    tea.say(tea.bob, document={"file_id": "f", "file_unique_id": "u", "file_name": "cheap-tickets.apk"})
    tea.say(tea.bob, contact={"phone_number": "+123", "first_name": "Call", "last_name": "me"})
    options = [{"persistent_id": "1", "text": "yes", "voter_count": 0}]
    tea.say(tea.bob, poll={"id": "1", "question": "Tickets?", "options": options})
    button = {"inline_keyboard": [[{"text": "Open", "url": "https://example.org/b"}]]}
    tea.say(tea.bob, "buttons", reply_markup=button)
    tea.say(tea.bob, "half a pair: \ud800 and a zero: \x00")
    tea.say(tea.bob, sticker={"file_id": "f", "file_unique_id": "u", "type": "regular"})
    assert read.texts(8) == [
        ("text", "look here https://example.org/a"),
        ("image", "a caption"),
        ("file", "cheap-tickets.apk"),
        ("contact", "Call me +123"),
        ("poll", "Tickets?\nyes"),
        ("text", "buttons\nOpen https://example.org/b"),
        ("text", "half a pair: \ufffd and a zero: \ufffd"),
        ("sticker", ""),
    ]


def test_whom_a_message_mentions_answers_and_comes_from(tea: Tea, connect: Connect) -> None:
    read = connect()
    first = tea.say(tea.bob, "hello")
    entities = [
        {"type": "mention", "offset": 3, "length": 4},
        {"type": "text_mention", "offset": 8, "length": 3, "user": {"id": tea.eve, "is_bot": False, "first_name": "E"}},
    ]
    channel = {"id": -1_009_999, "type": "channel", "title": "Cheap tickets"}
    tea.say(
        tea.bob, "🎈 @ada Eve", entities=entities,
        reply_to_message={"message_id": first, "date": 1, "chat": {"id": tea.chat, "type": "supergroup"}},
        forward_origin={"type": "channel", "date": 1, "chat": channel, "message_id": 4},
    )  # fmt: skip
    tea.say(tea.bob, "written as a channel", sender_chat=channel)
    read.texts(3)
    _, answer, written_as = read.messages
    assert answer.mentions == ("@ada", str(tea.eve))
    assert answer.reply_to == str(first)
    assert msgspec.json.decode(answer.extra)["forwarded"] == {
        "kind": "channel", "name": "Cheap tickets", "id": "-1009999",
    }  # fmt: skip
    assert (written_as.member, written_as.name) == ("-1009999", "Cheap tickets")


def test_an_edit_comes_as_a_message_that_leads_to_the_one_it_edits(tea: Tea, connect: Connect) -> None:
    read = connect()
    number = tea.say(tea.bob, "hello")
    for text in ("cheap tickets", "cheap tickets, add me"):
        tea.simulator.do("edit", chat=tea.chat, message=number, text=text)
    assert read.texts(3) == [("text", "hello"), ("edit", "cheap tickets"), ("edit", "cheap tickets, add me")]
    assert {original_id(message.id) for message in read.messages} == {str(number)}
    assert len({message.id for message in read.messages}) == 3, "also two edits within one second"


def test_an_album_is_one_message(tea: Tea, connect: Connect) -> None:
    read = connect()
    numbers = [tea.say(tea.bob, media_group_id="m1", caption="three pictures", **PHOTO)]
    numbers += [tea.say(tea.bob, media_group_id="m1", **PHOTO) for _ in range(2)]
    tea.say(tea.eve, "after it")
    assert read.texts(2) == [("image", "three pictures"), ("text", "after it")]
    assert read.messages[0].id == "+".join(map(str, numbers))
    tea.simulator.do("edit", chat=tea.chat, message=numbers[0], caption="an ad by now")
    read.texts(3)
    assert original_id(read.messages[2].id) == read.messages[0].id, "the whole album is what was edited"


def test_albums_are_whole_however_the_answers_cut_them(server: Simulator, tea: Tea, connect: Connect) -> None:
    server.do("confirm", offset=2**30)
    wanted = []
    for album in range(12):
        count = 1 + album * 5 % 10
        ids = [tea.say(tea.bob, media_group_id=f"g{album}", **PHOTO) for _ in range(count)]
        wanted.append("+".join(map(str, ids)))
        wanted.append(str(tea.say(tea.eve, f"between {album}")))
    read = connect(_position(), updates=7)
    until(lambda: len([one for one in read.messages if one.kind == "text"]) == 12)
    assert [one.id for one in read.messages] == wanted
    assert len(wanted) == 24


def test_albums_of_long_ago_are_not_waited_for(server: Simulator, tea: Tea, connect: Connect) -> None:
    server.do("confirm", offset=2**30)
    wanted = []
    for album in range(30):
        ids = [tea.say(tea.bob, media_group_id=f"old{album}", ahead=20 * album, **PHOTO) for _ in range(5)]
        wanted.append("+".join(map(str, ids)))
    after = tea.say(tea.eve, "after them all", ahead=700)
    read = connect(_position(), linger_seconds=1e9)
    assert read.texts(31)[-1] == ("text", "after them all")
    assert [one.id for one in read.messages] == [*wanted, str(after)]


def test_an_album_that_was_not_whole_when_the_worker_was_killed_comes_again(
    server: Simulator, tea: Tea, connect: Connect
) -> None:
    read = connect()
    tea.say(tea.eve, "before")
    read.texts(1)
    first = tea.say(tea.bob, media_group_id="m2", **PHOTO)
    position = read.position
    read.close()
    second = tea.say(tea.bob, media_group_id="m2", **PHOTO)
    again = connect(position)
    again.texts(1)
    assert again.messages[-1].id == f"{first}+{second}"


@pytest.mark.parametrize("bot", ["administrator", "member"])
def test_who_comes_and_goes_and_who_brought_them_is_told_once(server: Simulator, connect: Connect, bot: str) -> None:
    tea = Tea(server, bot=bot)
    read = connect()
    dan, fay, gil = (server.do("person", name=name) for name in ("Dan", "Fay", "Gil"))
    server.do("join", chat=tea.chat, user=dan)
    server.do("join", chat=tea.chat, user=fay, by=tea.bob)
    server.do("leave", chat=tea.chat, user=dan)
    server.do("join", chat=tea.chat, user=dan)
    server.do("leave", chat=tea.chat, user=fay, by=tea.ada)
    server.do("join", chat=tea.chat, user=gil, link=tea.eve)
    tea.say(gil, "hello")
    kinds = [kind for kind, _ in read.texts(7)]
    assert kinds == ["join", "join", "leave", "join", "leave", "join", "text"]
    messages = read.messages
    assert [message.member for message in messages] == list(map(str, [dan, fay, dan, dan, fay, gil, gil]))
    assert messages[0].inviter == messages[3].inviter == ""
    assert messages[1].inviter == str(tea.bob)
    assert messages[2].extra == ""
    assert str(tea.ada) in messages[4].extra
    assert len({message.id for message in messages}) == 7
    if bot == "administrator":
        assert messages[5].inviter == str(tea.eve), "by whose link somebody came, only administrators are told"


def test_who_was_told_before_a_restart_is_not_told_again_after_it(
    server: Simulator, tea: Tea, connect: Connect
) -> None:
    server.do("confirm", offset=2**30)
    dan = server.do("person", name="Dan")
    server.do("join", chat=tea.chat, user=dan)
    read = connect(_position(), updates=1)
    read.texts(1)
    first = next(batch for batch in read.batches if batch.messages)
    read.close()
    tea.say(tea.bob, "hello")
    again = connect(first.position)
    assert again.texts(1) == [("text", "hello")]


def _position() -> str:
    return msgspec.json.encode(telegram.Position(at=1e9)).decode()


def test_a_request_to_be_let_in_is_a_knock_with_its_words(tea: Tea, connect: Connect) -> None:
    read = connect()
    dan = tea.simulator.do("person", name="Dan")
    tea.simulator.do("request", chat=tea.chat, user=dan, bio="I sell tickets")
    assert read.texts(1) == [("knock", "I sell tickets")]
    assert (read.messages[0].member, read.messages[0].name) == (str(dan), "Dan")


def test_a_group_that_becomes_a_supergroup_stays_one(server: Simulator, connect: Connect) -> None:
    tea = Tea(server, kind="group")
    read = connect()
    before = tea.say(tea.bob, "before")
    read.texts(1)
    new = server.do("migrate", chat=tea.chat)
    server.do("say", chat=new, user=tea.bob, text="after")
    read.texts(2)
    position = read.position
    read.close()
    again = connect(position)
    after = server.do("say", chat=new, user=tea.bob, text="after the restart")
    again.texts(1)
    messages = [*read.messages[:2], *again.messages]
    assert [message.text for message in messages] == ["before", "after", "after the restart"]
    assert {message.group for message in messages} == {tea.group}
    assert messages[0].id == f"b{before}"
    assert messages[2].id == str(after)
    assert any("is a supergroup now" in problem for problem in read.problems)


def test_what_came_before_the_move_in_the_same_answer_is_of_the_same_group(server: Simulator, connect: Connect) -> None:
    tea = Tea(server, kind="group")
    server.do("confirm", offset=2**30)
    numbers = [tea.say(tea.bob, f"before {number}") for number in range(3)]
    new = server.do("migrate", chat=tea.chat)
    same = [server.do("say", chat=new, user=tea.bob, text=f"after {number}") for number in range(3)]
    read = connect(_position())
    read.texts(6)
    assert {message.group for message in read.messages} == {tea.group}
    assert [message.id for message in read.messages] == [*(f"b{n}" for n in numbers), *map(str, same)]


def test_only_the_groups_that_are_named_are_read(server: Simulator, tea: Tea, connect: Connect) -> None:
    other = Tea(server)
    read = connect(groups=(tea.group,))
    other.say(other.bob, "not for us")
    other.say(other.bob, "nor this")
    tea.say(tea.bob, "hello")
    assert read.texts(1) == [("text", "hello")]
    assert [f'add "{other.group}"' in problem for problem in read.problems] == [True]


def test_what_is_written_to_the_bot_alone_is_no_groups_message(tea: Tea, connect: Connect) -> None:
    read = connect()
    tea.simulator.do("start", user=tea.bob)
    tea.simulator.do("say", chat=tea.chat, user=tea.bob, pinned_message={"message_id": 1, "date": 0})
    tea.say(tea.bob, "hello")
    assert read.texts(1) == [("text", "hello")]


def test_the_bots_own_coming_and_going_is_said(server: Simulator, connect: Connect) -> None:
    tea = Tea(server, bot="")
    read = connect()
    server.do("add_bot", chat=tea.chat, by=tea.ada, status="member")
    server.do("add_bot", chat=tea.chat, by=tea.ada)
    server.do("add_bot", chat=tea.chat, by=tea.ada, status="kicked")
    until(lambda: len(read.problems) == 3)
    assert [problem.partition(",")[0] for problem in read.problems] == [
        "Tea: came in",
        "Tea: the bot is no administrator: it can delete and forbid nothing there",
        "Tea: Ada has removed the bot from the group; nothing there can be seen or done until it is added again",
    ]


def test_updates_of_other_shapes_are_said_and_read_past(server: Simulator, tea: Tea, connect: Connect) -> None:
    read = connect()
    strange: list[dict[str, Any]] = [
        {"message": {"message_id": "7"}},
        {"message": 5},
        {"message": {"message_id": 2, "date": -1, "chat": {"id": tea.chat, "type": "supergroup"}}},
        {"message": {"message_id": 2, "date": 1, "chat": {"id": 2**60, "type": "supergroup"}}},
        {"chat_member": {"chat": {"id": tea.chat, "type": "supergroup"}}},
        {"nothing_known": {}},
    ]
    for update in strange:
        server.do("strange", update=update)
    tea.say(tea.bob, "after it all")
    assert read.texts(1) == [("text", "after it all")]
    assert len(read.problems) == 5
    assert all("of another shape" in problem for problem in read.problems)


def test_numbers_that_begin_anew_are_followed(server: Simulator, tea: Tea, connect: Connect) -> None:
    read = connect()
    tea.say(tea.bob, "before")
    read.texts(1)
    found = msgspec.json.decode(read.position, type=telegram.Position)
    read.close()
    # After a week without updates Telegram chooses another number to go on from.
    later = msgspec.structs.replace(found, offset=found.offset + 90_000_000)
    tea.say(tea.bob, "after")
    again = connect(msgspec.json.encode(later).decode())
    tea.say(tea.bob, "at last")
    until(lambda: ("text", "at last") in [(one.kind, one.text) for one in again.messages])
    assert [one.text for one in again.messages] == ["after", "at last"]


def test_a_gap_that_telegram_does_not_keep_is_said(server: Simulator, tea: Tea, connect: Connect) -> None:
    read = connect()
    found = msgspec.json.decode(read.position, type=telegram.Position)
    read.close()
    old = msgspec.structs.replace(found, at=found.at - 30 * 3600)
    again = connect(msgspec.json.encode(old).decode())
    until(lambda: again.problems)
    assert "nothing was read for 30 hours" in again.problems[0]


def test_another_programs_polling_is_said(server: Simulator, tea: Tea, connect: Connect) -> None:
    read = connect()
    other = telegram.Telegram("tg", server.options(), server.folder / "other.groups")
    second = Connected(other)
    try:
        until(lambda: read.problems)
        assert "another program takes this bot's updates" in read.problems[0]
    finally:
        second.close()
    tea.say(tea.bob, "hello")
    assert read.texts(1) == [("text", "hello")]


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (TOKEN, 0o644, "chmod 600"),
        ("no token\n", 0o600, "holds no token"),
        ("1:AAAAAAAAAAAAAAAAAAAAAAAA\n", 0o600, "Telegram does not accept the token"),
        (None, 0o600, "No such file"),
    ],
)
def test_a_token_that_is_of_no_use_is_said_without_it(
    server: Simulator, tmp_path: Path, content: str | None, mode: int, said: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
        file.chmod(mode)
    options = msgspec.structs.replace(server.options(), token_file=file)
    read = Connected(telegram.Telegram("tg", options, tmp_path / "groups"))
    try:
        until(lambda: read.problems)
        assert said in read.problems[0]
        assert "AAAA" not in read.problems[0]
        assert read.platform.health == "login refused"
    finally:
        read.close()
