SELECT o.id, o.uuid, o.name, o.legal_document, o.trading_name, o.address, p.uuid AS parent_uuid, o.status_code,
       o.status_description, o.metadata, o.created_at, coalesce(o.updated_at, o.created_at) AS updated_at
FROM organizations o
LEFT JOIN organizations p ON p.id = o.parent_id
WHERE o.deleted_at IS NULL
