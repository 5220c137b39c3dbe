INSERT INTO execution_versions (execution_id, number, correction_id, figures, recorded_at)
SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4
FROM execution_versions
WHERE execution_id = ?1
