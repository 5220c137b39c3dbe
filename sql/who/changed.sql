-- Movements that last changed at another time than their last event; with max(seq), the other columns are those of that
-- event. Events up to ?1 were pruned, before the moment ?2.
SELECT m.id
FROM (
    SELECT subject_id, max(seq), recorded_at AS last_at
    FROM events
    WHERE type IN ('movement.requested', 'movement.changed') AND seq > ?1
    GROUP BY subject_id
) l
JOIN movements m ON m.id = l.subject_id
WHERE ?2 IS NOT NULL AND m.updated_at <> l.last_at
LIMIT 20
