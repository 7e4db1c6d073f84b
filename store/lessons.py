"""Lessons: what files and decisions taught, and the community's own messages beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from store import audit
from store.database import Database
from store.errors import NotFound
from store.staff import RESERVED

TEXTS_A_DECISION = 20
"""Different texts that one decision teaches at most: a campaign's variants say little that is new."""

_TEACHING = (
    " FROM decisions d JOIN flags f ON f.case_id = d.case_id JOIN messages m ON m.id = f.message_id"
    " WHERE d.state = 'approved' AND d.learn = 1 AND f.kind NOT IN ('flood', 'burst') AND m.text <> ''"
    # What somebody writes to be let in is no talk of the community's, and refusing it need not mean that it is spam.
    " AND m.kind <> 'knock'"
    f" AND d.staff NOT IN {RESERVED}"
)
# Undisputed: no case was ever made of it, or all that were made are dismissed.
_UNDISPUTED = (
    " FROM messages m WHERE m.text <> '' AND m.deleted_at IS NULL AND m.kind <> 'knock' AND NOT EXISTS ("
    "SELECT 1 FROM flags f JOIN cases c ON c.id = f.case_id WHERE f.message_id = m.id AND c.state <> 'dismissed')"
)


class Label(StrEnum):
    """What an example is. Background is the community's everyday talk, presumed to be ham."""

    SPAM = "spam"
    HAM = "ham"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text that was taught, and by whom. `decided`: by a decision, not a file."""

    text: str
    label: Label
    people: tuple[str, ...]
    decided: bool

    @property
    def alone(self) -> bool:
        """Whether it is one person's decision that no second one approved."""
        return self.decided and len(self.people) == 1


@dataclass(frozen=True, slots=True)
class Taught:
    """A file or a decision that taught something.

    `id` is I and the import's number, or D and the decision's. `what` is the file, or the decision. `removed` by
    whom, "" if it still counts.
    """

    id: str
    what: str
    staff: str
    alone: bool
    at: float
    spam: int
    ham: int
    background: int
    example: str
    removed: str


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A fitted model as bytes (None: there was nothing to fit to), the fingerprint of the lessons it was fitted to,
    and the background: how many messages, and the newest one's id. `templates` are the confirmed texts that tell an
    advertisement."""

    lessons: str
    background: int
    until: int
    model: bytes | None
    templates: tuple[str, ...]


def teach(db: Database, file: str, examples: Iterable[tuple[Label, str]], staff: str, now: float) -> tuple[int, int]:
    """Store what a file teaches, but for what is stored already; returns the import's id and how many are new.

    The id is 0 when none is.
    """
    with db.transaction(durable=True):
        known = db.execute(
            "SELECT l.label, l.text FROM labels l JOIN imports i ON i.id = l.import_id WHERE i.removed_at IS NULL"
        ).fetchall()
        seen = {(Label(label), text) for label, text in known}
        fresh = [example for example in dict.fromkeys(examples) if example not in seen]
        if not fresh:
            return 0, 0
        cursor = db.execute("INSERT INTO imports (file, staff, imported_at) VALUES (?, ?, ?)", (file, staff, now))
        number = int(cursor.lastrowid or 0)
        db.executemany(
            "INSERT INTO labels (import_id, label, text) VALUES (?, ?, ?)",
            ((number, label, text) for label, text in fresh),
        )
        counts = {label.value: sum(each is label for each, _ in fresh) for label in Label}
        audit.record(db, now, staff, "learn.import", f"I{number}", file=file, **counts)
    return number, len(fresh)


def forget(db: Database, id: str, staff: str, now: float) -> None:
    """Have an import (I3) or a decision (D12) teach nothing any more. Raises NotFound."""
    kind, number = id[:1].upper(), id[1:]
    if kind not in ("I", "D") or not number.isascii() or not number.isdigit() or int(number) >= 2**63:
        raise NotFound(f"no lesson {id!r}; `vigil learned` names them, such as I3 or D12")
    statement, values = (
        (
            "UPDATE imports SET removed_at = ?, removed_by = ? WHERE id = ? AND removed_at IS NULL RETURNING id",
            (now, staff, int(number)),
        )
        if kind == "I"
        else ("UPDATE decisions SET learn = 0 WHERE id = ? AND learn = 1 RETURNING id", (int(number),))
    )
    with db.transaction(durable=True):
        if not db.execute(statement, values).fetchall():
            raise NotFound(f"no lesson {id!r} that counts; `vigil learned` names them")
        audit.record(db, now, staff, "learn.forget", f"{kind}{int(number)}")


def lessons(db: Database) -> list[Lesson]:
    """Everything that counts, but for the background from the messages: imports first, then decisions, oldest first."""
    found = [
        Lesson(text, Label(label), (staff,), False)
        for label, text, staff in db.execute(
            "SELECT l.label, l.text, i.staff FROM labels l JOIN imports i ON i.id = l.import_id"
            " WHERE i.removed_at IS NULL ORDER BY l.id"
        )
    ]
    rows = db.execute(
        "SELECT d.id, d.decision, d.staff, m.text, (SELECT a.staff FROM approvals a WHERE a.decision_id = d.id"
        f" AND a.answer = 'yes' AND a.staff <> d.staff){_TEACHING} GROUP BY d.id, m.id ORDER BY d.id, m.id"
    )
    counts: dict[int, set[str]] = {}
    for number, decision, staff, text, approver in rows:
        texts = counts.setdefault(number, set())
        if text not in texts and len(texts) < TEXTS_A_DECISION:
            texts.add(text)
            label = Label.HAM if decision == "dismiss" else Label.SPAM
            found.append(Lesson(text, label, (staff, approver) if approver else (staff,), True))
    return found


def taught(db: Database) -> list[Taught]:
    """Every import and every decision that teaches or did, newest first."""
    imports = db.execute(
        "SELECT 'I' || i.id, i.file, i.staff, 0, i.imported_at, sum(l.label = 'spam'), sum(l.label = 'ham'),"
        " sum(l.label = 'background'), min(substr(l.text, 1, 200)), i.removed_by"
        " FROM imports i JOIN labels l ON l.import_id = i.id GROUP BY i.id"
    ).fetchall()
    decided = db.execute(
        "SELECT 'D' || d.id, d.decision, d.staff, NOT EXISTS (SELECT 1 FROM approvals a WHERE a.decision_id = d.id"
        " AND a.answer = 'yes' AND a.staff <> d.staff), d.decided_at,"
        f" CASE d.decision WHEN 'dismiss' THEN 0 ELSE min(count(DISTINCT m.text), {TEXTS_A_DECISION}) END,"
        f" CASE d.decision WHEN 'dismiss' THEN min(count(DISTINCT m.text), {TEXTS_A_DECISION}) ELSE 0 END, 0,"
        f" min(substr(m.text, 1, 200)), ''{_TEACHING} GROUP BY d.id"
    ).fetchall()
    rows = [Taught(row[0], row[1], row[2], bool(row[3]), *row[4:]) for row in (*decided, *imports)]
    return sorted(rows, key=lambda row: row.at, reverse=True)


def fingerprint(db: Database) -> str:
    """Changes whenever what `lessons` gives may have changed."""
    imports = db.execute("SELECT id FROM imports WHERE removed_at IS NULL ORDER BY id").fetchall()
    decided = db.execute(
        "SELECT d.id, d.decision, (SELECT count(*) FROM approvals a WHERE a.decision_id = d.id)"
        " FROM decisions d WHERE d.state = 'approved' AND d.learn = 1 ORDER BY d.id"
    ).fetchall()
    return hashlib.sha256(repr((imports, decided)).encode()).hexdigest()


def background(db: Database, most: int) -> tuple[list[str], int]:
    """The newest `most` undisputed messages, oldest first, and the id of the newest."""
    rows = db.execute(f"SELECT m.id, m.text{_UNDISPUTED} ORDER BY m.id DESC LIMIT ?", (most,)).fetchall()
    rows.reverse()
    return [text for _, text in rows], rows[-1][0] if rows else 0


def background_size(db: Database, most: int) -> int:
    """How many messages `background` gives."""
    return int(db.value(f"SELECT count(*) FROM (SELECT 1{_UNDISPUTED} LIMIT ?)", (most,)))


def model(db: Database) -> StoredModel | None:
    """The model fitted last."""
    row = db.execute("SELECT lessons, background, until, model, templates FROM models").fetchone()
    return StoredModel(row[0], row[1], row[2], row[3], tuple(json.loads(row[4]))) if row else None


def keep_model(db: Database, model: StoredModel, now: float) -> None:
    """Store a fitted model in place of the one before."""
    with db.transaction():
        db.execute(
            "INSERT INTO models (id, lessons, background, until, model, templates, made_at)"
            " VALUES (1, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET lessons = excluded.lessons, background = excluded.background,"
            " until = excluded.until, model = excluded.model, templates = excluded.templates,"
            " made_at = excluded.made_at",
            (model.lessons, model.background, model.until, model.model, json.dumps(model.templates), now),
        )
