"""What Vigil's account may do in each of its Matrix groups, and what it lacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from console.platforms.base import Access, GroupAccess
from console.platforms.matrix_client import Client
from console.platforms.matrix_direct import Direct
from console.platforms.matrix_events import BAD_EVENT, Reading
from console.platforms.matrix_power import Power, power
from console.platforms.matrix_shapes import Create, Event, Invited, Room
from console.platforms.matrix_text import one_line
from store.records import ActionKind
from widgets.language import say

CHECKED = (
    ActionKind.DELETE, ActionKind.WARN, ActionKind.MUTE, ActionKind.REMOVE, ActionKind.BAN, ActionKind.ADMIT,
)  # fmt: skip
"""Each of the rights once; the others go by one of these."""

_STATE = [
    "m.room.create",
    "m.room.power_levels",
    "m.room.name",
    "m.room.canonical_alias",
    "m.room.encryption",
    "m.room.tombstone",
]


async def access_of(client: Client, reading: Reading, direct: Direct, inviters: tuple[str, ...]) -> Access:
    """Raises LoginRefused, HttpError."""
    nothing: dict[str, Any] = {"types": []}
    state = {"types": _STATE, "lazy_load_members": True}
    timeline = {"types": _STATE, "limit": 1, "lazy_load_members": True}
    answer = await client.sync(
        "",
        {
            "room": {"state": state, "timeline": timeline, "ephemeral": nothing, "account_data": nothing},
            "presence": nothing,
            "account_data": nothing,
        },
        0.0,
    )
    groups = []
    for room, part in answer.rooms.join.items():
        if direct.is_direct(room):
            continue
        try:
            found = msgspec.json.decode(part, type=Room)
        except BAD_EVENT:
            strange = say("the server describes it in another shape")
            groups.append(GroupAccess(room, reading.group(room), (), (strange,)))
            continue
        events = [*found.state.events, *found.timeline.events]
        reading.learn(room, events, {})
        group = _group(room, reading.group(room), events, client.user)
        if moved := reading.replaced.pop(room, None):
            to = say("it has moved to a new group: {group}", group=one_line(moved[0]))
            group = replace(group, remarks=(*group.remarks, to))
        groups.append(group)
    remarks = [_invitation(room, part, reading, client.user, inviters) for room, part in answer.rooms.invite.items()]
    if not inviters:
        remarks.append(say("`inviters` in vigil.toml is empty: no invitation is followed"))
    return Access(client.user, tuple(sorted(groups, key=lambda group: group.name)), tuple(remarks))


def _group(room: str, name: str, events: list[msgspec.Raw], account: str) -> GroupAccess:
    create, founder, content, encrypted = Create(), "", None, False
    for raw in events:
        try:
            event = msgspec.json.decode(raw, type=Event)
            if event.state_key != "":
                continue
            if event.type == "m.room.create":
                create, founder = msgspec.json.decode(event.content, type=Create), event.sender
            elif event.type == "m.room.power_levels":
                content = msgspec.json.decode(event.content, type=dict[str, Any])
            encrypted = encrypted or event.type == "m.room.encryption"
        except BAD_EVENT:
            continue
    found: Power = power(create, founder, content)
    lacking = tuple((kind, found.lack(kind, account)) for kind in CHECKED if found.lack(kind, account))
    remarks = (say("it is encrypted: its messages cannot be read, no rule looks at them"),) if encrypted else ()
    return GroupAccess(room, name, lacking, remarks)


def _invitation(room: str, part: msgspec.Raw, reading: Reading, account: str, inviters: tuple[str, ...]) -> str:
    inviter = ""
    try:
        events = msgspec.json.decode(part, type=Invited).invite_state.events
        reading.learn(room, events, {})
        for raw in events:
            event = msgspec.json.decode(raw, type=Event)
            if event.type == "m.room.member" and event.state_key == account:
                inviter = event.sender
    except BAD_EVENT:
        pass
    values = {"inviter": inviter, "group": reading.group(room)}
    if inviter in inviters:
        words = say("{inviter} invites it to {group}: the worker will follow that", **values)
    else:
        words = say("{inviter} invites it to {group}, but is not among `inviters` in vigil.toml", **values)
    return words
