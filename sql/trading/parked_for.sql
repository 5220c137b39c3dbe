WHERE waits_for BETWEEN ?1 AND ?2 AND dropped_at IS NULL
ORDER BY id
LIMIT ?3
