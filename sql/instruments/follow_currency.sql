INSERT INTO instruments (uuid, ledger_id, currency_id, name, type, created_at)
SELECT ?1, 1, c.id, c.name, CASE c.is_crypto WHEN 1 THEN 'crypto' ELSE 'currency' END, ?3
FROM currencies c
WHERE c.code = ?2
  AND NOT EXISTS (SELECT 1 FROM instruments i WHERE i.ledger_id = 1 AND i.currency_id = c.id AND i.deleted_at IS NULL)
