"""Perks in words: why a member or anybody does not get one, and until when it is valid."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rules.community import Community
from store.perk_records import Candidate, Perk, PerkKind, Refusal
from widgets.language import say
from widgets.words import layer_word


def refusal_words(why: Refusal, perk: Perk) -> str:
    """Why members do not get this perk."""
    wanted = perk.eligibility
    match why:
        case Refusal.UNKNOWN:
            return say("no member of this store")
        case Refusal.TWICE:
            return say("chosen twice")
        case Refusal.GONE:
            return say("gone from the groups")
        case Refusal.GROUPS:
            return say("not in {groups}", groups=say(", ").join(wanted.groups))
        case Refusal.DAYS:
            return say("not {days} days in the group", days=wanted.days)
        case Refusal.TIERS:
            return say("not in the tiers {tiers}", tiers=say(", ").join(wanted.tiers))
        case Refusal.LAYERS:
            return say("only for {layers}", layers=say(", ").join(map(layer_word, wanted.layers)))
        case Refusal.STRIKES:
            return say("has a strike")
        case Refusal.HAS_IT:
            if perk.per_member > 1:
                return say("has it {times} times already", times=perk.per_member)
            return say("has it already")
        case Refusal.ENTERED:
            return say("is in the draw already")
        case Refusal.POINTS:
            return say("fewer than {points} points", points=perk.cost)
        case Refusal.STOCK:
            return say("no stock left")


def closed_words(why: str, perk: Perk, zone: str) -> str:
    """Why this perk can be given to nobody, as `store.eligible.why_not` puts it."""
    match why:
        case "closed":
            return say("this perk is closed")
        case "early":
            return say("not valid before {time}", time=moment(perk.valid_from, zone))
        case "late":
            return say("not valid any more since {time}", time=moment(perk.valid_until, zone))
        case "draw":
            return say("its draw takes nobody in any more")
        case "stock":
            if perk.kind is PerkKind.CODE:
                return say("no code is left; more: vigil perk import-codes")
            return say("no stock left")
    return ""


def moment(at: float | None, zone: str) -> str:
    """A point in time as the zone's clocks show it; the last second of a day is that day."""
    if at is None:
        return ""
    local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
    return local.strftime("%Y-%m-%d" if (local.hour, local.minute, local.second) == (23, 59, 59) else "%Y-%m-%d %H:%M")


def text_values(perk: Perk, candidate: Candidate, community: Community) -> dict[str, str]:
    """What stands for the placeholders in a perk's text, all but the code. Points are those the member has then."""
    zone = community.zone(candidate.group_key, candidate.group)
    return {
        "name": candidate.name,
        "perk": perk.name,
        "valid_until": moment(perk.valid_until, zone),
        "group": candidate.group,
        "points": str(candidate.balance - perk.cost + perk.points),
        "tier": candidate.tier,
    }
