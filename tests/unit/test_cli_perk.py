"""`vigil perk`: from an empty store to codes in members' hands by commands alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.home import Home
from tests.unit.perks_made import codes, once_each

POOL = codes(12)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with ten members m0 to m9 in two groups, a perk called Coupon, and an owner, an admin and a moderator."""
    home = Home(tmp_path)
    home.settle()
    chat = [
        {"id": str(n), "group": f"g{n % 2}", "user": f"m{n}", "name": f"Mia {n}", "text": f"hi {n}", "ts": 1e9 + n}
        for n in range(10)
    ]
    home.ok("replay", home.write("chat.ndjson", "\n".join(map(json.dumps, chat)) + "\n"), "--speed", "max")
    for name, role in (("ad", "admin"), ("mo", "moderator")):
        home.ok("staff", "add", name, "--role", role)
    home.write("codes.csv", "code\n" + "\n".join(POOL) + "\n")
    home.write("nothing.ndjson", "")
    text = "{name}: {code} until {valid_until} in {group}"
    home.ok("perk", "add", "Coupon", "--kind", "code", "--text", text, "--valid-until", "2099-03-31")
    return home


def work(home: Home) -> None:
    home.ok("replay", "nothing.ndjson", "--speed", "max")


def test_from_codes_in_a_file_to_codes_in_members_hands(home: Home) -> None:
    assert home.ok("perk", "import-codes", "Coupon", "codes.csv").out == "12 codes imported; 12 can be given\n"
    dry = home.ok("perk", "grant", "coup", "--group", "g0", "--dry-run").out
    assert dry == (
        "Coupon: 5 may get it, 12 left\nthe first of them would read:\n  Mia 8: •••••••• until 2099-03-31 in g0\n"
    )
    assert home.ok("perk", "grant", "coup", "--group", "g0").out == "dispatch 1: Coupon to 5 members\n"
    done = home.ok("perk", "grant", "coup", "m0", "replay:m1", "Mia 3").out
    assert done == "dispatch 2: Coupon to 2 members\n  1 not: has it already\n"
    work(home)
    assert once_each(home.store, POOL) == 7
    states = [row["state"] for row in home.ok("perk", "grants", "--json").rows]
    assert states == ["sent"] * 7
    (perk,) = home.ok("perk", "list", "--json").rows
    assert (perk["name"], perk["taken"], perk["left"]) == ("Coupon", 7, 5)
    assert home.ok("perk", "list").lines[1].split() == ["1", "Coupon", "code", "open", "7", "5", "-"]
    assert "{name}: {code} until" in home.ok("perk", "show", "1").out


def test_the_same_file_gives_the_same_perk_once(home: Home) -> None:
    home.ok("perk", "import-codes", "Coupon", "codes.csv")
    home.ok("perk", "add", "Mug", "--kind", "gift", "--per-member", 3)
    home.write("members.csv", "name,member\nMia,m1\nMia,replay:m2\n")
    assert home.ok("perk", "grant", "Coupon", "--file", "members.csv").out == "dispatch 1: Coupon to 2 members\n"
    again = home.ok("perk", "grant", "Coupon", "--file", "members.csv").out
    assert again == "dispatch 1: Coupon was given before; nothing was given again (2 members)\n"
    assert "dispatch 2" in home.ok("perk", "grant", "Mug", "--file", "members.csv").out
    for words in (("Mug", "m1", "--key", "k"), ("Mug", "m2", "--key", "k")):
        home.ok("perk", "grant", *words)
    assert len(home.ok("perk", "grants", "--perk", "Mug", "--json").rows) == 3
    home.write("wrong.csv", "m1\nm2\nnobody\n")
    said = home.refused("perk", "grant", "Mug", "--file", "wrong.csv")
    assert said.startswith("wrong.csv: line 3: no member 'nobody'")


def test_a_moderator_proposes_and_an_admin_answers(home: Home) -> None:
    home.ok("perk", "import-codes", "Coupon", "codes.csv")
    for names in (("m1", "m2"), ("m3",)):
        said = home.ok("perk", "grant", "Coupon", *names, "--reason", "quiz", "--as", "mo").out
        assert said.endswith("proposed, waits for approval\n")
    assert home.ok("perk", "waiting").lines[0].endswith("(quiz): Mia 1, Mia 2")
    assert "takes the role admin" in home.run("perk", "approve", 1, "--as", "mo").err
    home.ok("perk", "grant", "Coupon", "m2", "--as", "ad")
    assert home.ok("perk", "approve", 1, "--as", "ad").out == (
        "dispatch 1: Coupon to 1 member\n  1 not: has it already\n"
    )
    assert home.ok("perk", "reject", 2, "--reason", "enough", "--as", "ad").out == "dispatch 2 rejected\n"
    assert home.ok("perk", "waiting").out == "no perks wait\n"
    both = home.run("perk", "approve", 1, 99, "--as", "ad")
    assert both.code == 2
    assert both.err.count("\n") == 2


def test_what_was_not_sent_is_taken_back_without_naming_it(home: Home) -> None:
    home.ok("perk", "import-codes", "Coupon", "codes.csv")
    home.ok("perk", "grant", "Coupon", "m1", "m2")
    assert home.ok("perk", "undo").out == "dispatch 1: 2 taken back\n"
    work(home)
    assert once_each(home.store, POOL) == 0
    assert "undo" in home.refused("perk", "undo")


def test_a_gift_is_handed_over_and_a_closed_perk_is_not_given(home: Home) -> None:
    home.ok("perk", "add", "Mug", "--kind", "gift", "--stock", 2)
    home.ok("perk", "grant", "Mug", "m1")
    assert home.ok("perk", "fulfil", 1, "--as", "mo").out == "grant 1 is handed over\n"
    assert "handed over" in home.ok("perk", "grants").out
    home.ok("perk", "close", "Mug")
    assert "this perk is closed" in home.refused("perk", "grant", "Mug", "m2")
    assert [row["name"] for row in home.ok("perk", "list", "--json").rows] == ["Coupon"]
    assert len(home.ok("perk", "list", "--all", "--json").rows) == 2


def test_codes_are_imported_all_or_not_at_all_and_never_shown(home: Home) -> None:
    home.write("twice.csv", "\n".join([*POOL[:3], POOL[0]]))
    home.write("broken.csv", f'{POOL[0]}\n"{POOL[1]}\n')
    said = home.refused("perk", "import-codes", "Coupon", "twice.csv")
    assert said == "line 4 is there twice; nothing was imported (--skip-duplicates passes over them)"
    assert "line 2: is no CSV" in home.refused("perk", "import-codes", "Coupon", "broken.csv")
    done = home.ok("perk", "import-codes", "Coupon", "-", "--skip-duplicates", stdin="\n".join(POOL[:2]).encode())
    assert done.out == "2 codes imported; 2 can be given\n"
    said = home.refused("perk", "import-codes", "Coupon", "codes.csv")
    assert said.startswith("lines 2, 3 are in the store already")
    more = home.ok("perk", "import-codes", "Coupon", "codes.csv", "--skip-duplicates").out
    assert more == "10 codes imported, 2 were there already; 12 can be given\n"


def test_a_fixed_code_comes_from_a_file_or_a_terminal_and_from_nowhere_else(home: Home) -> None:
    words = ("perk", "add", "Link", "--kind", "fixed", "--text", "here: {code}")
    assert "--code-file FILE, or a terminal" in home.refused(*words)
    home.write("link.txt", "https://example.org/secret\n")
    home.ok(*words, "--code-file", "link.txt")
    home.write("two.txt", "one\ntwo\n")
    more = ("perk", "add", "B", "--kind", "fixed", "--text", "{code}", "--code-file", "two.txt")
    assert "one line" in home.refused(*more)
    home.ok("perk", "grant", "Link", "m1", "m2")
    work(home)
    assert "example.org" not in home.effects.read_text("utf-8")
    assert home.effects.read_text("utf-8").count("secret_sha256") == 2


def test_without_its_key_a_store_says_which_file_and_goes_on(home: Home) -> None:
    home.ok("perk", "import-codes", "Coupon", "codes.csv")
    key = home.store.with_name(home.store.name + ".key")
    kept = key.read_bytes()
    key.unlink()
    for words in (("import-codes", "Coupon", "codes.csv"), ("rekey",)):
        said = home.refused("perk", *words)
        assert str(key) in said
        assert "VIGIL_KEY" in said
    home.ok("perk", "grant", "Coupon", "m1")
    work(home)
    assert home.ok("perk", "grants", "--json").rows[0]["state"] == "reserved"
    key.write_bytes(kept)
    assert home.ok("perk", "rekey").out == f"12 secrets encrypted anew; the key is {key}\n"
    assert key.read_bytes() != kept
    assert home.ok("audit", "verify").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "A", "--kind", "code", "--text", "hello"], "must hold {code}"),
        (["add", "A", "--kind", "code", "--text", "{cdoe}"], "there are {name}, {perk}, {code}"),
        (["add", "Coupon", "--kind", "gift"], "is there already"),
        (["add", "A", "--kind", "gift", "--valid-until", "tomorrow"], "is no time"),
        (["add", "A", "--kind", "gift", "--layer", "asleep"], "new, active, core, silent"),
        (["grant", "Nothing", "m1"], "no single perk is called 'Nothing'; there are: Coupon"),
        (["grant", "Coupon"], "one of these"),
        (["grant", "Coupon", "m1", "--layer", "silent"], "one of these"),
        (["grant", "Coupon", "nobody"], "no member 'nobody'"),
        (["grant", "Coupon", "--tier", "Tin"], "no member is so"),
        (["grant", "Coupon", "m1"], "no code is left"),
        (["import-codes", "Coupon", "missing.csv"], "No such file"),
        (["settle", "9", "lost"], "no grant 9"),
        (["reveal", "1"], "on a terminal only"),
        (["undo", "9"], "no dispatch 9"),
    ],
)
def test_a_mistake_is_told_in_one_line(home: Home, words: list[str], said: str) -> None:
    assert said in home.refused("perk", *words)
