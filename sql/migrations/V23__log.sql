-- Why: the audit log becomes an append-only Merkle log that also says which rows each action changed, and to what.

ALTER TABLE audit_log ADD COLUMN
    changes BLOB -- the rows that it wrote, each with the hashes of its images before and after; none: none, or it is older
    DEFAULT NULL;

CREATE TABLE audit_changes (
    audit_id INTEGER NOT NULL REFERENCES audit_log (id), -- the row of the audit log whose action changed something
    position INTEGER NOT NULL,             -- its place among the changes of that action, from 0
    subject TEXT NOT NULL,                 -- what kind of thing was changed, such as profile
    subject_id INTEGER NOT NULL,           -- row of that thing
    field TEXT NOT NULL,                   -- what of it, such as status, metadata.iban or tag
    old TEXT,                              -- the value before; none: there was none; personal data as salted hash
    new TEXT,                              -- the value after; likewise; of a secret only that it was changed
    PRIMARY KEY (audit_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_changes_of_subject ON audit_changes (subject, subject_id, audit_id);

-- Salts of the hashes of personal data in the log. Once a salt is replaced, its former hashes say nothing.
CREATE TABLE profile_salts (
    profile_id INTEGER PRIMARY KEY REFERENCES profiles (id), -- the client
    salt BLOB NOT NULL                     -- 16 random bytes
) STRICT;

CREATE TABLE account_salts (
    account_id INTEGER PRIMARY KEY REFERENCES accounts (id), -- the account
    salt BLOB NOT NULL                     -- 16 random bytes
) STRICT;

INSERT INTO profile_salts (profile_id, salt) SELECT id, randomblob(16) FROM profiles;

INSERT INTO account_salts (account_id, salt) SELECT id, randomblob(16) FROM accounts;

-- The head of the log is in this row because every commit writes it anyway.
ALTER TABLE change_journal ADD COLUMN
    log_id BLOB NOT NULL -- identity of the log, 16 random bytes; a restore and a reset of a sandbox begin another one
    DEFAULT x'';

ALTER TABLE change_journal ADD COLUMN
    log_size INTEGER NOT NULL -- how many rows of the audit log are in the tree
    DEFAULT 0;

ALTER TABLE change_journal ADD COLUMN
    log_frontier BLOB NOT NULL -- the hashes of the complete subtrees that make up the tree, 32 bytes each, largest first
    DEFAULT x'';

UPDATE change_journal SET log_id = randomblob(16);

CREATE TABLE log_nodes (
    position INTEGER PRIMARY KEY,          -- number of the group of 256 consecutive rows of the audit log, from 0
    hash BLOB NOT NULL                     -- hash of its subtree
) STRICT;

CREATE TABLE log_checkpoints (
    size INTEGER PRIMARY KEY,              -- size of the log
    made_at INTEGER NOT NULL,              -- when
    note TEXT NOT NULL                     -- the signed checkpoint, a C2SP signed note
) STRICT;

ALTER TABLE restores ADD COLUMN
    log_id BLOB -- identity of the log that it continues; none: it is older
    DEFAULT NULL;

ALTER TABLE restores ADD COLUMN
    log_size INTEGER -- the size of that log when it was restored
    DEFAULT NULL;
