INSERT INTO events (seq, type, object_uuid, profile_id, principal_id, recorded_at, payload)
VALUES (?1, ?2, ?3, NULL, ?4, ?5, ?6)
