-- Why: an account can belong to several clients; the first of them stays the primary owner, whose tags count.

CREATE TABLE account_owners (
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- the account
    profile_id INTEGER NOT NULL REFERENCES profiles (id), -- one of its owners
    priority INTEGER NOT NULL CHECK (priority >= 1), -- without gaps from 1, who is the primary owner as in accounts
    access TEXT NOT NULL CHECK (access IN ('full', 'read', 'none')), -- what the owner may do; the primary owner has full
    created_at INTEGER NOT NULL,           -- when it became an owner
    PRIMARY KEY (account_id, profile_id),
    UNIQUE (account_id, priority)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_owners_by_profile ON account_owners (profile_id);

INSERT INTO account_owners (account_id, profile_id, priority, access, created_at)
SELECT id, profile_id, 1, 'full', created_at
FROM accounts;
