"""What the rules of every kind have, and the steps of a ladder."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from rules.reading import Table, quoted, spelled_duration, text_in
from rules.records import Mode

_STEP_KINDS = ("warn", "mute DURATION", "remove", "ban", "delete")


class Step(msgspec.Struct, frozen=True):
    """One step of a ladder. `kind` is warn, mute, remove, ban or delete; `seconds` is 0 unless it is mute."""

    kind: str
    seconds: int = 0

    def __str__(self) -> str:
        return f"{self.kind} {spelled_duration(self.seconds)}" if self.seconds else self.kind


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What rules of every kind have.

    `texts` are pairs of language ("" for any) and what members are shown. `delete`: whether a decision also
    deletes the messages. `ladder` replaces the rulebook's steps, None keeps them. `groups` are ids or names
    of the groups the rule holds in, empty for all but those in `elsewhere`, which have settings of their own:
    `special` are the rules that hold there.
    """

    kind: ClassVar[str] = ""
    keys: ClassVar[tuple[str, ...]] = ("kind", "mode", "text", "delete", "ladder", "groups")

    name: str
    mode: Mode
    texts: tuple[tuple[str, str], ...]
    delete: bool
    ladder: tuple[Step, ...] | None
    groups: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()
    special: bool = False

    @property
    def cut(self) -> float:
        """The score from which on there is a finding."""
        return 0.0

    @classmethod
    def read(cls, table: Table) -> dict[str, object]:
        """The fields of this kind alone, from the rule's table. Raises Refused."""
        return {}

    def holds_in(self, *group: str) -> bool:
        """Whether the rule holds in the group of that id and name."""
        return bool(set(self.groups) & set(group)) if self.groups else not set(self.elsewhere) & set(group)

    def shown(self, language: str) -> str:
        """What members are shown, in `language` ("zh", "zh_CN", "zh-Hans"), else in the first one written."""
        return text_in(self.texts, language)


def common(table: Table) -> dict[str, object]:
    """The fields of every kind, but for the name. Raises Refused."""
    return {
        "mode": Mode(table.choice("mode", tuple(Mode), Mode.SHADOW)),
        "texts": table.texts_by_language("text"),
        "delete": table.truth("delete", default=True),
        "ladder": steps(table, "ladder"),
        "groups": table.texts("groups"),
    }


def steps(table: Table, key: str) -> tuple[Step, ...] | None:
    """The steps written at `key`, None when there are none. Raises Refused."""
    if key not in table:
        return None
    written = table.texts(key)
    if not written:
        table.refuse(key, f"must name at least one step of {', '.join(_STEP_KINDS)}")
    return tuple(_step(table, key, index, step) for index, step in enumerate(written))


def _step(table: Table, key: str, index: int, written: str) -> Step:
    kind, _, duration = written.strip().partition(" ")
    if kind == "mute" and duration:
        return Step(kind, table.seconds(duration, key, index))
    if kind not in ("warn", "remove", "ban", "delete") or duration:
        allowed = f'{", ".join(_STEP_KINDS)} (such as "mute 10m")'
        table.refuse(key, f"must be one of {allowed}, not {quoted(written)}", index)
    return Step(kind)
