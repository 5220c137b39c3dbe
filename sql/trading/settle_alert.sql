UPDATE alerts
SET resolved_at = ?4
WHERE kind = ?1 AND coalesce(account_id, 0) = coalesce(?2, 0) AND subject = ?3 AND resolved_at IS NULL
