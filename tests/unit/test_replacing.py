"""A file that is replaced holds the old content or the new one, and stays what it was otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.replacing import replace_file

OLD, NEW = b"old\n" * 1_000, b"new\n" * 2_000

AGAIN_AND_AGAIN = f"""
import sys
from pathlib import Path
from console.replacing import replace_file
print("ready", flush=True)
while True:
    for content in ({OLD!r}, {NEW!r}):
        replace_file(Path(sys.argv[1]), content)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "rulebook.toml"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_the_permissions_stay(file: Path, mode: int) -> None:
    file.chmod(mode)
    replace_file(file, NEW)
    assert file.read_bytes() == NEW
    assert file.stat().st_mode & 0o7777 == mode
    assert list(file.parent.iterdir()) == [file]


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    replace_file(link, NEW)
    assert link.is_symlink()
    assert file.read_bytes() == NEW


def test_a_file_that_may_not_be_written_is_left_alone(file: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everything")
    file.chmod(0o400)
    with pytest.raises(OSError, match="cannot be written") as caught:
        replace_file(file, NEW)
    assert caught.value.filename == str(file)
    file.chmod(0o600)
    file.parent.chmod(0o500)
    with pytest.raises(OSError, match="denied") as caught:
        replace_file(file, NEW)
    assert caught.value.filename == str(file)
    file.parent.chmod(0o700)
    assert file.read_bytes() == OLD


def test_no_room_leaves_the_old_file_and_nothing_beside_it(file: Path) -> None:
    # A limit on the size of files is what a full disk is to a single writer.
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom console.replacing import replace_file\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))\n"
        f"try: replace_file(Path(sys.argv[1]), {NEW!r})\n"
        "except OSError as error: print(error.filename)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code, file], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(file)
    assert file.read_bytes() == OLD
    assert list(file.parent.iterdir()) == [file]


def test_whoever_is_killed_at_it_leaves_one_of_the_two(file: Path) -> None:
    for _ in range(8):
        with subprocess.Popen([sys.executable, "-P", "-c", AGAIN_AND_AGAIN, file], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            for _ in range(50):
                assert file.read_bytes() in (OLD, NEW)
            process.kill()
        assert file.read_bytes() in (OLD, NEW)
