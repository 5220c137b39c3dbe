-- Why: some APIs hand out an access token together with a refresh token, which is exchanged for the next pair.

ALTER TABLE tokens ADD COLUMN
    refresh_hash BLOB; -- SHA-256 of the refresh token that was handed out with it; none: there was none

ALTER TABLE tokens ADD COLUMN
    refresh_expires_at INTEGER -- when the refresh token ends
    CHECK ((refresh_expires_at IS NULL) = (refresh_hash IS NULL));

ALTER TABLE tokens ADD COLUMN
    refreshed_at INTEGER -- when the refresh token was exchanged; it can be only once
    CHECK (refreshed_at IS NULL OR refresh_hash IS NOT NULL);

ALTER TABLE tokens ADD COLUMN
    family BLOB -- public id of the first token of the sign-in that it goes back to; none: it has no refresh token
    CHECK ((family IS NULL) = (refresh_hash IS NULL));

CREATE UNIQUE INDEX tokens_by_refresh_hash ON tokens (refresh_hash) WHERE refresh_hash IS NOT NULL;

CREATE INDEX tokens_by_family ON tokens (family) WHERE family IS NOT NULL;
