SELECT id, uuid, kind, name, role, rights, created_at, disabled_at
FROM principals
