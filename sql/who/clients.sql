-- Clients that somebody else created or reviewed, or at another time, than their events say. Events up to ?1 were pruned,
-- before the moment ?2.
SELECT p.id
FROM events e
JOIN profiles p ON p.id = e.subject_id
WHERE e.type = 'profile.created' AND e.seq > ?1 AND ?2 IS NOT NULL
  AND (p.created_by <> e.principal_id OR p.created_at <> e.recorded_at)
UNION
SELECT p.id
FROM (SELECT subject_id, max(seq) AS seq FROM events WHERE type = 'profile.approved' AND seq > ?1 GROUP BY subject_id) l
JOIN events e ON e.seq = l.seq
JOIN profiles p ON p.id = e.subject_id
WHERE p.reviewed_by <> e.principal_id
LIMIT 20
