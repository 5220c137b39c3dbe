WHERE a.id IN (SELECT o.account_id FROM positions o WHERE o.closed_at IS NULL) AND b.demo = ?1
  AND (?2 IS NULL OR a.profile_id IN (
        SELECT t.profile_id FROM profile_tags t WHERE t.tag IN (SELECT value FROM json_each(?2))))
ORDER BY a.id
