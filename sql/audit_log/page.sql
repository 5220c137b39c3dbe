-- Rows from before the client was kept have that of their first event, unless it was pruned. A caller with tags sees rows
-- about clients that it sees, and those that are about no client for certain.
SELECT l.id, l.recorded_at, l.action, l.object_kind, l.object_uuid, l.request_uuid, l.address, l.event_seq,
       l.last_event_seq, l.token_uuid, l.machine_user, l.detail, p.uuid AS actor_uuid, p.name AS actor_name,
       c.uuid AS profile_uuid
FROM audit_log l
JOIN principals p ON p.id = l.principal_id
LEFT JOIN events e ON e.seq = l.event_seq AND l.profile_id IS NULL
LEFT JOIN profiles c ON c.id = coalesce(l.profile_id, e.profile_id)
WHERE l.id BETWEEN ?1 AND ?2
  AND (?3 IS NULL OR p.uuid = ?3)
  AND (?4 IS NULL OR l.action = ?4)
  AND (?5 IS NULL OR substr(l.action, 1, length(?5)) = ?5)
  AND (?6 IS NULL OR l.object_uuid = ?6)
  AND (?7 IS NULL OR c.uuid = ?7 OR EXISTS (
        SELECT 1 FROM events v JOIN profiles o ON o.id = v.profile_id
        WHERE v.seq BETWEEN l.event_seq AND l.last_event_seq AND o.uuid = ?7
          AND (?12 IS NULL OR EXISTS (
                SELECT 1 FROM profile_tags h
                WHERE h.profile_id = o.id AND h.tag IN (SELECT value FROM json_each(?12))))))
  AND (?8 IS NULL OR l.request_uuid = ?8)
  AND (?9 IS NULL OR l.token_uuid = ?9)
  AND (?10 IS NULL OR l.address = ?10)
  AND (?11 IS NULL OR l.machine_user = ?11)
  AND (?12 IS NULL
       OR EXISTS (SELECT 1 FROM profile_tags g
                  WHERE g.profile_id = c.id AND g.tag IN (SELECT value FROM json_each(?12)))
       OR (c.id IS NULL AND l.object_kind IN ('operator', 'token', 'signing_key', 'installation')))
ORDER BY l.id DESC
LIMIT ?13
