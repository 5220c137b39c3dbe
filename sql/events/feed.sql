WHERE e.seq > ?1 AND e.seq <= ?2
  AND (?3 IS NULL OR e.type IN (SELECT value FROM json_each(?3)))
  AND (?4 IS NULL OR EXISTS (
        SELECT 1 FROM profile_tags g WHERE g.profile_id = e.profile_id AND g.tag IN (SELECT value FROM json_each(?4))))
ORDER BY e.seq
LIMIT ?5
