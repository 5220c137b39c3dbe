INSERT INTO events (seq, type, subject_id, profile_id, principal_id, recorded_at, payload_version, payload)
VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM events), ?1, ?2, ?3, ?4, ?5, ?6, ?7)
