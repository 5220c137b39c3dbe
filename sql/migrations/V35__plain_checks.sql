-- Why: SQLite builds a temporary index for each IN list of three or more values, whenever a row is inserted.

CREATE TABLE new_movements (
    id INTEGER PRIMARY KEY,                -- serial, a public id in some dialects
    uuid BLOB NOT NULL UNIQUE,             -- public id
    kind TEXT NOT NULL                     -- what it is
        CHECK (kind = 'deposit' OR kind = 'withdrawal' OR kind = 'transfer' OR kind = 'hold'),
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- the account; of a transfer, the one that pays
    to_account_id INTEGER REFERENCES accounts (id), -- of a transfer, the account that receives
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), -- how much, in the account's currency
    posted_minor INTEGER NOT NULL CHECK (posted_minor BETWEEN 0 AND amount_minor), -- how much of it was posted
    state TEXT NOT NULL                    -- where it is in its life
        CHECK (state = 'posted' OR state = 'pending' OR state = 'approved' OR state = 'voided' OR state = 'expired'),
    reason TEXT NOT NULL,                  -- why, in the caller's words
    reference TEXT,                        -- the caller's own reference; unique among movements of its kind
    requested_by INTEGER NOT NULL REFERENCES principals (id), -- who asked for it
    approved_by INTEGER REFERENCES principals (id), -- who approved it
    expires_at INTEGER,                    -- when it ends by itself
    clears_at INTEGER,                     -- of a posted deposit: when its funds become available
    uncleared_minor INTEGER NOT NULL CHECK (uncleared_minor >= 0), -- how much of it is not available yet
    entry_seq INTEGER REFERENCES entries (seq), -- the entry that posted it
    created_at INTEGER NOT NULL,           -- when it was asked for
    updated_at INTEGER NOT NULL,           -- when it last changed
    rate TEXT                              -- of a transfer across currencies, as the caller gave it; none: amount by amount
        CHECK (rate IS NULL OR kind = 'transfer'),
    provider_commission_minor INTEGER      -- of a deposit, what the payment provider took; recorded only; none: nothing
        CHECK (provider_commission_minor IS NULL OR provider_commission_minor > 0 AND kind = 'deposit'),
    vendor_commission_minor INTEGER        -- of a deposit, what the vendor took; recorded only; none: nothing
        CHECK (vendor_commission_minor IS NULL OR vendor_commission_minor > 0 AND kind = 'deposit')
) STRICT;

INSERT INTO new_movements (id, uuid, kind, account_id, to_account_id, amount_minor, posted_minor, state, reason,
                           reference, requested_by, approved_by, expires_at, clears_at, uncleared_minor, entry_seq,
                           created_at, updated_at, rate, provider_commission_minor, vendor_commission_minor)
SELECT id, uuid, kind, account_id, to_account_id, amount_minor, posted_minor, state, reason, reference, requested_by,
       approved_by, expires_at, clears_at, uncleared_minor, entry_seq, created_at, updated_at, rate,
       provider_commission_minor, vendor_commission_minor
FROM movements;

DROP TABLE movements;

ALTER TABLE new_movements RENAME TO movements;

CREATE INDEX movements_by_account ON movements (account_id, kind, id);

CREATE UNIQUE INDEX movements_reference ON movements (kind, reference) WHERE reference IS NOT NULL;

CREATE UNIQUE INDEX movements_entry ON movements (entry_seq) WHERE entry_seq IS NOT NULL;
