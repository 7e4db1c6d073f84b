"""The three platforms at once, each with groups and people in them, behind one way of talking to them and of looking
what was done there. Ids of groups, members and messages are those that the store has."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from tests.platforms.onebot.packets import Packets
from tests.platforms.onebot.running import Running
from tests.platforms.onebot.world import ACCOUNT
from tests.platforms.synapse import Person, Synapse
from tests.platforms.telegram.simulator import Simulator

IN_A_GROUP = 6
"""Members of a group beside its owner and Vigil."""

AT_ONCE = 4
"""Requests to a server that is being furnished."""

KNOCKED_ON = 5
"""Every so manieth group takes requests to join."""


class Side(Protocol):
    """A platform. Groups and people are counted from 0 on: `people` are spread over the groups, IN_A_GROUP in each,
    `guests` come and go."""

    name: str
    groups: list[str]
    guests: int

    def settings(self) -> list[str]:
        """Lines of vigil.toml."""
        ...

    def members_of(self, group: int) -> list[int]: ...

    def say(self, group: int, person: int, text: str) -> str:
        """Post a text; returns the message's id, "" where the person may not write there."""
        ...

    def edit(self, group: int, person: int, message: str, text: str) -> bool:
        """Change a message; returns whether that could be done."""
        ...

    def come(self, group: int, guest: int) -> None: ...

    def go(self, group: int, guest: int) -> None: ...

    def knock(self, group: int, text: str) -> bool:
        """Somebody new asks to be let in; returns whether this group takes requests."""
        ...

    def deleted(self) -> Counter[tuple[str, str]]:
        """How often Vigil deleted which message of which group."""
        ...

    def written(self) -> Counter[str]:
        """How much Vigil wrote in which group."""
        ...

    def kill(self) -> None:
        """End the platform as `kill -9` does."""
        ...

    def start(self) -> None:
        """Start it again."""
        ...

    def close(self) -> None: ...


def members(group: int, people: int) -> list[int]:
    """Who is in a group: neighbours share few groups."""
    return sorted({(group * (IN_A_GROUP // 2) + number) % people for number in range(IN_A_GROUP)})


class MatrixSide:
    """A real Synapse."""

    name = "mx"

    def __init__(self, folder: Path, groups: int, people: int, guests: int, server: Synapse | None = None) -> None:
        """`server` is one that runs already, and goes on running in the end."""
        folder.mkdir(parents=True, exist_ok=True)
        self.guests = guests
        self._people_count = people
        self._lent = server is not None
        self._server = server or Synapse(folder)
        if not self._lent:
            self._server.start()
        person = self._server.person
        self.ada, self.vigil = person("ada"), person("vigil")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            self._people = list(pool.map(person, [f"member{number}" for number in range(people)]))
            self._guests = list(pool.map(person, [f"guest{number}" for number in range(guests)]))
            self.groups = list(pool.map(self._group, range(groups)))
        self._posts, self._knocks = itertools.count(1), itertools.count(1)
        self._password = folder / "password"
        self._password.touch(0o600)
        self._password.write_text(self.vigil.password + "\n")

    def _group(self, number: int) -> str:
        # The creator of a room of version 12 may not be named among the levels, Vigil may.
        levels = {"users": {self.vigil.user: 100}}
        version = ("11", "12")[number % 2]
        if version == "11":
            levels["users"][self.ada.user] = 100
        room = self.ada.make_group(f"Garden {number}", version, power_level_content_override=levels)
        for person in (self.vigil, *(self._people[one] for one in self.members_of(number))):
            person.join(room)
        if number % KNOCKED_ON == 0:
            self.ada.ask("PUT", f"rooms/{quote(room)}/state/m.room.join_rules", {"join_rule": "knock"})
        return room

    def settings(self) -> list[str]:
        return [
            "[platforms.mx]", 'kind = "matrix"', f'homeserver = "{self._server.base}"', f'user = "{self.vigil.user}"',
            f'password_file = "{self._password}"', f'inviters = ["{self.ada.user}"]',
        ]  # fmt: skip

    def members_of(self, group: int) -> list[int]:
        return members(group, self._people_count)

    def say(self, group: int, person: int, text: str) -> str:
        return self._post(group, person, {"msgtype": "m.text", "body": text})

    def edit(self, group: int, person: int, message: str, text: str) -> bool:
        new = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": message}
        sent = self._post(
            group, person, {"msgtype": "m.text", "body": f"* {text}", "m.new_content": new, "m.relates_to": relation}
        )
        return bool(sent)

    def _post(self, group: int, person: int, content: dict[str, Any]) -> str:
        path = f"rooms/{quote(self.groups[group])}/send/m.room.message/post.{next(self._posts)}"
        answer = self._people[person].try_to("PUT", path, content)
        assert answer.status_code in (200, 403), answer.text
        return str(answer.json()["event_id"]) if answer.status_code == 200 else ""

    def come(self, group: int, guest: int) -> None:
        self._guests[guest].join(self.groups[group])

    def go(self, group: int, guest: int) -> None:
        self._guests[guest].leave(self.groups[group])

    def knock(self, group: int, text: str) -> bool:
        if group % KNOCKED_ON:
            return False
        person = self._server.person(f"knocker{next(self._knocks)}")
        person.ask("POST", f"knock/{quote(self.groups[group])}", {"reason": text})
        return True

    def deleted(self) -> Counter[tuple[str, str]]:
        return Counter(
            (room, event["content"].get("redacts") or event["redacts"])
            for room, event in self._events(self.ada, self.groups)
            if event["type"] == "m.room.redaction" and event["sender"] == self.vigil.user
        )

    def written(self) -> Counter[str]:
        return Counter(room for room, event in self._events(self.ada, self.groups) if self._by_vigil(event))

    def told_alone(self) -> int:
        """How much Vigil wrote to members alone."""
        joined = self.vigil.ask("GET", "joined_rooms")["joined_rooms"]
        rooms = sorted(set(joined) - set(self.groups))
        return sum(self._by_vigil(event) for _, event in self._events(self.vigil, rooms))

    def _by_vigil(self, event: Any) -> bool:
        return bool(event["type"] == "m.room.message" and event["sender"] == self.vigil.user)

    @staticmethod
    def _events(person: Person, rooms: Iterable[str]) -> list[tuple[str, Any]]:
        return [(room, event) for room in rooms for event in person.history(room)]

    def kill(self) -> None:
        self._server.kill()

    def start(self) -> None:
        self._server.start()

    def close(self) -> None:
        if not self._lent:
            self._server.close()


class OneBotSide:
    """A simulated NapCat."""

    name = "qq"
    _first_group, _first_member, _first_guest = 700_001, 30_001, 40_001

    def __init__(self, folder: Path, groups: int, people: int, guests: int) -> None:
        folder.mkdir(parents=True)
        self.guests = guests
        self._people_count = people
        self._running = Running(folder, "napcat")
        self.world = self._running.world
        self.groups = [str(self._first_group + number) for number in range(groups)]
        for number, group in enumerate(self.groups):
            self.world.group(int(group), f"Courtyard {number}")
            for person in self.members_of(number):
                self.world.join(int(group), self._first_member + person)
        self._packets = Packets(self.world, "napcat")
        self._knocks = 0
        self._running.start()

    def settings(self) -> list[str]:
        return self._running.settings()

    def members_of(self, group: int) -> list[int]:
        return members(group, self._people_count)

    def say(self, group: int, person: int, text: str) -> str:
        number, user = int(self.groups[group]), self._first_member + person
        if user not in self.world.members(number) or self.world.muted(number, user):
            return ""
        return str(self._packets.message_id(self.world.say(number, user, text)))

    def edit(self, group: int, person: int, message: str, text: str) -> bool:
        return False

    def come(self, group: int, guest: int) -> None:
        self.world.join(int(self.groups[group]), self._first_guest + guest)

    def go(self, group: int, guest: int) -> None:
        self.world.leave(int(self.groups[group]), self._first_guest + guest)

    def knock(self, group: int, text: str) -> bool:
        if group % KNOCKED_ON:
            return False
        self._knocks += 1
        self.world.knock(int(self.groups[group]), 50_000 + self._knocks, text)
        return True

    def deleted(self) -> Counter[tuple[str, str]]:
        rows = {
            self._packets.message_id(row["id"]): row["group_id"]
            for row in self.world.rows("SELECT id, group_id FROM messages")
        }
        numbers = [int(params["message_id"]) for _, params in self.world.effects("delete_msg")]
        return Counter((str(rows[number]), str(number)) for number in numbers)

    def written(self) -> Counter[str]:
        rows = self.world.rows("SELECT group_id FROM messages WHERE user = ?", ACCOUNT)
        return Counter(str(row["group_id"]) for row in rows)

    def kill(self) -> None:
        self._running.kill()

    def start(self) -> None:
        self._running.start()

    def close(self) -> None:
        self._running.close()


class TelegramSide:
    """A make-believe Telegram."""

    name = "tg"

    def __init__(self, folder: Path, groups: int, people: int, guests: int) -> None:
        self.guests = guests
        self._people_count = people
        self._server = Simulator(folder)
        self._server.start()
        do = self._server.do
        # Who is there from the start has not just come.
        do("allow", kinds=["my_chat_member"])
        ada = do("person", name="Ada")
        self._people = [do("person", name=f"Member {number}") for number in range(people)]
        self._guests = [do("person", name=f"Guest {number}") for number in range(guests)]
        self._chats = [int(do("group", owner=ada, title=f"Terrace {number}")) for number in range(groups)]
        for number, chat in enumerate(self._chats):
            for person in self.members_of(number):
                do("join", chat=chat, user=self._people[person])
        self.groups = list(map(str, self._chats))
        self._knocks = 0

    def settings(self) -> list[str]:
        return self._server.settings()

    def members_of(self, group: int) -> list[int]:
        return members(group, self._people_count)

    def say(self, group: int, person: int, text: str) -> str:
        return str(self._server.do("say", chat=self._chats[group], user=self._people[person], text=text))

    def edit(self, group: int, person: int, message: str, text: str) -> bool:
        self._server.do("edit", chat=self._chats[group], message=int(message), text=text)
        return True

    def come(self, group: int, guest: int) -> None:
        self._server.do("join", chat=self._chats[group], user=self._guests[guest])

    def go(self, group: int, guest: int) -> None:
        self._server.do("leave", chat=self._chats[group], user=self._guests[guest])

    def knock(self, group: int, text: str) -> bool:
        if group % KNOCKED_ON:
            return False
        self._knocks += 1
        person = self._server.do("person", name=f"Knocker {self._knocks}")
        self._server.do("request", chat=self._chats[group], user=person, bio=text)
        return True

    def deleted(self) -> Counter[tuple[str, str]]:
        return Counter((str(chat), str(number)) for _, chat, number in self._server.effects("deleteMessage"))

    def written(self) -> Counter[str]:
        sent = [chat for _, chat, _ in self._server.effects("sendMessage")]
        return Counter(str(chat) for chat in sent if chat < 0)

    def kill(self) -> None:
        self._server.kill()

    def start(self) -> None:
        self._server.start()

    def close(self) -> None:
        self._server.close()


def all_sides(folder: Path, groups: int, people: int, guests: int, synapse: Synapse | None = None) -> list[Side]:
    """Every platform, with so many groups, people and guests each; on a Synapse that runs already, or one of their
    own."""
    return [
        MatrixSide(folder / "mx", groups, people, guests, synapse),
        OneBotSide(folder / "qq", groups, people, guests),
        TelegramSide(folder / "tg", groups, people, guests),
    ]
