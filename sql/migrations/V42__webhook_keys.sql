-- Why: some APIs sign requests to webhooks with a key whose public half is published.

CREATE TABLE webhook_keys (
    id INTEGER PRIMARY KEY,                -- row of the key
    kid TEXT NOT NULL UNIQUE,              -- key id in signatures and in the published key set
    sealed_key BLOB,                       -- private key on P-521 (PKCS#8), sealed with the installation key; none: it signs no more
    public_key BLOB NOT NULL,              -- public key, an uncompressed point
    created_at INTEGER NOT NULL,           -- when it was made
    signs_from INTEGER NOT NULL,           -- when it begins to sign, by the machine's clock; the newest that may does
    retired_at INTEGER,                    -- when it stops signing
    withdrawn_at INTEGER                   -- when it leaves the published key set
) STRICT;
