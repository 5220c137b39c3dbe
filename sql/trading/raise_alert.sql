INSERT INTO alerts (uuid, kind, account_id, subject, detail, raised_at, seen_at, resolution)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, '')
ON CONFLICT (kind, coalesce(account_id, 0), subject) WHERE resolved_at IS NULL
DO UPDATE SET detail = ?5, seen_at = ?6
