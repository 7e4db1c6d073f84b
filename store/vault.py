"""The vault: codes and draws' secrets encrypted at rest, and the key that opens them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from store import audit
from store.database import Database
from store.errors import Conflict, StoreError, StoreUnavailable
from store.lasting import sync_folder
from store.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VARIABLE = "VIGIL_KEY"
NEW_VARIABLE = "VIGIL_NEW_KEY"
KEY_BYTES = 32

_VERSION = b"\x01"
_NONCE_BYTES = 12
_PROOF_CONTEXT = "vault.proof"
_PROVEN = b"vigil"


class KeyUnavailable(StoreError):
    """The key that opens this store's codes is missing or another one: the text says where it belongs."""


class Damaged(StoreError):
    """A secret in the store is not what was put there: the text says which, never what."""


class Vault:
    """Seals and opens secrets with one key: AES-256-GCM, each secret bound to the row it stands in by `context`, and
    HMAC-SHA256 under a key of its own for finding a code again without showing it."""

    def __init__(self, key: bytes, proof: bytes = b"") -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher: AESGCM = AESGCM(_derived(key, b"vigil codes"))
        self._marks = _derived(key, b"vigil fingerprints")
        self.proof = proof or self.seal(_PROVEN, _PROOF_CONTEXT)

    def seal(self, secret: bytes, context: str) -> bytes:
        """What may stand in the store at the place called `context`, e.g. context_of("draws", 3)."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, secret, context.encode())

    def open(self, sealed: bytes, context: str) -> Secret:
        """Raises Damaged for what was sealed elsewhere, with another key, or changed."""
        from cryptography.exceptions import InvalidTag

        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if sealed[:1] != _VERSION or len(nonce) < _NONCE_BYTES:
                raise InvalidTag
            return Secret(self._cipher.decrypt(nonce, rest, context.encode()))
        except InvalidTag:
            place = context.partition("/")[0]
            raise Damaged(f"the secret at {place} was changed or moved in the store's file; restore a backup") from None

    def fingerprint(self, code: str) -> bytes:
        """The same for the same code under the same key, and telling nothing of it without the key."""
        return hmac.digest(self._marks, code.encode(), "sha256")

    def fits(self) -> bool:
        """Whether this is the key that `proof` was made with."""
        with suppress(Damaged):
            return self.open(self.proof, _PROOF_CONTEXT).reveal_bytes() == _PROVEN
        return False

    def confirm(self, db: Database) -> None:
        """Call it in the transaction that stores what was sealed before. Raises Conflict when the store's key was
        changed meanwhile."""
        if _proof(db) != self.proof:
            raise Conflict("the store's key was changed meanwhile; try again")


def context_of(table: str, number: int) -> str:
    """Where a secret stands that is bound to its row's id."""
    return f"{table} {number}"


def voucher_context(perk_id: int, fingerprint: bytes) -> str:
    """Where a voucher's code stands: its row's id is not known yet when it is sealed."""
    return f"vouchers of perk {perk_id}/{fingerprint.hex()}"


def key_path(store: Path) -> Path:
    """The key's file beside a store."""
    return store.with_name(store.name + ".key")


def open_vault(db: Database, *, create: bool = False) -> Vault:
    """The vault of this store; with `create` a store without a secret gets a key, unless one is there already. Not in
    a transaction where `create` is given.

    Raises KeyUnavailable, naming file and variable; nothing is changed then.
    """
    if _new_path(db.path).exists() and not db.connection.in_transaction:
        _settle(db)
    proof = _proof(db)
    if proof is None:
        if not create:
            raise KeyUnavailable(f"store {db.path}: holds no codes yet, so there is no key either")
        _found(db)
        proof = _proof(db)
        assert proof is not None
    for _, key in _candidates(db.path):
        vault = Vault(key, proof)
        if vault.fits():
            return vault
    raise KeyUnavailable(_missing(db.path))


def rekey(db: Database, staff: str, now: float) -> tuple[int, str]:
    """Encrypt every code, fixed code and draw's secret with a new key, all in one transaction; returns how many, and
    where the new key is. It is the one in VIGIL_NEW_KEY if that is set, else a random one that takes the old one's
    place in its file.

    The new key waits in a file of its own until the store says that it is the right one, so that a crash at any step
    leaves a store and a key that fit. Raises KeyUnavailable, Damaged, StoreUnavailable; nothing is changed then.
    """
    old = open_vault(db)
    chosen = _read_variable(NEW_VARIABLE)
    with db.transaction(durable=True):
        old.confirm(db)
        new = Vault(chosen or secrets.token_bytes(KEY_BYTES)) if chosen else _prepared(db.path)
        count = _reseal(db, old, new)
        db.execute("UPDATE vault SET proof = ?, made_at = ?", (new.proof, now))
        audit.record(db, now, staff, "vault.rekey", "vault", secrets=count, key=NEW_VARIABLE if chosen else "file")
    if chosen:
        # A key that opens nothing any more must not lie about.
        key_path(db.path).unlink(missing_ok=True)
        return count, f"in {NEW_VARIABLE}: set {VARIABLE} to it"
    _settle(db)
    return count, str(key_path(db.path))


def _reseal(db: Database, old: Vault, new: Vault) -> int:
    vouchers = []
    for number, perk_id, code, mark in db.execute("SELECT id, perk_id, code, fingerprint FROM vouchers").fetchall():
        text = old.open(code, voucher_context(perk_id, mark)).reveal()
        fresh = new.fingerprint(text)
        vouchers.append((new.seal(text.encode(), voucher_context(perk_id, fresh)), fresh, number))
    db.executemany("UPDATE vouchers SET code = ?, fingerprint = ? WHERE id = ?", vouchers)
    count = len(vouchers)
    for table, column in (("perks", "fixed"), ("draws", "secret")):
        rows = db.execute(f"SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL").fetchall()
        for number, sealed in rows:
            context = context_of(table, number)
            again = new.seal(old.open(sealed, context).reveal_bytes(), context)
            db.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (again, number))
        count += len(rows)
    return count


def _derived(key: bytes, use: bytes) -> bytes:
    # HKDF of RFC 5869 with an empty salt, for one block of output.
    extracted = hmac.digest(bytes(hashlib.sha256().digest_size), key, "sha256")
    return hmac.digest(extracted, use + b"\x01", "sha256")


def _proof(db: Database) -> bytes | None:
    found = db.value("SELECT proof FROM vault")
    return None if found is None else bytes(found)


def _found(db: Database) -> None:
    """Give the store its first key. Under the store's lock: of two processes at once, one makes it."""
    with db.transaction(durable=True):
        if _proof(db) is not None:
            return
        known = next((key for _, key in _candidates(db.path)), None)
        if known is None and _is_foreign(key_path(db.path)):
            raise KeyUnavailable(f"key {key_path(db.path)}: holds something else than a key; move it away")
        vault = Vault(known) if known else _prepared(db.path)
        db.execute("INSERT INTO vault (id, proof, made_at) VALUES (1, ?, ?)", (vault.proof, time.time()))
    _settle(db)


def _settle(db: Database) -> None:
    """Put a new key that the store says is the right one in its place, and remove one that never came to be. Under the
    store's lock: whoever makes a new key holds it."""
    new, path = _new_path(db.path), key_path(db.path)
    with db.transaction():
        proof = _proof(db)
        key = _read_file(new)
        try:
            if key and proof and Vault(key, proof).fits():
                new.replace(path)
            else:
                new.unlink(missing_ok=True)
            sync_folder(path.parent)
        except OSError as error:
            raise KeyUnavailable(f"key {new}: {error.strerror or error}; nothing was changed") from error


def _prepared(store: Path) -> Vault:
    """A new random key, on the disk in the file where new keys wait. Call it under the store's lock."""
    path = _new_path(store)
    key = secrets.token_bytes(KEY_BYTES)
    try:
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(base64.urlsafe_b64encode(key) + b"\n")
            file.flush()
            os.fsync(handle)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise StoreUnavailable(f"key {path}: {error.strerror or error}") from error
    return Vault(key)


def _candidates(store: Path) -> list[tuple[str, bytes]]:
    """The keys there are, by where they were found."""
    found = [(VARIABLE, _read_variable(VARIABLE))]
    found += [(str(path), _read_file(path)) for path in (key_path(store), _new_path(store))]
    return [(place, key) for place, key in found if key]


def _missing(store: Path) -> str:
    path = key_path(store)
    there = [place for place, _ in _candidates(store)]
    if there:
        why = f"the key in {' and in '.join(there)} is not the one they were encrypted with"
    else:
        why = f"{path} {'holds no key' if path.exists() else 'is not there'} and {VARIABLE} is not set"
    return (
        f"the codes of {store} cannot be read: {why}; put the right key into {path} or {VARIABLE}."
        " Nothing was changed, and all that needs no code goes on working"
    )


def _read_variable(name: str) -> bytes | None:
    text = os.environ.get(name, "").strip()
    if not text:
        return None
    key = _decoded(text)
    if key is None:
        raise KeyUnavailable(f"{name}: is no key; it holds 32 bytes in base64, as `openssl rand -base64 32` makes them")
    return key


def _read_file(path: Path) -> bytes | None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            path.chmod(mode & 0o700)
        return _decoded(path.read_text("ascii").strip())
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return None
    except OSError as error:
        raise KeyUnavailable(f"key {path}: {error.strerror or error}; nothing was changed") from None


def _is_foreign(path: Path) -> bool:
    """Whether there is a file with something in it."""
    return path.exists() and path.stat().st_size > 0


def _decoded(text: str) -> bytes | None:
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def _new_path(store: Path) -> Path:
    path = key_path(store)
    return path.with_name(path.name + ".new")
