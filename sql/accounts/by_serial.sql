WHERE a.serial = ?1
  AND (?2 IS NULL OR EXISTS (
        SELECT 1 FROM profile_tags t WHERE t.profile_id = a.profile_id AND t.tag IN (SELECT value FROM json_each(?2))))
