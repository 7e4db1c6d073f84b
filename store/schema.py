"""The tables, as migrations: each is applied once, in order, inside one transaction."""

from __future__ import annotations

import secrets

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from store import schema_listed, schema_members

migrations = Migrations("vigil")

_FIRST = """
-- One row: tells this store's actions from those of another store that the same platform has seen.
CREATE TABLE identity (
    id TEXT NOT NULL
);

CREATE TABLE groups (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    UNIQUE (platform, key)
);

CREATE TABLE members (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    UNIQUE (platform, key)
);

CREATE TABLE memberships (
    group_id INTEGER NOT NULL REFERENCES groups (id),
    member_id INTEGER NOT NULL REFERENCES members (id),
    joined_at REAL,
    left_at REAL,
    first_at REAL,
    last_at REAL,
    messages INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (member_id, group_id)
);
CREATE INDEX memberships_of_group ON memberships (group_id);

-- id is the order of intake, time is the platform's own, in epoch seconds.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL REFERENCES groups (id),
    member_id INTEGER REFERENCES members (id),
    key TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT 'text',
    text TEXT NOT NULL DEFAULT '',
    time REAL,
    received_at REAL NOT NULL,
    reply_to TEXT NOT NULL DEFAULT '',
    mentions TEXT NOT NULL DEFAULT '',
    extra TEXT NOT NULL DEFAULT '',
    deleted_at REAL,
    UNIQUE (group_id, key)
);
CREATE INDEX messages_of_group ON messages (group_id, id);
CREATE INDEX messages_of_member ON messages (member_id, id);
CREATE INDEX messages_by_time ON messages (time);

-- Characters set apart by spaces, asked by phrase: finds words of any length in any script.
CREATE VIRTUAL TABLE message_search USING fts5 (text, content='', tokenize='unicode61');

-- How far each source was taken in; written in the transaction of the messages up to there.
CREATE TABLE positions (
    source TEXT PRIMARY KEY,
    position TEXT NOT NULL,
    updated_at REAL NOT NULL
);

-- Every rulebook that was in force, whole: the newest row is the one in force now.
CREATE TABLE rulebooks (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    loaded_at REAL NOT NULL
);

CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('open', 'proposed', 'decided', 'dismissed', 'merged')),
    version INTEGER NOT NULL DEFAULT 1,
    campaign TEXT NOT NULL DEFAULT '',
    group_id INTEGER REFERENCES groups (id),
    member_id INTEGER REFERENCES members (id),
    rule TEXT NOT NULL DEFAULT '',
    score REAL NOT NULL DEFAULT 0,
    messages INTEGER NOT NULL DEFAULT 0,
    members INTEGER NOT NULL DEFAULT 0,
    groups INTEGER NOT NULL DEFAULT 0,
    first_message_id INTEGER REFERENCES messages (id),
    last_flag_id INTEGER NOT NULL DEFAULT 0,
    last_time REAL,
    opened_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    merged_into INTEGER REFERENCES cases (id)
);
CREATE INDEX cases_by_state ON cases (state, id);
CREATE UNIQUE INDEX one_open_case_a_campaign ON cases (campaign) WHERE state = 'open' AND campaign <> '';
CREATE UNIQUE INDEX one_open_case_a_membership ON cases (group_id, coalesce(member_id, 0))
    WHERE state = 'open' AND campaign = '';

CREATE TABLE flags (
    id INTEGER PRIMARY KEY,
    message_id INTEGER NOT NULL REFERENCES messages (id),
    rule TEXT NOT NULL,
    kind TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('shadow', 'ask', 'auto')),
    score REAL NOT NULL,
    evidence TEXT NOT NULL,
    matched TEXT NOT NULL,
    campaign TEXT NOT NULL DEFAULT '',
    case_id INTEGER REFERENCES cases (id),
    rulebook_id INTEGER REFERENCES rulebooks (id),
    created_at REAL NOT NULL,
    UNIQUE (message_id, rule)
);
CREATE INDEX flags_of_case ON flags (case_id, message_id);

CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    decision TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected', 'undone')),
    version INTEGER NOT NULL DEFAULT 1,
    staff TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    learn INTEGER NOT NULL DEFAULT 1,
    decided_at REAL NOT NULL,
    undone_by TEXT NOT NULL DEFAULT '',
    undone_at REAL
);
CREATE INDEX decisions_of_case ON decisions (case_id);
CREATE INDEX decisions_by_state ON decisions (state, id);

CREATE TABLE approvals (
    id INTEGER PRIMARY KEY,
    decision_id INTEGER NOT NULL UNIQUE REFERENCES decisions (id),
    staff TEXT NOT NULL,
    answer TEXT NOT NULL CHECK (answer IN ('yes', 'no')),
    reason TEXT NOT NULL DEFAULT '',
    answered_at REAL NOT NULL
);

-- The outbox: key stays the same over retries; generation is the worker's that is sending it.
CREATE TABLE actions (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    decision_id INTEGER REFERENCES decisions (id),
    kind TEXT NOT NULL,
    group_id INTEGER NOT NULL REFERENCES groups (id),
    member_id INTEGER REFERENCES members (id),
    message_id INTEGER REFERENCES messages (id),
    text TEXT NOT NULL DEFAULT '',
    seconds INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (
        state IN ('proposed', 'waiting', 'sending', 'done', 'failed', 'unknown', 'withdrawn')),
    not_before REAL NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    generation INTEGER,
    result TEXT NOT NULL DEFAULT '',
    inverse_of INTEGER REFERENCES actions (id),
    created_at REAL NOT NULL,
    finished_at REAL
);
CREATE INDEX actions_by_state ON actions (state, not_before);
CREATE INDEX actions_of_decision ON actions (decision_id);
CREATE UNIQUE INDEX one_deletion_a_message ON actions (message_id)
    WHERE kind = 'delete' AND state NOT IN ('withdrawn', 'failed');
CREATE UNIQUE INDEX one_inverse_an_action ON actions (inverse_of) WHERE inverse_of IS NOT NULL;

CREATE TABLE strikes (
    id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES members (id),
    decision_id INTEGER NOT NULL REFERENCES decisions (id),
    rule TEXT NOT NULL,
    given_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    revoked_at REAL,
    UNIQUE (member_id, decision_id)
);

CREATE TABLE staff (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'moderator', 'admin', 'owner')),
    added_at REAL NOT NULL,
    removed_at REAL
);

-- Append-only: each row's hash covers the hash of the row before it.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    staff TEXT NOT NULL,
    event TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
);

-- One row: the worker that holds the store.
CREATE TABLE lease (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL,
    kind TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    process TEXT NOT NULL,
    started_at REAL NOT NULL,
    heartbeat_at REAL NOT NULL,
    wanted INTEGER NOT NULL DEFAULT 0,
    released INTEGER NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT ''
)
"""


@migrations()
def first(db: Database) -> None:
    for statement in _FIRST.split(";\n"):
        db.execute(statement)
    db.execute("INSERT INTO identity (id) VALUES (?)", (secrets.token_hex(4),))


_LEARNING = """
-- A file that somebody taught from.
CREATE TABLE imports (
    id INTEGER PRIMARY KEY,
    file TEXT NOT NULL,
    staff TEXT NOT NULL,
    imported_at REAL NOT NULL,
    removed_by TEXT NOT NULL DEFAULT '',
    removed_at REAL
);

-- What files taught. What decisions taught stands in the decisions and the messages they were on.
CREATE TABLE labels (
    id INTEGER PRIMARY KEY,
    import_id INTEGER NOT NULL REFERENCES imports (id),
    label TEXT NOT NULL CHECK (label IN ('spam', 'ham', 'background')),
    text TEXT NOT NULL
);
CREATE INDEX labels_of_import ON labels (import_id);

-- One row: the model fitted last, and to what; it can always be fitted anew.
CREATE TABLE models (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    lessons TEXT NOT NULL,
    background INTEGER NOT NULL,
    until INTEGER NOT NULL,
    model BLOB,
    templates TEXT NOT NULL,
    made_at REAL NOT NULL
)
"""


@migrations()
def learning(db: Database) -> None:
    for statement in _LEARNING.split(";\n"):
        db.execute(statement)


@migrations()
def members_and_perks(db: Database) -> None:
    for statement in schema_members.TABLES.split(";\n"):
        db.execute(statement)


@migrations()
def members_as_listed(db: Database) -> None:
    for statement in schema_listed.TABLES.split(";\n"):
        db.execute(statement)


@migrations()
def outbox_by_group(db: Database) -> None:
    db.execute("CREATE INDEX actions_of_group ON actions (state, group_id, id, not_before)")


@migrations()
def edits_by_their_own_id(db: Database) -> None:
    # What stands behind the space: who deletes an edit names it by that alone.
    db.execute("CREATE INDEX edits ON messages (group_id, substr(key, instr(key, ' ') + 1)) WHERE kind = 'edit'")
