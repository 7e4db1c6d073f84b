"""Codes at rest: sealed with a key beside the store, and never destroyed when the key is missing."""

from __future__ import annotations

import base64
import copy
import logging
import os
import pickle
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.settings import Settings
from store.database import Database
from store.errors import Conflict
from store.records import ActionKind, Order, Role
from store.secret import MASK, Secret, scrub
from store.vault import Damaged, KeyUnavailable, Vault, context_of, key_path, open_vault
from tests.unit.at_once import at_once
from tests.unit.perks_made import codes, community, coupon, desk_of, now, pool_of

KEY = bytes(range(32))
OTHER = base64.b64encode(bytes(32)).decode()


@pytest.fixture(autouse=True)
def no_key_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIGIL_KEY", "VIGIL_NEW_KEY"):
        monkeypatch.delenv(name, raising=False)


# --- sealing ---


@given(st.binary(max_size=300), st.text(max_size=40))
def test_what_is_sealed_opens_in_its_place_and_shows_nothing(secret: bytes, place: str) -> None:
    vault = Vault(KEY)
    sealed = vault.seal(secret, place)
    assert vault.open(sealed, place).reveal_bytes() == secret
    assert len(secret) < 8 or secret not in sealed
    assert vault.seal(secret, place) != sealed, "the same twice does not look the same"


@given(st.data())
def test_a_changed_byte_another_place_and_another_key_are_noticed(data: st.DataObject) -> None:
    vault = Vault(KEY)
    sealed = bytearray(vault.seal(b"GOLD-1", context_of("draws", 1)))
    with pytest.raises(Damaged, match="draws 2"):
        vault.open(bytes(sealed), context_of("draws", 2))
    with pytest.raises(Damaged):
        Vault(bytes(32)).open(bytes(sealed), context_of("draws", 1))
    cut = data.draw(st.integers(0, len(sealed) - 1))
    with pytest.raises(Damaged):
        vault.open(bytes(sealed[:cut]), context_of("draws", 1))
    sealed[cut] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Damaged) as caught:
        vault.open(bytes(sealed), context_of("draws", 1))
    assert "GOLD" not in str(caught.value)


def test_a_fingerprint_finds_the_same_code_under_the_same_key_only() -> None:
    assert Vault(KEY).fingerprint("GOLD-1") == Vault(KEY).fingerprint("GOLD-1")
    assert Vault(KEY).fingerprint("GOLD-1") != Vault(KEY).fingerprint("GOLD-2")
    assert Vault(KEY).fingerprint("GOLD-1") != Vault(bytes(32)).fingerprint("GOLD-1")


def test_rows_exchanged_in_the_stores_file_are_noticed(db: Database, settings: Settings) -> None:
    coupon(desk_of(db, settings), codes(2))
    (first, second) = [row[0] for row in db.execute("SELECT code FROM vouchers ORDER BY id")]
    db.execute("UPDATE vouchers SET code = CASE id WHEN 1 THEN ? ELSE ? END", (second, first))
    with pytest.raises(Damaged, match="vouchers of perk 1"):
        pool_of(db)


# --- the key ---


def test_the_first_code_makes_a_key_that_its_owner_alone_can_read(db: Database, settings: Settings) -> None:
    before = os.umask(0)
    try:
        coupon(desk_of(db, settings), codes(1))
    finally:
        os.umask(before)
    path = key_path(db.path)
    assert path.name == "vigil.db.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(base64.urlsafe_b64decode(path.read_bytes())) == 32
    assert not path.with_name(path.name + ".new").exists()


def test_a_key_that_others_could_read_is_narrowed(db: Database, settings: Settings) -> None:
    coupon(desk_of(db, settings), codes(1))
    key_path(db.path).chmod(0o644)
    assert pool_of(db) == codes(1)
    assert key_path(db.path).stat().st_mode & 0o777 == 0o600


def test_a_key_from_the_environment_leaves_no_file(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_KEY", OTHER)
    coupon(desk_of(db, settings), codes(3))
    assert not key_path(db.path).exists()
    assert pool_of(db) == codes(3)
    monkeypatch.delenv("VIGIL_KEY")
    with pytest.raises(KeyUnavailable, match="VIGIL_KEY is not set"):
        pool_of(db)


@pytest.mark.parametrize("text", ["short", "!" * 44, base64.b64encode(bytes(31)).decode()])
def test_a_variable_that_holds_no_key_is_told_without_what_it_holds(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("VIGIL_KEY", text)
    with pytest.raises(KeyUnavailable, match="VIGIL_KEY: is no key") as caught:
        coupon(desk_of(db, settings), codes(1))
    assert text not in str(caught.value)
    assert db.value("SELECT count(*) FROM vouchers") == 0


def test_a_file_that_is_no_key_is_not_written_over(db: Database, settings: Settings) -> None:
    key_path(db.path).write_text("my shopping list", "utf-8")
    with pytest.raises(KeyUnavailable, match="something else than a key"):
        coupon(desk_of(db, settings), codes(1))
    assert key_path(db.path).read_text("utf-8") == "my shopping list"


@pytest.mark.parametrize("how", ["missing", "wrong", "empty", "folder"])
def test_without_the_right_key_all_that_needs_no_code_goes_on_and_nothing_is_destroyed(
    db: Database, settings: Settings, how: str
) -> None:
    desk = desk_of(db, settings, role=Role.OWNER)
    perk = coupon(desk, codes(3))
    ids = community(db, 3)
    path = key_path(db.path)
    right = path.read_bytes()
    path.unlink()
    match how:
        case "wrong":
            path.write_bytes(OTHER.encode())
        case "empty":
            path.touch()
        case "folder":
            path.mkdir()
    before = path.read_bytes() if path.is_file() else None
    vouchers = db.execute("SELECT * FROM vouchers").fetchall()
    for needs in (
        lambda: desk.perks.import_codes(perk, [(1, "NEW")]),
        lambda: desk.perks.rekey(),
        lambda: pool_of(db),
    ):
        with pytest.raises(KeyUnavailable, match=r"vigil\.db\.key"):
            needs()
    # Giving needs no code yet: the message waits for the key.
    assert desk.perks.dispatch(perk, ids, key="a").members == 3
    with pytest.raises(KeyUnavailable, match="othing was changed"):
        desk.perks.reveal(1)
    assert db.value("SELECT count(*) FROM audit WHERE event = 'grant.reveal'") == 0
    assert desk.perks.perks()[0].taken == 3
    assert (path.read_bytes() if path.is_file() else None) == before
    assert db.execute("SELECT * FROM vouchers").fetchall() == vouchers
    if path.is_dir():
        path.rmdir()
    path.write_bytes(right)
    assert desk.perks.reveal(1).reveal() == "GOLD-00000-XK"


def test_a_new_key_opens_every_code_link_and_draw_and_the_old_one_none(db: Database, settings: Settings) -> None:
    from store.perk_records import NewPerk, PerkKind

    desk = desk_of(db, settings, role=Role.OWNER)
    coupon(desk, codes(40))
    link = desk.perks.add(NewPerk("Link", PerkKind.FIXED, "{code}"), "LINK-FOR-ALL")
    old = open_vault(db)
    db.execute(
        "INSERT INTO draws (id, name, state, winners, secret, opened_by, opened_at)"
        " VALUES (7, 'd', 'open', 1, ?, 'a', 1)",
        (old.seal(bytes(range(32)), context_of("draws", 7)),),
    )
    count, place = desk.perks.rekey()
    assert (count, place) == (42, str(key_path(db.path)))
    assert pool_of(db) == codes(40)
    new = open_vault(db)
    secret = db.value("SELECT secret FROM draws")
    assert new.open(secret, context_of("draws", 7)).reveal_bytes() == bytes(range(32))
    assert new.open(db.value("SELECT fixed FROM perks WHERE id = ?", (link,)), context_of("perks", link)).reveal()
    with pytest.raises(Damaged):
        old.open(secret, context_of("draws", 7))
    with pytest.raises(Conflict, match="key was changed"), db.transaction():
        old.confirm(db)
    # The same code is still known under the new key.
    with pytest.raises(Exception, match="in the store already"):
        desk.perks.import_codes(1, [(1, codes(1)[0])])


def test_a_key_can_be_moved_into_the_environment_and_back(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_of(db, settings, role=Role.OWNER)
    coupon(desk, codes(2))
    monkeypatch.setenv("VIGIL_NEW_KEY", OTHER)
    assert "VIGIL_KEY" in desk.perks.rekey()[1]
    assert not key_path(db.path).exists()
    monkeypatch.delenv("VIGIL_NEW_KEY")
    monkeypatch.setenv("VIGIL_KEY", OTHER)
    assert pool_of(db) == codes(2)
    desk.perks.rekey()
    assert pool_of(db) == codes(2), "the file's key fits now, whatever the variable holds"
    monkeypatch.delenv("VIGIL_KEY")
    assert pool_of(db) == codes(2)


_FOUNDING = """
import sys
from pathlib import Path
from store.database import open_database
from store.vault import open_vault
db = open_database(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(open_vault(db, create=True).fingerprint("x").hex())
"""


def test_of_processes_that_need_the_first_key_at_once_all_get_the_same(db: Database) -> None:
    said = set(at_once(_FOUNDING, [(db.path,)] * 4))
    assert said == {open_vault(db).fingerprint("x").hex() + "\n"}


# --- what is shown of it ---


def test_a_secret_is_a_mask_wherever_it_is_written(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(b"GOLD-1")
    order = Order(1, "k", ActionKind.SEND, "replay", "g", "m", "", "your code: GOLD-1", 0, 3, "GOLD-1")
    logging.getLogger("x").warning("%s %r %s", secret, secret, [secret, order])
    shown = [str(secret), f"{secret:>20}", repr([secret]), repr(order), str({"a": secret}), caplog.text]
    try:
        raise ValueError(secret, order)
    except ValueError:
        shown.append(traceback.format_exc().split("raise ValueError", 1)[1])
    assert not any("GOLD" in text for text in shown)
    assert shown[0] == MASK
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            copied(secret)


@given(st.text(max_size=60), st.text(min_size=4, max_size=30), st.text(max_size=60))
def test_a_platforms_words_lose_the_secret(before: str, secret: str, after: str) -> None:
    assert secret not in scrub(before + secret + after, secret) or secret in MASK * 9


@pytest.mark.parametrize(
    "words",
    [
        'message "your code: GOLD 1/ä-77" is too long',
        "GET /send?text=GOLD%201%2F%C3%A4-77 failed",
        r'{"text": "GOLD 1/\u00e4-77"}',
        "no such thing: gold 1/Ä-77",
        "message is too long: your code: GOLD 1/ä-",
    ],
)
def test_a_platforms_words_lose_the_secret_however_they_write_it(words: str) -> None:
    told = scrub(words, "GOLD 1/ä-77")
    assert "gold" not in told.casefold()
    assert "77" not in told
    assert MASK in told


def test_words_without_the_secret_stay_as_they_are() -> None:
    assert scrub("slow down, 3 messages a minute", "GOLD-1") == "slow down, 3 messages a minute"
    assert scrub("anything", "") == "anything"


def test_the_keys_file_is_found_beside_the_store(tmp_path: Path) -> None:
    assert key_path(tmp_path / "a b.db") == tmp_path / "a b.db.key"
    assert now() > 0
