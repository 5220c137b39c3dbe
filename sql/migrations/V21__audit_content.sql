-- Why: the audit log says what kind of object and which client a row is about, and who gave a command on the machine.

ALTER TABLE audit_log ADD COLUMN
    machine_user TEXT -- the user of the machine who gave the command there; none: it came through an API, or is older
    DEFAULT NULL;

ALTER TABLE audit_log ADD COLUMN
    object_kind TEXT -- what the object is, such as account; none: no object, or the row is older
    DEFAULT NULL;

ALTER TABLE audit_log ADD COLUMN
    profile_id INTEGER -- the client whose tags decide who sees the row; none: no client, or the row is older
    REFERENCES profiles (id);

ALTER TABLE audit_log ADD COLUMN
    detail TEXT -- what the row says beyond that, JSON; none: nothing
    DEFAULT NULL;

-- Who made a token or an operator is looked up here. Rows of API calls are not in it, so they cost nothing.
CREATE INDEX audit_log_of_machine ON audit_log (object_uuid)
    WHERE machine_user IS NOT NULL AND object_uuid IS NOT NULL;

-- With which tokens something was asked for and decided. A table with constraints of its own can be extended legibly
-- only by a new one.
CREATE TABLE new_approvals (
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
    requested_token BLOB,                  -- with which token; none: with none, or the request is older
    requested_at INTEGER NOT NULL,         -- when
    expires_at INTEGER,                    -- when it ends by itself; none: it does not
    state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'cancelled', 'expired')), -- what became of it
    decided_by INTEGER REFERENCES principals (id), -- who decided; none: nobody did
    decided_token BLOB,                    -- with which token; none: with none, or the decision is older
    decided_at INTEGER,                    -- when it was decided or expired
    reason TEXT NOT NULL,                  -- why it was rejected; empty: not told
    CHECK ((account_id IS NULL) <> (profile_id IS NULL)),
    CHECK ((movement_id IS NOT NULL) = (kind IN ('withdrawal', 'transfer'))),
    CHECK ((decided_at IS NULL) = (state = 'pending')),
    CHECK ((decided_by IS NOT NULL) = (state IN ('approved', 'rejected', 'cancelled'))),
    CHECK (state <> 'approved' OR decided_by <> requested_by)
) STRICT;

INSERT INTO new_approvals (id, uuid, kind, cause, account_id, profile_id, movement_id, request_version, request,
                           requested_by, requested_at, expires_at, state, decided_by, decided_at, reason)
SELECT id, uuid, kind, cause, account_id, profile_id, movement_id, request_version, request,
       requested_by, requested_at, expires_at, state, decided_by, decided_at, reason
FROM approvals;

DROP TABLE approvals;

ALTER TABLE new_approvals RENAME TO approvals;

CREATE INDEX approvals_pending ON approvals (id) WHERE state = 'pending';

CREATE INDEX approvals_by_account ON approvals (account_id, id) WHERE account_id IS NOT NULL;

CREATE INDEX approvals_by_profile ON approvals (profile_id, id) WHERE profile_id IS NOT NULL;

CREATE UNIQUE INDEX approvals_of_movement ON approvals (movement_id) WHERE movement_id IS NOT NULL;
