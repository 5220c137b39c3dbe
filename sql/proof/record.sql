SELECT id, event_seq, last_event_seq, object_uuid, principal_id, recorded_at
FROM audit_log
WHERE last_event_seq > ?1
ORDER BY id
