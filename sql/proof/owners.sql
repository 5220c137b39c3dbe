SELECT a.serial
FROM accounts a
LEFT JOIN account_owners o ON o.account_id = a.id
GROUP BY a.id
HAVING count(o.profile_id) = 0
    OR min(o.priority) <> 1
    OR max(o.priority) <> count(*)
    OR count(DISTINCT o.priority) <> count(*)
    OR max(CASE WHEN o.priority = 1 THEN o.profile_id END) <> max(a.profile_id)
    OR max(CASE WHEN o.priority = 1 THEN o.access END) <> 'full'
LIMIT 20
