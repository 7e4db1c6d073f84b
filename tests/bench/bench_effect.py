"""A perk's effect against the same questions asked in SQL alone, and a draw's tickets against HMAC."""

from __future__ import annotations

import hmac
import random
import tempfile
from pathlib import Path

from rules import draw
from store import effect
from store.database import Database, open_database
from tests.bench.measured import Measured, compare

MEMBERS = 160_000
GROUPS = 500
GRANTS = 10_000
DAYS = 5
"""Days on which the perk was sent."""

ENTRIES = 100_000

_FIRST = 739_000
_UNIX = 719_163

_IN_SQL = """
WITH sending AS (
    SELECT group_id, CAST(sent_at / 86400 AS INTEGER) + 719163 AS day, min(sent_at) AS moment FROM grants GROUP BY 1, 2
), compared AS (
    SELECT s.group_id, s.day, j.member_id,
        (SELECT max(day) FROM activity a WHERE a.member_id = j.member_id AND a.day < s.day) AS last,
        (SELECT count(DISTINCT day) FROM activity a WHERE a.member_id = j.member_id
            AND a.day BETWEEN s.day - 30 AND s.day - 1) AS active,
        EXISTS (SELECT 1 FROM activity a WHERE a.member_id = j.member_id
            AND a.day BETWEEN s.day + 1 AND s.day + 7) AS in_7,
        EXISTS (SELECT 1 FROM activity a WHERE a.member_id = j.member_id
            AND a.day BETWEEN s.day + 1 AND s.day + 30) AS in_30
    FROM sending s CROSS JOIN memberships j ON j.group_id = s.group_id
    WHERE coalesce(j.joined_at, j.first_at, 0) <= s.moment AND (j.left_at IS NULL OR j.left_at > s.moment)
)
SELECT group_id, day, CASE WHEN day - last <= 2 THEN 0 WHEN day - last <= 6 THEN 1 WHEN day - last <= 13 THEN 2
    WHEN day - last <= 29 THEN 3 ELSE 4 END, CASE WHEN active = 0 THEN 0 WHEN active <= 3 THEN 1 WHEN active <= 9 THEN 2
    ELSE 3 END, EXISTS (SELECT 1 FROM grants g WHERE g.member_id = compared.member_id), count(*), sum(in_7), sum(in_30)
FROM compared GROUP BY 1, 2, 3, 4, 5
"""


def run() -> list[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "effect.db", create=True)
        try:
            _fill(db)
            now = float((_FIRST + 60 - _UNIX) * 86_400)
            found = compare(
                f"effect: {MEMBERS} members, {GRANTS} grants, {DAYS} days",
                "the same in SQL alone",
                1,
                lambda: effect.cohorts(db, lambda at, group: int(at // 86_400) + _UNIX, now),
                lambda: db.execute(_IN_SQL).fetchall(),
            )
        finally:
            db.close()
    lines = draw.entries(draw.Person("replay", f"u{number}", f"Name {number}") for number in range(ENTRIES))
    head = f"{'ab' * 32}\n3127.44\n"
    key = b"5e" * 32
    tickets = compare(
        f"draw: the order of {ENTRIES} entries",
        "by HMAC-SHA256 of each",
        ENTRIES,
        lambda: draw.order("5e" * 32, "ab" * 32, "3127.44", lines),
        lambda: sorted(lines, key=lambda line: hmac.digest(key, (head + line).encode(), "sha256")),
    )
    return [found, tickets]


def _fill(db: Database) -> None:
    rng = random.Random(4)
    home = [rng.randint(1, GROUPS) for _ in range(MEMBERS)]
    with db.transaction():
        db.executemany(
            "INSERT INTO groups (id, platform, key) VALUES (?, 'r', ?)", ((n, f"g{n}") for n in range(1, GROUPS + 1))
        )
        db.executemany(
            "INSERT INTO members (id, platform, key) VALUES (?, 'r', ?)", ((n, f"m{n}") for n in range(1, MEMBERS + 1))
        )
        db.executemany(
            "INSERT INTO memberships (member_id, group_id, first_at) VALUES (?, ?, 0)",
            ((member, group) for member, group in enumerate(home, 1)),
        )
        # Four in ten say nothing, one in ten every other day.
        counts = rng.choices((0, 3, 12, 60), (4, 3, 2, 1), k=MEMBERS)
        db.executemany(
            "INSERT INTO activity (member_id, day, group_id, messages) VALUES (?, ?, ?, 1)",
            (
                (member, day, home[member - 1])
                for member, count in enumerate(counts, 1)
                for day in rng.sample(range(_FIRST - 60, _FIRST + 60), count)
            ),
        )
        db.execute("INSERT INTO perks (id, name, kind, added_by, added_at) VALUES (1, 'p', 'gift', '', 0)")
        db.execute(
            "INSERT INTO dispatches (id, key, perk_id, cause, state, staff, asked_at)"
            " VALUES (1, 'k', 1, 'hand', 'approved', '', 0)"
        )
        db.executemany(
            "INSERT INTO grants (dispatch_id, perk_id, member_id, group_id, slot, state, made_at, reserved_at, sent_at)"
            " VALUES (1, 1, ?, ?, 1, 'sent', 0, 0, ?)",
            (
                (member, home[member - 1], (_FIRST - rng.randrange(DAYS) - _UNIX) * 86_400 + 3_600)
                for member in rng.sample(range(1, MEMBERS + 1), GRANTS)
            ),
        )
