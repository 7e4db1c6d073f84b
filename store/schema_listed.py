"""The columns of the fourth migration: members as their platforms list them."""

from __future__ import annotations

TABLES = """
-- When a platform listed the group's members last, and when it listed a member among them; NULL for never. level and
-- title are what the platform shows of a member in that group, '' for nothing.
ALTER TABLE groups ADD COLUMN listed_at REAL;
ALTER TABLE memberships ADD COLUMN listed_at REAL;
ALTER TABLE memberships ADD COLUMN level TEXT NOT NULL DEFAULT '';
ALTER TABLE memberships ADD COLUMN title TEXT NOT NULL DEFAULT ''
"""
