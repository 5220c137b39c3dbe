UPDATE accounts
SET lock = ?2, lock_holder = ?3, lock_reason = ?4, version = version + 1, updated_at = ?5
WHERE id = ?1
