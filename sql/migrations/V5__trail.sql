-- Why: every change leaves an event for subscribers, an audit row for the broker, and an outcome for retries.

CREATE TABLE events (
    seq INTEGER PRIMARY KEY,               -- gapless sequence number, from 1
    type TEXT NOT NULL,                    -- what happened, such as account.opened
    object_uuid BLOB NOT NULL,             -- the thing that it happened to
    profile_id INTEGER REFERENCES profiles (id), -- the client whose tags decide who sees it; none: no client
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- who did it
    recorded_at INTEGER NOT NULL,          -- when
    payload TEXT NOT NULL                  -- the thing as it is afterwards, JSON
) STRICT;

CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,                -- sequence number of the row
    recorded_at INTEGER NOT NULL,          -- when
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- who
    token_uuid BLOB,                       -- with which token; none for commands on the machine itself
    action TEXT NOT NULL,                  -- what, such as deposit
    object_uuid BLOB,                      -- on which thing
    request_uuid BLOB,                     -- in which request
    address TEXT,                          -- from where
    event_seq INTEGER                      -- the first event of it
) STRICT;

CREATE TABLE idempotency_state (
    id INTEGER PRIMARY KEY CHECK (id = 1), -- always 1: there is one row
    generation INTEGER NOT NULL,           -- generation modulo 3 names the table that is written to
    started_at INTEGER NOT NULL            -- when this generation began
) STRICT;

CREATE TABLE idempotency_0 (
    key_hash BLOB PRIMARY KEY,             -- keyed hash of principal and key, 16 bytes
    command_hash BLOB NOT NULL,            -- keyed hash of the command, 16 bytes
    outcome TEXT NOT NULL                  -- what the command led to, JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_1 (
    key_hash BLOB PRIMARY KEY,             -- as in idempotency_0
    command_hash BLOB NOT NULL,            -- as in idempotency_0
    outcome TEXT NOT NULL                  -- as in idempotency_0
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_2 (
    key_hash BLOB PRIMARY KEY,             -- as in idempotency_0
    command_hash BLOB NOT NULL,            -- as in idempotency_0
    outcome TEXT NOT NULL                  -- as in idempotency_0
) STRICT, WITHOUT ROWID;
