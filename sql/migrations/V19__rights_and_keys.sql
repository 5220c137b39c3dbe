-- Why: some rights are granted one by one, programs have a role, and a signing key is published before it signs.

-- A CHECK can be widened only by a new table. Foreign keys are off during migrations and checked before the commit.
CREATE TABLE new_principals (
    id INTEGER PRIMARY KEY,                -- row of the principal; 1 is the system itself
    uuid BLOB NOT NULL UNIQUE,             -- public id
    kind TEXT NOT NULL CHECK (kind IN ('system', 'operator', 'api_client')), -- who it is
    name TEXT NOT NULL,                    -- login name as it was entered; of an API client, its label
    name_folded TEXT NOT NULL UNIQUE,      -- the same without regard to case
    role TEXT CHECK (role IN ('admin', 'operator', 'service', 'viewer', 'auditor')), -- what it may do; none: only rights
    rights TEXT,                           -- JSON array of rights beyond those of the role; none: there are none
    password_hash TEXT,                    -- Argon2id in PHC form; none: cannot log in
    created_at INTEGER NOT NULL,           -- when it was added
    disabled_at INTEGER,                   -- when it was disabled, with all its tokens
    CHECK ((role IS NULL) = (kind = 'api_client'))
) STRICT;

INSERT INTO new_principals (id, uuid, kind, name, name_folded, role, password_hash, created_at, disabled_at)
SELECT id, uuid, kind, name, name_folded, role, password_hash, created_at, disabled_at FROM principals;

DROP TABLE principals;

ALTER TABLE new_principals RENAME TO principals;

ALTER TABLE tokens ADD COLUMN
    last_used_at INTEGER -- when it was used last, up to an hour too early; none: not yet
    DEFAULT NULL;

ALTER TABLE signing_keys ADD COLUMN
    signs_from INTEGER NOT NULL -- when it begins to sign, by the machine's clock; it is published before
    DEFAULT 0;
