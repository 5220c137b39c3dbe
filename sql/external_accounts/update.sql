UPDATE external_accounts
SET nickname = ?2, reference = ?3, custom_fields = ?4, status = ?5, status_at = ?6, tries = ?7, updated_at = ?8
WHERE id = ?1
