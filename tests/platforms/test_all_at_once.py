"""One worker on three platforms at once: each gets its own, and one that is gone keeps nothing from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.records import ActionKind
from tests.platforms.sides import Side, all_sides
from tests.platforms.synapse import Synapse, until
from tests.platforms.worker_process import Work

GROUPS = 2
PEOPLE = 6
SAID = 6
"""Messages in a group at a time."""
CAMPAIGN = (
    "last day of the warehouse sale, lamps at a third of the price, code {code}, write to seller77 before midnight"
)


@pytest.fixture
def sides(synapse: Synapse, tmp_path: Path) -> Iterator[list[Side]]:
    made = all_sides(tmp_path / "platforms", GROUPS, PEOPLE, 1, synapse)
    yield made
    for side in made:
        side.close()


class Talk:
    """What people say on all platforms, by platform and group; no text comes twice."""

    def __init__(self, work: Work, sides: list[Side]) -> None:
        self.work = work
        self.sides = sides
        self.said: dict[tuple[str, str, str], str] = {}

    def go_on(self, sides: list[Side]) -> None:
        """The people of these platforms talk, and their messages arrive."""
        for number in range(SAID):
            for side in sides:
                for group in range(GROUPS):
                    self.say(side, group, number, f"{side.name} talk {len(self.said)}")
        until(self.arrived)

    def say(self, side: Side, group: int, number: int, text: str) -> None:
        people = side.members_of(group)
        message = side.say(group, people[number % len(people)], text)
        assert message
        self.said[side.name, side.groups[group], message] = text

    def stored(self) -> list[tuple[object, ...]]:
        return self.work.rows(
            "SELECT g.platform, g.key, m.key, m.text FROM messages m JOIN groups g ON g.id = m.group_id"
            " WHERE m.kind = 'text'"
        )

    def arrived(self) -> bool:
        return len(self.stored()) >= len(self.said)

    def queue(self, side: Side, texts: list[str]) -> None:
        """Let Vigil write these into each of the platform's groups."""
        for group in side.groups:
            self.work.queue([(ActionKind.SEND, "", "", text) for text in texts], group)


def settled(work: Work, side: Side) -> int:
    return work.value(
        "SELECT count(*) FROM actions a JOIN groups g ON g.id = a.group_id WHERE g.platform = ? AND a.state = 'done'",
        side.name,
    )


def connected(work: Work) -> int:
    """How many platforms the status line of a console calls connected."""
    return sum(str(note).count('"connected"') for (note,) in work.rows("SELECT note FROM lease"))


def test_each_platform_gets_its_own_and_one_that_is_gone_keeps_nothing_from_the_others(
    sides: list[Side], tmp_path: Path
) -> None:
    work = Work(tmp_path, "", [line for side in sides for line in side.settings()])
    talk = Talk(work, sides)
    with work.running() as process:
        until(lambda: connected(work) == len(sides), 60)
        talk.go_on(sides)
        for side in sides:
            for group in range(GROUPS):
                for number in range(2):
                    talk.say(side, group, number, CAMPAIGN.format(code=f"{side.name}{group}{number}"))
        until(lambda: work.value("SELECT max(messages) FROM cases WHERE campaign <> ''") == 2 * GROUPS * len(sides))
        (case,) = work.home.ok("cases", "--json").rows
        work.home.ok("decide", case["id"], "delete")
        until(lambda: all(settled(work, side) == 2 * GROUPS for side in sides))

        (down,) = [side for side in sides if side.name == "qq"]
        others = [side for side in sides if side is not down]
        down.kill()
        for side in sides:
            talk.queue(side, ["notice 1", "notice 2"])
        talk.go_on(others)
        until(lambda: all(settled(work, side) == 4 * GROUPS for side in others))
        until(lambda: connected(work) == len(others))
        assert settled(work, down) == 2 * GROUPS, "what is meant for it waits"
        down.start()
        until(lambda: settled(work, down) == 4 * GROUPS, 60)
        talk.go_on(sides)
        assert process.poll() is None

    assert sorted(map(str, talk.stored())) == sorted(str((*key, text)) for key, text in talk.said.items())
    ads = {key for key, text in talk.said.items() if text.startswith("last day")}
    for side in sides:
        assert side.deleted() == Counter((group, key) for name, group, key in ads if name == side.name), side.name
        assert side.written() == Counter(dict.fromkeys(side.groups, 2)), side.name
    assert work.states() == Counter({"done": len(ads) + 2 * GROUPS * len(sides)})
    assert "error" not in work.log.read_text()
