SELECT uuid, principal_id, kind, scopes, networks, created_at, expires_at, revoked_at
FROM tokens
