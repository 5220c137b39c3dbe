-- Requests that somebody else made or decided, or at another time, than their events say; and decisions without an
-- event. Events up to ?1 were pruned, before the moment ?2.
SELECT v.id
FROM events e
JOIN approvals v ON v.id = e.subject_id
WHERE e.type LIKE 'approval.%' AND e.seq > ?1
  AND CASE e.type
        WHEN 'approval.requested' THEN v.requested_by <> e.principal_id OR v.requested_at <> e.recorded_at
        ELSE 'approval.' || v.state <> e.type OR v.decided_at IS NOT e.recorded_at
             OR (v.decided_by IS NOT NULL AND v.decided_by <> e.principal_id) END
UNION
SELECT v.id
FROM approvals v
WHERE v.decided_at > ?2 AND NOT EXISTS (
    SELECT 1 FROM events e WHERE e.subject_id = v.id AND e.type = 'approval.' || v.state AND e.seq > ?1)
LIMIT 20
