WHERE a.profile_id = (SELECT id FROM profiles WHERE uuid = ?1) AND a.lifecycle <> 'closed' AND a.id > ?2
ORDER BY a.id
LIMIT ?3
