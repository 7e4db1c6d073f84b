"""A member's card: groups, activity, points, strikes, grants, decisions; and what the staff wrote down."""

from __future__ import annotations

from collections import Counter, defaultdict

from store import audit, ledger, roster
from store.database import Database
from store.errors import NotFound
from store.group_names import GROUP_NAME
from store.records import ActionState
from store.roster_records import (
    MemberCard,
    MemberDecision,
    MemberGrant,
    MemberGroup,
    MemberStrike,
    Note,
)

LISTED = 50
"""So many rows of each kind a card holds, the newest."""


def card(db: Database, member_id: int, today: int, days: int, now: float) -> MemberCard:
    """The card, with the activity of the `days` days up to day `today`. Raises NotFound."""
    found = roster.rows(db, [member_id], now)
    if not found:
        raise NotFound(f"no member {member_id}")
    return MemberCard(
        member=found[0],
        earned=int(db.value("SELECT earned FROM members WHERE id = ?", (member_id,))),
        groups=tuple(groups(db, member_id)),
        today=today,
        activity=tuple(activity(db, member_id, today, days)),
        points=tuple(ledger.history(db, member_id, LISTED)),
        strikes=tuple(strikes(db, member_id)),
        grants=tuple(grants(db, member_id)),
        decisions=tuple(decisions(db, member_id)),
        notes=tuple(notes(db, member_id)),
    )


def groups(db: Database, member_id: int) -> list[MemberGroup]:
    """The groups a member is in, those with the latest word first, then those they left."""
    found = db.execute(
        f"SELECT {GROUP_NAME}, coalesce(j.joined_at, j.first_at),"
        " CASE WHEN j.last_at > j.left_at THEN NULL ELSE j.left_at END AS gone, j.last_at, j.messages,"
        " j.level, j.title"
        " FROM memberships j JOIN groups g ON g.id = j.group_id WHERE j.member_id = ?"
        " ORDER BY gone IS NOT NULL, coalesce(j.last_at, j.joined_at, 0) DESC, g.id",
        (member_id,),
    )
    return [MemberGroup(*row) for row in found]


def activity(db: Database, member_id: int, today: int, days: int) -> list[int]:
    """Messages of each of the `days` days up to `today`, in all groups."""
    counts = [0] * days
    for day, messages in db.execute(
        "SELECT day, sum(messages) FROM activity WHERE member_id = ? AND day > ? AND day <= ? GROUP BY day",
        (member_id, today - days, today),
    ):
        counts[day - today - 1] = messages
    return counts


def strikes(db: Database, member_id: int) -> list[MemberStrike]:
    """All strikes, those that expired or were revoked too."""
    found = db.execute(
        "SELECT s.rule, d.staff, s.given_at, s.expires_at, s.revoked_at FROM strikes s"
        " JOIN decisions d ON d.id = s.decision_id WHERE s.member_id = ? ORDER BY s.id DESC LIMIT ?",
        (member_id, LISTED),
    )
    return [MemberStrike(*row) for row in found]


def grants(db: Database, member_id: int) -> list[MemberGrant]:
    """What the member got or was to get."""
    found = db.execute(
        "SELECT x.id, p.name, x.state, d.staff, x.made_at, x.redeemed_at FROM grants x"
        " JOIN perks p ON p.id = x.perk_id JOIN dispatches d ON d.id = x.dispatch_id"
        " WHERE x.member_id = ? ORDER BY x.id DESC LIMIT ?",
        (member_id, LISTED),
    )
    return [MemberGrant(*row) for row in found]


def decisions(db: Database, member_id: int) -> list[MemberDecision]:
    """Decisions on cases with messages of the member."""
    found = db.execute(
        "SELECT d.id, d.decided_at, d.staff, d.decision, d.state, c.rule, d.reason FROM decisions d"
        " JOIN cases c ON c.id = d.case_id WHERE d.case_id IN (SELECT f.case_id FROM messages m"
        " JOIN flags f ON f.message_id = m.id WHERE m.member_id = ?) ORDER BY d.id DESC LIMIT ?",
        (member_id, LISTED),
    ).fetchall()
    steps: dict[int, Counter[str]] = defaultdict(Counter)
    states: dict[int, Counter[str]] = defaultdict(Counter)
    failures: dict[int, str] = {}
    for decision, kind, state, words, count in db.execute(
        "SELECT decision_id, kind, state, CASE WHEN state IN ('failed', 'unknown') THEN result ELSE '' END AS words,"
        " count(*) FROM actions WHERE member_id = ? AND inverse_of IS NULL AND decision_id IN"
        f" ({','.join('?' * len(found))}) GROUP BY decision_id, kind, state, words ORDER BY kind, max(id)",
        (member_id, *(row[0] for row in found)),
    ):
        steps[decision][kind] += count
        states[decision][state] += count
        if words:
            failures[decision] = words
    cards = []
    for number, at, by, decided, held, rule, reason in found:
        ends = tuple((state.value, states[number][state]) for state in ActionState if states[number][state])
        own = tuple(steps[number].items())
        cards.append(MemberDecision(number, at, by, decided, held, rule, reason, own, ends, failures.get(number, "")))
    return cards


def notes(db: Database, member_id: int) -> list[Note]:
    """What the staff wrote down, the newest first."""
    found = db.execute(
        "SELECT id, staff, text, at FROM notes WHERE member_id = ? AND removed_at IS NULL ORDER BY id DESC LIMIT ?",
        (member_id, LISTED),
    )
    return [Note(*row) for row in found]


def add_note(db: Database, member_id: int, staff: str, text: str, now: float) -> int:
    """Write a note down; returns its id. Call it in a transaction. Raises NotFound."""
    _check(db, member_id)
    cursor = db.execute(
        "INSERT INTO notes (member_id, staff, text, at) VALUES (?, ?, ?, ?)", (member_id, staff, text, now)
    )
    # What stands in a note can be removed, what stands in the log cannot: it tells of the note, not what it says.
    audit.record(db, now, staff, "member.note", str(member_id), note=cursor.lastrowid)
    return int(cursor.lastrowid or 0)


def note_of(db: Database, note_id: int) -> tuple[int, str]:
    """Whom a note is about, and who wrote it. Raises NotFound."""
    row = db.execute("SELECT member_id, staff FROM notes WHERE id = ? AND removed_at IS NULL", (note_id,)).fetchone()
    if row is None:
        raise NotFound(f"no note {note_id}; `vigil members show` lists a member's")
    return int(row[0]), str(row[1])


def remove_note(db: Database, note_id: int, staff: str, now: float) -> None:
    """Take a note off, its text with it. Call it in a transaction. Raises NotFound."""
    member_id, _ = note_of(db, note_id)
    db.execute("UPDATE notes SET text = '', removed_at = ? WHERE id = ?", (now, note_id))
    audit.record(db, now, staff, "member.note-removed", str(member_id), note=note_id)


def named(db: Database, member_id: int) -> tuple[str, str, str]:
    """A member's name, remark and id on the platform. Raises NotFound."""
    row = db.execute("SELECT name, remark, key FROM members WHERE id = ?", (member_id,)).fetchone()
    if row is None:
        raise NotFound(f"no member {member_id}")
    return row[0], row[1], row[2]


def set_remark(db: Database, member_id: int, remark: str, sought: str, staff: str, now: float) -> bool:
    """What the staff calls a member, and what a search looks through from then on; False when it was so before.
    Call it in a transaction. Raises NotFound."""
    _, before, _ = named(db, member_id)
    if remark == before:
        return False
    db.execute("UPDATE members SET remark = ?, sought = ? WHERE id = ?", (remark, sought, member_id))
    audit.record(db, now, staff, "member.remark", str(member_id), before=before, after=remark)
    return True


def _check(db: Database, member_id: int) -> None:
    if db.value("SELECT id FROM members WHERE id = ?", (member_id,)) is None:
        raise NotFound(f"no member {member_id}")
