SELECT id, recorded_at, principal_id, token_uuid, action, object_uuid, object_kind, address, machine_user, detail
FROM audit_log
ORDER BY id
