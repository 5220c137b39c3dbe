-- Why: money that is under way has a life of its own before any entry exists, and some of it ends by time.

CREATE TABLE movements (
    id INTEGER PRIMARY KEY,                -- serial, a public id in some dialects
    uuid BLOB NOT NULL UNIQUE,             -- public id
    kind TEXT NOT NULL CHECK (kind IN ('deposit', 'withdrawal', 'transfer', 'hold')), -- what it is
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- the account; of a transfer, the one that pays
    to_account_id INTEGER REFERENCES accounts (id), -- of a transfer, the account that receives
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), -- how much, in the account's currency
    posted_minor INTEGER NOT NULL CHECK (posted_minor BETWEEN 0 AND amount_minor), -- how much of it was posted
    state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'posted', 'voided', 'expired')), -- where it is in its life
    reason TEXT NOT NULL,                  -- why, in the caller's words
    reference TEXT,                        -- the caller's own reference; unique among movements of its kind
    requested_by INTEGER NOT NULL REFERENCES principals (id), -- who asked for it
    approved_by INTEGER REFERENCES principals (id), -- who approved it
    expires_at INTEGER,                    -- when it ends by itself
    clears_at INTEGER,                     -- of a posted deposit: when its funds become available
    uncleared_minor INTEGER NOT NULL CHECK (uncleared_minor >= 0), -- how much of it is not available yet
    entry_seq INTEGER REFERENCES entries (seq), -- the entry that posted it
    created_at INTEGER NOT NULL,           -- when it was asked for
    updated_at INTEGER NOT NULL            -- when it last changed
) STRICT;

CREATE INDEX movements_by_account ON movements (account_id, kind, id);

CREATE UNIQUE INDEX movements_reference ON movements (kind, reference) WHERE reference IS NOT NULL;

CREATE UNIQUE INDEX movements_entry ON movements (entry_seq) WHERE entry_seq IS NOT NULL;

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,                -- row of the job
    kind TEXT NOT NULL,                    -- what is to be done
    subject_id INTEGER NOT NULL,           -- on which row
    due_at INTEGER NOT NULL,               -- when it is to run next
    attempts INTEGER NOT NULL,             -- how often it failed
    last_error TEXT,                       -- why it failed last
    UNIQUE (kind, subject_id)
) STRICT;

CREATE INDEX jobs_due ON jobs (due_at);
