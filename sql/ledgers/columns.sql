SELECT l.id, l.uuid, o.uuid AS organization_uuid, l.name, l.status_code, l.status_description, l.metadata, l.created_at,
       coalesce(l.updated_at, l.created_at) AS updated_at
FROM ledgers l
JOIN organizations o ON o.id = l.organization_id
WHERE l.deleted_at IS NULL AND o.deleted_at IS NULL
