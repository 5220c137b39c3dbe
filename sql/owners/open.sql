JOIN account_owners o ON o.account_id = a.id
WHERE o.profile_id = ?1 AND a.lifecycle <> 'closed'
ORDER BY a.id
