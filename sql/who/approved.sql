-- Movements whose approver did not approve them. The first movement that an approval changes is the one that it approves;
-- others follow from it. Events up to ?1 were pruned, before the moment ?2.
WITH acts AS MATERIALIZED (
    SELECT l.principal_id AS approver, min(e.seq) AS seq
    FROM audit_log l
    JOIN events e ON e.seq BETWEEN l.event_seq AND l.last_event_seq
    WHERE l.action IN ('withdrawal.approve', 'approval.approve') AND e.type = 'movement.changed' AND e.seq > ?1
    GROUP BY l.id
), approvers AS MATERIALIZED (
    SELECT e.subject_id AS movement_id, a.approver FROM acts a JOIN events e ON e.seq = a.seq
)
SELECT m.id
FROM movements m
LEFT JOIN approvers a ON a.movement_id = m.id
WHERE m.kind IN ('withdrawal', 'transfer')
  AND CASE WHEN a.movement_id IS NULL THEN m.approved_by IS NOT NULL AND m.created_at > ?2
           ELSE m.approved_by IS NOT a.approver END
LIMIT 20
