UPDATE movements
SET state = ?2, posted_minor = ?3, approved_by = coalesce(?4, approved_by), clears_at = ?5, uncleared_minor = ?6,
    entry_seq = (SELECT seq FROM entries WHERE uuid = ?7), updated_at = ?8
WHERE id = ?1
