UPDATE accounts
SET lifecycle = 'closed', closed_at = ?2, updated_at = ?2, version = version + 1
WHERE id = ?1
