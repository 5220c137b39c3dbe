SELECT t.id, t.uuid, t.kind, a.uuid AS account_uuid, t.subject, t.detail, t.raised_at, t.seen_at, t.resolved_at,
       t.resolution
FROM alerts t
LEFT JOIN accounts a ON a.id = t.account_id
WHERE t.uuid = ?1
