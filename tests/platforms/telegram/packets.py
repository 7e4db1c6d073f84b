"""What Telegram says, made by hand: messages, and the updates that tell of them."""

from __future__ import annotations

from typing import Any

CHAT = -1_001_234_567_890
GROUP = {"id": CHAT, "type": "supergroup", "title": "Tea"}
BOB = {"id": 5, "is_bot": False, "first_name": "Bob"}
ANONYMOUS = {"id": 1_087_968_824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
"""Whom Telegram names as the sender when an administrator writes as the group."""


def message(number: int, text: str = "", **more: Any) -> dict[str, Any]:
    written = {"text": text} if text else {}
    return {"message_id": number, "date": 1_780_000_000, "chat": GROUP, "from": BOB, **written, **more}


def update(number: int, what: dict[str, Any], kind: str = "message") -> dict[str, Any]:
    return {"update_id": number, kind: what}


def changed(user: dict[str, Any], before: str, after: str, by: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A change of somebody's membership."""
    old, new = {"user": user, "status": before}, {"user": user, "status": after}
    change = {"chat": GROUP, "from": by, "date": 1_780_000_000, "old_chat_member": old, "new_chat_member": new}
    return {**change, **more}
