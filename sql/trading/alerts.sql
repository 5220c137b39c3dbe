SELECT t.id, t.uuid, t.kind, a.uuid AS account_uuid, t.subject, t.detail, t.raised_at, t.seen_at, t.resolved_at,
       t.resolution
FROM alerts t
LEFT JOIN accounts a ON a.id = t.account_id
WHERE t.id < ?1 AND (?3 AND t.resolved_at IS NULL OR ?4 AND t.resolved_at IS NOT NULL)
ORDER BY t.id DESC
LIMIT ?2
