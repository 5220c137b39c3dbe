-- Why: rates that callers invent could empty an account that needs a second operator; one queue holds what waits for one.

CREATE TABLE reference_rates (
    from_currency_id INTEGER NOT NULL REFERENCES currencies (id), -- the currency of which one unit is priced
    to_currency_id INTEGER NOT NULL REFERENCES currencies (id), -- the currency of the price
    rate TEXT NOT NULL,                    -- the price, decimal text; it also serves the other direction
    as_of INTEGER,                         -- when it was the rate; none: a sample of a sandbox, which does not age
    PRIMARY KEY (from_currency_id, to_currency_id),
    CHECK (from_currency_id <> to_currency_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE approvals (
    id INTEGER PRIMARY KEY,                -- serial, in order of request
    uuid BLOB NOT NULL UNIQUE,             -- public id
    kind TEXT NOT NULL CHECK (kind IN ('withdrawal', 'transfer', 'owners', 'identity')), -- what is asked for
    cause TEXT NOT NULL CHECK (cause IN ('guarded_account', 'rate_outside_band', 'no_fresh_rate', 'reviewed_client')), -- why it takes a second operator
    account_id INTEGER REFERENCES accounts (id), -- the account concerned, whose primary owner decides who sees it
    profile_id INTEGER REFERENCES profiles (id), -- the client concerned, where it is about no account
    movement_id INTEGER REFERENCES movements (id), -- of money: the movement that holds it meanwhile
    request_version INTEGER NOT NULL,      -- how the request is written
    request TEXT,                          -- what is done once it is approved, JSON; none: decided and erased
    requested_by INTEGER NOT NULL REFERENCES principals (id), -- who asked
    requested_at INTEGER NOT NULL,         -- when
    expires_at INTEGER,                    -- when it ends by itself; none: it does not
    state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'cancelled', 'expired')), -- what became of it
    decided_by INTEGER REFERENCES principals (id), -- who decided; none: nobody did
    decided_at INTEGER,                    -- when it was decided or expired
    reason TEXT NOT NULL,                  -- why it was rejected; empty: not told
    CHECK ((account_id IS NULL) <> (profile_id IS NULL)),
    CHECK ((movement_id IS NOT NULL) = (kind IN ('withdrawal', 'transfer'))),
    CHECK ((decided_at IS NULL) = (state = 'pending')),
    CHECK ((decided_by IS NOT NULL) = (state IN ('approved', 'rejected', 'cancelled'))),
    CHECK (state <> 'approved' OR decided_by <> requested_by)
) STRICT;

CREATE INDEX approvals_pending ON approvals (id) WHERE state = 'pending';

CREATE INDEX approvals_by_account ON approvals (account_id, id) WHERE account_id IS NOT NULL;

CREATE INDEX approvals_by_profile ON approvals (profile_id, id) WHERE profile_id IS NOT NULL;

CREATE UNIQUE INDEX approvals_of_movement ON approvals (movement_id) WHERE movement_id IS NOT NULL;

-- Withdrawals that wait for a second operator already.
INSERT INTO approvals (uuid, kind, cause, account_id, movement_id, request_version, request, requested_by, requested_at,
                       expires_at, state, reason)
SELECT randomblob(16), 'withdrawal', 'guarded_account', m.account_id, m.id, 1, '"withdrawal"', m.requested_by,
       m.created_at, m.expires_at, 'pending', ''
FROM movements m
JOIN accounts a ON a.id = m.account_id
JOIN account_groups g ON g.id = a.group_id
WHERE m.kind = 'withdrawal' AND m.state = 'pending' AND g.requires_approval = 1
ORDER BY m.id;
