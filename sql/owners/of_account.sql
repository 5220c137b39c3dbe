SELECT p.uuid AS profile_uuid, o.profile_id, o.access, o.created_at
FROM account_owners o
JOIN profiles p ON p.id = o.profile_id
WHERE o.account_id = ?1
ORDER BY o.priority
