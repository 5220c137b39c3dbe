SELECT p.uuid AS profile_uuid, s.expires_at, s.revoked_at
FROM sessions s
JOIN profiles p ON p.id = s.profile_id
WHERE s.uuid = ?1
