SELECT uuid, principal_id, family, refresh_expires_at, refreshed_at, revoked_at
FROM tokens
WHERE refresh_hash = ?1
