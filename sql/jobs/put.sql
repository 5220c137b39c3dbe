INSERT INTO jobs (kind, subject_id, due_at, attempts)
VALUES (?1, ?2, ?3, 0)
ON CONFLICT (kind, subject_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0, last_error = NULL
