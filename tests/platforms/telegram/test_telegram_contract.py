"""The make-believe Telegram is one that clients of other people's take for Telegram."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.platforms.telegram.simulator import ROOT, TOKEN, Simulator

CLIENTS = ROOT / ".venv-telegram" / "bin" / "python"


def test_other_clients_find_telegram_there(tmp_path: Path) -> None:
    if not CLIENTS.exists():
        reason = "needs python-telegram-bot and aiogram in an environment of their own: make .venv-telegram/made.stamp"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    server = Simulator(tmp_path)
    try:
        server.start()
        done = subprocess.run(
            [CLIENTS, "-m", "tests.platforms.telegram.contract", server.base, TOKEN],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        server.close()
    assert done.returncode == 0, done.stderr
    assert "packets of" in done.stdout
