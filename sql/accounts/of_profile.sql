WHERE a.profile_id = (SELECT id FROM profiles WHERE uuid = ?1) AND a.lifecycle <> 'closed'
ORDER BY a.id
LIMIT ?2
