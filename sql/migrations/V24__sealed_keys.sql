-- Why: a copy of the database, or a backup, must not be able to sign end-user tokens.

-- The program seals the private keys in the same transaction: SQL has no key to do it with.
CREATE TABLE new_signing_keys (
    id INTEGER PRIMARY KEY,                -- row of the key
    kid TEXT NOT NULL UNIQUE,              -- key id in tokens and in the published key set
    algorithm TEXT NOT NULL CHECK (algorithm IN ('EdDSA')), -- how it signs
    sealed_key BLOB,                       -- private key (PKCS#8), sealed with the installation key; none: it signs no more
    was_plain INTEGER NOT NULL CHECK (was_plain IN (0, 1)), -- whether backups of an earlier version hold it unsealed
    public_key BLOB NOT NULL,              -- raw public key
    created_at INTEGER NOT NULL,           -- when it was made
    signs_from INTEGER NOT NULL,           -- when it begins to sign, by the machine's clock; the newest that may does
    retired_at INTEGER,                    -- when it stops signing
    withdrawn_at INTEGER                   -- when it leaves the published key set
) STRICT;

INSERT INTO new_signing_keys (id, kid, algorithm, sealed_key, was_plain, public_key, created_at, signs_from, retired_at,
                              withdrawn_at)
SELECT id, kid, algorithm, NULL, 1, public_key, created_at, signs_from, retired_at, withdrawn_at FROM signing_keys;

DROP TABLE signing_keys;

ALTER TABLE new_signing_keys RENAME TO signing_keys;
