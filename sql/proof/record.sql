SELECT id, event_seq, last_event_seq, object_uuid
FROM audit_log
WHERE last_event_seq > ?1
ORDER BY id
