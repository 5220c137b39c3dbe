WHERE id IN (
    SELECT id FROM positions WHERE account_id = ?1 AND symbol_id = ?2 AND closed_at IS NULL
    UNION ALL
    SELECT id FROM positions WHERE account_id = ?1 AND closed_at >= ?3 AND symbol_id = ?2)
