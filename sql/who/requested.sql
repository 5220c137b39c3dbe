-- Movements that somebody else requested, or at another time, than their event says; and movements without such an
-- event, unless they were posted in one call. Events up to ?1 were pruned, before the moment ?2.
WITH asked AS MATERIALIZED (
    SELECT subject_id, principal_id, recorded_at FROM events WHERE type = 'movement.requested' AND seq > ?1
)
SELECT m.id
FROM movements m
LEFT JOIN asked a ON a.subject_id = m.id
LEFT JOIN entries n ON n.seq = m.entry_seq
WHERE CASE WHEN a.subject_id IS NOT NULL THEN m.requested_by <> a.principal_id OR m.created_at <> a.recorded_at
           WHEN n.seq IS NOT NULL AND m.updated_at = m.created_at
           THEN m.requested_by <> n.principal_id OR m.created_at <> n.recorded_at
           ELSE m.created_at > ?2 END
LIMIT 20
