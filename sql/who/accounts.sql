-- Accounts that somebody else opened or approved, or at another time, than their events say. Events up to ?1 were pruned,
-- before the moment ?2.
SELECT a.serial
FROM events e
JOIN accounts a ON a.id = e.subject_id
LEFT JOIN account_requests r ON r.account_id = a.id
WHERE e.type IN ('account.opened', 'account.approved') AND e.seq > ?1 AND ?2 IS NOT NULL
  AND CASE e.type WHEN 'account.opened' THEN a.created_at <> e.recorded_at OR r.requested_by <> e.principal_id
                  ELSE r.approved_by IS NOT e.principal_id OR r.approved_at IS NOT e.recorded_at END
UNION
SELECT a.serial
FROM account_requests r
JOIN accounts a ON a.id = r.account_id
JOIN principals p ON p.id = r.approved_by
WHERE r.awaits = 'operator' AND r.approved_by = r.requested_by AND p.role NOT IN ('admin')
LIMIT 20
