WHERE p.account_id = ?1 AND p.closed_at >= ?2 AND p.closed_at < ?3 AND (p.closed_at, p.id) < (?4, ?5)
ORDER BY p.closed_at DESC, p.id DESC
LIMIT ?6
