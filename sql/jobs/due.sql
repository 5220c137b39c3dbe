SELECT id, kind, subject_id, attempts
FROM jobs
WHERE due_at <= ?1
ORDER BY due_at, id
LIMIT ?2
