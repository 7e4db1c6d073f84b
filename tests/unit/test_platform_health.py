"""`vigil platform test` says what it waits for, what is wrong, and what to do about it."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest

from console.platform_health import look
from console.platforms.base import Access, GroupAccess, PlatformError
from console.printing_platforms import print_access
from console.settings import PlatformSettings
from store.records import ActionKind

CHOSEN = PlatformSettings("tg", "odd", None)


def look_at(monkeypatch: pytest.MonkeyPatch, fault: str, told: list[float]) -> str:
    """What is said of a platform whose code fails like this."""

    class Odd:
        async def access(self) -> Access:
            while fault.endswith("answer") and not told:
                await asyncio.sleep(0)
            raise PlatformError(fault)

        async def close(self) -> None:
            """Nothing is open."""

    monkeypatch.setattr("console.platform_health.make_platform", lambda *given: Odd())
    monkeypatch.setattr("console.platform_health.SILENT_SECONDS", 0.0)
    with pytest.raises(PlatformError) as caught:
        asyncio.run(look(CHOSEN, Path("x"), told.append))
    return str(caught.value)


@pytest.mark.parametrize(
    ("fault", "does"),
    [
        ("http://x: no connection: refused", "does the service run there"),
        ("tg: http://x: no answer in 30 s", "does the service run there"),
        ("an answer that is no JSON: '<html>'", "something else answers"),
        ("/x/token: No such file or directory", "make the file"),
    ],
)
def test_what_is_wrong_is_said_with_its_platform_once_and_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, fault: str, does: str
) -> None:
    said = look_at(monkeypatch, fault, [])
    assert said.startswith(f"tg: {fault.removeprefix('tg: ')}; {does}")


def test_a_service_that_does_not_answer_is_not_waited_for_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []
    look_at(monkeypatch, "gave no answer", told)
    assert told


def test_actions_that_lack_the_same_are_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    lacking = tuple((kind, "it is not in the group") for kind in (ActionKind.DELETE, ActionKind.BAN))
    print_access("tg", Access("@bot", (GroupAccess("1", "Tea", lacking),)))
    assert "      cannot delete, ban: it is not in the group\n" in capsys.readouterr().out


def test_in_no_group_at_all_it_says_how_to_come_into_one(capsys: pytest.CaptureFixture[str]) -> None:
    print_access("tg", Access("@bot", ()))
    assert "docs/platforms.md" in capsys.readouterr().out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_lines_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lacking = ((ActionKind.MUTE, "to mute members takes power level 100, " * 6),)
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    print_access("mx", Access("@vigil:example.org", (GroupAccess("1", "Tea", lacking),)))
    shown = terminal.getvalue().splitlines()
    assert len(shown) > 4
    assert max(map(len, shown)) <= 80
