INSERT INTO events (seq, type, subject_id, profile_id, principal_id, recorded_at, payload_version, payload)
VALUES (?1, ?2, ?3, NULL, ?4, ?5, ?6, ?7)
