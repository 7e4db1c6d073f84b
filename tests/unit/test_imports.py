"""What each process imports: commands and the console start quickly, and only the worker judges messages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCREENS = {"textual", "rich"}
JUDGING = {"rapidfuzz", "re2", "ahocorasick_rs", "rules.engine"}
HEAVY = {*SCREENS, *JUDGING, "numpy", "numba", "httpx", "stamina", "cryptography"}

LOADED = "import sys; print(*sorted(sys.modules))"


def loaded(code: str) -> set[str]:
    """The modules in a fresh interpreter after `code`."""
    done = subprocess.run([sys.executable, "-P", "-c", f"{code}\n{LOADED}"], capture_output=True, check=True)
    return set(done.stdout.decode().splitlines()[-1].split())


def test_the_list_would_show_what_was_imported() -> None:
    assert "textual" in loaded("import textual")
    assert "console.cli" in loaded("import console.cli")


def test_the_command_line_imports_no_screens_and_no_rules() -> None:
    assert loaded("import console.cli") & HEAVY == set()


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["check", "--help"]], ids=" ".join)
def test_saying_what_it_is_imports_no_screens_and_no_rules(words: list[str]) -> None:
    code = (
        f"import sys, console.cli; sys.argv = ['vigil', *{words!r}]\ntry: console.cli.main()\nexcept SystemExit: pass"
    )
    assert loaded(code) & HEAVY == set()


def test_commands_on_the_store_import_no_screens_and_no_rules_engine(tmp_path: Path) -> None:
    code = (
        "import sys, console.cli\n"
        f"sys.argv = ['vigil', '--store', {str(tmp_path / 'vigil.db')!r}, 'staff', 'list']\n"
        "try: console.cli.main()\nexcept SystemExit as ended: assert not ended.code"
    )
    # The first time the store is made, by a library that loads numpy where it finds it.
    loaded(code)
    # Widths of characters, which plain text needs as well, are rich's.
    assert loaded(code) & (HEAVY - {"rich"}) == set()


def test_settings_of_platforms_are_checked_without_what_speaks_to_them(tmp_path: Path) -> None:
    table = '[platforms.mx]\nkind = "matrix"\nhomeserver = "https://a.test"\ntoken_env = "T"\n'
    code = f"from pathlib import Path; from console.settings import parse; parse({table!r}, Path('/a/vigil.toml'))"
    modules = loaded(code)
    assert "console.platforms.matrix_kind" in modules
    assert modules & HEAVY == set()


def test_the_consoles_process_cannot_judge_messages() -> None:
    modules = loaded("import console.opening, console.app, console.screens.main, console.screens.place")
    assert "textual" in modules
    assert modules & (HEAVY - SCREENS) == set()


def test_checking_messages_imports_no_screens() -> None:
    modules = loaded("import console.checking, console.worker")
    assert "rules.engine" in modules
    assert "textual" not in modules


def test_imports_run_one_way_as_the_contracts_say() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    if not command.exists() and not os.environ.get("CI"):
        pytest.skip("lint-imports is not installed")
    root = Path(__file__).parents[2]
    done = subprocess.run([command, "--no-cache"], cwd=root, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
