SELECT e.seq, e.type, e.object_uuid, p.uuid AS profile_uuid, o.uuid AS principal_uuid, o.name AS principal_name,
       e.recorded_at, e.payload
FROM events e
CROSS JOIN principals o ON o.id = e.principal_id
LEFT JOIN profiles p ON p.id = e.profile_id
WHERE e.seq > ?1 AND e.seq <= ?2
  AND (?3 IS NULL OR e.type IN (SELECT value FROM json_each(?3)))
  AND (?4 IS NULL OR EXISTS (
        SELECT 1 FROM profile_tags t WHERE t.profile_id = e.profile_id AND t.tag IN (SELECT value FROM json_each(?4))))
ORDER BY e.seq
LIMIT ?5
