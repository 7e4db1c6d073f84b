"""What is read of a real Matrix server: messages, edits, deletions, who comes and goes; all of it, and once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import msgspec
import pytest

from console.platforms.base import original_id
from store.records import ActionKind, ActionState
from tests.platforms.connected import Connected, order
from tests.platforms.people import People
from tests.platforms.synapse import ROOM_VERSIONS, Person, until

Connect = Callable[..., Connected]


@pytest.mark.parametrize("version", ROOM_VERSIONS)
def test_what_members_write_arrives_as_they_see_it(people: People, connect: Connect, version: str) -> None:
    room = people.group("Tea house", version)
    people.bob.say(room, "before Vigil began")
    read = connect().begun()
    bob = people.bob
    asked = bob.say(room, "who has tea?")
    bob.say(room, "me", **{"m.relates_to": {"m.in_reply_to": {"event_id": asked}}})
    bob.send(room, "m.room.message", {"msgtype": "m.notice", "body": "a notice"})
    bob.send(room, "m.room.message", {"msgtype": "m.emote", "body": "waves"})
    bob.send(room, "m.room.message", {"msgtype": "m.image", "body": "image.png", "url": "mxc://a/b"})
    bob.send(
        room, "m.room.message", {"msgtype": "m.image", "body": "buy here", "filename": "a.png", "url": "mxc://a/b"}
    )
    bob.send(room, "m.room.message", {"msgtype": "m.file", "body": "price list.pdf", "url": "mxc://a/b"})
    bob.send(room, "m.room.message", {"msgtype": "m.audio", "body": "voice.ogg", "url": "mxc://a/b"})
    bob.send(room, "m.room.message", {"msgtype": "m.video", "body": "clip.mp4", "url": "mxc://a/b"})
    bob.send(room, "m.sticker", {"body": "cat", "url": "mxc://a/b", "info": {}})
    html = {"format": "org.matrix.custom.html", "formatted_body": "<b>cheap</b> <a href='https://shop.test'>here</a>"}
    bob.say(room, "hello", **html)
    people.eve.say(room, "hey", **{"m.mentions": {"user_ids": [bob.user]}})
    assert read.texts(12) == [
        ("text", "who has tea?"),
        ("text", "me"),
        ("notice", "a notice"),
        ("emote", "waves"),
        ("image", ""),
        ("image", "buy here"),
        ("file", "price list.pdf"),
        ("voice", ""),
        ("video", ""),
        ("sticker", ""),
        ("text", "cheap here https://shop.test\nhello"),
        ("text", "hey"),
    ]
    first, answer, *_, last = read.messages
    assert (first.platform, first.group, first.id, first.member) == ("mx", room, asked, bob.user)
    assert (first.name, first.group_name) == (bob.user[1:].split(":")[0], "Tea house")
    assert answer.reply_to == asked
    assert last.mentions == (bob.user,)
    times = [message.time for message in read.messages]
    assert None not in times
    assert times == sorted(times, key=lambda time: time or 0.0)
    assert read.problems == []


@pytest.mark.parametrize("version", ROOM_VERSIONS)
def test_an_edit_comes_as_a_message_that_leads_to_the_one_it_edits(
    people: People, connect: Connect, version: str
) -> None:
    room = people.group(version=version)
    read = connect().begun()
    event = people.bob.say(room, "hello")
    edit = people.bob.edit(room, event, "cheap tickets, add me")
    assert read.texts(2) == [("text", "hello"), ("edit", "cheap tickets, add me")]
    assert read.messages[1].id == f"{event} {edit}"
    assert original_id(read.messages[1].id) == event


@pytest.mark.parametrize("version", ROOM_VERSIONS)
def test_what_is_deleted_on_the_platform_is_said_to_be_gone(people: People, connect: Connect, version: str) -> None:
    room = people.group(version=version)
    read = connect().begun()
    event = people.bob.say(room, "hello")
    edit = people.bob.edit(room, event, "hello again")
    people.bob.redact(room, edit)
    people.ada.redact(room, event)
    until(lambda: len(read.gone) == 2)
    assert [key.id for key in read.gone] == [edit, event]


@pytest.mark.parametrize("version", ROOM_VERSIONS)
def test_who_comes_and_goes_and_who_brought_them(people: People, connect: Connect, version: str) -> None:
    ada, bob, eve = people.ada, people.bob, people.eve
    room = ada.make_group("Tea", version, preset="private_chat")
    ada.set_power(room, {}, invite=0)
    ada.invite(room, people.vigil.user)
    people.vigil.join(room)
    read = connect().begun()
    ada.invite(room, bob.user)
    bob.join(room)
    bob.invite(room, eve.user)
    eve.join(room)
    eve.ask("PUT", f"profile/{eve.user}/displayname", {"displayname": "Eve the second"})
    until(lambda: eve.state(room, "m.room.member", eve.user)["displayname"] == "Eve the second")
    eve.say(room, "hello")
    eve.leave(room)
    ada.ask("POST", f"rooms/{room}/kick", {"user_id": bob.user, "reason": "enough"})
    assert read.texts(5) == [("join", ""), ("join", ""), ("text", "hello"), ("leave", ""), ("leave", "")]
    came, brought, said, left, kicked = read.messages
    assert (came.member, came.inviter) == (bob.user, ada.user)
    assert (brought.member, brought.inviter) == (eve.user, bob.user)
    assert said.name == "Eve the second"
    assert (left.member, left.extra) == (eve.user, "")
    assert kicked.member == bob.user
    assert ada.user in kicked.extra
    assert "enough" in kicked.extra


@pytest.mark.parametrize("version", ROOM_VERSIONS)
def test_a_knock_is_a_request_with_its_words(people: People, connect: Connect, version: str) -> None:
    room = knocked(people, version)
    read = connect().begun()
    people.eve.ask("POST", f"knock/{room}", {"reason": "I grow tea"})
    people.ada.invite(room, people.eve.user)
    people.eve.join(room)
    assert read.texts(2) == [("knock", "I grow tea"), ("join", "")]
    assert read.messages[1].inviter == "", "whoever asked was brought by nobody"


def knocked(people: People, version: str = "12") -> str:
    """A group that takes requests, with Vigil in it."""
    room = people.ada.make_group("Tea", version, preset="private_chat", initial_state=[
        {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}
    ])  # fmt: skip
    people.ada.invite(room, people.vigil.user)
    people.vigil.join(room)
    return room


@pytest.mark.parametrize("version", ROOM_VERSIONS)
def test_a_request_that_nobody_has_to_answer_any_more_is_gone(people: People, connect: Connect, version: str) -> None:
    room = knocked(people, version)
    ada, bob, eve = people.ada, people.bob, people.eve
    read = connect().begun()
    eve.ask("POST", f"knock/{room}", {"reason": "I grow tea"})
    eve.ask("POST", f"knock/{room}", {"reason": "I grow green tea"})
    eve.leave(room)
    bob.ask("POST", f"knock/{room}", {"reason": "me too"})
    ada.ask("POST", f"rooms/{room}/kick", {"user_id": bob.user})
    bob.ask("POST", f"knock/{room}", {"reason": "please"})
    ada.invite(room, bob.user)
    bob.join(room)
    assert [text for _, text in read.texts(5)] == ["I grow tea", "I grow green tea", "me too", "please", ""]
    until(lambda: len(read.gone) == 4)
    assert [key.id for key in read.gone] == [message.id for message in read.messages[:4]]


def test_an_answer_of_vigils_own_leaves_the_request_where_it_is(people: People, connect: Connect) -> None:
    room = knocked(people)
    people.ada.set_power(room, {people.vigil.user: 100})
    read = connect().begun()
    people.eve.ask("POST", f"knock/{room}", {"reason": "I grow tea"})
    read.texts(1)
    assert read.perform(order(ActionKind.ADMIT, room, people.eve.user)).state is ActionState.DONE
    people.eve.join(room)
    read.texts(2)
    assert read.gone == []


def test_who_was_put_out_and_came_back_missed_only_what_was_said_meanwhile(people: People, connect: Connect) -> None:
    room = people.group("Tea")
    read = connect().begun()
    people.bob.say(room, "first")
    read.texts(1)
    position = read.position
    read.close()
    for number in range(150):
        people.bob.say(room, f"before {number}")
    people.ada.ask("POST", f"rooms/{room}/kick", {"user_id": people.vigil.user})
    people.bob.say(room, "meanwhile")
    people.vigil.join(room)
    people.bob.say(room, "after")
    again = connect(position)
    texts = [*(f"before {number}" for number in range(150)), "after"]
    assert again.texts(151) == [("text", text) for text in texts]


def upgraded(people: People, room: str) -> str:
    return str(people.ada.ask("POST", f"rooms/{room}/upgrade", {"new_version": "12"})["replacement_room"])


def test_vigil_comes_along_into_the_group_that_replaces_one(people: People, connect: Connect) -> None:
    room = people.group("Tea", "11")
    read = connect().begun()
    new = upgraded(people, room)
    until(lambda: people.ada.membership(new, people.vigil.user) == "join")
    people.ada.say(new, "all here?")
    assert (read.texts(1), read.messages[0].group) == ([("text", "all here?")], new)
    (said,) = read.problems
    assert said.startswith(f"Tea: has moved to a new group ({new}), and Vigil has come along")
    (remark,) = next(group for group in read.access().groups if group.key == room).remarks
    assert remark == f"it has moved to a new group: {new}"
    read.close()
    # A worker that begins anew finds both groups as they are.
    again = connect().begun()
    people.ada.say(new, "still here?")
    again.texts(1)
    assert again.problems == []


def test_a_replacement_that_vigil_may_not_enter_is_said_with_what_to_do(people: People, connect: Connect) -> None:
    room = people.ada.make_group("Tea", "11", preset="private_chat")
    people.ada.invite(room, people.vigil.user)
    people.vigil.join(room)
    read = connect().begun()
    new = upgraded(people, room)
    until(lambda: read.problems)
    (said,) = read.problems
    assert "but Vigil cannot come in there: " in said
    assert "one of the inviters in vigil.toml has to invite it" in said
    people.ada.invite(new, people.vigil.user)
    until(lambda: people.ada.membership(new, people.vigil.user) == "join")


def test_a_group_that_only_claims_to_replace_one_is_left_again(people: People, connect: Connect) -> None:
    room, other = people.group("Tea"), people.eve.make_group("Not tea")
    read = connect().begun()
    people.ada.ask("PUT", f"rooms/{room}/state/m.room.tombstone/", {"body": "moved", "replacement_room": other})
    until(lambda: read.problems)
    assert "is not its successor: Vigil has left it again" in read.problems[0]
    assert people.eve.membership(other, people.vigil.user) == "leave"
    people.bob.say(room, "still here")
    assert read.texts(1) == [("text", "still here")]


def test_an_invitation_is_followed_only_from_those_who_may_invite(people: People, connect: Connect) -> None:
    ours, theirs = people.ada.make_group("Ours"), people.eve.make_group("Theirs")
    read = connect().begun()
    people.eve.invite(theirs, people.vigil.user)
    until(lambda: any("not among the inviters" in problem for problem in read.problems))
    people.ada.invite(ours, people.vigil.user)
    until(lambda: people.ada.membership(ours, people.vigil.user) == "join")
    assert people.eve.membership(theirs, people.vigil.user) == "invite"
    people.ada.say(ours, "welcome")
    assert read.texts(1) == [("text", "welcome")]


def test_being_removed_from_a_group_is_said(people: People, connect: Connect) -> None:
    room = people.group("Tea")
    read = connect().begun()
    people.ada.ask("POST", f"rooms/{room}/kick", {"user_id": people.vigil.user, "reason": "go"})
    until(lambda: any("has removed Vigil from the group: go" in problem for problem in read.problems))


def test_of_an_encrypted_group_it_is_said_once_that_nothing_there_can_be_read(people: People, connect: Connect) -> None:
    room = people.ada.make_group("Secret", initial_state=[
        {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    ])  # fmt: skip
    people.vigil.join(room)
    read = connect()
    for _ in range(3):
        people.ada.send(
            room, "m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "A", "session_id": "x"}
        )
    read.begun()
    people.ada.send(
        room, "m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "A", "session_id": "x"}
    )
    until(lambda: read.messages)
    assert read.messages[-1].kind == "encrypted"
    (said,) = read.problems
    assert said.startswith("Secret: is encrypted: its messages cannot be read")
    (seen,) = read.access().groups
    assert "encrypted" in seen.remarks[0]


def test_an_event_of_another_shape_is_said_and_hides_no_other(people: People, connect: Connect) -> None:
    room = people.group("Tea")
    read = connect().begun()
    bob = people.bob
    bob.send(room, "m.sticker", {"body": ["a", "list"]})
    bob.send(room, "m.room.message", {"msgtype": "m.text", "body": "odd beside the text", "filename": 7, "format": {}})
    bob.say(room, "odd relation", **{"m.relates_to": {"m.in_reply_to": 4}})
    bob.say(room, "fine")
    assert read.texts(3) == [("text", "odd beside the text"), ("text", "odd relation"), ("text", "fine")]
    (said,) = read.problems
    assert bob.user in said
    assert "$.body" in said


def _write(person: Person, room: str, count: int) -> None:
    for number in range(count):
        person.say(room, f"{person.user} {number}")


def test_a_gap_of_five_hundred_messages_by_three_is_filled_once(people: People, connect: Connect) -> None:
    room, other = people.group("Tea"), people.group("Coffee")
    read = connect().begun()
    people.bob.say(room, "seen before")
    until(lambda: read.messages)
    position = read.position
    read.close()
    writers = [
        threading.Thread(target=_write, args=(person, room, count))
        for person, count in ((people.ada, 167), (people.bob, 167), (people.eve, 166))
    ]
    for writer in writers:
        writer.start()
    people.eve.say(other, "in the other group")
    for writer in writers:
        writer.join()
    again = connect(position)
    until(lambda: len(again.messages) >= 501)
    again.close()
    texts = Counter(message.text for message in again.messages)
    wanted = [f"{p.user} {n}" for p, c in ((people.ada, 167), (people.bob, 167), (people.eve, 166)) for n in range(c)]
    assert texts == Counter([*wanted, "in the other group"])
    for person in (people.ada, people.bob, people.eve):
        numbers = [int(m.text.split()[1]) for m in again.messages if m.member == person.user and m.group == room]
        assert numbers == sorted(numbers), "in the order in which they were written"
    history = [event["event_id"] for event in people.ada.history(room) if event["type"] == "m.room.message"]
    assert [m.id for m in again.messages if m.group == room] == history[1:]


def test_what_was_written_before_it_was_invited_is_not_read(people: People, connect: Connect) -> None:
    room = people.group("Tea", joined=False, power=0)
    read = connect().begun()
    for number in range(30):
        people.bob.say(room, f"before {number}")
    people.ada.invite(room, people.vigil.user)
    until(lambda: people.ada.membership(room, people.vigil.user) == "join")
    people.bob.say(room, "after")
    assert read.texts(1) == [("text", "after")]


def test_a_position_the_server_does_not_know_is_said_and_left(people: People, connect: Connect) -> None:
    room = people.group("Tea")
    position = msgspec.json.encode({"since": "garbage", "user": people.vigil.user}).decode()
    read = connect(position)
    until(lambda: any("does not know where reading stopped" in problem for problem in read.problems))
    read.begun()
    people.bob.say(room, "hello")
    assert read.texts(1) == [("text", "hello")]


def test_another_accounts_position_is_not_gone_on_from(people: People, connect: Connect) -> None:
    room = people.group("Tea")
    people.bob.say(room, "before")
    position = msgspec.json.encode({"since": "s1_1_0_1_1_1_1_5_0_1_1_1_1_1", "user": people.bob.user}).decode()
    read = connect(position).begun()
    people.bob.say(room, "after")
    assert read.texts(1) == [("text", "after")]
