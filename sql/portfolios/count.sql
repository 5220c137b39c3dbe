SELECT count(*)
FROM portfolios f
JOIN profiles p ON p.id = f.profile_id
WHERE f.deleted_at IS NULL
  AND (?1 IS NULL OR p.id IN (SELECT t.profile_id FROM profile_tags t WHERE t.tag IN (SELECT value FROM json_each(?1))))
  AND (?2 IS NULL OR p.uuid = ?2)
