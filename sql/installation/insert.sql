INSERT INTO installation (id, uuid, mode, timeline, hash_key, clock_ahead_ms, created_at)
VALUES (1, ?1, ?2, 1, ?3, 0, ?4)
