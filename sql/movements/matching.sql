WHERE m.kind = ?1
  AND (?2 IS NULL OR m.account_id = ?2 OR m.to_account_id = ?2)
  AND (?3 IS NULL OR m.state = ?3)
  AND (?4 IS NULL OR EXISTS (
        SELECT 1 FROM profile_tags g WHERE g.profile_id = a.profile_id AND g.tag IN (SELECT value FROM json_each(?4))))
