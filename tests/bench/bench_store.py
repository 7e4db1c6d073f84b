"""Taking batches in, and finding text, against what sqlite-utils and LIKE do."""

from __future__ import annotations

import tempfile
from pathlib import Path

import sqlite_utils

from store import messages as stored
from store.database import open_database
from tests.bench.measured import Measured, compare
from tests.bench.messages import many

COUNT = 10_000
BATCH = 500


def run() -> list[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        taken = compare(
            f"store and index {COUNT} messages",
            "sqlite-utils insert_all, FTS5 by trigger",
            COUNT,
            lambda: _ours(place),
            lambda: _sqlite_utils(place),
        )
        db = open_database(_ours(place))
        try:
            words = ["微信", "今晚", "harbor", "镜头", "thank"]
            found = compare(
                f"search {COUNT} messages for {len(words)} words",
                "LIKE",
                len(words),
                lambda: [stored.ids(db, text=word) for word in words],
                lambda: [
                    db.execute("SELECT id FROM messages WHERE text LIKE ?", (f"%{word}%",)).fetchall() for word in words
                ],
            )
        finally:
            db.close()
    return [taken, found]


def _fresh(place: Path, name: str) -> Path:
    for left in place.glob(f"{name}*"):
        left.unlink()
    return place / name


def _ours(place: Path) -> Path:
    path = _fresh(place, "ours.db")
    db = open_database(path, create=True)
    writer = stored.MessageWriter(db)
    rows = many(COUNT)
    for start in range(0, COUNT, BATCH):
        with db.transaction():
            writer.add(writer.unknown(rows[start : start + BATCH]), 0.0)
    db.close()
    return path


def _sqlite_utils(place: Path) -> None:
    db = sqlite_utils.Database(_fresh(place, "plain.db"))
    db.enable_wal()
    table = db.table("messages")
    rows = [
        {"id": m.id, "group": m.group, "member": m.member, "text": " ".join(m.text), "time": m.time}
        for m in many(COUNT)
    ]
    for start in range(0, COUNT, BATCH):
        table.insert_all(rows[start : start + BATCH], pk="id", ignore=True)
        if start == 0:
            table.enable_fts(["text"], create_triggers=True)
    db.close()
