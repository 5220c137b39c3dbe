SELECT k.id, k.uuid, k.principal_id, o.name AS principal_name, k.kind, k.label, k.scopes, k.tags, k.networks, k.created_at,
       k.expires_at, k.revoked_at, k.last_used_at, k.refresh_expires_at, k.refreshed_at
FROM tokens k
JOIN principals o ON o.id = k.principal_id
