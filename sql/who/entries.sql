-- Entries with another author or time than their events. Events up to ?1 were pruned, before the moment ?2.
SELECT n.seq
FROM events e
JOIN entries n ON n.seq = e.subject_id
WHERE e.type = 'entry.posted' AND e.seq > ?1 AND ?2 IS NOT NULL
  AND (n.principal_id <> e.principal_id OR n.recorded_at <> e.recorded_at)
LIMIT 20
