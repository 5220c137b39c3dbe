INSERT INTO tokens (uuid, principal_id, kind, label, hash, scopes, tags, networks, created_at, expires_at, refresh_hash,
                    refresh_expires_at, family)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
