SELECT i.id, i.uuid, c.code, i.name, i.type, c.made_by_caller, i.status_code, i.status_description, i.metadata,
       i.created_at, coalesce(i.updated_at, i.created_at) AS updated_at
FROM instruments i
JOIN currencies c ON c.id = i.currency_id
WHERE i.deleted_at IS NULL AND c.enabled = 1 AND i.ledger_id = ?1
