"""What the things in records are called on screen."""

from __future__ import annotations

from rules.records import JOIN_REQUEST
from store.records import AUTOMATIC, ActionState, CaseState, Decision, DecisionState, Role
from widgets.language import say
from widgets.safe import safe

AGE_CELLS = 6
"""How wide a column of ages is: `23小时`, `59分钟`, and 27 years in days."""


def kind_word(kind: str) -> str:
    """Return what to call a message that is not text."""
    match kind:
        case "image":
            return say("image")
        case "file":
            return say("file")
        case "voice":
            return say("voice")
        case "video":
            return say("video")
        case "sticker":
            return say("sticker")
        case "join":
            return say("join")
        case "leave":
            return say("leave")
        case "knock":
            return say("join request")
    return safe(kind, 20)


def layer_word(layer: str) -> str:
    """What a member's stage is called; it comes from the store, "" for who was never looked at."""
    match layer:
        case "new":
            return say("new")
        case "active":
            return say("active")
        case "core":
            return say("core")
        case "silent":
            return say("silent")
        case "gone":
            return say("gone")
    return safe(layer, 20)


def rule_word(rule: str, *, short: bool = False) -> str:
    """What a rule is called: as the rulebook has it, unless no rule found it."""
    if rule == JOIN_REQUEST:
        return say("request") if short else say("join request")
    return safe(rule, 60)


def state_sign(state: CaseState) -> tuple[str, str]:
    """The sign of a case's state, and its style: the sign alone tells them apart."""
    match state:
        case CaseState.OPEN:
            return "○", "state--open"
        case CaseState.PROPOSED:
            return "◐", "state--proposed"
        case CaseState.DECIDED:
            return "✓", "state--done"
        case CaseState.DISMISSED:
            return "–", "state--dim"
        case CaseState.MERGED:
            return "»", "state--dim"


def state_word(state: CaseState) -> str:
    """What a case's state is called."""
    match state:
        case CaseState.OPEN:
            return say("open")
        case CaseState.PROPOSED:
            return say("waits for approval")
        case CaseState.DECIDED:
            return say("decided")
        case CaseState.DISMISSED:
            return say("dismissed")
        case CaseState.MERGED:
            return say("merged into another case")


def decision_word(decision: Decision) -> str:
    """What a decision is called."""
    match decision:
        case Decision.DISMISS:
            return say("dismiss")
        case Decision.DELETE:
            return say("delete")
        case Decision.WARN:
            return say("warn")
        case Decision.MUTE:
            return say("mute")
        case Decision.REMOVE:
            return say("remove")
        case Decision.BAN:
            return say("ban")
        case Decision.LADDER:
            return say("ladder")
        case Decision.ADMIT:
            return say("admit")
        case Decision.REFUSE:
            return say("refuse")


def step_word(step: str) -> str:
    """What one action of a decision is called."""
    match step:
        case "delete":
            return say("delete")
        case "warn":
            return say("warn")
        case "mute":
            return say("mute")
        case "remove":
            return say("remove")
        case "ban":
            return say("ban")
        case "send":
            return say("send")
        case "unmute":
            return say("unmute")
        case "unban":
            return say("unban")
        case "admit":
            return say("admit")
        case "refuse":
            return say("refuse")
    return safe(step, 20)


def steps_words(steps: tuple[tuple[str, int], ...]) -> str:
    """What would be done, and to how many: `delete 40 · warn 9`."""
    return " · ".join(f"{step_word(step)} {count}" for step, count in steps)


def decision_state_word(state: DecisionState) -> str:
    """What has become of a decision."""
    match state:
        case DecisionState.PROPOSED:
            return say("waits for approval")
        case DecisionState.APPROVED:
            return say("approved")
        case DecisionState.REJECTED:
            return say("rejected")
        case DecisionState.UNDONE:
            return say("undone")


def reason_words(reason: str, by: str) -> str:
    """Why something was decided: as the person wrote it who did, or Vigil's own words in the language of the screen.
    Not safe to show yet."""
    return say(reason) if reason and by == AUTOMATIC else reason


def action_state_word(state: ActionState) -> str:
    """What has become of an action."""
    match state:
        case ActionState.PROPOSED:
            return say("proposed")
        case ActionState.WAITING:
            return say("waiting")
        case ActionState.SENDING:
            return say("sending")
        case ActionState.DONE:
            return say("done")
        case ActionState.FAILED:
            return say("failed")
        case ActionState.UNKNOWN:
            return say("unknown")
        case ActionState.WITHDRAWN:
            return say("withdrawn")


def role_word(role: Role) -> str:
    """What a role is called."""
    match role:
        case Role.VIEWER:
            return say("viewer")
        case Role.MODERATOR:
            return say("moderator")
        case Role.ADMIN:
            return say("admin")
        case Role.OWNER:
            return say("owner")


def earning_word(kind: str) -> str:
    """What points came from, or went for."""
    match kind:
        case "speaking":
            return say("speaking")
        case "check-in":
            return say("check-in")
        case "streak":
            return say("streak")
        case "invitation":
            return say("invitation")
        case "event":
            return say("event")
        case "hand":
            return say("by hand")
        case "perk":
            return say("perk")
        case "spent":
            return say("spent")
        case "sanction":
            return say("sanction")
    return safe(kind, 20)


def grant_state_word(state: str) -> str:
    """What has become of a grant."""
    match state:
        case "proposed":
            return say("waits for approval")
        case "reserved":
            return say("on its way")
        case "sent":
            return say("sent")
        case "unknown":
            return say("unknown")
        case "returned":
            return say("came back")
    return safe(state, 20)


def ago(at: float | None, now: float) -> str:
    """How long ago, in at most AGE_CELLS cells: `12m`, `5h`, `30d`; `–` for never."""
    if at is None:
        return "–"
    seconds = max(0.0, now - at)
    if not seconds < 9_999 * 86_400:
        return "?"
    if seconds >= 86_400:
        return say("{n}d", n=int(seconds // 86_400))
    if seconds >= 3_600:
        return say("{n}h", n=int(seconds // 3_600))
    return say("{n}m", n=int(seconds // 60))
