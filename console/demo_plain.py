"""The demo as text: the whole way of every message at full speed, checked against what must come of it."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import TextIO

import msgspec

from console import sample
from console.demo import COLLEAGUES, YOU, set_up
from console.desk import Desk
from console.intake import TakenIn
from console.platforms.replay import effects_path
from console.printing import clock, finding_words, print_proposals, taken_words
from console.settings import Settings
from console.worker import Worker, platforms_of
from rules.records import Mode
from store import cases, decisions
from store.database import Database, open_database
from store.records import CaseState, Decision, Role
from widgets.safe import safe

Effect = tuple[str, str]
"""An action's kind, and the message it deleted or the member it reached."""


def run_plain(out: TextIO) -> int:
    """Play the sample community as text; 0 only if every effect expected of it happened exactly once."""
    with tempfile.TemporaryDirectory(prefix="vigil-demo-") as folder:
        settings = set_up(Path(folder), speed=None, undo_seconds=0, role=Role.ADMIN)
        _say(out, f"Vigil demo: the sample community, at full speed, in a throw-away store ({folder})")
        taken = _take_in(settings, out)
        db = open_database(settings.store)
        try:
            _decide(db, settings, out)
            asyncio.run(Worker(settings, "demo", platforms_of(settings), _quiet).run(until_read=True))
            return _summary(db, settings, taken, out)
        finally:
            db.close()


def _take_in(settings: Settings, out: TextIO) -> int:
    _title(out, "Messages and flags")

    def show(taken: TakenIn) -> None:
        for message, findings in taken.messages:
            group, name = safe(message.group_name or message.group), safe(message.name or message.member)
            _say(out, f"{clock(message.time)} {group} {name}: {safe(message.text) or f'[{message.kind}]'}")
            for finding in findings:
                sign = "~ counted only:" if finding.mode is Mode.SHADOW else "! flag:"
                _say(out, f"         {sign} {finding_words(message, finding)}")

    worker = Worker(settings, "demo", platforms_of(settings), _quiet, on_taken=show)
    asyncio.run(worker.run(until_read=True))
    return worker.taken


def _decide(db: Database, settings: Settings, out: TextIO) -> None:
    moderator, admin = Desk(db, settings, COLLEAGUES[Role.ADMIN][0]), Desk(db, settings, YOU)
    _title(out, f"Decisions: {moderator.name}, a moderator, proposes the ladder's step")
    for case in cases.listed(db):
        _say(out, taken_words(moderator.decide(case.id, Decision.LADDER)))
    _title(out, f"Approvals: {admin.name}, an admin, says yes")
    waiting = decisions.proposals(db)
    print_proposals(waiting)
    for proposal in waiting:
        _say(out, f"proposal {proposal.id} approved, case {admin.approve(proposal.id)} decided")


def _summary(db: Database, settings: Settings, taken: int, out: TextIO) -> int:
    _title(out, "Effects")
    path = effects_path(settings.store)
    done: Counter[Effect] = Counter()
    for line in path.read_bytes().splitlines():
        effect = msgspec.json.decode(line)
        reached = effect["message"] or effect["user"]
        done[effect["action"], reached] += 1
        _say(out, f"{effect['action']} {effect['group']} {reached} {safe(effect['text'] or '')}".rstrip())
    expected = expected_effects()
    missing, surplus = expected - done, done - expected
    _title(out, "Summary")
    listed = cases.listed(db, limit=100)
    decided = cases.count(db, CaseState.DECIDED)
    _say(out, f"{taken} messages taken in, {decided} cases decided, {len(listed)} left open")
    kinds = Counter(kind for kind, _ in done.elements())
    _say(out, f"effects: {', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))}")
    for kind, reached in missing.elements():
        _say(out, f"MISSING {kind} {reached}")
    for kind, reached in surplus.elements():
        _say(out, f"TOO MANY {kind} {reached}")
    good = not missing and not surplus and not listed
    _say(out, "every expected effect happened exactly once" if good else "NOT as expected")
    return 0 if good else 1


def expected_effects() -> Counter[Effect]:
    """Every offence deleted, every offender warned, each once."""
    found = sample.expected()
    singles = (*found.ads, found.scam)
    messages = [*found.campaign.messages, *found.flood.messages, *(single.message for single in singles)]
    members = [*found.campaign.members, *found.flood.members, *(single.member for single in singles)]
    return Counter([*(("delete", message) for message in messages), *(("warn", member) for member in members)])


def _title(out: TextIO, text: str) -> None:
    _say(out, f"\n== {text} ==")


def _say(out: TextIO, line: str) -> None:
    out.write(line + "\n")


def _quiet(line: str) -> None:
    """The demo shows what happens itself; the worker's log would say it twice."""
