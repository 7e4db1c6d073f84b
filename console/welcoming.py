"""Greeting who comes into a group, with the rules that hold there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from console.listening import Heard
from rules.records import Mode
from rules.rulebook import Rulebook
from rules.welcome import welcome_words
from store import arrivals, messages, posts
from store.database import Database

AGAIN_SECONDS = 86_400.0
"""Who was put out by a decision within so long is not greeted; nor is who joined the group before within so long."""

SPAN_SECONDS = 60.0
"""When a group was sent as many welcomes as it may be within so long, those who come meanwhile share one after it."""


@dataclass(slots=True)
class _Group:
    """What one group was told: when, within the last SPAN_SECONDS, and the welcome that still gathers names."""

    at: list[float] = field(default_factory=list)
    gathering: str = ""
    names: list[str] = field(default_factory=list)


class Welcoming:
    """Hears who joins, and has the group told, in the community's language. A welcome is known by the joining that it
    answers, and queued in the transaction that stores it: nobody is greeted twice."""

    def __init__(self, db: Database, language: str) -> None:
        self._db = db
        self._language = language
        self._rulebook: Rulebook | None = None
        self._groups: dict[int, _Group] = defaultdict(_Group)

    def follow(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook

    def hear(self, heard: Sequence[Heard], now: float) -> None:
        rulebook = self._rulebook
        if rulebook is None or not rulebook.welcome:
            return
        by_group: dict[int, dict[int, Heard]] = defaultdict(dict)
        for one in heard:
            if self._is_new(one, rulebook.welcome.within, now) and one.stored.member_id is not None:
                by_group[one.stored.group_id].setdefault(one.stored.member_id, one)
        for group_id, newcomers in by_group.items():
            greeted = [one for member, one in newcomers.items() if self._may_greet(one, member, now)]
            if greeted:
                self._greet(rulebook, group_id, greeted, now)

    def _is_new(self, one: Heard, within: int, now: float) -> bool:
        message = one.message
        # Part of a rush that a rule has found: greeting it would be one flood more.
        found = any(finding.mode is not Mode.SHADOW for finding in one.findings)
        return message.kind == "join" and message.time is not None and now - message.time <= within and not found

    def _may_greet(self, one: Heard, member: int, now: float) -> bool:
        since = now - AGAIN_SECONDS
        stored = one.stored
        return not arrivals.put_out(self._db, member, since) and not arrivals.joined_before(
            self._db, member, stored.group_id, stored.id, since
        )

    def _greet(self, rulebook: Rulebook, group_id: int, newcomers: Sequence[Heard], now: float) -> None:
        first = newcomers[0].message
        name = first.group_name or messages.group_name(self._db, group_id)
        group = (first.group, name)
        text = rulebook.welcome.shown(self._language, *group)
        if not text:
            return
        rules = rulebook.told_to_newcomers(self._language, *group)
        names = [one.message.name or arrivals.name(self._db, one.stored.member_id) for one in newcomers]
        told = self._groups[group_id]
        told.at = [at for at in told.at if abs(now - at) < SPAN_SECONDS]

        def words(some: list[str]) -> str:
            return welcome_words(text, some, name or first.group, rules, self._language)

        if told.gathering:
            told.names += names
            if posts.reword(self._db, told.gathering, group_id, words(told.names)):
                return
            told.gathering, told.names = "", []
        about = [f"welcome.{one.stored.id}" for one in newcomers]
        singly = len(newcomers) <= rulebook.welcome.at_once
        if len(told.at) + (len(newcomers) if singly else 1) > rulebook.welcome.at_once:
            told.gathering, told.names = about[0], names
            until = min(told.at, default=now) + SPAN_SECONDS
            posts.queue(self._db, about[0], group_id, words(names), now, until)
            told.at.append(until)
        elif singly:
            for one, named in zip(about, names, strict=True):
                posts.queue(self._db, one, group_id, words([named]), now)
                told.at.append(now)
        else:
            posts.queue(self._db, about[0], group_id, words(names), now)
            told.at.append(now)
