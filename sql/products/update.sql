UPDATE account_groups
SET name = ?2, status_code = ?3, status_description = ?4, metadata = ?5, updated_at = ?6
WHERE id = ?1
