"""The tables of the third migration: members' standing, the ledger of points, perks and draws."""

from __future__ import annotations

TABLES = """
-- balance and earned are sums of the ledger, kept by its trigger; earned leaves out what was spent on perks.
-- sought is what a search looks through: name, remark and id, folded, and the initials of their sounds.
ALTER TABLE members ADD COLUMN remark TEXT NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN sought TEXT NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN joined_at REAL;
ALTER TABLE members ADD COLUMN last_at REAL;
ALTER TABLE members ADD COLUMN balance INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN earned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN layer TEXT NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN tier TEXT NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN tier_rank INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN below_since REAL;
UPDATE members SET
    joined_at = (SELECT min(coalesce(j.joined_at, j.first_at)) FROM memberships j WHERE j.member_id = members.id),
    last_at = (SELECT max(j.last_at) FROM memberships j WHERE j.member_id = members.id);

-- Messages of a member by the group's own day, counted from 1 January of the year 1 (day 1).
CREATE TABLE activity (
    member_id INTEGER NOT NULL REFERENCES members (id),
    day INTEGER NOT NULL,
    group_id INTEGER NOT NULL REFERENCES groups (id),
    messages INTEGER NOT NULL,
    PRIMARY KEY (member_id, day, group_id)
) WITHOUT ROWID;
INSERT INTO activity (member_id, day, group_id, messages)
    SELECT member_id, CAST(time / 86400 AS INTEGER) + 719163, group_id, count(*) FROM messages
    WHERE member_id IS NOT NULL AND time IS NOT NULL AND kind NOT IN ('join', 'leave') GROUP BY 1, 2, 3;

CREATE TABLE standing_changes (
    id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES members (id),
    what TEXT NOT NULL CHECK (what IN ('layer', 'tier')),
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    rose INTEGER NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX standing_changes_of_member ON standing_changes (member_id, id);
CREATE INDEX standing_changes_by_time ON standing_changes (at);

CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES members (id),
    staff TEXT NOT NULL,
    text TEXT NOT NULL,
    at REAL NOT NULL,
    removed_at REAL
);
CREATE INDEX notes_of_member ON notes (member_id);

-- Who brought whom into a group, once: who leaves and comes again is not brought again.
CREATE TABLE invitations (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL REFERENCES groups (id),
    inviter_id INTEGER NOT NULL REFERENCES members (id),
    invited_id INTEGER NOT NULL REFERENCES members (id),
    at REAL NOT NULL,
    UNIQUE (group_id, invited_id),
    CHECK (inviter_id <> invited_id)
);

-- Append-only: a row is taken back by another that reverses it. key makes each cause count once.
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    member_id INTEGER NOT NULL REFERENCES members (id),
    points INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN
        ('speaking', 'check-in', 'streak', 'invitation', 'event', 'hand', 'perk', 'spent', 'sanction')),
    group_id INTEGER REFERENCES groups (id),
    day INTEGER,
    message_id INTEGER,
    decision_id INTEGER REFERENCES decisions (id),
    grant_id INTEGER REFERENCES grants (id),
    reverses INTEGER UNIQUE REFERENCES ledger (id),
    reason TEXT NOT NULL DEFAULT '',
    staff TEXT NOT NULL DEFAULT '',
    at REAL NOT NULL
);
CREATE INDEX ledger_of_member ON ledger (member_id, kind, day);
CREATE INDEX ledger_of_decision ON ledger (decision_id) WHERE decision_id IS NOT NULL;
CREATE INDEX ledger_of_grant ON ledger (grant_id) WHERE grant_id IS NOT NULL;
CREATE UNIQUE INDEX one_check_in_a_day ON ledger (member_id, day) WHERE kind = 'check-in' AND reverses IS NULL;
CREATE TRIGGER ledger_adds AFTER INSERT ON ledger BEGIN
    UPDATE members SET balance = balance + NEW.points,
        earned = earned + CASE NEW.kind WHEN 'spent' THEN 0 ELSE NEW.points END
    WHERE id = NEW.member_id; END;
CREATE TRIGGER ledger_never_changes BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_never_forgets BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- One row, once there is a secret: what tells the right key from a wrong one.
CREATE TABLE vault (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    proof BLOB NOT NULL,
    made_at REAL NOT NULL
);

-- taken counts the grants in force: reserved, sent or unknown. eligibility is JSON.
CREATE TABLE perks (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('code', 'fixed', 'gift', 'points', 'draw', 'seat')),
    text TEXT NOT NULL DEFAULT '',
    stock INTEGER,
    taken INTEGER NOT NULL DEFAULT 0,
    valid_from REAL,
    valid_until REAL,
    eligibility TEXT NOT NULL DEFAULT '{}',
    per_member INTEGER NOT NULL DEFAULT 1 CHECK (per_member > 0),
    cost INTEGER NOT NULL DEFAULT 0 CHECK (cost >= 0),
    approval_from INTEGER NOT NULL DEFAULT 1 CHECK (approval_from >= 0),
    points INTEGER NOT NULL DEFAULT 0 CHECK (points >= 0),
    fixed BLOB,
    draw_id INTEGER REFERENCES draws (id),
    redeem_word TEXT NOT NULL DEFAULT '',
    added_by TEXT NOT NULL,
    added_at REAL NOT NULL,
    closed_at REAL,
    CHECK (taken >= 0 AND (stock IS NULL OR taken <= stock))
);

-- code is encrypted; fingerprint is keyed, and finds the same code again without showing it.
CREATE TABLE vouchers (
    id INTEGER PRIMARY KEY,
    perk_id INTEGER NOT NULL REFERENCES perks (id),
    code BLOB NOT NULL,
    fingerprint BLOB NOT NULL UNIQUE,
    added_by TEXT NOT NULL,
    added_at REAL NOT NULL,
    spoiled_at REAL
);
CREATE INDEX vouchers_of_perk ON vouchers (perk_id);

-- One press of the key, one import, one automatic gift: a perk to a set of members. key makes it count once.
CREATE TABLE dispatches (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    perk_id INTEGER NOT NULL REFERENCES perks (id),
    cause TEXT NOT NULL CHECK (cause IN ('hand', 'import', 'join', 'tier', 'streak')),
    state TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected', 'undone')),
    version INTEGER NOT NULL DEFAULT 1,
    staff TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    asked_at REAL NOT NULL,
    answered_by TEXT NOT NULL DEFAULT '',
    answered_at REAL,
    answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX dispatches_by_state ON dispatches (state, id);

-- slot counts a member's grants of a perk up to its limit; voucher_id is the code bound to the member, NULL again
-- once the grant surely did not arrive. layer and tier are the member's at that time.
CREATE TABLE grants (
    id INTEGER PRIMARY KEY,
    dispatch_id INTEGER NOT NULL REFERENCES dispatches (id),
    perk_id INTEGER NOT NULL REFERENCES perks (id),
    member_id INTEGER NOT NULL REFERENCES members (id),
    group_id INTEGER NOT NULL REFERENCES groups (id),
    slot INTEGER NOT NULL,
    voucher_id INTEGER UNIQUE REFERENCES vouchers (id),
    state TEXT NOT NULL CHECK (state IN ('proposed', 'reserved', 'sent', 'unknown', 'returned')),
    result TEXT NOT NULL DEFAULT '',
    layer TEXT NOT NULL DEFAULT '',
    tier TEXT NOT NULL DEFAULT '',
    made_at REAL NOT NULL,
    reserved_at REAL,
    sent_at REAL,
    returned_at REAL,
    redeemed_at REAL,
    redeemed_by TEXT NOT NULL DEFAULT '',
    fulfilled_at REAL,
    fulfilled_by TEXT NOT NULL DEFAULT '',
    UNIQUE (dispatch_id, member_id)
);
CREATE UNIQUE INDEX one_grant_a_slot ON grants (perk_id, member_id, slot)
    WHERE state IN ('reserved', 'sent', 'unknown');
CREATE INDEX grants_of_member ON grants (member_id, id);
CREATE INDEX grants_of_perk ON grants (perk_id, state);
ALTER TABLE actions ADD COLUMN grant_id INTEGER REFERENCES grants (id);
CREATE UNIQUE INDEX one_sending_a_grant ON actions (grant_id) WHERE grant_id IS NOT NULL;

-- secret is encrypted until the draw; entries is the list that was published, a line each.
CREATE TABLE draws (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('open', 'committed', 'drawn', 'cancelled')),
    version INTEGER NOT NULL DEFAULT 1,
    winners INTEGER NOT NULL CHECK (winners > 0),
    word TEXT NOT NULL DEFAULT '',
    eligibility TEXT NOT NULL DEFAULT '{}',
    without_winners INTEGER NOT NULL DEFAULT 0,
    public_value_of TEXT NOT NULL DEFAULT '',
    public_value TEXT NOT NULL DEFAULT '',
    secret BLOB,
    secret_sha256 TEXT NOT NULL DEFAULT '',
    entries TEXT NOT NULL DEFAULT '',
    entries_sha256 TEXT NOT NULL DEFAULT '',
    opened_by TEXT NOT NULL,
    opened_at REAL NOT NULL,
    committed_at REAL,
    drawn_at REAL
);
CREATE TABLE draw_entries (
    draw_id INTEGER NOT NULL REFERENCES draws (id),
    member_id INTEGER NOT NULL REFERENCES members (id),
    group_id INTEGER REFERENCES groups (id),
    how TEXT NOT NULL CHECK (how IN ('word', 'eligible', 'perk', 'hand')),
    at REAL NOT NULL,
    withdrawn_at REAL,
    PRIMARY KEY (draw_id, member_id)
);
CREATE TABLE draw_winners (
    draw_id INTEGER NOT NULL REFERENCES draws (id),
    place INTEGER NOT NULL,
    entry TEXT NOT NULL,
    member_id INTEGER NOT NULL REFERENCES members (id),
    state TEXT NOT NULL CHECK (state IN ('winner', 'skipped', 'replaced')),
    reason TEXT NOT NULL DEFAULT '',
    staff TEXT NOT NULL DEFAULT '',
    at REAL NOT NULL,
    PRIMARY KEY (draw_id, place)
)
"""
