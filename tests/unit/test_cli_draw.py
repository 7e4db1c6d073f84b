"""`vigil draw` and the reports of perks as a person runs them, and the documents' own way to recompute a draw."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.home import COMMAND, Home, wait_until
from tests.unit.made import line, message

DOCS = Path(__file__).parents[2] / "docs"
ENGLISH = 'members_language = "en"\n'


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Twelve members have spoken in a group."""
    home = Home(tmp_path_factory.mktemp("filled"))
    home.config.write_text(f'{ENGLISH}rulebook = "rulebook.toml"\n[outbox]\nundo_seconds = 0\n', "utf-8")
    home.config.with_name("rulebook.toml").write_text("version = 1\n", "utf-8")
    said = [message(n, f"hello {n}", group="tea", member=f"m{n}") for n in range(12)]
    home.ok("replay", home.write("chat.ndjson", "".join(map(line, said))), "--speed", "max")
    home.ok("staff", "add", "mo", "--role", "moderator")
    return home


@pytest.fixture
def home(filled: Home, tmp_path: Path) -> Home:
    shutil.copytree(filled.home, tmp_path / "home")
    return Home(tmp_path)


@pytest.fixture(scope="module")
def drawn_result(filled: Home, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The full result of a draw."""
    folder = tmp_path_factory.mktemp("drawn")
    shutil.copytree(filled.home, folder / "home")
    home = Home(folder)
    opened(home)
    home.ok("draw", "draw", 1)
    return result(home).read_bytes()


def opened(home: Home, *more: str) -> str:
    """A draw of everybody, closed; returns what was published."""
    home.ok("draw", "open", "Spring draw", "--winners", 3, "--everybody", *more)
    return home.ok("draw", "commit", "Spring draw").out


def result(home: Home) -> Path:
    return home.write("result.txt", home.ok("draw", "result", "spring draw", "--full").out)


def test_a_draw_by_commands_alone_from_the_word_in_a_chat_to_the_group_that_is_told(home: Home) -> None:
    home.ok("draw", "open", "Spring draw", "--winners", 2, "--word", "抽奖", "--public-value", "closing value")
    words = ["抽奖", "抽奖！", "抽獎吗", "抽奖", "hello"]
    said = [message(f"w{n}", word, group="tea", member=f"m{n}", time=1_780_000_100.0) for n, word in enumerate(words)]
    home.ok("replay", home.write("words.ndjson", "".join(map(line, said))), "--speed", "max")
    assert home.ok("draw", "enter", "Spring draw", "m5", "replay:m6", "m0").out == "2 entered, 1 had entered before\n"
    assert "entries" in home.ok("draw", "list").out
    (row,) = home.ok("draw", "list", "--json").rows
    assert (row["state"], row["entries"], row["word"]) == ("open", 5, "抽奖")
    published = home.ok("draw", "commit", 1, "--post", "tea").out
    assert "the draw Spring draw goes by a public value: --public-value, closing value" in home.refused(
        "draw", "draw", 1
    )
    told = home.ok("draw", "draw", 1, "--public-value", "3127.44", "--post", "tea").out
    assert home.ok("draw", "result", 1).out == told
    with home.running("serve") as worker:
        wait_until(lambda: len(home.done_effects()) == 2)
        worker.kill()
    sent = home.effects.read_text("utf-8")
    assert sent.count('"action":"send","group":"tea","user":null') == 2
    assert all(part in told for part in ("closing value: 3127.44", "Secret: ", "Entries: 5. Winners: 2."))
    done = home.ok("draw", "verify", result(home), "--published", home.write("published.txt", published))
    assert done.out.startswith("the result holds: Spring draw, 5 entries\nwinner 1: ")
    home.ok("audit", "verify")


def test_a_result_is_verified_without_a_store(home: Home, tmp_path: Path) -> None:
    opened(home)
    home.ok("draw", "draw", 1)
    file = result(home)
    elsewhere = Home(tmp_path / "elsewhere")
    shutil.rmtree(elsewhere.store.parent)
    assert "the result holds" in elsewhere.ok("draw", "verify", file).out
    assert "the result holds" in elsewhere.ok("draw", "verify", "-", stdin=file.read_bytes()).out
    assert not elsewhere.store.parent.exists()


def test_a_redraw_is_part_of_the_result(home: Home) -> None:
    opened(home)
    told = home.ok("draw", "draw", 1).out
    match = re.search(r"1\. \S*\s*\(?replay:(m\d+)", told) or re.search(r"1\. replay:(m\d+)", told)
    assert match
    again = home.ok("draw", "redraw", 1, "--instead-of", match[1], "--reason", "no\x1b[2J answer").out
    assert f"instead of replay:{match[1]}: no [2J answer" in again
    done = home.ok("draw", "redraw", 1, "--instead-of", match[1], "--reason", "again")
    assert done.out == again
    assert "was replaced before" in done.err
    assert "12 entries, 1 redrawn" in home.ok("draw", "verify", result(home)).out


@pytest.mark.parametrize(
    ("touch", "said"),
    [
        (lambda text: text.replace(b"replay:m3\n", b"replay:m33\n", 1), "result.txt: "),
        (lambda text: text[: len(text) // 2], "result.txt: "),
        (lambda text: b"", 'the first line is ""'),
        (lambda text: b"\x00" * 1_000, "is no result of a draw"),
        (lambda text: b"\xff\xfe\x1b[2J", "is no UTF-8 text, from byte 1 on"),
        (lambda text: text.replace(b"draw: Spring", b"draw: \x1b[2J\xe2\x80\xae", 1), "the draw's name"),
        (lambda text: text + b"x" * (65 * 1024 * 1024), "is larger than 64 MB"),
        (lambda text: text.replace(b"winner 1: ", b"winner 1: " + b"9" * 100_000), "the winners named"),
    ],
)
def test_a_touched_file_is_refused_in_one_clean_line(
    home: Home, drawn_result: bytes, touch: Callable[[bytes], bytes], said: str
) -> None:
    told = home.refused("draw", "verify", home.write("result.txt", touch(drawn_result)))
    assert said in told
    assert len(told) < 1_000
    assert not {"\x1b", "\x00", "\u202e"} & set(told)


def test_a_file_that_is_not_there_is_named(home: Home) -> None:
    assert "nowhere.txt" in home.refused("draw", "verify", "nowhere.txt")


def test_of_two_who_draw_at_once_one_draws_and_both_print_the_same(home: Home) -> None:
    opened(home)
    command = [*COMMAND, "draw", "draw", "1"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=home.folder, env=home.env) for _ in range(2)]
    said = {process.communicate(timeout=60)[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(said) == 1
    assert home.ok("audit", "list", "--json").out.count('"draw.draw"') == 1


def test_a_command_that_was_killed_is_given_again_with_the_same_result(home: Home) -> None:
    published = opened(home)
    for words in (["commit"], ["draw"]):
        with home.running("draw", *words, "1") as process:
            process.kill()
        home.ok("draw", *words, "1")
    assert home.ok("draw", "commit", 1).out == published
    file = result(home)
    assert home.ok("draw", "draw", 1).out == home.ok("draw", "result", 1).out
    assert home.ok("draw", "verify", file, "--published", home.write("p.txt", published)).code == 0


def test_the_list_that_is_shown_is_the_one_that_was_hashed(home: Home) -> None:
    home.ok("draw", "open", "x", "--winners", 1)
    assert "not closed yet" in home.refused("draw", "show", "x", "--entries")
    published = opened(home)
    listed = home.ok("draw", "show", "Spring draw", "--entries").out
    assert sha256(listed.encode()).hexdigest() in published
    assert home.ok("draw", "show", "Spring draw").out.startswith("draw 2  Spring draw  committed  12 entries, 3 to win")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["open", "a", "--winners", "0"], "--winners"),
        (["open", "17", "--winners", "1"], "is no number"),
        (["open", "a", "--winners", "1", "--everybody", "--clean"], "stands alone"),
        (["commit", "nothing"], "no draw 'nothing'; there are: Spring draw"),
        (["commit", "1", "--post", "coffee"], "no group 'coffee'"),
        (["enter", "1", "nobody"], "no member 'nobody'"),
        (["draw", "1"], "not closed yet"),
        (["result", "1"], "was not drawn yet"),
        (["redraw", "1", "--instead-of", "m1", "--reason", "x"], "was not drawn yet"),
        (["commit", "1", "--as", "mo"], "admin"),
        (["open", "b", "--winners", "1", "--as", "mo"], "admin"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_changes_nothing(home: Home, words: list[str], said: str) -> None:
    home.ok("draw", "open", "Spring draw", "--winners", 3, "--everybody")
    before = home.store.read_bytes()
    assert said in home.refused("draw", *words)
    assert home.store.read_bytes() == before


def test_a_draw_is_cancelled_until_it_was_held(home: Home) -> None:
    opened(home)
    assert home.ok("draw", "cancel", 1).out == "draw 1: Spring draw is cancelled\n"
    assert "is cancelled" in home.refused("draw", "draw", 1)


# --- the documents' own way ---


def block(page: str, language: str, number: int = 0) -> str:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)[number]  # type: ignore[no-any-return]


@pytest.mark.parametrize("page", ["draws.md", "draws.zh-CN.md"])
@pytest.mark.parametrize("way", ["python", "shell"])
def test_a_draw_is_recomputed_by_what_the_documents_say(home: Home, page: str, way: str) -> None:
    if way == "shell" and not shutil.which("sha256sum"):
        pytest.skip("needs sha256sum")
    opened(home, "--public-value", "closing value")
    told = home.ok("draw", "draw", 1, "--public-value", "3127.44").out
    secret = next(one for one in told.splitlines() if one.startswith("Secret: ")).removeprefix("Secret: ")
    home.write("list.txt", home.ok("draw", "show", 1, "--entries").out)
    if way == "python":
        code = block(page, "python").replace("SECRET", secret).replace('""', '"3127.44"', 1)
        command = [sys.executable, "-X", "utf8", "-c", code]
    else:
        command = ["sh", "-c", block(page, "sh", 1)]
    env = {**home.env, "SECRET": secret, "VALUE": "3127.44"}
    done = subprocess.run(command, cwd=home.folder, env=env, capture_output=True, encoding="utf-8", check=True)
    places = [one.split(None, 1)[1] for one in done.stdout.splitlines() if " replay:m" in one]
    winners = [one.partition(": ")[2] for one in result(home).read_text("utf-8").splitlines() if "winner " in one]
    assert len(places) == 12
    assert places[:3] == winners[:3]
    hashes = re.findall("[0-9a-f]{64}", done.stdout)
    assert all(hashed in told for hashed in hashes)
    assert hashes


def test_the_documents_name_only_commands_and_options_there_are(home: Home) -> None:
    named: dict[tuple[str, str], set[str]] = {}
    for page in ("draws.md", "draws.zh-CN.md", "effect.md", "effect.zh-CN.md"):
        text = (DOCS / page).read_text("utf-8")
        for group, command, rest in re.findall(r"vigil (draw|perk) ([a-z-]+)([^`\n]*)", text):
            named.setdefault((group, command), set()).update(re.findall(r"--[a-z-]+", rest.partition("#")[0]))
    assert len(named) > 6
    for words, options in named.items():
        shown = home.ok(*words, "--help").out
        assert not [option for option in options if option not in shown], words


# --- redeeming and reports ---


@pytest.fixture
def given(home: Home) -> Home:
    """Three members hold a code each, sent to them."""
    home.ok("perk", "add", "Coupon", "--kind", "code", "--text", "your code: {code}", "--redeem-word", "兑换")
    home.ok("perk", "import-codes", "Coupon", home.write("codes.csv", "code\nAAA-1\nAAA-2\nAAA-3\n"))
    home.ok("perk", "grant", "Coupon", "m0", "m1", "m2")
    with home.running("serve") as worker:
        wait_until(lambda: all(row["state"] == "sent" for row in home.ok("perk", "grants", "--json").rows))
        worker.kill()
    return home


def test_perks_are_redeemed_by_number_by_member_and_from_a_file(given: Home) -> None:
    assert given.ok("perk", "redeem", 1).out.startswith("grant 1: Coupon, m0, redeemed")
    assert "marked by" in given.refused("perk", "redeem", 1)
    assert given.ok("perk", "redeem", 1, "--undo").out == "grant 1 is not redeemed any more\n"
    assert given.ok("perk", "redeem", "Coupon", "--member", "m1").out.startswith("grant 2: ")
    file = given.write("till.csv", "code,time\nAAA-3,\nAAA-9,\nAAA-2,2026-01-01\n")
    done = given.ok("perk", "redeem", "coupon", "--file", file)
    assert done.out == "1 redeemed, 1 were before\n"
    assert done.err == f"{file}: line 3 fits no grant of this perk\n"
    assert given.ok("perk", "redeem", "coupon", "--file", file).out == "0 redeemed, 2 were before\n"
    words = message("w", "兑换！", group="tea", member="m0")
    given.ok("replay", given.write("word.ndjson", line(words)), "--speed", "max")
    assert "worker" in given.refused("perk", "redeem", 1)
    assert "AAA" not in given.ok("audit", "list", "--json", "--limit", 100).out
    assert "is no grant's number" in given.refused("perk", "redeem", "Coupon")
    assert "one at a time" in given.refused("perk", "redeem", "1", "--undo", "--member", "m1")
    assert "is no time" in given.refused("perk", "redeem", "1", "--at", "soon")


def test_a_report_as_text_as_json_and_as_csv(given: Home) -> None:
    given.ok("perk", "redeem", 1)
    table = given.folder / "report.csv"
    text = given.ok("perk", "report", "--csv", table).out
    head, row = text.splitlines()[:2]
    assert " ".join(head.split()) == "perk granted waiting sent failed taken back unknown redeemed in time"
    assert " ".join(row.split()) == "Coupon 3 0 3 0 0 0 1 1"
    (json,) = given.ok("perk", "report", "Coupon", "--json").rows
    assert (json["figures"]["sent"], json["figures"]["redeemed"]) == (3, 1)
    assert json["spoke_again"]["7"]["people"] == 0
    lines = table.read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("perk,kind,granted,")
    assert lines[1].startswith("Coupon,code,3,0,3,0,0,0,1,1,")
    assert len(lines[0].split(",")) == len(lines[1].split(","))


def test_a_report_says_of_small_numbers_that_they_are_small(given: Home) -> None:
    with sqlite3.connect(given.store) as db:
        db.execute("UPDATE grants SET sent_at = 1780000200, reserved_at = 1780000200")
        first = db.execute("SELECT member_id, group_id FROM memberships").fetchone()
        db.execute("INSERT INTO activity (member_id, day, group_id, messages) VALUES (?, ?, ?, 1)",
                   (first[0], 719_163 + 1_780_000_200 // 86_400 + 2, first[1]))  # fmt: skip
    db.close()
    text = given.ok("perk", "report", "Coupon").out
    assert "within 7 days: 1 of 3 receivers, 33.3 %" in text
    assert "all compared with 9 members like them who got none: 33.3 % against 0.0 %" in text
    assert "small numbers: this says little" in text
