SELECT g.id, g.uuid, g.name, g.ledger_id, g.enabled, g.status_code, g.status_description, g.metadata,
       coalesce(g.created_at, l.created_at) AS created_at,
       coalesce(g.updated_at, g.created_at, l.created_at) AS updated_at
FROM account_groups g
JOIN ledgers l ON l.id = coalesce(g.ledger_id, 1)
WHERE g.deleted_at IS NULL AND g.is_ledger_default IS NULL AND l.id = ?1
