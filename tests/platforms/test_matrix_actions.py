"""What Vigil does on a real Matrix server, its effect looked at with another account."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from console.platforms.base import Receipt, edit_id
from console.platforms.matrix import Matrix
from console.platforms.matrix_kind import MatrixOptions
from store.records import ActionKind, ActionState, Order
from tests.platforms.connected import Connected, order
from tests.platforms.people import People
from tests.platforms.synapse import ROOM_VERSIONS, until

Connect = Callable[..., Connected]

EVERY_VERSION = pytest.mark.parametrize("version", ROOM_VERSIONS)


class Act:
    """Vigil in a group of this room version, with this power, told to do things to bob."""

    def __init__(self, people: People, connect: Connect, version: str = "12", power: int = 100) -> None:
        self.people = people
        self.bob = people.bob.user
        self.room = people.group("Tea", version, power)
        self.vigil = connect().begun()

    def order(self, kind: ActionKind, **more: object) -> Order:
        return order(kind, self.room, **{"member": self.bob, **more})  # type: ignore[arg-type]

    def do(self, kind: ActionKind, **more: object) -> Receipt:
        """What comes of an order, which is given a second time as after a crash: the same must come of it."""
        one = self.order(kind, **more)
        first, second = self.vigil.perform(one), self.vigil.perform(one)
        assert second.state is first.state, (first, second)
        return first

    def may_write(self) -> bool:
        self.count = getattr(self, "count", 0) + 1
        content = {"msgtype": "m.text", "body": "may I?"}
        path = f"rooms/{self.room}/send/m.room.message/may{self.count}"
        return self.people.bob.try_to("PUT", path, content).status_code == 200


def done(receipt: Receipt) -> bool:
    return receipt.state is ActionState.DONE


@EVERY_VERSION
def test_a_message_is_deleted(people: People, connect: Connect, version: str) -> None:
    act = Act(people, connect, version)
    event = people.bob.say(act.room, "an ad")
    assert done(act.do(ActionKind.DELETE, message=event))
    assert people.ada.event(act.room, event)["content"] == {}
    redactions = [one for one in people.ada.history(act.room) if one["type"] == "m.room.redaction"]
    assert len(redactions) == 1
    until(lambda: [key.id for key in act.vigil.gone] == [event])


@EVERY_VERSION
def test_deleting_an_edit_deletes_the_message_it_edits(people: People, connect: Connect, version: str) -> None:
    act = Act(people, connect, version)
    event = people.bob.say(act.room, "hello")
    edit = people.bob.edit(act.room, event, "an ad")
    assert done(act.do(ActionKind.DELETE, message=edit_id(event, edit)))
    for one in (event, edit):
        assert people.ada.event(act.room, one)["content"] == {}


def test_nobody_gets_anothers_message_deleted_by_pretending_to_edit_it(people: People, connect: Connect) -> None:
    act = Act(people, connect)
    event = people.eve.say(act.room, "hello")
    edit = people.bob.edit(act.room, event, "an ad")
    assert done(act.do(ActionKind.DELETE, message=edit_id(event, edit)))
    assert people.ada.event(act.room, edit)["content"] == {}
    assert people.ada.event(act.room, event)["content"]["body"] == "hello"


@EVERY_VERSION
def test_a_warning_is_said_in_the_group_and_to_the_member_alone(people: People, connect: Connect, version: str) -> None:
    act = Act(people, connect, version)
    assert act.do(ActionKind.WARN, text="No <ads>, please.") == Receipt(ActionState.DONE)
    (notice,) = [
        e["content"] for e in people.ada.history(act.room) if e.get("content", {}).get("msgtype") == "m.notice"
    ]
    assert notice["m.mentions"] == {"user_ids": [act.bob]}
    assert notice["body"].endswith(": No <ads>, please.")
    assert notice["formatted_body"].endswith("</a>: No &lt;ads&gt;, please.")
    (private,) = people.bob.invitations()
    people.bob.join(private)
    assert people.bob.texts(private, people.vigil.user) == ["Tea: No <ads>, please."]
    assert people.ada.try_to("GET", f"rooms/{private}/state").status_code == 403

    assert done(act.do(ActionKind.WARN, text="Again."))
    assert people.bob.invitations() == [], "the same room is used again"
    assert people.bob.texts(private, people.vigil.user) == ["Tea: No <ads>, please.", "Tea: Again."]


def test_who_has_left_the_private_room_is_invited_to_another(people: People, connect: Connect) -> None:
    act = Act(people, connect)
    assert done(act.do(ActionKind.SEND, text="one"))
    (first,) = people.bob.invitations()
    people.bob.leave(first)
    assert done(act.do(ActionKind.SEND, text="two"))
    (second,) = people.bob.invitations()
    assert second != first


@pytest.mark.parametrize("entered", [False, True])
def test_who_has_declined_to_be_told_alone_is_warned_in_the_group_only(
    people: People, connect: Connect, *, entered: bool
) -> None:
    act = Act(people, connect)
    assert act.do(ActionKind.WARN, text="one") == Receipt(ActionState.DONE)
    (first,) = people.bob.invitations()
    if entered:
        people.bob.join(first)
    people.bob.leave(first)
    for text in ("two", "three"):
        receipt = act.do(ActionKind.WARN, text=text)
        assert done(receipt)
        assert receipt.words.startswith("told in the group, but not alone: ")
    assert people.bob.invitations() == []
    assert [said.rpartition(": ")[2] for said in people.ada.texts(act.room, people.vigil.user)] == [
        "one",
        "two",
        "three",
    ]


def test_what_a_member_answers_in_private_is_no_group(people: People, connect: Connect) -> None:
    act = Act(people, connect)
    assert done(act.do(ActionKind.SEND, text="hello"))
    (private,) = people.bob.invitations()
    people.bob.join(private)
    people.bob.say(private, "my answer")
    people.bob.say(act.room, "in the group")
    assert act.vigil.texts(1) == [("text", "in the group")]
    assert [group.name for group in act.vigil.access().groups] == ["Tea"]


@EVERY_VERSION
def test_a_member_is_muted_and_unmuted(people: People, connect: Connect, version: str) -> None:
    act = Act(people, connect, version)
    before = people.ada.state(act.room, "m.room.power_levels")
    assert act.may_write()
    assert done(act.do(ActionKind.MUTE, seconds=600))
    assert not act.may_write()
    assert people.ada.try_to("GET", f"rooms/{act.room}/state").status_code == 200
    assert done(act.do(ActionKind.UNMUTE))
    assert act.may_write()
    assert people.ada.state(act.room, "m.room.power_levels") == before


def test_a_mute_gives_back_the_level_there_was_and_ends_by_itself(people: People, connect: Connect) -> None:
    room = people.group("Tea")
    people.ada.set_power(room, {people.bob.user: 7})
    ahead = [0.0]
    first = connect(clock=lambda: time.time() + ahead[0]).begun()
    assert done(first.perform(order(ActionKind.MUTE, room, people.bob.user, seconds=60)))
    assert done(first.perform(order(ActionKind.MUTE, room, people.bob.user, seconds=30)))
    assert people.ada.state(room, "m.room.power_levels")["users"][people.bob.user] < 0
    position = first.position
    first.close()
    # Another worker, which knows of it from the server alone.
    second = connect(position, clock=lambda: time.time() + ahead[0]).begun()
    ahead[0] = 45.0
    assert people.ada.state(room, "m.room.power_levels")["users"][people.bob.user] < 0
    ahead[0] = 61.0
    until(lambda: people.ada.state(room, "m.room.power_levels")["users"][people.bob.user] == 7)
    assert second.problems == []


@EVERY_VERSION
def test_a_member_is_removed_and_banned_and_unbanned(people: People, connect: Connect, version: str) -> None:
    act = Act(people, connect, version)
    room, ada = act.room, people.ada
    assert done(act.do(ActionKind.REMOVE))
    assert ada.membership(room, act.bob) == "leave"
    people.bob.join(room)
    assert done(act.do(ActionKind.BAN))
    assert ada.membership(room, act.bob) == "ban"
    assert people.bob.try_to("POST", f"join/{room}", {}).status_code == 403
    assert done(act.do(ActionKind.UNBAN))
    assert ada.membership(room, act.bob) == "leave"
    people.bob.join(room)
    kinds = [(m.kind, m.member) for m in act.vigil.messages]
    assert kinds.count(("leave", act.bob)) == 2


@EVERY_VERSION
def test_who_knocks_is_let_in_or_turned_away(people: People, connect: Connect, version: str) -> None:
    act = Act(people, connect, version)
    rules = {"join_rule": "knock"}
    people.ada.ask("PUT", f"rooms/{act.room}/state/m.room.join_rules", rules)
    people.bob.leave(act.room)
    people.bob.ask("POST", f"knock/{act.room}", {"reason": "let me in"})
    assert done(act.do(ActionKind.REFUSE))
    assert people.ada.membership(act.room, act.bob) == "leave"
    people.bob.ask("POST", f"knock/{act.room}", {"reason": "please"})
    assert done(act.do(ActionKind.ADMIT))
    people.bob.join(act.room)
    too_late = act.do(ActionKind.REFUSE)
    assert too_late.state is ActionState.FAILED
    assert "does not ask to be let in any more: is in the group" in too_late.words
    assert people.ada.membership(act.room, act.bob) == "join"


def test_a_text_goes_to_the_group_once(people: People, connect: Connect) -> None:
    act = Act(people, connect)
    assert done(act.do(ActionKind.SEND, member="", text="Welcome.\nBe kind."))
    assert people.ada.texts(act.room, people.vigil.user) == ["Welcome.\nBe kind."]


@pytest.mark.parametrize(
    ("kind", "power", "said"),
    [
        (ActionKind.DELETE, 0, "it takes power level 50"),
        (ActionKind.MUTE, 50, "that is a change of the group's permissions: it takes power level 100"),
        (ActionKind.REMOVE, 0, "it takes power level 50"),
        (ActionKind.BAN, 0, "it takes power level 50"),
    ],
)
def test_a_right_that_is_lacking_is_named_with_what_to_do(
    people: People, connect: Connect, kind: ActionKind, power: int, said: str
) -> None:
    act = Act(people, connect, power=power)
    receipt = act.do(kind, message=people.bob.say(act.room, "an ad") if kind is ActionKind.DELETE else "", seconds=60)
    assert receipt.state is ActionState.FAILED
    assert said in receipt.words
    assert f"{people.vigil.user} has {power}" in receipt.words
    assert "roles and permissions" in receipt.words
    assert people.ada.membership(act.room, act.bob) == "join"
    assert act.may_write()
    (group,) = act.vigil.access().groups
    assert said in dict(group.lacking)[kind]


@EVERY_VERSION
def test_nothing_is_done_to_those_who_run_the_group(people: People, connect: Connect, version: str) -> None:
    act = Act(people, connect, version)
    for kind in (ActionKind.MUTE, ActionKind.REMOVE, ActionKind.BAN):
        receipt = act.do(kind, member=people.ada.user)
        assert receipt.state is ActionState.FAILED
        assert people.ada.user in receipt.words
    assert people.ada.membership(act.room, people.ada.user) == "join"


def test_a_group_it_was_removed_from_is_named_as_the_reason(people: People, connect: Connect) -> None:
    act = Act(people, connect)
    people.ada.ask("POST", f"rooms/{act.room}/kick", {"user_id": people.vigil.user})
    for kind in (ActionKind.SEND, ActionKind.REMOVE, ActionKind.MUTE, ActionKind.DELETE):
        receipt = act.do(kind, member="" if kind is ActionKind.SEND else act.bob, text="x", message="$gone")
        assert receipt.state is ActionState.FAILED
        assert "is not in the group: invite it again" in receipt.words, receipt


def test_a_password_is_used_once_and_the_token_kept_for_its_owner_alone(people: People, connect: Connect) -> None:
    connect().begun().close()
    kept = people.login_file.read_bytes()
    assert people.login_file.stat().st_mode & 0o777 == 0o600
    people.password_file.write_text("forgotten")
    connect().begun().close()
    assert people.login_file.read_bytes() == kept


def test_a_token_that_was_withdrawn_is_replaced_on_the_same_device(people: People, connect: Connect) -> None:
    act = Act(people, connect)
    devices = people.vigil.ask("GET", "devices")["devices"]
    one = act.order(ActionKind.SEND, member="", text="once")
    assert done(act.vigil.perform(one))
    ours = next(device for device in devices if device.get("display_name") == "Vigil")["device_id"]
    auth = {"type": "m.login.password", "password": people.vigil.password,
            "identifier": {"type": "m.id.user", "user": people.vigil.user}}  # fmt: skip
    session = people.vigil.try_to("DELETE", f"devices/{ours}", {}).json()["session"]
    people.vigil.ask("DELETE", f"devices/{ours}", {"auth": {**auth, "session": session}})
    people.bob.say(act.room, "still there?")
    assert act.vigil.texts(1) == [("text", "still there?")]
    again = [device["device_id"] for device in people.vigil.ask("GET", "devices")["devices"]]
    assert ours in again
    assert done(act.vigil.perform(act.order(ActionKind.SEND, member="", text="twice")))


def _with_token(people: People, **more: object) -> MatrixOptions:
    values = {"token_env": "VIGIL_TEST_TOKEN", "password_file": None, "user": "", **more}
    found = people.options()
    return MatrixOptions(found.homeserver, values["user"], None, values["token_env"], None, "", ())  # type: ignore[arg-type]


def test_a_token_from_the_environment_is_enough(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIL_TEST_TOKEN", people.vigil.token)
    connected = Connected(Matrix("mx", _with_token(people), people.login_file))
    try:
        assert connected.access().account == people.vigil.user
        assert not people.login_file.exists()
    finally:
        connected.close()


@pytest.mark.parametrize("wrong", ["token", "password", "open file", "no variable", "another account"])
def test_a_refused_login_is_said_without_the_secret(
    people: People, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    options, secret = people.options(), "s3cret-and-wrong"
    if wrong in ("token", "no variable", "another account"):
        monkeypatch.setenv("VIGIL_TEST_TOKEN", people.bob.token if wrong == "another account" else secret)
        user = people.vigil.user if wrong == "another account" else ""
        variable = "VIGIL_NO_TOKEN" if wrong == "no variable" else "VIGIL_TEST_TOKEN"
        options = _with_token(people, token_env=variable, user=user)
    elif wrong == "password":
        people.password_file.write_text(secret)
    else:
        people.password_file.chmod(0o644)
    connected = Connected(Matrix("mx", options, people.login_file))
    try:
        until(lambda: connected.problems)
        receipt = connected.perform(order(ActionKind.SEND, "!a", text="x"))
    finally:
        connected.close()
    assert receipt.state is ActionState.WAITING
    assert connected.platform.health == "login refused"
    for said in (*connected.problems, receipt.words):
        assert secret not in said
        assert people.bob.token not in said
        assert {"token": "does not accept the token", "password": "refuses the login", "open file": "chmod 600",
                "no variable": "VIGIL_NO_TOKEN", "another account": "vigil.toml says user"}[wrong] in said  # fmt: skip
