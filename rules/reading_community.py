"""Reading what a rulebook says of members: time zones, layers, tiers, points, perks given by themselves."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rules.community import (
    CheckIn,
    Community,
    Given,
    Invitation,
    Layers,
    Points,
    Speaking,
    Tier,
    Tiers,
    as_word,
    days_within,
)
from rules.reading import Table, quoted

MEMBERS_KEYS = ("community", "layers", "tiers", "points", "perks")
"""The top-level keys read here."""

MOST_POINTS = 1_000_000_000
MOST_DAYS = 10_000
SANCTIONS = ("warn", "mute", "remove", "ban")


def members_sections(top: Table) -> tuple[Community, Layers, Tiers, Points, tuple[Given, ...]]:
    """All that stands there, with its default where it does not. Raises Refused."""
    tiers = _tiers(top)
    return _community(top), _layers(top), tiers, _points(top), _perks(top, tiers)


def _community(top: Table) -> Community:
    table = top.table("community", ("time_zone", "time_zones"))
    zones = table.table("time_zones", None)
    return Community(
        _zone(table, "time_zone", Community().time_zone),
        tuple((group, _zone(zones, group, "")) for group in zones.names()),
    )


def _zone(table: Table, name: str, default: str) -> str:
    written = table.text(name, default)
    if written != "UTC":
        try:
            ZoneInfo(written)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            known = 'must be the name of a time zone, such as "Asia/Shanghai", "America/New_York" or "UTC"'
            table.refuse(name, f"{known}, not {quoted(written)}")
    return written


def _layers(top: Table) -> Layers:
    table = top.table("layers", ("new", "silent", "core_days", "core_messages", "core_within"))
    usual = Layers()
    within = table.duration("core_within", usual.core_within)
    days = table.whole("core_days", 1, 3650, usual.core_days)
    most = days_within(within)
    if days > most:
        table.refuse("core_days", f"must be at most {most}, the days there are within core_within")
    return Layers(
        new=table.duration("new", usual.new, off=True),
        silent=table.duration("silent", usual.silent),
        core_days=days,
        core_messages=table.whole("core_messages", 1, 1_000_000, usual.core_messages),
        core_within=within,
    )


def _tiers(top: Table) -> Tiers:
    table = top.table("tiers", ("by", "grace", "margin", "levels"))
    usual = Tiers()
    levels: list[Tier] = []
    for level in table.tables("levels", ("name", "points")):
        name = level.text("name", "").strip()
        if not name:
            level.refuse("name", "is missing; it is what the community calls this tier")
        if any(name == other.name for other in levels):
            level.refuse("name", f"is the name of two tiers: {quoted(name)}")
        points = _needed(level, "points", 0, MOST_POINTS) if levels else level.whole("points", 0, MOST_POINTS, 0)
        if levels and points <= levels[-1].points:
            level.refuse("points", f"must be more than the {levels[-1].points} of {quoted(levels[-1].name)} before it")
        levels.append(Tier(name, points))
    return Tiers(
        tuple(levels),
        table.choice("by", ("earned", "balance"), usual.by),
        table.duration("grace", usual.grace, off=True),
        table.number("margin", 0, 100, usual.margin),
    )


def _points(top: Table) -> Points:
    table = top.table("points", ("speaking", "check_in", "invitation", "sanctions"))
    return Points(_speaking(table), _check_in(table), _invitation(table), _sanctions(table))


def _speaking(points: Table) -> Speaking:
    if "speaking" not in points:
        return Speaking()
    table = points.table("speaking", ("points", "daily_cap", "min_length"))
    usual = Speaking()
    return Speaking(
        table.whole("points", 0, MOST_POINTS, 1),
        table.whole("daily_cap", 0, MOST_POINTS, usual.daily_cap),
        table.whole("min_length", 1, 10_000, usual.min_length),
    )


def _check_in(points: Table) -> CheckIn:
    if "check_in" not in points:
        return CheckIn()
    table = points.table("check_in", ("words", "points", "streaks"))
    words = table.texts("words")
    for index, word in enumerate(words):
        if not as_word(word):
            table.refuse("words", "must be a word", index)
    if not words:
        table.refuse("words", 'must hold at least one word, such as words = ["签到", "check in"]')
    streaks: list[tuple[int, int]] = []
    for streak in table.tables("streaks", ("days", "points")):
        days = _needed(streak, "days", 2, MOST_DAYS)
        if any(days == other for other, _ in streaks):
            streak.refuse("days", f"stands there twice: {days}")
        streaks.append((days, _needed(streak, "points", 1, MOST_POINTS)))
    return CheckIn(
        tuple(dict.fromkeys(map(as_word, words))), table.whole("points", 0, MOST_POINTS, 1), tuple(sorted(streaks))
    )


def _invitation(points: Table) -> Invitation:
    if "invitation" not in points:
        return Invitation()
    table = points.table("invitation", ("points", "stay"))
    return Invitation(table.whole("points", 0, MOST_POINTS, 1), table.duration("stay", Invitation().stay, off=True))


def _sanctions(points: Table) -> tuple[tuple[str, int], ...]:
    table = points.table("sanctions", SANCTIONS)
    return tuple((kind, table.whole(kind, 0, MOST_POINTS, 0)) for kind in SANCTIONS if kind in table)


def _perks(top: Table, tiers: Tiers) -> tuple[Given, ...]:
    return tuple(_given(table, tiers) for table in top.tables("perks", ("give", "on", "tier", "days")))


def _given(table: Table, tiers: Tiers) -> Given:
    perk = table.text("give", "").strip()
    if not perk:
        table.refuse("give", "is missing; it is the name of a perk (`vigil perk list`)")
    on = table.choice("on", ("join", "tier", "streak"), None)
    names = tuple(tier.name for tier in tiers.levels)
    for key, belongs in (("tier", "tier"), ("days", "streak")):
        if key in table and on != belongs:
            table.refuse(key, f'belongs to on = "{belongs}" only')
    if on == "tier" and not names:
        table.refuse("on", "there are no tiers; [tiers] levels names them")
    return Given(
        perk,
        on,
        table.choice("tier", names, None) if on == "tier" else "",
        _needed(table, "days", 2, MOST_DAYS) if on == "streak" else 0,
    )


def _needed(table: Table, name: str, lowest: int, highest: int) -> int:
    if name not in table:
        table.refuse(name, f"is missing; it must be between {lowest} and {highest}")
    return table.whole(name, lowest, highest, None)
