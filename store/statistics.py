"""What people decided of what the rules flagged: how often each rule was right."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rules.records import JOIN_REQUEST
from store.database import Database
from store.staff import RESERVED

_Z = 1.959964
"""The normal distribution's quantile that leaves 95 % between its two sides."""

# A decision speaks when a person stands behind it. One that a rule took by itself proves nothing unless a person took
# it back, and then it was a false alarm.
_SPEAKS = (
    f"(d.state = 'approved' AND d.staff NOT IN {RESERVED})"
    f" OR (d.state = 'undone' AND d.staff IN {RESERVED} AND d.undone_by NOT IN {RESERVED})"
)
_CONFIRMS = "d.state = 'approved' AND d.decision <> 'dismiss'"
_NO_REQUEST = f"NOT EXISTS (SELECT 1 FROM flags k WHERE k.message_id = f.message_id AND k.rule = '{JOIN_REQUEST}')"
"""Of a flag: whom people let in, or not, says nothing of the rules that looked at the request."""
_SPOKEN = f"(SELECT d.case_id, max(d.id) AS id FROM decisions d WHERE {_SPEAKS} GROUP BY d.case_id)"


@dataclass(frozen=True, slots=True)
class Decided:
    """How many people confirmed, and how many they dismissed."""

    confirmed: int = 0
    dismissed: int = 0

    @property
    def decided(self) -> int:
        return self.confirmed + self.dismissed

    @property
    def precision(self) -> float | None:
        """The confirmed ones' share, 0 to 1; None where nothing is decided."""
        return self.confirmed / self.decided if self.decided else None

    @property
    def lower(self) -> float | None:
        """The lower end of the precision's 95 % interval, 0 to 1 (Wilson 1927); None where nothing is decided."""
        n, share = self.decided, self.precision
        if share is None:
            return None
        spread = _Z * math.sqrt(share * (1 - share) / n + _Z * _Z / (4 * n * n))
        return max(0.0, (share + _Z * _Z / (2 * n) - spread) / (1 + _Z * _Z / n))


def hits(db: Database, since: float) -> dict[str, int]:
    """How many messages each rule has flagged since then (epoch seconds), in whatever mode."""
    found = db.execute("SELECT rule, count(*) FROM flags WHERE created_at >= ? GROUP BY rule", (since,))
    return dict(found.fetchall())


def by_rule(db: Database, since: float) -> dict[str, Decided]:
    """The cases decided since then (epoch seconds), by each rule that flagged a message of theirs, in whatever mode.

    A case counts once for a rule, however many messages it has: it was one decision. The newest decision on a case
    that a person stands behind is what counts; a proposal that waits, and what was undone or rejected, does not.
    """
    found = db.execute(
        "SELECT rule, sum(confirms), count(*) FROM ("
        f" SELECT DISTINCT r.rule AS rule, d.case_id, {_CONFIRMS} AS confirms"
        f" FROM {_SPOKEN} s JOIN decisions d ON d.id = s.id JOIN flags f ON f.case_id = d.case_id"
        f" JOIN flags r ON r.message_id = f.message_id WHERE {_NO_REQUEST} AND coalesce(d.undone_at, d.decided_at) >= ?"
        ") GROUP BY rule",
        (since,),
    )
    return {rule: Decided(confirmed, decided - confirmed) for rule, confirmed, decided in found}


def verdicts(db: Database) -> dict[int, bool]:
    """Whether people confirmed (or else dismissed) each case they decided, by the case's id."""
    found = db.execute(f"SELECT d.case_id, {_CONFIRMS} FROM {_SPOKEN} s JOIN decisions d ON d.id = s.id")
    return {case_id: bool(confirmed) for case_id, confirmed in found}


def decided_messages(db: Database, first: int, last: int, verdicts: Mapping[int, bool]) -> dict[int, bool]:
    """Whether each message from id `first` to id `last` that belongs to a case of `verdicts` was confirmed; join
    requests left out."""
    found = db.execute(
        "SELECT f.message_id, f.case_id FROM flags f WHERE f.message_id BETWEEN ? AND ? AND f.case_id IS NOT NULL"
        f" AND {_NO_REQUEST} ORDER BY f.message_id, f.case_id",
        (first, last),
    ).fetchall()
    return {message_id: verdicts[case_id] for message_id, case_id in found if case_id in verdicts}
