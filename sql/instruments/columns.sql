SELECT i.id, i.uuid, l.uuid AS ledger_uuid, c.code, i.name, i.type,
       c.made_by_caller IS NULL AND c.enabled = 1 AS is_declared, i.status_code, i.status_description, i.metadata, i.created_at, coalesce(i.updated_at, i.created_at) AS updated_at,
       c.id AS currency_id
FROM instruments i
JOIN currencies c ON c.id = i.currency_id
JOIN ledgers l ON l.id = i.ledger_id
WHERE i.deleted_at IS NULL AND i.ledger_id = ?1
UNION ALL
SELECT 0, NULL, l.uuid, c.code, c.name, CASE c.is_crypto WHEN 1 THEN 'crypto' ELSE 'currency' END, 1, NULL,
       NULL, NULL, l.created_at, l.created_at, c.id
FROM currencies c
CROSS JOIN ledgers l
WHERE ?1 = 1 AND l.id = 1 AND c.enabled = 1 AND c.made_by_caller IS NULL
  AND NOT EXISTS (
        SELECT 1 FROM instruments n WHERE n.ledger_id = 1 AND n.currency_id = c.id AND n.deleted_at IS NULL)
ORDER BY 1 DESC, 13 DESC
