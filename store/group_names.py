"""What a group is called where people read of it: by its name, and where another platform has one of that name, with
its platform."""

from __future__ import annotations

GROUP_NAME = (
    "coalesce(nullif(g.name, ''), g.key, '') || CASE WHEN g.name IN (SELECT name FROM groups WHERE name <> ''"
    " GROUP BY name HAVING count(DISTINCT platform) > 1) THEN ' (' || g.platform || ')' ELSE '' END"
)
"""The name of group `g` of a statement. The groups are looked through once for a statement, not for each row."""
