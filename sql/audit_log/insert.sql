INSERT INTO audit_log (recorded_at, principal_id, token_uuid, action, object_uuid, request_uuid, address, event_seq,
                       last_event_seq, machine_user, object_kind, profile_id, detail, changes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
