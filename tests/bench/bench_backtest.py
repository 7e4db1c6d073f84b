"""A backtest of two rulebooks against the two engines alone, on the same messages."""

from __future__ import annotations

import tempfile
from pathlib import Path

from console import sample
from console.backtest import backtest
from rules import rulebook
from rules.engine import Engine
from store import history, messages
from store.database import open_database
from tests.bench.measured import Measured, compare
from tests.bench.messages import many

COUNT = 4_000


def run() -> list[Measured]:
    old = rulebook.load(sample.rulebook())
    new = rulebook.parse(old.source.replace("threshold = 85", "threshold = 80"))
    chat = many(COUNT)
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "vigil.db", create=True)
        try:
            with db.transaction():
                messages.MessageWriter(db).add(chat, 0.0)
            period = history.period(db, None)
            return [
                compare(
                    f"backtest, {COUNT} messages",
                    "both engines alone",
                    COUNT,
                    lambda: backtest(db, new, old, period, lambda _: None),
                    lambda: (Engine(new).judge(chat), Engine(old).judge(chat)),
                )
            ]
        finally:
            db.close()
