INSERT INTO events (seq, type, object_uuid, profile_id, principal_id, recorded_at, payload)
VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM events), ?1, ?2, ?3, ?4, ?5, ?6)
