SELECT v.id
FROM approvals v
WHERE v.profile_id = ?1 OR v.account_id IN (SELECT id FROM accounts WHERE profile_id = ?1)
