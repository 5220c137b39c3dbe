JOIN account_owners o ON o.account_id = a.id
WHERE o.profile_id = ?1 AND o.access <> 'none'
  AND (?2 IS NULL OR EXISTS (
        SELECT 1 FROM profile_tags t WHERE t.profile_id = a.profile_id AND t.tag IN (SELECT value FROM json_each(?2))))
ORDER BY a.id
