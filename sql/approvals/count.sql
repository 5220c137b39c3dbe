SELECT count(*)
FROM approvals v
LEFT JOIN accounts a ON a.id = v.account_id
JOIN profiles p ON p.id = coalesce(a.profile_id, v.profile_id)
JOIN principals r ON r.id = v.requested_by
