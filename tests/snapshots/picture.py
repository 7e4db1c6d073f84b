"""`python -m tests.snapshots.picture FILE`: makes the README's picture of the console on the sample community."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from html import unescape
from pathlib import Path

from rich.cells import cell_len

from console import sample
from console.app import VigilApp
from console.commands import COMMANDS
from console.demo import YOU, set_up
from console.language import translation
from console.screens.place import Place
from console.worker import Worker, platforms_of
from store.database import open_database
from store.records import Role
from widgets.feed import Feed

SIZE = (150, 38)
MESSAGES = sum(1 for _ in sample.chat().open("rb"))
SHOWN = 512
"""The message the feed stands at: in the midst of the campaign."""


async def picture(path: Path, language: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = set_up(Path(folder), speed=None, undo_seconds=5, role=Role.ADMIN)
        worker = Worker(settings, "serve", platforms_of(settings), lambda line: None)
        working = asyncio.create_task(worker.run())
        while not settings.store.exists() or worker.taken < MESSAGES:
            await asyncio.sleep(0.05)
        db = open_database(settings.store)
        place = Place(settings, YOU)
        keys = {command.id: command.key for command in COMMANDS}
        app = VigilApp(db, place, None, keys, {}, translation(language), "DEMO")
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause(0.5)
            feed = app.screen.query_one(Feed)
            feed.set_source(feed.source, keep=SHOWN)
            await pilot.press("2", "down", "down", "down")
            await pilot.pause(1.0)
            path.write_text(_widths(app.export_screenshot(title="Vigil")), "utf-8")
        place.close()
        db.close()
        worker.stop()
        await working


def _widths(svg: str) -> str:
    """Lengths by cells where Textual counts characters, and no fonts from elsewhere."""
    svg = re.sub(r"\s*<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    width = 12.2  # of one cell, as Rich draws them

    def length(match: re.Match[str]) -> str:
        cells = cell_len(unescape(match[3]))
        return f'{match[1]}textLength="{cells * width:.1f}"{match[2]}>{match[3]}</text>'

    return re.sub(r'(<text[^>]*?)textLength="[\d.]+"([^>]*)>([^<]*)</text>', length, svg)


if __name__ == "__main__":
    asyncio.run(picture(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "en"))
