SELECT f.id, f.uuid, p.uuid AS profile_uuid, coalesce(nullif(n.name, ''), f.name) AS name, f.is_default, n.status_code,
       n.status_description, n.metadata, f.created_at, coalesce(f.updated_at, f.created_at) AS updated_at, f.kind, f.state
FROM portfolios f
JOIN profiles p ON p.id = f.profile_id
LEFT JOIN portfolio_labels n ON n.portfolio_id = f.id
WHERE f.deleted_at IS NULL AND f.ledger_id = ?1
  AND (?2 IS NULL OR p.id IN (SELECT t.profile_id FROM profile_tags t WHERE t.tag IN (SELECT value FROM json_each(?2))))
