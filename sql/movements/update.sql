UPDATE movements
SET state = ?2, posted_minor = ?3, approved_by = ?4, clears_at = ?5, uncleared_minor = ?6, entry_seq = ?7, updated_at = ?8
WHERE id = ?1
