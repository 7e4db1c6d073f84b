"""`vigil demo`: the sample community in a store that is thrown away, with a scripted colleague."""

from __future__ import annotations

import json
import secrets
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click

from console import sample
from console.desk import Desk
from console.opening import open_console
from console.settings import Settings, parse
from store import cases, decisions, staff
from store.database import open_database
from store.errors import StoreError
from store.perk_records import Eligibility, NewPerk, PerkKind
from store.records import Decision, Role

YOU = "you"
COLLEAGUES = {Role.ADMIN: ("mo", Role.MODERATOR), Role.MODERATOR: ("ada", Role.ADMIN)}
"""Who sits beside you: a moderator when you are the admin, an admin when you are a moderator."""

SCRIPT_SECONDS = 2.0
CALM_SECONDS = 5.0
"""The scripted moderator leaves a case alone while messages still join it."""

PROPOSE_EVERY = 9.0
ANSWER_AFTER = 4.0

PERKS = (
    NewPerk("回来看看 · Come back", PerkKind.CODE, "{name}，好久不见！送你一张茶券 / tea is on us: {code}",
            eligibility=Eligibility(layers=("silent",))),
    NewPerk("周日徒步 · Sunday hike", PerkKind.SEAT, "{name}，周日徒步给你留了位 / a seat is kept for you", stock=12),
    NewPerk("本周之星 · Star of the week", PerkKind.POINTS, "{name}，+50! {group}", points=50, stock=3),
)  # fmt: skip
CODES = 40
"""So many the first of them has; others each time, as nobody shall find them in a file."""


def set_up(folder: Path, *, speed: float | None, undo_seconds: float, role: Role) -> Settings:
    """A store for the sample community in `folder`, with you and a colleague as its staff."""
    path = folder / "vigil.toml"
    pace = "max" if speed is None else f"{speed:g}x"
    path.write_text(
        f'store = "demo.db"\nrulebook = {json.dumps(str(sample.rulebook()))}\n[outbox]\nundo_seconds = {undo_seconds}\n'
        f'[platforms.replay]\nkind = "replay"\nfile = {json.dumps(str(sample.chat()))}\nspeed = "{pace}"\n',
        "utf-8",
    )
    settings = parse(path.read_text("utf-8"), path)
    db = open_database(settings.store, create=True)
    try:
        now = time.time()
        for name, as_role in ((YOU, role), COLLEAGUES[role]):
            staff.add(db, name, as_role, YOU, now)
        _stock_up(Desk.automatic(db, settings))
    finally:
        db.close()
    return settings


def _stock_up(desk: Desk) -> None:
    """Perks to give away, the first with a pool of codes."""
    first, *_ = [desk.perks.add(perk) for perk in PERKS]
    desk.perks.import_codes(first, [(line, f"TEA-{secrets.token_hex(4).upper()}") for line in range(1, CODES + 1)])


def run_demo(role: Role, speed: float | None) -> int:
    """Open the console on the sample community; everything is gone afterwards. Returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="vigil-demo-") as folder:
        settings = set_up(Path(folder), speed=speed, undo_seconds=5, role=role)
        name, colleague = COLLEAGUES[role]
        status = open_console(settings, YOU, notice="DEMO", beside=lambda: _start(settings, name, colleague))
    click.echo("The demo is over; its store was thrown away, and yours was not touched.")
    return status


def _start(settings: Settings, name: str, role: Role) -> Callable[[], None]:
    ended = threading.Event()
    thread = threading.Thread(target=_play, args=(settings, name, role, ended), daemon=True)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join()

    return end


def _play(settings: Settings, name: str, role: Role, ended: threading.Event) -> None:
    """A moderator who proposes the oldest calm case now and then, or an admin who answers what waits."""
    db = open_database(settings.store)
    try:
        desk = Desk(db, settings, name)
        proposed_at = time.time()
        while not ended.wait(SCRIPT_SECONDS):
            now = time.time()
            try:
                if role is Role.ADMIN:
                    for proposal in decisions.proposals(db):
                        if now - proposal.at > ANSWER_AFTER:
                            desk.approve(proposal.id)
                elif now - proposed_at > PROPOSE_EVERY:
                    calm = cases.calm_open(db, now - CALM_SECONDS)
                    if calm:
                        desk.decide(calm[0], Decision.LADDER, reason="scripted moderator")
                        proposed_at = now
            except (StoreError, sqlite3.Error):
                # You were faster, or the store is busy: the next time, then.
                continue
    finally:
        db.close()
