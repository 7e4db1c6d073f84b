"""From a recorded file to committed, searchable rows with every rule on, against the plain way of doing the same.

One message in two hundred is like a template or another message, as in a group that has a bad day.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import sqlite_utils
from rapidfuzz import fuzz, process

from console.platforms.replay import Replay, effects_path
from console.settings import Settings
from console.worker import Worker
from rules.records import Message
from rules.rulebook import DEFAULT_RULEBOOK
from store import messages
from store.database import open_database
from tests.bench.measured import Measured, compare
from tests.bench.streams_made import stream_of, templates_of

COUNT = 20_000
TEMPLATES = 1_000
_BASELINE = 200
"""Messages the plain way does in a round: it is that slow."""


def run() -> list[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        recording = place / "chat.ndjson"
        recording.write_text("".join(map(_line, stream_of(COUNT, 0, 8, every=400))), "utf-8")
        templates = templates_of(TEMPLATES)
        (place / "ads.txt").write_text("\n".join(templates), "utf-8")
        book = DEFAULT_RULEBOOK.replace('# templates_file = "ads.txt"', 'templates_file = "ads.txt"')
        (place / "rulebook.toml").write_text(book, "utf-8")
        one = compare(
            f"NDJSON to rows, {TEMPLATES:,} templates",
            "json, rapidfuzz, sqlite-utils with FTS5",
            COUNT,
            _ours(place, recording),
            lambda: _plain(place, recording, templates),
        )
    scale = COUNT / _BASELINE
    return [replace(one, baseline=one.baseline * scale, ratio=one.ratio * scale)]


def _line(message: Message) -> str:
    row = {"id": message.id, "group": message.group, "user": message.member, "text": message.text, "ts": message.time}
    return json.dumps(row, ensure_ascii=False) + "\n"


def _ours(place: Path, recording: Path) -> Callable[[], None]:
    def work() -> None:
        for left in place.glob("ours.db*"):
            left.unlink()
        settings = Settings(place / "vigil.toml", place / "ours.db", place / "rulebook.toml")
        replay = Replay(effects_path(settings.store), path=recording, speed=None)
        asyncio.run(Worker(settings, "replay", [replay], lambda line: None).run(until_read=True))
        db = open_database(settings.store)
        assert messages.newest_id(db) == COUNT
        db.close()

    return work


def _plain(place: Path, recording: Path, templates: list[str]) -> None:
    for left in place.glob("plain.db*"):
        left.unlink()
    db = sqlite_utils.Database(place / "plain.db")
    db.enable_wal()
    rows = []
    with recording.open(encoding="utf-8") as lines:
        for _, line in zip(range(_BASELINE), lines, strict=False):
            row = json.loads(line)
            hit = process.extractOne(row["text"], templates, scorer=fuzz.partial_ratio, score_cutoff=85)
            rows.append({**row, "text": " ".join(row["text"]), "hit": hit[0] if hit else None})
    table = db.table("messages")
    table.insert_all(rows, pk="id")
    table.enable_fts(["text"])
    db.close()
