SELECT a.serial
FROM accounts a
JOIN profiles p ON p.id = a.profile_id
LEFT JOIN account_requests r ON r.account_id = a.id
WHERE (a.lifecycle = 'pending_approval' AND (r.account_id IS NULL OR r.approved_by IS NOT NULL))
   OR (a.lifecycle NOT IN ('pending_approval', 'closed') AND r.account_id IS NOT NULL AND r.approved_by IS NULL)
   OR (a.lifecycle NOT IN ('pending_approval', 'closed') AND p.status IN ('pending', 'denied', 'archived'))
LIMIT 20
