"""The settings in vigil.toml: places, languages, access, outbox, platforms, keys."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from console.platforms.base import PlatformError
from console.platforms.failures import described
from console.platforms.limits import NONE, Limits
from console.platforms.places import place
from console.platforms.registry import find_kind, known_kinds, limits_of
from rules.keylines import key_lines, line_of
from rules.reading import Refused, Table
from store.records import ANSWERS, Decision, Role

LANGUAGES = ("auto", "en", "zh")

FURTHER_ACCESS = ("grant", "points", "reveal", "draw")
"""Keys of [access] beside decisions: giving perks, correcting points, looking at a code, holding draws."""

_ACCESS: dict[Decision, Role] = {
    decision: Role.MODERATOR if decision in (Decision.DISMISS, *ANSWERS) else Role.ADMIN
    for decision in Decision
    if decision is not Decision.LADDER
}
"""Who may take each decision alone, where the settings say nothing else."""


class SettingsError(Exception):
    """The settings cannot be used: one line with file, line, key and what is allowed there."""


@dataclass(frozen=True, slots=True)
class PlatformSettings:
    """One table [platforms.NAME]: `options` is what its kind read out of it, `limits` what it cannot do."""

    name: str
    kind: str
    options: Any
    limits: Limits = NONE


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, each with its default. Paths are absolute. `rulebook` may not exist, unless the file
    says where it is (`rulebook_named`)."""

    path: Path
    store: Path
    rulebook: Path
    rulebook_named: bool = False
    language: str = "auto"
    members_language: str = "zh"
    undo_seconds: float = 5.0
    mute_seconds: int = 600
    access: dict[Decision, Role] = field(default_factory=lambda: dict(_ACCESS))
    approve: Role = Role.ADMIN
    undo_others: Role = Role.ADMIN
    rules: Role = Role.ADMIN
    grant: Role = Role.ADMIN
    points: Role = Role.ADMIN
    reveal: Role = Role.ADMIN
    draw: Role = Role.ADMIN
    platforms: tuple[PlatformSettings, ...] = ()
    keys: dict[str, str] = field(default_factory=dict)

    def limits(self, platform: str) -> Limits:
        """What the platform of that name cannot do; of one that is not set up any more nothing is known."""
        return next((one.limits for one in self.platforms if one.name == platform), NONE)


def default_path() -> Path:
    return Path(platformdirs.user_config_dir("vigil", appauthor=False)) / "vigil.toml"


def default_store() -> Path:
    return Path(platformdirs.user_data_dir("vigil", appauthor=False)) / "vigil.db"


def load(path: Path | None = None, store: Path | None = None) -> Settings:
    """The settings at `path`, or at the default place if there are any; `store` overrides the file's.

    Raises SettingsError.
    """
    chosen, store = _home(path or default_path()), _home(store) if store else None
    if path is None and not chosen.exists():
        return Settings(chosen, store or default_store(), chosen.with_name("rulebook.toml"))
    try:
        source = chosen.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise SettingsError(f"{chosen}: {said}; `vigil init` writes one") from None
    return parse(source, chosen, store)


def parse(source: str, path: Path, store: Path | None = None) -> Settings:
    """Check the settings `source` of the file `path`. Raises SettingsError."""
    try:
        document = tomllib.loads(source)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: is not TOML: {error}") from None
    try:
        return _read(document, path, store)
    except Refused as refused:
        line = line_of(key_lines(source), refused.key)
        place = f"{path}:{line}" if line else str(path)
        raise SettingsError(f"{place}: {'.'.join(map(str, refused.key))}: {refused.problem}") from None


def _read(document: dict[str, object], path: Path, store: Path | None) -> Settings:
    allowed = ("store", "rulebook", "language", "members_language", "outbox", "access", "platforms", "keys")
    top = Table(document, (), allowed)
    outbox = top.table("outbox", ("undo_seconds", "mute"))
    access = top.table(
        "access",
        (*_ACCESS, "approve", "undo_others", "rules", *FURTHER_ACCESS),
    )
    roles = [role.value for role in Role if role is not Role.VIEWER]
    keys = top.table("keys", None)
    platforms = top.table("platforms", None)
    return Settings(
        path=path,
        store=(store or place(path.parent, top, "store", str(default_store()))).absolute(),
        rulebook=place(path.parent, top, "rulebook", "rulebook.toml"),
        rulebook_named="rulebook" in top,
        language=top.choice("language", LANGUAGES, "auto"),
        members_language=top.text("members_language", "zh"),
        undo_seconds=outbox.number("undo_seconds", 0, 3600, 5),
        mute_seconds=outbox.duration("mute", 600),
        access={decision: Role(access.choice(decision, roles, role)) for decision, role in _ACCESS.items()},
        approve=Role(access.choice("approve", roles, Role.ADMIN)),
        undo_others=Role(access.choice("undo_others", roles, Role.ADMIN)),
        rules=Role(access.choice("rules", roles, Role.ADMIN)),
        **{name: Role(access.choice(name, roles, Role.ADMIN)) for name in FURTHER_ACCESS},
        platforms=tuple(_platform(platforms, name, path.parent) for name in platforms.names()),
        keys={name: keys.text(name, "") for name in keys.names()},
    )


def _platform(platforms: Table, name: str, folder: Path) -> PlatformSettings:
    if not name.isidentifier():
        platforms.refuse(name, "a platform's name is made of letters, digits and _")
    table = platforms.table(name, None)
    written = table.text("kind", "")
    try:
        kind = find_kind(written)
    except PlatformError as error:
        table.refuse("kind", str(error))
    if kind is None:
        # Refused, with all there are to choose from.
        table.choice("kind", known_kinds(), None)
        raise AssertionError(written)
    try:
        options = kind.read(platforms.table(name, ("kind", *kind.keys)), folder)
    except Refused:
        raise
    except Exception as error:
        table.refuse("kind", f"an error in the code of {written!r}: {described(error)}")
    return PlatformSettings(name, written, options, limits_of(kind, options))


def _home(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise SettingsError(f"{path}: begins with {path.parts[0]}, and there is no such user") from None


TEMPLATE = """\
# Settings of Vigil. Every line that is commented out shows the default.

# Where the store is: one SQLite file, readable by its owner alone.
# store = "{store}"

# The rules of your community, read again whenever the file changes.
rulebook = "rulebook.toml"

# The language of the screens: "auto" (from the locale), "en" or "zh".
# language = "auto"

# The language of what members are told, where the rulebook has several.
members_language = "{language}"

[outbox]
# How long an approved action waits before it is carried out: `u` takes it back until then.
# undo_seconds = 5
# How long a member is muted when a moderator chooses "mute" and the ladder has no such step.
# mute = "10m"

# The lowest role that may do a thing alone: moderator, admin or owner. A moderator below it proposes, and
# who may approve says yes or no. Nobody approves their own proposal, unless there is a single staff member.
[access]
# dismiss = "moderator"
# delete = "admin"
# warn = "admin"
# mute = "admin"
# remove = "admin"
# ban = "admin"
# admit = "moderator"
# refuse = "moderator"
# approve = "admin"
# undo_others = "admin"
# rules = "admin"
# grant = "admin"
# points = "admin"
# reveal = "admin"
# draw = "admin"

# Where messages come from, a table each. A recorded chat, played at its own pace ("1x"), faster or at once
# ("max"); what is done there is written to the file of effects beside the store.
# [platforms.recorded]
# kind = "replay"
# file = "chat.ndjson"
# speed = "20x"

# A Matrix server (docs/platforms.md says how to set up the account). The password's file is its owner's alone
# (chmod 600); `vigil platform test matrix` logs in and says which rights are lacking in which group.
# [platforms.matrix]
# kind = "matrix"
# homeserver = "https://matrix.example.org"
# user = "@vigil:example.org"
# password_file = "matrix.password"
# inviters = ["@ada:example.org"]

# A Telegram bot (docs/platform-telegram.md says how to make one). The token's file is its owner's alone (chmod 600).
# [platforms.telegram]
# kind = "telegram"
# token_file = "telegram.token"
# groups = ["-1001234567890"]

# A QQ account that NapCat, LLBot or another program of OneBot v11 holds (docs/platform-onebot.md says how to set it
# up). The token's file is its owner's alone (chmod 600).
# [platforms.qq]
# kind = "onebot"
# connect = "ws://127.0.0.1:3001"
# token_file = "qq.token"
# groups = ["12345678"]

# Other keys for commands: the id on the left (`?` in the console shows them), the key on the right.
[keys]
# "case.warn" = "w"
"""
