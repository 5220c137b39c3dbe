-- Why: programs call some APIs with credentials of their own, of which several are good while they are replaced, and sign their requests.

CREATE TABLE api_clients (
    principal_id INTEGER PRIMARY KEY REFERENCES principals (id), -- the client; its secrets are its long-lived tokens
    api TEXT NOT NULL                      -- the API that it may call
) STRICT;

CREATE TABLE client_keys (
    id INTEGER PRIMARY KEY,                -- row of the key
    uuid BLOB NOT NULL UNIQUE,             -- public id, which a signature names
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- the client that signs with it
    public_key BLOB NOT NULL,              -- public key, as a SubjectPublicKeyInfo in DER
    created_at INTEGER NOT NULL,           -- when it was registered
    expires_at INTEGER                     -- when its signatures count no more; none: never
) STRICT;

CREATE INDEX client_keys_by_principal ON client_keys (principal_id);

CREATE TABLE used_nonces (
    hash BLOB PRIMARY KEY,                 -- keyed hash of the client and the nonce of a signed write, 16 bytes
    expires_at INTEGER NOT NULL            -- when the signature ends, by the machine's clock; then the row is deleted
) STRICT, WITHOUT ROWID;

CREATE INDEX used_nonces_by_end ON used_nonces (expires_at);
