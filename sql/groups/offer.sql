INSERT INTO group_currencies (group_id, currency_id, enabled, created_at)
SELECT g.id, c.id, 1, ?3 FROM account_groups g, currencies c WHERE g.code = ?1 AND c.code = ?2
ON CONFLICT (group_id, currency_id) DO UPDATE SET enabled = 1
