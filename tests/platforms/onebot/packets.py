"""Packets as OneBot implementations make them: events, messages and members in the manner of each profile."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import zlib
from typing import Any

from tests.platforms.onebot.world import ACCOUNT, World

PROFILES = ("spec", "napcat", "llbot")
APPS = {"spec": ("go-example", "1.2"), "napcat": ("NapCat.Onebot", "4.17.29"), "llbot": ("LLOneBot", "8.1.3")}
KNOWN_IDS = 5_000

Packet = dict[str, Any]


class Packets:
    """Makes packets of what is in the world. `strings`: ids are sent as texts; `codes`: messages as CQ codes."""

    def __init__(self, world: World, profile: str, *, strings: bool = False, codes: bool = False) -> None:
        self.world = world
        self.profile = profile
        self._strings = strings
        self._codes = codes
        self._known: dict[int, int] = {}

    def message_id(self, row: int) -> int:
        """The id that an implementation gives a message: the same whenever it sees it."""
        if self.profile == "napcat":
            number = int.from_bytes(hashlib.md5(f"{row}|2".encode()).digest()[:4], "big") & 0x7FFFFFFF
            self._known[number] = row
            while len(self._known) > KNOWN_IDS:
                del self._known[next(iter(self._known))]
            return number
        if self.profile == "llbot":
            return zlib.crc32(str(row).encode()) - 2**31
        return row

    def row_of(self, number: int) -> int | None:
        """The message of an id, None where the implementation does not know it (any more)."""
        if self.profile == "napcat":
            return self._known.get(number)
        if self.profile == "spec":
            return number
        # Undoing the sum by trying: newest first, as what is asked for mostly is.
        rows = self.world.rows("SELECT id FROM messages ORDER BY id DESC")
        return next((row["id"] for row in rows if self.message_id(row["id"]) == number), None)

    def event(self, happened: Packet) -> Packet:
        """The packet that tells of what happened."""
        base = {"time": happened["time"], "self_id": ACCOUNT}
        match happened["what"]:
            case "message":
                row = self.world.row("SELECT * FROM messages WHERE id = ?", happened["row"])
                assert row is not None
                return self.told(self.message(row))
            case "recall":
                row = self.world.row("SELECT * FROM messages WHERE id = ?", happened["row"])
                assert row is not None
                return self.told(
                    base | {
                        "post_type": "notice", "notice_type": "group_recall", "group_id": row["group_id"],
                        "user_id": row["user"], "operator_id": happened["by"],
                        "message_id": self.message_id(row["id"]),
                    }
                )  # fmt: skip
            case "increase" | "decrease" as what:
                return self.told(
                    base | {
                        "post_type": "notice", "notice_type": f"group_{what}", "sub_type": happened["how"],
                        "group_id": happened["group"], "user_id": happened["user"], "operator_id": happened["by"],
                    }
                )  # fmt: skip
            case "upload":
                file = {"id": "/f-1", "name": happened["name"], "size": 9, "busid": 102}
                return self.told(
                    base | {
                        "post_type": "notice", "notice_type": "group_upload", "group_id": happened["group"],
                        "user_id": happened["user"], "file": file,
                    }
                )  # fmt: skip
            case "request":
                return self.told(
                    base | {
                        "post_type": "request", "request_type": "group", "sub_type": happened["kind"],
                        "group_id": happened["group"], "user_id": happened["user"], "comment": happened["comment"],
                        "flag": self.flag(happened["flag"], happened["group"]),
                    }
                )  # fmt: skip
        return dict(happened["packet"])

    def flag(self, request: str, group: int) -> str:
        found = self.world.row("SELECT kind FROM requests WHERE flag = ?", request)
        kind = 1 if found and found["kind"] == "invite" else 7
        return f"{group}|{request}|{kind}|0" if self.profile == "llbot" else request

    def request_of(self, flag: str) -> str:
        return flag.split("|")[1] if self.profile == "llbot" else flag

    def lifecycle(self) -> Packet:
        return {
            "time": int(time.time()), "self_id": ACCOUNT, "post_type": "meta_event", "meta_event_type": "lifecycle",
            "sub_type": "connect",
        }  # fmt: skip

    def heartbeat(self, interval: float) -> Packet:
        return {
            "time": int(time.time()), "self_id": ACCOUNT, "post_type": "meta_event", "meta_event_type": "heartbeat",
            "status": self.status(), "interval": int(interval * 1000),
        }  # fmt: skip

    def status(self) -> Packet:
        return {"online": self.world.fact("online") != "no", "good": True}

    def message(self, row: sqlite3.Row) -> Packet:
        """A message as events and history show it."""
        member = self.world.row("SELECT * FROM members WHERE group_id = ? AND user = ?", row["group_id"], row["user"])
        parts = json.loads(row["message"])
        sender = {"user_id": row["user"], "nickname": member["name"] if member else "", "card": ""}
        if member:
            sender |= {"card": member["card"], "role": member["role"]}
        number = self.message_id(row["id"])
        own = row["user"] == ACCOUNT
        packet: Packet = {
            "self_id": ACCOUNT, "user_id": row["user"], "time": row["time"], "message_id": number,
            "message_type": "group", "sender": sender, "raw_message": written(parts), "font": 14, "sub_type": "normal",
            "message": written(parts) if self._codes else parts, "post_type": "message_sent" if own else "message",
            "group_id": row["group_id"],
        }  # fmt: skip
        group = self.world.row("SELECT name FROM groups WHERE id = ?", row["group_id"])
        name = group["name"] if group else ""
        form = "string" if self._codes else "array"
        match self.profile:
            case "spec":
                packet |= {"anonymous": None, "post_type": "message"}
            case "napcat":
                packet |= {
                    "message_seq": number, "real_id": number, "real_seq": str(row["seq"]), "message_format": form,
                    "group_name": name,
                }  # fmt: skip
            case "llbot":
                packet |= {"message_seq": row["seq"], "message_format": form, "group_name": name}
        return packet

    def member(self, row: sqlite3.Row) -> Packet:
        return self.told(
            {
                "group_id": row["group_id"], "user_id": row["user"], "nickname": row["name"], "card": row["card"],
                "sex": "unknown", "age": 0, "area": "", "join_time": row["joined"], "last_sent_time": row["spoke"],
                "level": row["level"], "role": row["role"], "unfriendly": False, "title": row["title"],
                "title_expire_time": 0, "card_changeable": True,
            }
        )  # fmt: skip

    def told(self, packet: Packet) -> Packet:
        """A packet with its ids as this implementation sends them."""
        if not self._strings:
            return packet
        return {
            key: str(value) if key.endswith("_id") and value is not None else value for key, value in packet.items()
        }


def written(parts: list[Packet]) -> str:
    """Segments as a text with CQ codes."""
    return "".join(_code(part) for part in parts)


def _code(part: Packet) -> str:
    if part["type"] == "text":
        return escaped(part["data"]["text"], comma=False)
    pairs = "".join(f",{key}={escaped(str(value), comma=True)}" for key, value in part["data"].items())
    return f"[CQ:{part['type']}{pairs}]"


def escaped(text: str, *, comma: bool) -> str:
    text = text.replace("&", "&amp;").replace("[", "&#91;").replace("]", "&#93;")
    return text.replace(",", "&#44;") if comma else text
