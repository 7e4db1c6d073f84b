"""What a simulated OneBot implementation does when it is asked to, with the ways of each profile."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.platforms.onebot.packets import APPS, Packet, Packets
from tests.platforms.onebot.world import ACCOUNT, ADA, World

SILENCE_OF_SPEC = 1800


class Refused(Exception):
    """An action that failed: its code, as HTTP has it, and words."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(code, words)
        self.code = code
        self.words = words


class Deeds:
    """Carries actions out in the world. Every one with an effect is noted there, together with it."""

    def __init__(self, world: World, packets: Packets) -> None:
        self._world = world
        self._packets = packets
        self._profile = packets.profile
        self._tokens = float("inf")
        self._filled = time.monotonic()

    def do(self, action: str, params: Packet, *, lie: bool = False) -> Any:
        """Raises Refused."""
        deed = getattr(self, f"_{action}", None)
        if deed is None or (self._profile == "spec" and action in ("get_group_msg_history", "get_group_system_msg")):
            if self._profile == "napcat":
                raise Refused(404, f"不支持的API {action}")
            raise Refused(404, f"{action} API 不存在" if self._profile == "llbot" else "no such action")
        changes = not action.startswith("get_")
        if changes:
            self._limit()
        if lie and changes:
            return None
        with self._world.changed():
            data = deed(params)
            if changes:
                self._world.db.execute(
                    "INSERT INTO effects (action, params) VALUES (?, ?)", (action, json.dumps(params))
                )
        return data

    def _limit(self) -> None:
        """So many a second with a burst, where the world says so: "2 5"."""
        limit = self._world.fact("limit")
        if not limit:
            return
        per_second, burst = map(float, limit.split())
        now = time.monotonic()
        self._tokens = min(burst, self._tokens + (now - self._filled) * per_second)
        self._filled = now
        if self._tokens < 1:
            raise Refused(429, "too many at once")
        self._tokens -= 1

    def _get_login_info(self, params: Packet) -> Any:
        return self._packets.told({"user_id": ACCOUNT, "nickname": "vigil"})

    def _get_version_info(self, params: Packet) -> Any:
        name, version = APPS[self._profile]
        return {"app_name": name, "app_version": version, "protocol_version": "v11"}

    def _get_status(self, params: Packet) -> Any:
        return self._packets.status()

    def _get_group_list(self, params: Packet) -> Any:
        if self._world.fact("just started"):
            return []
        rows = self._world.rows(
            "SELECT g.* FROM groups g JOIN members m ON m.group_id = g.id AND m.user = ? ORDER BY g.id", ACCOUNT
        )
        return [self._packets.told({"group_id": row["id"], "group_name": row["name"]}) for row in rows]

    def _get_group_member_list(self, params: Packet) -> Any:
        rows = self._world.rows("SELECT * FROM members WHERE group_id = ? ORDER BY user", int(params["group_id"]))
        return [self._packets.member(row) for row in rows]

    def _get_group_member_info(self, params: Packet) -> Any:
        return self._packets.member(self._member(params))

    def _get_stranger_info(self, params: Packet) -> Any:
        user = int(params["user_id"])
        return self._packets.told({"user_id": user, "nickname": f"user {user}", "sex": "unknown", "age": 0})

    def _member(self, params: Packet) -> Any:
        group, user = int(params["group_id"]), int(params["user_id"])
        row = self._world.row("SELECT * FROM members WHERE group_id = ? AND user = ?", group, user)
        if row is None:
            raise Refused(200, f"群({group})成员{user}不存在")
        return row

    def _may(self, params: Packet) -> Any:
        """The member to be acted on, where Vigil's account may."""
        other = self._member(params)
        own = self._member({"group_id": params["group_id"], "user_id": ACCOUNT})
        if own["role"] == "member" or other["role"] == "owner" or (other["role"], own["role"]) == ("admin", "admin"):
            raise Refused(200, "ERR_NOT_GROUP_ADMIN")
        return other

    def _get_group_msg_history(self, params: Packet) -> Any:
        group, count = int(params["group_id"]), int(params.get("count", 20))
        given = params.get("message_seq") or 0
        newest_first = (
            "SELECT * FROM messages WHERE group_id = ? AND recalled = 0 AND seq <= ? ORDER BY seq DESC LIMIT ?"
        )
        oldest_first = "SELECT * FROM messages WHERE group_id = ? AND recalled = 0 AND seq >= ? ORDER BY seq LIMIT ?"
        last = 2**40
        if self._profile == "napcat" and given:
            row = self._packets.row_of(int(given))
            found = self._world.row("SELECT seq FROM messages WHERE id = ?", row)
            if found is None:
                raise Refused(200, f"消息{given}不存在")
            if not (params.get("reverseOrder") or params.get("reverse_order")):
                rows = self._world.rows(oldest_first, group, found["seq"], count)
                return {"messages": [self._packets.told(self._packets.message(row)) for row in rows]}
            last = found["seq"]
        elif given:
            last = int(given)
        rows = self._world.rows(newest_first, group, last, count)
        if not rows and self._profile == "napcat":
            raise Refused(200, f"消息{params.get('message_seq')}不存在")
        messages = [self._packets.told(self._packets.message(row)) for row in rows]
        return {"messages": messages if params.get("reverseOrder") and self._profile == "llbot" else messages[::-1]}

    def _get_group_system_msg(self, params: Packet) -> Any:
        rows = self._world.rows("SELECT * FROM requests ORDER BY flag DESC LIMIT 50")
        joins, invitations = (
            [self._requested(row) for row in rows if row["kind"] == kind] for kind in ("add", "invite")
        )
        if self._profile == "napcat":
            return {"join_requests": joins, "invited_requests": invitations, "InvitedRequest": invitations}
        return {"join_requests": joins, "invited_requests": invitations}

    def _requested(self, row: Any) -> Packet:
        group = self._world.row("SELECT name FROM groups WHERE id = ?", row["group_id"])
        found = {
            "request_id": int(row["flag"]), "group_id": row["group_id"], "group_name": group["name"] if group else "",
            "checked": row["state"] != "asked", "actor": 0 if row["state"] == "asked" else ADA,
        }  # fmt: skip
        asking, nick = row["user"], f"user {row['user']}"
        if self._profile == "napcat":
            # It names whoever asks by the same words in both lists.
            return found | {"invitor_uin": asking, "invitor_nick": nick, "requester_nick": nick,
                            "message": row["comment"]}  # fmt: skip
        if row["kind"] == "add":
            return found | {"requester_uin": asking, "requester_nick": nick, "message": row["comment"]}
        return found | {"invitor_uin": asking, "invitor_nick": nick}

    def _send_group_msg(self, params: Packet) -> Any:
        group = int(params["group_id"])
        if self._world.row("SELECT 1 FROM groups WHERE id = ?", group) is None:
            raise Refused(200, "群不存在")
        row = self._world._say(group, ACCOUNT, _segments(params["message"]))
        return self._packets.told({"message_id": self._packets.message_id(row)})

    def _send_private_msg(self, params: Packet) -> Any:
        if self._world.fact(f"deaf {params['user_id']}"):
            raise Refused(200, "无法获取用户信息")
        return self._packets.told({"message_id": 7_000_000 + int(params["user_id"])})

    def _delete_msg(self, params: Packet) -> Any:
        row = self._packets.row_of(int(params["message_id"]))
        found = self._world.row("SELECT * FROM messages WHERE id = ?", row)
        if found is None or found["recalled"]:
            raise Refused(200, "Recall failed" if self._profile == "napcat" else f"消息{params['message_id']}不存在")
        if found["user"] != ACCOUNT:
            self._may({"group_id": found["group_id"], "user_id": found["user"]})
        self._world._recall(found["id"], ACCOUNT)
        return None

    def _set_group_ban(self, params: Packet) -> Any:
        self._may(params)
        seconds = params.get("duration", SILENCE_OF_SPEC if self._profile == "spec" else 0)
        self._world.db.execute(
            "UPDATE members SET muted = ? WHERE group_id = ? AND user = ?",
            (time.time() + int(seconds) if int(seconds) else 0, int(params["group_id"]), int(params["user_id"])),
        )
        return None

    def _set_group_kick(self, params: Packet) -> Any:
        try:
            self._may(params)
        except Refused:
            if self._profile == "napcat":
                return None  # it does not look at what came of it
            raise
        self._world._leave(int(params["group_id"]), int(params["user_id"]), ACCOUNT)
        return None

    def _set_group_add_request(self, params: Packet) -> Any:
        request = self._packets.request_of(str(params["flag"]))
        found = self._world.row("SELECT * FROM requests WHERE flag = ? AND state = 'asked'", request)
        if found is None:
            raise Refused(200, "No such request")
        approve = params.get("approve", True)
        self._world.db.execute(
            "UPDATE requests SET state = ? WHERE flag = ?", ("approved" if approve else "refused", request)
        )
        if approve:
            self._world._join(found["group_id"], found["user"] if found["kind"] == "add" else ACCOUNT, by=ACCOUNT)
        return None


def _segments(message: Any) -> list[Packet]:
    return message if isinstance(message, list) else [{"type": "text", "data": {"text": str(message)}}]
