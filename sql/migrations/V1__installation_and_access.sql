-- Why: a database must know what it is (production or sandbox) and who may use it before anything else is written.

CREATE TABLE installation (
    id INTEGER PRIMARY KEY CHECK (id = 1), -- always 1: there is one row
    uuid BLOB NOT NULL,                    -- identity of this database, 16 bytes
    mode TEXT NOT NULL CHECK (mode IN ('production', 'sandbox')), -- fixed for good
    timeline INTEGER NOT NULL,             -- rises with every restore, from 1
    hash_key BLOB NOT NULL,                -- 32 random bytes: key of the hashes of idempotency keys and commands
    clock_ahead_ms INTEGER NOT NULL,       -- how far the clock of a sandbox was moved ahead; 0 in production
    created_at INTEGER NOT NULL            -- milliseconds since 1970, UTC; so are all columns that end in _at
) STRICT;

CREATE TABLE counters (
    name TEXT PRIMARY KEY,                 -- what is counted
    last INTEGER NOT NULL                  -- the number issued last; numbers are never issued twice
) STRICT, WITHOUT ROWID;

CREATE TABLE principals (
    id INTEGER PRIMARY KEY,                -- row of the principal; 1 is the system itself
    uuid BLOB NOT NULL UNIQUE,             -- public id
    kind TEXT NOT NULL CHECK (kind IN ('system', 'operator')), -- who it is
    name TEXT NOT NULL,                    -- login name as it was entered
    name_folded TEXT NOT NULL UNIQUE,      -- the same without regard to case
    role TEXT NOT NULL CHECK (role IN ('admin', 'operator', 'viewer', 'auditor')), -- what it may do
    password_hash TEXT,                    -- Argon2id in PHC form; none: cannot log in
    created_at INTEGER NOT NULL,           -- when it was added
    disabled_at INTEGER                    -- when it was disabled, with all its tokens
) STRICT;

CREATE TABLE principal_tags (
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- the operator
    tag TEXT NOT NULL,                     -- a tag that it sees; an operator without tags sees everything
    PRIMARY KEY (principal_id, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY,                -- row of the token
    uuid BLOB NOT NULL UNIQUE,             -- public id, for listing and revoking
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- whose it is
    kind TEXT NOT NULL CHECK (kind IN ('login', 'long_lived')), -- how it was made
    label TEXT NOT NULL,                   -- what it is for, in the operator's words
    hash BLOB NOT NULL UNIQUE,             -- SHA-256 of the token; the token itself is not kept
    scopes TEXT,                           -- JSON array of rights; none: all that the role allows
    tags TEXT,                             -- JSON array of tags that narrow the operator's; none: no narrowing
    networks TEXT,                         -- JSON array of networks it may come from; none: any that is allowed
    created_at INTEGER NOT NULL,           -- when it was made
    expires_at INTEGER,                    -- when it ends; none: it does not
    revoked_at INTEGER                     -- when it was taken back
) STRICT;

CREATE INDEX tokens_by_principal ON tokens (principal_id);

CREATE TABLE signing_keys (
    id INTEGER PRIMARY KEY,                -- row of the key
    kid TEXT NOT NULL UNIQUE,              -- key id in tokens and in the published key set
    algorithm TEXT NOT NULL CHECK (algorithm IN ('EdDSA')), -- how it signs
    private_key BLOB NOT NULL,             -- PKCS#8
    public_key BLOB NOT NULL,              -- raw public key
    created_at INTEGER NOT NULL,           -- when it was made; the newest one that is not retired signs
    retired_at INTEGER,                    -- when it stopped signing
    withdrawn_at INTEGER                   -- when it leaves the published key set
) STRICT;
