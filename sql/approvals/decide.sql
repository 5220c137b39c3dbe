UPDATE approvals
SET state = ?2, decided_by = ?3, decided_at = ?4, reason = ?5, request = ?6, decided_token = ?7
WHERE id = ?1
