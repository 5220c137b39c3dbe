SELECT object_uuid, machine_user
FROM audit_log
WHERE machine_user IS NOT NULL AND object_uuid IS NOT NULL AND action IN ('operator.add', 'token.create', 'api_client.create')
