"""The settings in vigil.toml: places, languages, access, outbox, platforms, keys."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from rules.keylines import key_lines, line_of
from rules.reading import Refused, Table
from store.records import Decision, Role

LANGUAGES = ("auto", "en", "zh")
PLATFORM_KINDS = ("replay",)

FURTHER_ACCESS = ("grant", "points", "reveal", "draw")
"""Keys of [access] beside decisions: giving perks, correcting points, looking at a code, holding draws."""


class SettingsError(Exception):
    """The settings cannot be used: one line with file, line, key and what is allowed there."""


@dataclass(frozen=True, slots=True)
class PlatformSettings:
    """One table [platforms.NAME]. `file` and `speed` are the replay platform's; speed None is "max"."""

    name: str
    kind: str
    file: Path
    speed: float | None


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
    access: dict[Decision, Role] = field(
        default_factory=lambda: {
            decision: Role.MODERATOR if decision is Decision.DISMISS else Role.ADMIN
            for decision in Decision
            if decision is not Decision.LADDER
        }
    )
    approve: Role = Role.ADMIN
    undo_others: Role = Role.ADMIN
    rules: Role = Role.ADMIN
    grant: Role = Role.ADMIN
    points: Role = Role.ADMIN
    reveal: Role = Role.ADMIN
    draw: Role = Role.ADMIN
    platforms: tuple[PlatformSettings, ...] = ()
    keys: dict[str, str] = field(default_factory=dict)


def parse_speed(text: str) -> float | None:
    """A pace: "20x" or "20" as 20.0, "max" as None. Raises ValueError."""
    if text == "max":
        return None
    speed = float(text.removesuffix("x"))
    if not 0 < speed < 1e9:
        raise ValueError(text)
    return speed


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
        (*(d for d in Decision if d is not Decision.LADDER), "approve", "undo_others", "rules", *FURTHER_ACCESS),
    )
    roles = [role.value for role in Role if role is not Role.VIEWER]
    keys = top.table("keys", None)
    platforms = top.table("platforms", None)
    return Settings(
        path=path,
        store=(store or _place(path, top, "store", str(default_store()))).absolute(),
        rulebook=_place(path, top, "rulebook", "rulebook.toml"),
        rulebook_named="rulebook" in top,
        language=top.choice("language", LANGUAGES, "auto"),
        members_language=top.text("members_language", "zh"),
        undo_seconds=outbox.number("undo_seconds", 0, 3600, 5),
        mute_seconds=outbox.duration("mute", 600),
        access={
            decision: Role(
                access.choice(decision, roles, Role.MODERATOR if decision is Decision.DISMISS else Role.ADMIN)
            )
            for decision in Decision
            if decision is not Decision.LADDER
        },
        approve=Role(access.choice("approve", roles, Role.ADMIN)),
        undo_others=Role(access.choice("undo_others", roles, Role.ADMIN)),
        rules=Role(access.choice("rules", roles, Role.ADMIN)),
        **{name: Role(access.choice(name, roles, Role.ADMIN)) for name in FURTHER_ACCESS},
        platforms=tuple(_platform(platforms, name, path) for name in platforms.names()),
        keys={name: keys.text(name, "") for name in keys.names()},
    )


def _platform(platforms: Table, name: str, path: Path) -> PlatformSettings:
    if not name.isidentifier():
        platforms.refuse(name, "a platform's name is made of letters, digits and _")
    table = platforms.table(name, ("kind", "file", "speed"))
    kind = table.choice("kind", PLATFORM_KINDS, None)
    file = table.text("file", "")
    if not file:
        table.refuse("file", 'is missing; it names the recorded messages, e.g. "chat.ndjson"')
    try:
        speed = parse_speed(table.text("speed", "1x"))
    except ValueError:
        table.refuse("speed", 'must be "max" or a factor such as "20x"')
    return PlatformSettings(name, kind, _place(path, table, "file", file), speed)


def _home(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise SettingsError(f"{path}: begins with {path.parts[0]}, and there is no such user") from None


def _place(beside: Path, table: Table, key: str, default: str) -> Path:
    written = table.text(key, default)
    if "\0" in written:
        table.refuse(key, "must be the name of a file, without NUL")
    try:
        return beside.parent / Path(written).expanduser()
    except RuntimeError:
        table.refuse(key, f"begins with {written.partition('/')[0]}, and there is no such user")


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

# Other keys for commands: the id on the left (`?` in the console shows them), the key on the right.
[keys]
# "case.warn" = "w"
"""
