UPDATE webhooks
SET principal_id = ?2, tags = ?3, address = ?4, types = ?5, title = ?6, enabled = ?7, delay_ms = ?8, package_bytes = ?9,
    paused_at = ?10, updated_at = ?11
WHERE id = ?1
