"""What Vigil's account may do in each of its QQ groups, and what it lacks."""

from __future__ import annotations

from console.platforms.base import Access, GroupAccess
from console.platforms.http import HttpError
from console.platforms.onebot_actions import lack
from console.platforms.onebot_calls import Calls, Failed
from console.platforms.onebot_history import ACTION
from console.platforms.onebot_members import member_of
from console.platforms.onebot_shapes import History, Status, number
from store.records import ActionKind
from widgets.language import say

CHECKED = (ActionKind.DELETE, ActionKind.MUTE, ActionKind.REMOVE, ActionKind.BAN, ActionKind.ADMIT, ActionKind.REFUSE)
"""What takes an administrator. Warnings and messages take none."""


async def access_of(calls: Calls) -> Access:
    """Raises HttpError, PlatformError."""
    groups = await calls.groups()
    found = [await _group(calls, group, name or group) for group, name in groups.items()]
    program = calls.program or say("a program that does not say its name")
    remarks = [say("the account is held by {program}, treated as {profile}", program=program, profile=calls.profile)]
    try:
        if (await calls.read("get_status", {}, Status)).online is False:
            remarks.append(say("the account is not logged in to QQ at present"))
    except Failed:
        pass
    if groups and await _lacks_history(calls, next(iter(groups))):
        remarks.append(say("this program keeps no history: what is written while it or Vigil is down is never seen"))
    if not groups:
        restricted = calls.restricted
        in_none = say("the account is in no group that `groups` in vigil.toml names") if restricted else ""
        remarks.append(in_none or say("the account is in no group yet"))
    account = f"{calls.account} ({calls.nickname})" if calls.nickname else calls.account
    return Access(account, tuple(sorted(found, key=lambda group: group.name)), tuple(remarks))


async def _group(calls: Calls, group: str, name: str) -> GroupAccess:
    try:
        own = await member_of(calls, group, calls.account)
    except HttpError as error:
        return GroupAccess(group, name, (), (say("what may be done there is not known: {why}", why=error.said),))
    why = lack(own)
    return GroupAccess(group, name, tuple((kind, why) for kind in CHECKED if why))


async def _lacks_history(calls: Calls, group: str) -> bool:
    try:
        await calls.read(ACTION, {"group_id": number(group), "count": 1}, History)
    except Failed as error:
        return error.unsupported
    return False
