UPDATE alerts
SET resolved_at = ?4
WHERE kind = ?1 AND coalesce(account_id, 0) = ?2 AND resolved_at IS NULL
  AND subject NOT IN (SELECT value FROM json_each(?3))
